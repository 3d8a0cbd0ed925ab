import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpApiError from "@effect/platform/HttpApiError"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import {
  BadRequest,
  type DomainError,
  InternalError,
  isDomainError,
  MethodNotAllowed,
  RouteNotFound
} from "../domain/Errors.ts"
import { Metrics } from "../services/Metrics.ts"
import { PluginRegistry } from "../services/PluginRegistry.ts"
import { Edge } from "./Edge.ts"
import { Origins } from "./Origins.ts"
import { toResponse } from "./Problem.ts"
import { Dispatch } from "./plugins/Dispatch.ts"
import { parseTarget, type RequestTarget, routerPath } from "./RequestTarget.ts"
import { optionsAnswer, withHeaders } from "./Response.ts"
import { methodsOf } from "./RouteTable.ts"

type Request = HttpServerRequest.HttpServerRequest
type Response = HttpServerResponse.HttpServerResponse

/**
 * What every request goes through, around the router: its target is read once into its one canonical form, its origin
 * is judged, the router gets to see only what it cannot misread, and every failure becomes its one answer.
 */
export const PipelineLive = HttpApiBuilder.middleware(
  Effect.gen(function* () {
    const metrics = yield* Metrics
    const origins = yield* Origins
    const edge = yield* Edge
    const registry = yield* PluginRegistry
    const plugins = yield* Dispatch

    const toPlugin = (request: Request, target: RequestTarget): Effect.Effect<Response, DomainError, Scope.Scope> =>
      Effect.suspend(() => {
        const plugin = registry.match(target.path)
        if (plugin !== undefined) return plugins.to(plugin, request, target)
        const fallback =
          request.method === "GET" || request.method === "HEAD" ? registry.fallback(target.path) : undefined
        if (fallback !== undefined) return plugins.fallback(fallback, request, target)
        return new RouteNotFound({ message: `nothing is served at /${target.path}`, path: `/${target.path}` })
      })

    const respond = (request: Request, router: HttpApp.Default): Effect.Effect<Response, DomainError, Scope.Scope> =>
      Effect.suspend(() => {
        const refusal = origins.refusal(request)
        if (refusal !== undefined) return refusal
        if (request.method === "OPTIONS" && request.url === "*") return Effect.succeed(optionsAnswer(everyMethod))
        return Either.match(parseTarget(request.url), {
          onLeft: (error) => error,
          onRight: (target) => dispatch(request, target, router, toPlugin(request, target))
        })
      })

    const answered = (request: Request, response: Response, startedNanos: bigint, nowNanos: bigint): Response => {
      metrics.request(request.method, response.status, Number(nowNanos - startedNanos) / 1e9)
      const cors = origins.cors(request)
      const vary = [response.headers.vary, cors.vary].filter((value) => value !== undefined).join(", ")
      return withHeaders(response, {
        ...cors,
        "x-content-type-options": "nosniff",
        vary: vary === "" ? undefined : vary
      })
    }

    const failed = (request: Request, cause: Cause.Cause<unknown>): Effect.Effect<Response, never> => {
      // The client left, or the server stops: there is nobody to answer.
      if (Cause.isInterruptedOnly(cause)) return Effect.interrupt
      const error = errorOf(cause, request)
      const response = toResponse(error, request.headers.accept)
      if (response.status < 500) return Effect.succeed(response)
      const log = Effect.logError(`${request.method} ${response.status}: ${error.message}`, cause)
      return Effect.as(Effect.annotateLogs(log, "client", origins.client(request)), response)
    }

    return (router: HttpApp.Default) =>
      Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
        Effect.clockWith((clock) => {
          const started = clock.unsafeCurrentTimeNanos()
          const since = edge.now()
          return respond(request, router).pipe(
            Effect.filterOrDieMessage(isSendable, "the answer holds a header that cannot be sent"),
            Effect.catchAllCause((cause) => failed(request, cause)),
            Effect.flatMap((response) =>
              edge.keep(request, answered(request, response, started, clock.unsafeCurrentTimeNanos()), since)
            )
          )
        })
      )
  }),
  // The request's scope, which ends when the answer has been sent.
  { withContext: true }
)

const unsendable = /[^\t\x20-\x7e\x80-\xff]/

/** node throws on such a header when it is too late to answer otherwise. */
const isSendable = (response: Response): boolean =>
  Object.values(response.headers).every((value) => !unsendable.test(String(value)))

const everyMethod = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"]

/** Hands a request to the router, under a path that the router reads as it is meant; `elsewhere` when it has no route. */
const dispatch = <E, R>(
  request: Request,
  target: RequestTarget,
  router: HttpApp.Default,
  elsewhere: Effect.Effect<Response, E, R>
) => {
  const path = routerPath(target, request.method)
  const methods = methodsOf(path)
  if (methods === undefined) return elsewhere
  if (request.method === "OPTIONS") return Effect.succeed(optionsAnswer(methods))
  if (!methods.includes(request.method)) {
    return new MethodNotAllowed({ message: `${request.method} is not for /${target.path}`, allow: methods })
  }
  // The router's own context is provided by the router; what is left of it is the request.
  return Effect.provideService(
    router as Effect.Effect<Response, DomainError, HttpServerRequest.HttpServerRequest>,
    HttpServerRequest.HttpServerRequest,
    request.modify({ url: path + target.query })
  )
}

/** The error of the domain behind a cause; what is none is a defect. */
const errorOf = (cause: Cause.Cause<unknown>, request: Request): DomainError => {
  const error = Cause.squash(cause)
  if (isDomainError(error)) return error
  if (isDecodeError(error)) {
    const what = error.issues.map(
      (issue) => `${issue.path.join(".")}: ${issue._tag === "Missing" ? "missing" : "bad value"}`
    )
    return new BadRequest({ message: `the request cannot be understood (${what.join("; ")})` })
  }
  return new InternalError({ message: `${request.method} could not be done` })
}

const isDecodeError = (error: unknown): error is HttpApiError.HttpApiDecodeError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "HttpApiDecodeError"
