import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as Etag from "@effect/platform/Etag"
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpPlatform from "@effect/platform/HttpPlatform"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as Path from "@effect/platform/Path"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { constTrue } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { AppConfig } from "../services/AppConfig.ts"
import { Changes } from "../services/Changes.ts"
import { PluginRegistry } from "../services/PluginRegistry.ts"
import { Answering } from "./Answering.ts"
import { Api } from "./Api.ts"
import { AuthLive } from "./auth/Http.ts"
import { Identified } from "./Caller.ts"
import * as Connections from "./Connections.ts"
import { CollectionsLive } from "./collections/Http.ts"
import { Listings } from "./collections/Listings.ts"
import { DocumentsLive } from "./Documents.ts"
import { Edge } from "./Edge.ts"
import { IntrospectionLive } from "./introspection/Http.ts"
import { Origins } from "./Origins.ts"
import { PipelineLive } from "./Pipeline.ts"
import { Dispatch } from "./plugins/Dispatch.ts"
import { PluginsLive } from "./plugins/Http.ts"
import { Shortcut } from "./Shortcut.ts"
import { StreamAnswers } from "./stream/Answers.ts"
import { StreamLive } from "./stream/Http.ts"
import { LiveUpdates } from "./stream/LiveUpdates.ts"
import * as UnknownMethods from "./UnknownMethods.ts"
import { WorldAnswers } from "./worlds/Answers.ts"
import { WorldsLive } from "./worlds/Http.ts"

/** A server that listens. */
export interface ListeningShape {
  /** where it can be reached, without a trailing slash */
  readonly url: string
  readonly port: number
}

export class Listening extends Context.Tag("elastik/http/Listening")<Listening, ListeningShape>() {}

const handlers = Layer.mergeAll(WorldsLive, PluginsLive, CollectionsLive, StreamLive, IntrospectionLive, AuthLive).pipe(
  Layer.provide(Identified.layer)
)

const routes = Layer.mergeAll(PipelineLive, DocumentsLive).pipe(
  Layer.provideMerge(HttpApiBuilder.api(Api)),
  Layer.provide(handlers)
)

// Room for a request line of maxTarget bytes and more, so that a longer one is answered 414 and not cut off (C1.3).
const maxHeaderSize = 128 * 1024

/** How long a request may take to arrive, body and all, in milliseconds: 64 MiB over a slow line. */
const requestTimeout = 60 * 60 * 1000

/** How long requests in flight may take to finish when the server stops; after that their connections are cut. */
const drainFor = "3 seconds"

const onlyNeeded = (all: Context.Context<HttpRouter.HttpRouter.DefaultServices>) =>
  Context.pick(HttpPlatform.HttpPlatform, Etag.Generator, FileSystem.FileSystem, Path.Path)(all)

/** Serves the API on the configured address until its scope closes (C17). */
export const layer = Layer.scoped(
  Listening,
  Effect.gen(function* () {
    const { host, port } = yield* AppConfig
    const changes = yield* Changes
    const app = yield* HttpApiBuilder.httpApp
    // The router reads paths as they are, and the tracer stays off: nobody exports what it would record.
    const handler = yield* NodeHttpServer.makeHandler(app).pipe(
      // A request's context is copied again and again on its way: all else that is in ours would be, too.
      Effect.mapInputContext(onlyNeeded),
      Effect.locally(HttpMiddleware.currentTracerDisabledWhen, constTrue),
      Effect.withTracerEnabled(false)
    )
    const edge = yield* Edge
    const shortcut = yield* Shortcut
    const connections = Connections.make(
      (request, response) => {
        const whole = () => handler(request, response)
        if (!edge.serve(request, response) && !shortcut.serve(request, response, whole)) whole()
      },
      UnknownMethods.make(yield* PluginRegistry)
    )
    const server = Http.createServer({ maxHeaderSize, requireHostHeader: false, requestTimeout }, connections.onRequest)
    // Their bytes are bounded already; fields beyond a count would be dropped without a word.
    server.maxHeadersCount = 0
    server.on("clientError", connections.onClientError)
    server.on("connect", connections.onConnect)
    server.on("checkExpectation", connections.onExpectation)
    yield* listen(server, host, port)
    yield* Effect.addFinalizer(() => Effect.zipRight(changes.end, drain(server)))
    // A TCP server's address is never a string.
    const address = server.address() as AddressInfo
    const name = address.family === "IPv6" ? `[${address.address}]` : address.address
    return { url: `http://${name}:${address.port}`, port: address.port }
  })
).pipe(
  Layer.provide(routes),
  Layer.provide([Shortcut.Default, Dispatch.Default]),
  Layer.provide([WorldAnswers.Default, StreamAnswers.Default, Answering.Default]),
  Layer.provide([Listings.Default, LiveUpdates.Default]),
  Layer.provide(Edge.Default),
  Layer.provide(Origins.Default),
  Layer.provide([HttpApiBuilder.Router.Live, HttpApiBuilder.Middleware.layer, NodeHttpServer.layerContext]),
  Layer.provide(
    HttpRouter.setRouterConfig({
      caseSensitive: true,
      ignoreTrailingSlash: false,
      ignoreDuplicateSlashes: false,
      maxParamLength: maxHeaderSize
    })
  )
)

/** The configured address cannot be listened on. */
export class CannotListen extends Data.TaggedError("CannotListen")<{
  readonly message: string
  readonly cause: unknown
}> {}

const listen = (server: Http.Server, host: string, port: number): Effect.Effect<void, CannotListen> =>
  Effect.async((resume) => {
    const onError = (cause: NodeJS.ErrnoException) => {
      const why = cause.code === "EADDRINUSE" ? "the port is in use" : (cause.code ?? cause.message)
      resume(new CannotListen({ message: `cannot listen on ${host}:${port}: ${why}`, cause }))
    }
    server.once("error", onError)
    server.listen(port, host.replace(/^\[(.*)\]$/, "$1"), () => {
      server.off("error", onError)
      resume(Effect.void)
    })
  })

/**
 * Stops accepting, lets what is in flight finish, and closes every connection. The fiber that gets here has usually been
 * interrupted, so it must not wait interruptibly; what watches the clock is a fiber of its own.
 */
const drain = (server: Http.Server): Effect.Effect<void> =>
  Effect.gen(function* () {
    const closer = yield* Effect.sync(() => server.closeIdleConnections()).pipe(
      Effect.repeat(Schedule.spaced("20 millis")),
      Effect.timeoutTo({ duration: drainFor, onSuccess: () => undefined, onTimeout: () => undefined }),
      Effect.zipRight(Effect.sync(() => server.closeAllConnections())),
      Effect.interruptible,
      Effect.forkDaemon
    )
    yield* Effect.async<void>((resume) => {
      server.close(() => resume(Effect.void))
    })
    yield* Fiber.interrupt(closer)
  })
