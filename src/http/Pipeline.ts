import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type DomainError, MethodNotAllowed, RouteNotFound } from "../domain/Errors.ts"
import { PluginRegistry } from "../services/PluginRegistry.ts"
import { Answering } from "./Answering.ts"
import { askedOf } from "./Asked.ts"
import { Origins } from "./Origins.ts"
import { Dispatch } from "./plugins/Dispatch.ts"
import { parseTarget, type RequestTarget, routerPath } from "./RequestTarget.ts"
import { optionsAnswer, spoken, withHeaders } from "./Response.ts"
import { methodsOf } from "./RouteTable.ts"

type Request = HttpServerRequest.HttpServerRequest
type Response = HttpServerResponse.HttpServerResponse

/**
 * What every request goes through, around the router: its target is read once into its one canonical form, its origin
 * is judged, the router gets to see only what it cannot misread, and every failure becomes its one answer.
 */
const pipeline = Effect.gen(function* () {
  const answering = yield* Answering
  const origins = yield* Origins
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

  const respond = (
    request: Request,
    router: HttpApp.Default<unknown, unknown>
  ): Effect.Effect<Response, DomainError, Scope.Scope> =>
    Effect.suspend(() => {
      const refusal = origins.refusal(askedOf(request))
      if (refusal !== undefined) return refusal
      if (request.method === "OPTIONS" && request.url === "*")
        return Effect.succeed(optionsAnswer(everyMethod, registry.announced()))
      return Either.match(parseTarget(request.url), {
        onLeft: (error) => error,
        onRight: (target) => dispatch(request, target, router, toPlugin(request, target), registry.announced)
      })
    })

  return (router: HttpApp.Default<unknown, unknown>) =>
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
      answering.to(askedOf(request), respond(request, router))
    )
})

/** The pipeline around the API. What it needs of a request's context is there, and nothing of this program's is added. */
export const PipelineLive = Layer.scopedDiscard(
  Effect.flatMap(HttpApiBuilder.Middleware, (around) => Effect.flatMap(pipeline, around.add))
).pipe(Layer.provide(HttpApiBuilder.Middleware.layer))

const everyMethod = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"]

/**
 * Hands a request to the router, under a path that the router reads as it is meant; `elsewhere` when it has no route. What
 * is `announced` of the server as a whole, its root says.
 */
const dispatch = <E, R>(
  request: Request,
  target: RequestTarget,
  router: HttpApp.Default<unknown, unknown>,
  elsewhere: Effect.Effect<Response, E, R>,
  announced: () => Readonly<Record<string, string>>
) => {
  const path = routerPath(target, request.method)
  const methods = methodsOf(path)
  if (methods === undefined) return elsewhere
  if (request.method === "OPTIONS") return Effect.succeed(optionsAnswer(methods, target.path === "" ? announced() : {}))
  if (!methods.includes(request.method)) {
    return new MethodNotAllowed({ message: `${spoken(request.method)} is not for /${target.path}`, allow: methods })
  }
  // The router's own context is provided by the router; what is left of it is the request.
  return Effect.provideService(
    Effect.map(router as Effect.Effect<Response, DomainError, HttpServerRequest.HttpServerRequest>, unframed),
    HttpServerRequest.HttpServerRequest,
    request.modify({ url: path + target.query })
  )
}

/** A page of the program's own that says nothing of frames: whoever had it in one could have people click in it. */
const unframed = (response: Response): Response =>
  response.headers["content-type"]?.startsWith("text/html") && response.headers["content-security-policy"] === undefined
    ? withHeaders(response, { "content-security-policy": "frame-ancestors 'none'" })
    : response
