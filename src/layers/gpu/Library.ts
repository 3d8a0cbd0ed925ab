import type * as AiError from "@effect/ai/AiError"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
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
      const http = HttpClient.transformResponse(yield* Upstream.client(connectTimeout), Effect.map(eventByEvent))
      const client = yield* Effect.provideService(make, HttpClient.HttpClient, http)
      const events = Stream.mapError(ask(client), (error) =>
        error._tag === "MalformedOutput" ? Frames.unreadable("an event is not what was agreed") : failure(error)
      )
      return Frames.answer(events, saidOf)
    })
  )

const utf8 = new TextEncoder()

/**
 * The same answer, with one event a piece and nothing between them. The libraries' parser looks through all that came
 * together again for each of its lines, and sleeps for as long as a `retry:` says; above it, what is no JSON is passed
 * over, and a part of the answer with it.
 */
const eventByEvent = (response: HttpClientResponse.HttpClientResponse): HttpClientResponse.HttpClientResponse => {
  const { request } = response
  const stream = Frames.events(Upstream.bytesOf(response)).pipe(
    Stream.mapEffect((data) =>
      isJson(data) ? Effect.succeed(utf8.encode(`data: ${data.replaceAll("\n", " ")}\n\n`)) : unreadable
    ),
    // For an error of the response the libraries would read all of its body again.
    Stream.mapError((cause) => new HttpClientError.RequestError({ request, reason: "Transport", cause }))
  )
  return Object.create(response, { stream: { value: stream } })
}

const unreadable = Frames.unreadable("an event is not JSON")

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
