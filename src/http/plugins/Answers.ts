import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { conditionsOf, evaluateRead } from "../../domain/Conditions.ts"
import { type DomainError, PreconditionFailed } from "../../domain/Errors.ts"
import * as EventStream from "../../domain/EventStream.ts"
import { rateLimitFields, toResponse } from "../Problem.ts"
import { notModified, withHeaders } from "../Response.ts"

type Response = HttpServerResponse.HttpServerResponse

/** What an answer says beside its body. */
export interface Options {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
}

const settings = (contentType: string, { headers = {}, status = 200 }: Options, length?: number) => ({
  status,
  contentType,
  headers: {
    "cache-control": "no-cache",
    ...(length === undefined ? {} : { "content-length": String(length) }),
    ...headers
  }
})

/** Text as text/plain, or as the type that the headers name. */
export const text = (body: string, options: Options = {}): Response =>
  HttpServerResponse.text(
    body,
    settings(options.headers?.["content-type"] ?? "text/plain; charset=utf-8", options, Buffer.byteLength(body))
  )

/** A value as JSON. */
export const json = (value: unknown, options: Options = {}): Response => {
  const body = JSON.stringify(value)
  return HttpServerResponse.text(body, settings("application/json", options, Buffer.byteLength(body)))
}

/** What the machine would answer to an error of this request, with headers besides; those of Vary are joined. */
export const problem = (
  error: DomainError,
  request: { readonly headers: Readonly<Record<string, string | undefined>> },
  headers: Readonly<Record<string, string>> = {}
): Response => {
  const response = toResponse(error, request.headers.accept)
  const vary = [response.headers.vary, headers.vary].filter((value) => value !== undefined).join(", ")
  return withHeaders(response, { ...headers, vary })
}

/**
 * The answer, unless the request says that its client has it already, or wants none but another (RFC 9110 section 13).
 * `tag` is the opaque tag of what the answer holds.
 */
export const unlessKnown = (
  request: { readonly headers: Readonly<Record<string, string | undefined>> },
  tag: string,
  response: Response
): Effect.Effect<Response, PreconditionFailed> => {
  const { ifMatch, ifNoneMatch } = conditionsOf(request.headers)
  const conditions = {
    ...(ifMatch === undefined ? {} : { ifMatch }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch })
  }
  switch (evaluateRead(conditions, { tags: [tag], modified: 0 }, tag)) {
    case "failed":
      return new PreconditionFailed({ message: "a condition of the request does not hold" })
    case "notModified":
      return Effect.succeed(notModified(kept(response.headers)))
    case "proceed":
      return Effect.succeed(response)
  }
}

/** What a 304 need not repeat. */
const kept = ({ "content-length": _, "content-type": __, ...headers }: Readonly<Record<string, string>>) => headers

/** What is left to a caller of the minute's calls. */
export const rateLimit = rateLimitFields

/** Bytes of a media type. */
export const bytes = (body: Uint8Array, contentType: string, options: Options = {}): Response =>
  HttpServerResponse.uint8Array(body, settings(contentType, options, body.length))

/**
 * Bytes as they come. When the stream fails the connection is cut, so that nobody takes a part for the whole; with a
 * length they can be told apart even behind proxies.
 */
export const stream = <E>(
  body: Stream.Stream<Uint8Array, E>,
  {
    contentLength,
    contentType,
    ...options
  }: Options & { readonly contentType: string; readonly contentLength?: number }
): Response => HttpServerResponse.stream(body, settings(contentType, options, contentLength))

/** One server-sent event. */
export const frame = EventStream.frame

/** Text as it comes, as server-sent events. They know line feeds alone, and a CR may have its LF in the next piece. */
export const frames = <E, R>(pieces: Stream.Stream<string, E, R>): Stream.Stream<string, E, R> =>
  pieces.pipe(
    Stream.concat(Stream.succeed("")),
    Stream.mapAccum("", (held, piece: string) => {
      const all = held + piece
      const split = piece.endsWith("\r") ? all.length - 1 : all.length
      return [all.slice(split), all.slice(0, split)]
    }),
    Stream.filter((text) => text !== ""),
    Stream.map((data) => frame({ data }))
  )

const utf8 = new TextEncoder()

/** Server-sent events from frames that are already written (`data: x` and so on, each with its empty line). */
export const events = <E>(frames: Stream.Stream<string, E>, options: Options = {}): Response =>
  HttpServerResponse.stream(
    Stream.map(frames, (frame) => utf8.encode(frame)),
    settings("text/event-stream", options)
  )
