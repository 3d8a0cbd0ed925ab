import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { isNavigation } from "../../domain/Accept.ts"
import { anonymous, type Caller, openCaller } from "../../domain/Caller.ts"
import { BadRequest, type DomainError, MethodNotAllowed, RouteNotFound } from "../../domain/Errors.ts"
import type { Manifest } from "../../domain/PluginManifest.ts"
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
import { toResponse } from "../Problem.ts"
import type { RequestTarget } from "../RequestTarget.ts"
import { optionsAnswer, spoken, withHeaders } from "../Response.ts"
import { shellPage } from "../shell/Pages.ts"
import { json } from "./Answers.ts"
import { manualPage, pageHeaders } from "./Manual.ts"

type Request = HttpServerRequest.HttpServerRequest
type Response = HttpServerResponse.HttpServerResponse

/** Takes requests to plugins, and their answers back (C10.2). */
export class Dispatch extends Effect.Service<Dispatch>()("elastik/http/plugins/Dispatch", {
  effect: Effect.gen(function* () {
    const auth = yield* Auth
    const access = yield* Access
    const origins = yield* Origins
    const { maxBody } = yield* AppConfig

    /** In open mode a page of another site is nobody: else it could have models called by naming their addresses. */
    const callerOf = (request: Request) =>
      Effect.map(auth.identify(request.headers.authorization), (caller) =>
        caller === openCaller && origins.isUninvited(askedOf(request)) ? anonymous : caller
      )

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

    /** To the plugin, as the one who asks: judged first, with another method if one is given. */
    const asCaller = (plugin: Running, request: Request, target: RequestTarget, method = request.method) =>
      Effect.flatMap(callerOf(request), (caller) => {
        const asked = { ...requestOf(request, target, caller), method }
        const permitted = Effect.flatMap(touched(plugin, caller, asked, target), (touch) =>
          access.requireUse(caller, plugin.manifest.tier, touch)
        )
        return Effect.zipRight(orUnauthorized(caller, permitted), answer(plugin, request, asked))
        // The server makes only what the router calls interruptible.
      }).pipe(Effect.interruptible)

    /** To the plugin, unless its manifest answers already: OPTIONS, and methods that it does not know (C4.6). */
    const ask = (
      plugin: Running,
      request: Request,
      target: RequestTarget
    ): Effect.Effect<Response, DomainError, Scope.Scope> => {
      const { methods } = plugin.manifest
      const { method } = request
      const own = methods?.includes("OPTIONS") === true
      if (method === "OPTIONS" && !own) return Effect.succeed(optionsAnswer(methodsOfPlugin(plugin.manifest)))
      if (methods === undefined || methods.includes(method)) return asCaller(plugin, request, target)
      const allow = methodsOfPlugin(plugin.manifest)
      const notFor = (allow: ReadonlyArray<string>) =>
        new MethodNotAllowed({ message: `${spoken(method)} is not for /${target.path}`, allow })
      if (!own) return notFor(allow)
      // It knows better than its list what can be done with this very path: whoever asks otherwise hears the same.
      return Effect.flatMap(asCaller(plugin, request, target, "OPTIONS"), ({ headers }) =>
        notFor(headers.allow?.split(/, */) ?? allow)
      )
    }

    return {
      /** to the plugin whose route it is */
      to: (
        plugin: Running,
        request: Request,
        target: RequestTarget
      ): Effect.Effect<Response, DomainError, Scope.Scope> => {
        const { manifest } = plugin
        const manual = hasManual(plugin, target)
        if (isVisit(request)) {
          if (manual) return Effect.succeed(manualPage(plugin, target.path))
          if (manifest.shell) return Effect.succeed(shapedShell)
        }
        const answer = ask(plugin, request, target)
        return manual && isRead(request) ? unlikePage(request, answer) : answer
      },

      /** to the plugin that finds something for anybody: what it tells them is for it to judge (C13) */
      fallback: (
        plugin: Running,
        request: Request,
        target: RequestTarget
      ): Effect.Effect<Response, DomainError, Scope.Scope> =>
        callerOf(request).pipe(
          Effect.flatMap((caller) =>
            auth.open && caller === anonymous && origins.isUninvited(askedOf(request))
              ? new RouteNotFound({ message: `nothing is served at /${target.path}`, path: `/${target.path}` })
              : answer(plugin, request, requestOf(request, target, caller))
          ),
          Effect.interruptible
        )
    } as const
  })
}) {}

const everyMethod = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"]

/** What Allow says of a plugin's routes (C4.6). */
export const methodsOfPlugin = ({ methods = everyMethod }: Pick<Manifest, "methods">): ReadonlyArray<string> => [
  ...new Set([...methods, "OPTIONS"])
]

const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PROPFIND"])

/** What a request touches unless its plugin knows better: the path itself (C7.5). */
const ownTouch = (method: string, { path }: RequestTarget): Touch => ({
  action: safeMethods.has(method) ? "read" : "use",
  path
})

const isRead = ({ method }: Request): boolean => method === "GET" || method === "HEAD"

/** A browser that goes somewhere gets a page, and shows its credentials only to what that page asks for. */
const isVisit = (request: Request): boolean =>
  isRead(request) && isNavigation(request.headers.accept, request.headers["sec-fetch-mode"])

/** At a route itself a browser finds out what it is (C10.4); below it, the plugin answers. */
const hasManual = ({ manifest }: Running, { path, slash }: RequestTarget): boolean =>
  manifest.description !== undefined && !slash && manifest.routes.includes(path)

const shapedShell = shellPage({ headers: pageHeaders })

/** What programs get where browsers have a page: caches have to tell the two apart (RFC 9110 section 12.5.5). */
const unlikePage = <R>(
  { headers }: Request,
  answer: Effect.Effect<Response, DomainError, R>
): Effect.Effect<Response, DomainError, R> =>
  answer.pipe(
    Effect.catchAll((error) => {
      const response = toResponse(error, headers.accept)
      // The server's own failures are logged with their causes, further out.
      return response.status < 500 ? Effect.succeed(response) : Effect.fail(error)
    }),
    Effect.map((response) => withHeaders(response, { vary: joined(response.headers.vary, pageHeaders.vary) }))
  )

/** Two values of Vary as one, each name once. */
const joined = (one: string | undefined, other: string): string => {
  const names = `${one ?? ""},${other}`.split(",").map((name) => name.trim())
  const known = new Map(names.filter((name) => name !== "").map((name) => [name.toLowerCase(), name]))
  return [...known.values()].join(", ")
}

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
