import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Stream from "effect/Stream"

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

const utf8 = new TextEncoder()

/** Server-sent events from frames that are already written (`data: x` and so on, each with its empty line). */
export const events = <E>(frames: Stream.Stream<string, E>, options: Options = {}): Response =>
  HttpServerResponse.stream(
    Stream.map(frames, (frame) => utf8.encode(frame)),
    settings("text/event-stream", options)
  )
