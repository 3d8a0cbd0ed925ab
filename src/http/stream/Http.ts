import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { negotiate } from "../../domain/Accept.ts"
import { CollectionOnly, NotAcceptable } from "../../domain/Errors.ts"
import { type CanonicalPath, isWorldNamespace, namespaceOf, worldName } from "../../domain/WorldPath.ts"
import { Metrics } from "../../services/Metrics.ts"
import { Api } from "../Api.ts"
import { CurrentCaller } from "../Caller.ts"
import { LiveUpdates } from "./LiveUpdates.ts"

const eventStream = "text/event-stream"

/** Live updates over HTTP (C9). */
export const StreamLive = HttpApiBuilder.group(Api, "stream", (handlers) =>
  Effect.gen(function* () {
    const updates = yield* LiveUpdates
    const metrics = yield* Metrics

    const counted = <E>(text: Stream.Stream<string, E>) =>
      Stream.unwrapScoped(
        Effect.as(
          Effect.acquireRelease(
            Effect.sync(() => metrics.streams(1)),
            () => Effect.sync(() => metrics.streams(-1))
          ),
          text
        )
      )

    const respond = <E>(text: Stream.Stream<string, E>) =>
      HttpServerResponse.stream(Stream.encodeText(counted(text)), {
        contentType: eventStream,
        headers: { "cache-control": "no-cache", vary: "Accept", "x-accel-buffering": "no" }
      })

    return handlers
      .handle("world", ({ headers, path, request }) =>
        Effect.gen(function* () {
          yield* acceptable(request)
          if (isWorldNamespace(path.name)) return yield* CollectionOnly.at(path.name)
          const name = yield* worldName(worldPath(path.name))
          return respond(yield* updates.world(yield* CurrentCaller, name, headers["last-event-id"]))
        })
      )
      .handle("collection", ({ headers, path, request }) =>
        Effect.gen(function* () {
          yield* acceptable(request)
          const caller = yield* CurrentCaller
          return respond(yield* updates.collection(caller, worldPath(path.name), headers["last-event-id"]))
        })
      )
  })
)

/** `/stream/x` means home/x (C9). */
const worldPath = (name: string): CanonicalPath =>
  // Canonical since it was read from the raw target (http/RequestTarget.ts).
  (isWorldNamespace(namespaceOf(name)) ? name : `home/${name}`) as CanonicalPath

const acceptable = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<void, NotAcceptable> =>
  negotiate(request.headers.accept, [eventStream]) === undefined
    ? new NotAcceptable({ message: "a stream is text/event-stream", available: [eventStream] })
    : Effect.void
