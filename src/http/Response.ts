import * as HttpServerResponse from "@effect/platform/HttpServerResponse"

type Response = HttpServerResponse.HttpServerResponse

/** Adds headers, the later ones winning. */
export const withHeaders = (response: Response, headers: Readonly<Record<string, string | undefined>>): Response => {
  const present: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) present[name] = value
  return HttpServerResponse.setHeaders(response, present)
}

/**
 * Adds fields that may repeat, each value on a line of its own. The platform types a header as one string but hands it
 * to node as it is, and node writes an array as several lines.
 */
export const withRepeated = (
  response: Response,
  fields: ReadonlyArray<readonly [name: string, value: string]>
): Response => {
  const values = new Map<string, Array<string>>()
  for (const [name, value] of fields) values.set(name, [...(values.get(name) ?? []), value])
  let result = response
  for (const [name, lines] of values) {
    result = HttpServerResponse.setHeader(result, name, (lines.length === 1 ? lines[0] : lines) as string)
  }
  return result
}

/** A body of known length, or, for HEAD, only its length (C2.4). */
export const bytes = (
  body: Uint8Array | string,
  contentType: string,
  headers: Readonly<Record<string, string | undefined>> = {},
  status = 200
): Response =>
  withHeaders(
    typeof body === "string"
      ? HttpServerResponse.text(body, { status, contentType })
      : HttpServerResponse.uint8Array(body, { status, contentType }),
    // The platform leaves out a length of zero, and node would then send nothing in chunks.
    { "content-length": String(Buffer.byteLength(body)), ...headers }
  )

/** The headers of an answer whose body of `length` bytes stays unread. */
export const headOnly = (
  length: number,
  contentType: string,
  headers: Readonly<Record<string, string | undefined>>,
  status = 200
): Response =>
  withHeaders(HttpServerResponse.empty({ status }), {
    "content-type": contentType,
    "content-length": String(length),
    ...headers
  })

/** The answer to OPTIONS (C4.6), with what else there is to announce. */
export const optionsAnswer = (
  allow: ReadonlyArray<string>,
  announced: Readonly<Record<string, string>> = {}
): Response => withHeaders(HttpServerResponse.empty({ status: 204 }), { ...announced, allow: allow.join(", ") })

/** A method as answers speak of it: HEAD has the body of GET, and so its length (C2.4). */
export const spoken = (method: string): string => (method === "HEAD" ? "GET" : method)

/** 302, without a body. */
export const redirect = (location: string, headers: Readonly<Record<string, string | undefined>>): Response =>
  withHeaders(HttpServerResponse.empty({ status: 302 }), { location, "content-length": "0", ...headers })

/** 304 with the headers that a 200 would have had and a cache may need (RFC 9110 section 15.4.5). */
export const notModified = (headers: Readonly<Record<string, string | undefined>>): Response =>
  withHeaders(HttpServerResponse.empty({ status: 304 }), headers)
