/** What node's parser says of bytes that it cannot read as a request. */
export interface ParseError extends Error {
  readonly code?: string
  /** what came last */
  readonly rawPacket?: Buffer
  /** of that, what had been read; when the parser says the same again, of what came last the first time */
  readonly bytesParsed?: number
}

/** What was wrong with a request that is too long to be read, as far as that can be told yet. */
export type TooLong = "target" | "fields" | "more"

/**
 * What is too long: the request target, or the header fields (C1.3). The parser does not say, and has forgotten how the
 * line began: but a target is one word, and what stands behind it is the version. "more" has to come where neither a blank
 * nor the end of the line is there yet; the parser then says the same of what comes next, which is not the `first`.
 */
export const tooLong = ({ bytesParsed = 0, rawPacket }: ParseError, first: boolean): TooLong => {
  // The client is done, and the word it was in the middle of never ended.
  if (rawPacket === undefined) return "target"
  const text = rawPacket.toString("latin1")
  const read = first ? text.slice(0, bytesParsed) : ""
  if (/[ \t\r\n]/.test(read)) return "fields"
  const rest = text.slice(read.length)
  const end = rest.search(/[ \t\r\n]/)
  if (end < 0) return "more"
  const version = rest.slice(end, end + 6)
  return " HTTP/".startsWith(version) ? "target" : "fields"
}

/** A request line, well-formed but for a method that the parser does not know (RFC 9112 section 3). */
export interface UnknownMethod {
  readonly method: string
  /** as sent */
  readonly target: string
}

/** The longest method that is taken for one, in characters. */
const longestMethod = 64

/** The request line in which the parser met a method that it does not know; undefined when it is none. */
export const unknownMethod = ({ bytesParsed = 0, code, rawPacket }: ParseError): UnknownMethod | undefined => {
  if (code !== "HPE_INVALID_METHOD" || rawPacket === undefined) return undefined
  const start = bytesParsed === 0 ? 0 : rawPacket.lastIndexOf("\n", bytesParsed - 1) + 1
  const text = rawPacket.toString("latin1", start)
  const [, method, target] = /^([!#$%&'*+.^_`|~\w-]+) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.[01]\r\n/.exec(text) ?? []
  return method === undefined || target === undefined || method.length > longestMethod ? undefined : { method, target }
}
