import { promisify } from "node:util"
import { brotliDecompress, gunzip, inflate } from "node:zlib"
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Undici from "@effect/platform-node/Undici"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { constTrue } from "effect/Function"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Overloaded } from "../../domain/Errors.ts"
import type { FoundReply } from "./Adapter.ts"

/** The longest body that is taken from another server, in bytes, as it is sent and as it is once decoded. */
export const mostBytes = 5 * 1024 * 1024

const mostRedirects = 5

/** The answer is longer than `mostBytes`. */
export class ReplyTooLarge extends Data.TaggedError("ReplyTooLarge") {}

/** There is no answer, or none that could be passed on. `why` completes "the server of this mount ...". */
export class NoReply extends Data.TaggedError("NoReply")<{ readonly why: string; readonly cause: unknown }> {}

/** Asks for room for so many bytes more of an answer, before they are kept. */
export type Hold = (bytes: number) => Effect.Effect<void, Overloaded>

/** A client whose requests end with their scope. */
export type Client = HttpClient.HttpClient.With<HttpClientError, Scope.Scope>

/**
 * A client that does nothing but what it is told, with a connection for each request: what one answer leaves on the wire
 * is never read as the next one.
 */
export const makeClient: Effect.Effect<Client, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => new Undici.Agent({ pipelining: 0 })),
    (agent) => Effect.promise(() => agent.destroy())
  ),
  (agent) =>
    NodeHttpClient.makeUndici(agent).pipe(
      HttpClient.withTracerDisabledWhen(constTrue),
      HttpClient.withTracerPropagation(false),
      HttpClient.withScope
    )
)

/**
 * Asks another server, and follows it as long as it stays at its origin: what goes along is meant for that one alone. When
 * this ends, whether with an answer or not, the connection has been closed.
 */
export const ask = (
  client: Client,
  method: "GET" | "HEAD",
  start: URL,
  headers: Readonly<Record<string, string>>,
  hold: Hold
): Effect.Effect<FoundReply, ReplyTooLarge | NoReply | Overloaded> =>
  Effect.gen(function* () {
    let url = start
    for (let redirects = 0; redirects <= mostRedirects; redirects++) {
      const response = yield* client
        .execute(HttpClientRequest.make(method)(url.href, { headers }))
        .pipe(Effect.mapError(({ cause }) => new NoReply({ why: "gives no answer", cause })))
      const location = redirection.has(response.status) ? response.headers.location : undefined
      if (location === undefined) return yield* complete(response, hold)
      url = yield* target(location, url, start.origin)
    }
    return yield* new NoReply({ why: "redirects in circles", cause: `over ${mostRedirects} redirects` })
  }).pipe(Effect.scoped)

const redirection: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

const target = (location: string, from: URL, origin: string): Effect.Effect<URL, NoReply> => {
  const url = URL.canParse(location, from.href) ? new URL(location, from) : undefined
  if (url?.origin !== origin) {
    return new NoReply({ why: "redirects to another server", cause: `to ${url?.origin ?? "what is no URL"}` })
  }
  url.username = ""
  url.password = ""
  url.hash = ""
  return Effect.succeed(url)
}

const complete = (
  response: HttpClientResponse,
  hold: Hold
): Effect.Effect<FoundReply, ReplyTooLarge | NoReply | Overloaded> =>
  Effect.gen(function* () {
    const { headers, status } = response
    // Neither an interim answer, nor a part that was not asked for, nor a number that HTTP does not have.
    if (status < 200 || status > 599 || status === 206) {
      return yield* new NoReply({ why: "answers with a status that cannot be passed on", cause: `status ${status}` })
    }
    if (Number(headers["content-length"]) > mostBytes) return yield* new ReplyTooLarge()
    const coding = headers["content-encoding"]?.trim().toLowerCase() || "identity"
    const decoded = coding !== "identity"
    const sent = yield* bounded(response, hold)
    if (!decoded || sent.length === 0) return { _tag: "Reply", status, headers, body: sent, decoded }
    const body = yield* decode(sent, coding)
    yield* hold(body.length)
    return { _tag: "Reply", status, headers, body, decoded }
  })

const bounded = (
  response: HttpClientResponse,
  hold: Hold
): Effect.Effect<Uint8Array, ReplyTooLarge | NoReply | Overloaded> => {
  const parts: Array<Uint8Array> = []
  return response.stream.pipe(
    Stream.mapError(({ cause }) => new NoReply({ why: "broke its answer off", cause })),
    Stream.runFoldEffect(0, (size, part): Effect.Effect<number, ReplyTooLarge | Overloaded> => {
      if (size + part.length > mostBytes) return new ReplyTooLarge()
      parts.push(part)
      return Effect.as(hold(part.length), size + part.length)
    }),
    Effect.map(() => Buffer.concat(parts))
  )
}

type Decoder = (body: Uint8Array, options: { readonly maxOutputLength: number }) => Promise<Buffer>

// Nobody was asked for a coding, and many send one all the same.
const decoders: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ["gzip", promisify(gunzip)],
  ["x-gzip", promisify(gunzip)],
  ["deflate", promisify(inflate)],
  ["br", promisify(brotliDecompress)]
])

const decode = (body: Uint8Array, coding: string): Effect.Effect<Uint8Array, ReplyTooLarge | NoReply> => {
  const decoder = decoders.get(coding)
  if (decoder === undefined) return new NoReply({ why: "answers in a coding nobody asked for", cause: coding })
  return Effect.tryPromise({
    try: () => decoder(body, { maxOutputLength: mostBytes }),
    catch: (cause) =>
      cause instanceof RangeError
        ? new ReplyTooLarge()
        : new NoReply({ why: "sends an answer that cannot be decoded", cause })
  })
}
