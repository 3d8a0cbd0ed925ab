import type * as AiError from "@effect/ai/AiError"
import { SseError } from "@effect/experimental/Sse"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Ask, BackendFailed } from "./Backend.ts"
import { failure } from "./Failure.ts"
import * as Frames from "./Frames.ts"
import * as Upstream from "./Upstream.ts"

/** What the clients of Effect's own libraries are asked. */
export interface Question extends Ask {
  readonly key: Redacted.Redacted | undefined
  /** seconds */
  readonly connectTimeout: number
}

/** The answer that a library's client gets, over a connection of its own. */
export const answer = <Client, Event>(
  connectTimeout: number,
  make: Effect.Effect<Client, never, HttpClient.HttpClient | Scope.Scope>,
  ask: (client: Client) => Stream.Stream<Event, AiError.AiError>,
  saidOf: (event: Event) => Frames.Said
): Stream.Stream<string, BackendFailed> =>
  Stream.unwrapScoped(
    Effect.gen(function* () {
      const http = yield* Upstream.client(connectTimeout)
      const client = yield* Effect.provideService(make, HttpClient.HttpClient, http)
      const frames = ask(client).pipe(
        Stream.mapError((error) =>
          error._tag === "MalformedOutput" ? Frames.unreadable("an event is not what was agreed") : failure(error)
        ),
        Stream.catchSomeCause(endless)
      )
      return Frames.answer(Stream.map(frames, saidOf))
    })
  )

/** The libraries call an event without end a defect of this program; it is one of the backend. */
const endless = (cause: Cause.Cause<BackendFailed>): Option.Option<Stream.Stream<never, BackendFailed>> =>
  Option.filterMap(Cause.dieOption(cause), (defect) =>
    defect instanceof SseError ? Option.some(Stream.fail(Frames.tooLong)) : Option.none()
  )
