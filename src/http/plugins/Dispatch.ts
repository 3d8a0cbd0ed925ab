import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { isNavigation } from "../../domain/Accept.ts"
import type { Caller } from "../../domain/Caller.ts"
import { BadRequest, type DomainError, MethodNotAllowed } from "../../domain/Errors.ts"
import { decodeText } from "../../domain/Text.ts"
import { Access } from "../../services/Access.ts"
import { AppConfig } from "../../services/AppConfig.ts"
import { Auth } from "../../services/Auth.ts"
import type { PluginRequest, Touch } from "../../services/Plugin.ts"
import type { Running } from "../../services/RunningPlugin.ts"
import { askedOf } from "../Asked.ts"
import { readBody, streamBody } from "../Body.ts"
import { orUnauthorized } from "../Caller.ts"
import { Origins } from "../Origins.ts"
import type { RequestTarget } from "../RequestTarget.ts"
import { optionsAnswer } from "../Response.ts"
import { shellPage } from "../shell/Pages.ts"
import { json } from "./Answers.ts"
import { manualPage } from "./Manual.ts"

type Request = HttpServerRequest.HttpServerRequest
type Response = HttpServerResponse.HttpServerResponse

/** Takes requests to plugins, and their answers back (C10.2). */
export class Dispatch extends Effect.Service<Dispatch>()("elastik/http/plugins/Dispatch", {
  effect: Effect.gen(function* () {
    const auth = yield* Auth
    const access = yield* Access
    const origins = yield* Origins
    const { maxBody } = yield* AppConfig

    const requestOf = (request: Request, target: RequestTarget, caller: Caller): PluginRequest =>
      asPluginRequest(request, target, caller, origins.authority(askedOf(request)), maxBody)

    /** What a plugin answers to a caller whom nothing keeps from asking. */
    const answer = (plugin: Running, request: Request, asked: PluginRequest) =>
      Effect.map(plugin.handle(asked), (value) => answerOf(plugin, request, value))

    /** What a request touches. Whoever may not even ask learns nothing of what is wrong with the question (C7.6). */
    const touched = ({ manifest, touches }: Running, caller: Caller, asked: PluginRequest, target: RequestTarget) =>
      touches === undefined
        ? Effect.succeed(ownTouch(asked.method, target))
        : Effect.zipRight(access.requireTier(caller, manifest.tier), touches(asked))

    return {
      /** to the plugin whose route it is */
      to: (
        plugin: Running,
        request: Request,
        target: RequestTarget
      ): Effect.Effect<Response, DomainError, Scope.Scope> => {
        const { manifest } = plugin
        const { method } = request
        const allow = [...new Set([...(manifest.methods ?? everyMethod), "OPTIONS"])]
        if (isVisit(request)) {
          if (wantsManual(plugin, target)) return Effect.succeed(manualPage(plugin, target.path))
          if (manifest.shell) return Effect.succeed(shapedShell)
        }
        if (manifest.methods !== undefined && !manifest.methods.includes(method)) {
          if (method === "OPTIONS") return Effect.succeed(optionsAnswer(allow))
          return new MethodNotAllowed({ message: `${method} is not for /${target.path}`, allow })
        }
        return Effect.flatMap(auth.identify(request.headers.authorization), (caller) => {
          const asked = requestOf(request, target, caller)
          const permitted = Effect.flatMap(touched(plugin, caller, asked, target), (touch) =>
            access.requireUse(caller, manifest.tier, touch)
          )
          return Effect.zipRight(orUnauthorized(caller, permitted), answer(plugin, request, asked))
          // The server makes only what the router calls interruptible.
        }).pipe(Effect.interruptible)
      },

      /** to the plugin that finds something for anybody: what it tells them is for it to judge (C13) */
      fallback: (
        plugin: Running,
        request: Request,
        target: RequestTarget
      ): Effect.Effect<Response, DomainError, Scope.Scope> =>
        auth.identify(request.headers.authorization).pipe(
          Effect.flatMap((caller) => answer(plugin, request, requestOf(request, target, caller))),
          Effect.interruptible
        )
    } as const
  })
}) {}

const everyMethod = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"]
const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PROPFIND"])

/** What a request touches unless its plugin knows better: the path itself (C7.5). */
const ownTouch = (method: string, { path }: RequestTarget): Touch => ({
  action: safeMethods.has(method) ? "read" : "use",
  path
})

/** A browser that goes somewhere gets a page, and shows its credentials only to what that page asks for. */
const isVisit = ({ headers, method }: Request): boolean =>
  (method === "GET" || method === "HEAD") && isNavigation(headers.accept, headers["sec-fetch-mode"])

/** At a route itself a browser finds out what it is (C10.4); below it, the plugin answers. */
const wantsManual = ({ manifest }: Running, { path, slash }: RequestTarget): boolean =>
  manifest.description !== undefined && !slash && manifest.routes.includes(path)

const shapedShell = shellPage({ headers: { vary: "Accept, Sec-Fetch-Mode" } })

const asPluginRequest = (
  request: Request,
  target: RequestTarget,
  caller: Caller,
  authority: string,
  maxBody: number
): PluginRequest => {
  const message = NodeHttpServerRequest.toIncomingMessage(request)
  const bytes = readBody(message, maxBody)
  const text = Effect.flatMap(bytes, (body) => {
    const decoded = decodeText(body)
    return decoded === undefined ? new BadRequest({ message: "the body is no UTF-8 text" }) : Effect.succeed(decoded)
  })
  return {
    method: request.method,
    target: request.originalUrl,
    path: `/${target.path}`,
    slash: target.slash,
    search: target.query,
    query: new URLSearchParams(target.query),
    headers: request.headers,
    rawHeaders: message.rawHeaders,
    authority,
    caller,
    bytes,
    text,
    json: Effect.flatMap(text, (text) =>
      Effect.try({
        try: (): unknown => JSON.parse(text),
        catch: () => new BadRequest({ message: "the body is no JSON" })
      })
    ),
    stream: streamBody(message)
  }
}

const answerOf = (plugin: Running, request: Request, value: unknown): Response => {
  if (value === undefined) return HttpServerResponse.empty({ status: 204 })
  if (!HttpServerResponse.isServerResponse(value)) return json(value)
  if (value.body._tag !== "Stream") return value
  // What ends early must not look complete: node would end the answer as if all were well.
  const cut = Effect.sync(() => {
    NodeHttpServerRequest.toServerResponse(request).destroy()
  })
  const { contentLength, contentType, stream } = value.body
  const body = stream.pipe(
    Stream.interruptWhenDeferred(plugin.ended),
    Stream.tapErrorCause((cause) => Effect.zipRight(Effect.logDebug("a plugin's answer ended early", cause), cut))
  )
  return HttpServerResponse.stream(body, {
    status: value.status,
    headers: value.headers,
    cookies: value.cookies,
    contentType,
    ...(value.statusText === undefined ? {} : { statusText: value.statusText }),
    ...(contentLength === undefined ? {} : { contentLength })
  })
}
