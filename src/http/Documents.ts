import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { type PreconditionFailed, RouteNotFound } from "../domain/Errors.ts"
import { sha256 } from "../services/EventChain.ts"
import { askedOf } from "./Asked.ts"
import { Origins } from "./Origins.ts"
import { unlessKnown } from "./plugins/Answers.ts"
import { bytes } from "./Response.ts"
import { assetAnswer, assets, entry } from "./shell/Assets.ts"
import { sealAnswer } from "./shell/Doorway.ts"
import { openSearch } from "./shell/OpenSearch.ts"

/** A file of the browser's application, by its path without the leading slash. */
const file = (
  name: string,
  request: HttpServerRequest.HttpServerRequest
): Effect.Effect<HttpServerResponse.HttpServerResponse, PreconditionFailed | RouteNotFound> => {
  const asset = assets.get(name)
  if (asset === undefined) {
    return new RouteNotFound({ message: `nothing is served at /${name}`, path: `/${name}` })
  }
  const { response, tag } = assetAnswer(asset, request)
  return unlessKnown(request, tag, response)
}

const fileAt = (pathname: (url: string) => string) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => file(pathname(request.url), request))

/** What is made when somebody asks for it first, and once: it goes on though they leave, and others find it. */
const once = <A>(make: Effect.Effect<A>) =>
  Effect.map(Effect.runtime<never>(), (runtime) => {
    let made: Promise<A> | undefined
    return Effect.promise(() => {
      made ??= Runtime.runPromise(runtime)(make)
      return made
    })
  })

/** The API for programs. To describe it takes 16 ms. */
const description = (api: HttpApi.Api["Type"]) =>
  once(Effect.orDie(Effect.suspend(() => HttpServerResponse.json(OpenApi.fromApi(api.api)))))

/** The API for people to read, at `path`. Its library is two megabytes of text. */
const manual = (api: HttpApi.Api["Type"], path: `/${string}`) =>
  Effect.promise(() => import("@effect/platform/HttpApiSwagger")).pipe(
    Effect.flatMap(({ layer }) =>
      Effect.provide(
        HttpApiBuilder.Router.router,
        Layer.provideMerge(layer({ path }), HttpApiBuilder.Router.Live).pipe(
          Layer.provide(Layer.succeed(HttpApi.Api, api))
        )
      )
    ),
    once,
    Effect.map(Effect.flatten)
  )

/** Documents beside the typed API: its description for programs and people (C8), and the browser's application (C14). */
export const DocumentsLive = HttpApiBuilder.Router.use((router) =>
  Effect.gen(function* () {
    const origins = yield* Origins
    const api = yield* HttpApi.Api
    yield* router.get("/openapi.json", yield* description(api))
    yield* router.get("/docs", yield* manual(api, "/docs"))
    for (const name of ["manifest.json", "sw.js", "favicon.ico"] as const) {
      yield* router.get(
        `/${name}`,
        fileAt(() => name)
      )
    }
    yield* router.get("/app/seal", Effect.succeed(sealAnswer))
    // The router gets paths as this server writes them (RequestTarget.ts): no escape hides a slash.
    yield* router.get(
      "/app/:file",
      fileAt((url) => url.slice(1).replace(/\?.*$/, ""))
    )
    yield* router.get(
      "/opensearch.xml",
      Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
        const text = openSearch(origins.own(askedOf(request)), entry?.icon ?? "")
        const tag = sha256(Buffer.from(text)).slice(0, 22)
        const headers = { etag: `"${tag}"`, "cache-control": "no-cache", vary: "Host" }
        return unlessKnown(request, tag, bytes(text, "application/opensearchdescription+xml", headers))
      })
    )
  })
)
