import type * as AiError from "@effect/ai/AiError"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import type * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Ask } from "./Backend.ts"
import { type BackendFailed, failure } from "./Failure.ts"
import * as Frames from "./Frames.ts"
import * as Pull from "./Pull.ts"
import * as Said from "./Said.ts"
import type { Silence } from "./Silence.ts"
import type { Reply, Upstream } from "./Upstream.ts"

/** What the clients of Effect's own libraries are asked. */
export interface Question extends Ask {
  readonly key: Redacted.Redacted | undefined
  readonly upstream: Upstream
  readonly silence: Silence
}

export type Answer = Effect.Effect<Pull.Pull<string>, BackendFailed, Scope.Scope>

/** The answer that a library's client gets. It is a stream there, and a pull from here on. */
export const answer = <Client, Event>(
  { silence, upstream }: Pick<Question, "silence" | "upstream">,
  make: Effect.Effect<Client, never, HttpClient.HttpClient | Scope.Scope>,
  ask: (client: Client) => Stream.Stream<Event, AiError.AiError>,
  saidOf: (event: Event) => Said.Said
): Answer =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    let enough = constVoid
    const http = HttpClient.make((request, url) =>
      Effect.mapBoth(upstream.send({ url: url.href, headers: request.headers, body: bodyOf(request) }, silence), {
        onSuccess: (reply) => {
          enough = reply.enough
          return eventByEvent(request, reply)
        },
        onFailure: transportError(request)
      }).pipe(Effect.provideService(Scope.Scope, scope))
    ).pipe(HttpClient.withTracerDisabledWhen(() => true))
    const client = yield* Effect.provideService(make, HttpClient.HttpClient, http)
    const events = Pull.mapError(yield* Pull.fromStream(ask(client)), (error) =>
      error._tag === "MalformedOutput" ? Said.unreadable("an event is not what was agreed") : failure(error)
    )
    return Said.answer(events, saidOf, () => enough())
  })

const bodyOf = ({ body }: HttpClientRequest.HttpClientRequest): Uint8Array =>
  body._tag === "Uint8Array" ? body.body : new Uint8Array()

/** For an error of the response the libraries would read all of its body again. */
const transportError = (request: HttpClientRequest.HttpClientRequest) => (cause: BackendFailed) =>
  new HttpClientError.RequestError({ request, reason: "Transport", cause })

const utf8 = new TextEncoder()

/**
 * The response with one event a piece and nothing between them. The libraries' parser looks through all that came
 * together again for each of its lines, and sleeps for as long as a `retry:` says; above it, what is no JSON is passed
 * over, and a part of the answer with it.
 */
const eventByEvent = (
  request: HttpClientRequest.HttpClientRequest,
  { body }: Reply
): HttpClientResponse.HttpClientResponse => {
  const stream = Pull.toStream(Frames.events(body)).pipe(
    Stream.mapEffect((data) =>
      isJson(data) ? Effect.succeed(utf8.encode(`data: ${data.replaceAll("\n", " ")}\n\n`)) : unreadable
    ),
    Stream.mapError(transportError(request))
  )
  return Object.create(HttpClientResponse.fromWeb(request, new Response()), { stream: { value: stream } })
}

const unreadable = Said.unreadable("an event is not JSON")

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
