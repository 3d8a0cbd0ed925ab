import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Agent } from "@effect/platform-node/Undici"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { BackendFailed } from "./Backend.ts"
import { codeWord, failure, Refused } from "./Failure.ts"

/**
 * An HTTP client for one call. Its connections are its own and end with the scope, whatever state they are in: that is
 * what reaches a backend whose caller has left, and no call can find a connection that the other side has just closed.
 * It follows no redirects, which would carry the key along, sends no trace headers, and takes any status but 2xx for a
 * failure. Seconds.
 */
export const client = (connectTimeout: number): Effect.Effect<HttpClient.HttpClient, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        // An agent that is told to end waits for its connections to come about; the signal ends them then and there.
        const leaving = new AbortController()
        const connect = { timeout: connectTimeout * 1000, signal: leaving.signal }
        return { agent: new Agent({ connect, pipelining: 0 }), leaving }
      }),
      ({ agent, leaving }) =>
        Effect.promise(() => {
          leaving.abort()
          return agent.destroy()
        })
    ),
    ({ agent }) =>
      NodeHttpClient.makeUndici(agent).pipe(
        HttpClient.transformResponse(Effect.flatMap(refuse)),
        HttpClient.withTracerDisabledWhen(() => true)
      )
  )

const refuse = (response: HttpClientResponse.HttpClientResponse) =>
  response.status >= 200 && response.status < 300
    ? Effect.succeed(response)
    : Effect.flatMap(
        codeOf(response),
        (code) =>
          // As the cause of a transport error it passes through any library above without its body being read again.
          new HttpClientError.RequestError({
            request: response.request,
            reason: "Transport",
            cause: new Refused({ status: response.status, code })
          })
      )

/** The answer to a POST of JSON, with a key or without; its body closes with the scope. */
export const post = (options: {
  readonly url: string
  readonly body: unknown
  readonly accept: string
  readonly key?: Redacted.Redacted | undefined
  readonly connectTimeout: number
}): Effect.Effect<HttpClientResponse.HttpClientResponse, BackendFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const http = yield* client(options.connectTimeout)
    const request = HttpClientRequest.post(options.url, { accept: options.accept }).pipe(
      HttpClientRequest.bodyUnsafeJson(options.body),
      options.key === undefined ? identity : HttpClientRequest.bearerToken(options.key)
    )
    return yield* Effect.mapError(http.execute(request), failure)
  })

/** The body of an answer as it arrives. */
export const bytesOf = (response: HttpClientResponse.HttpClientResponse): Stream.Stream<Uint8Array, BackendFailed> =>
  Stream.mapError(response.stream, failure)

const Problem = Schema.parseJson(
  Schema.Struct({
    error: Schema.Struct({ code: Schema.optional(Schema.Unknown), type: Schema.optional(Schema.Unknown) })
  })
)
const decodeProblem = Schema.decodeOption(Problem)

/** What a refusal calls itself. Its prose stays unread: it may repeat what was sent, and with it a key. */
const codeOf = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<string | undefined> =>
  response.stream.pipe(
    Stream.decodeText(),
    Stream.runFoldWhile(
      "",
      (text) => text.length < 16_384,
      (text, more) => text + more
    ),
    Effect.map((text) =>
      Option.match(decodeProblem(text), {
        onNone: () => undefined,
        onSome: ({ error }) => codeWord(error.code) ?? codeWord(error.type)
      })
    ),
    Effect.timeoutTo({ duration: "2 seconds", onSuccess: (code) => code, onTimeout: () => undefined }),
    Effect.orElseSucceed(() => undefined)
  )
