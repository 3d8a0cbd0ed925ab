import type { Readable } from "node:stream"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import { negotiate } from "../../domain/Accept.ts"
import type { Caller } from "../../domain/Caller.ts"
import { CollectionOnly, NotAcceptable } from "../../domain/Errors.ts"
import { type CanonicalPath, isWorldNamespace, namespaceOf, worldName } from "../../domain/WorldPath.ts"
import { Metrics } from "../../services/Metrics.ts"
import type { Asked } from "../Asked.ts"
import { LiveUpdates } from "./LiveUpdates.ts"

const eventStream = "text/event-stream"
const headers = { "cache-control": "no-cache", vary: "Accept", "x-accel-buffering": "no" }

/** What is answered to those who want to follow (C9). The body of an answer is a stream of node's, which has to be read. */
export class StreamAnswers extends Effect.Service<StreamAnswers>()("elastik/http/stream/Answers", {
  effect: Effect.gen(function* () {
    const updates = yield* LiveUpdates
    const metrics = yield* Metrics

    /** Follows until either side has enough; a HEAD only hears that it could (C2.4). */
    const follow = <E>(
      { headers: { accept }, method }: Asked,
      opened: Effect.Effect<Readable, E>
    ): Effect.Effect<HttpServerResponse.HttpServerResponse, E | NotAcceptable> => {
      if (negotiate(accept, [eventStream]) === undefined) {
        return new NotAcceptable({ message: "a stream is text/event-stream", available: [eventStream] })
      }
      return Effect.map(opened, (line) => {
        if (method === "HEAD") {
          line.destroy()
          return HttpServerResponse.empty({ status: 200, headers: { ...headers, "content-type": eventStream } })
        }
        metrics.streams(1)
        line.once("close", () => metrics.streams(-1))
        return HttpServerResponse.raw(line, { contentType: eventStream, headers })
      })
    }

    const collection = (caller: Caller, asked: Asked, path: CanonicalPath) =>
      follow(asked, updates.collection(caller, path, asked.headers["last-event-id"]))

    return {
      /** below `path`, which is what follows /stream/: `x` means home/x */
      world: (caller: Caller, asked: Asked, path: string) =>
        follow(
          asked,
          isWorldNamespace(path)
            ? CollectionOnly.at(path)
            : Effect.flatMap(worldName(worldPath(path)), (name) =>
                updates.world(caller, name, asked.headers["last-event-id"])
              )
        ),
      collection: (caller: Caller, asked: Asked, path: string) => collection(caller, asked, worldPath(path)),
      /** below all namespaces */
      everything: (caller: Caller, asked: Asked) => collection(caller, asked, root)
    } as const
  })
}) {}

/** What all namespaces lie below. */
const root = "" as CanonicalPath

/** `/stream/x` means home/x (C9). */
const worldPath = (name: string): CanonicalPath =>
  // Canonical since it was read from the raw target (http/RequestTarget.ts).
  (isWorldNamespace(namespaceOf(name)) ? name : `home/${name}`) as CanonicalPath
