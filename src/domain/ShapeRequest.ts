import { isOffered, loosely, type MediaRange, parseAccept, qualityOf } from "./Accept.ts"
import { essence } from "./MediaType.ts"
import { decodeText, trimOws } from "./Text.ts"

/** What a caller wants of a source (C12.2). */
export interface Wanted {
  /** what may be answered with: the ranges of Accept, without the transport */
  readonly ranges: ReadonlyArray<MediaRange>
  /** the one type that a model is asked for; the any type (RFC 9110 12.5.1) when the caller names none */
  readonly required: string
  /** the ranges in one spelling, for prompts and cache keys */
  readonly accept: string
  /** whether the answer is to come as server-sent events while it is made */
  readonly streams: boolean
}

const anyType = "*/*"

/** The type that is a way to travel, and so never what travels (C12.2). */
export const transport = "text/event-stream"

/**
 * Reads an Accept header as a constraint. `text/event-stream` in it is how the answer travels, not what it is. "nothing"
 * is left of a header that names the transport alone, and "nothing acceptable" of one that forbids all it names.
 */
export const readAccept = (header: string | undefined): Wanted | "nothing" | "nothing acceptable" => {
  const all = parseAccept(header)
  const asSaid = all.filter((range) => !isTransport(range))
  if (asSaid.length === 0) return "nothing"
  // Whoever asks for nothing but what has parameters that nothing here has, means it without them.
  const ranges = requiredOf(asSaid) === undefined ? loosely(asSaid) : asSaid
  const required = requiredOf(ranges)
  if (required === undefined) return "nothing acceptable"
  const streams = all.some((range) => isTransport(range) && range.q > 0)
  return { ranges, required, accept: ranges.map(spell).join(", "), streams }
}

const isTransport = (range: MediaRange): boolean => essence(range) === transport

/** The concrete type that is wanted most, the first of several; else anything, if anything can be accepted at all. */
const requiredOf = (ranges: ReadonlyArray<MediaRange>): string | undefined => {
  let best: string | undefined
  let most = 0
  let open = false
  for (const range of ranges) {
    const name = essence(range)
    if (range.type === "*" || range.subtype === "*") {
      open ||= range.q > 0 && range.parameters.every(isOffered)
      continue
    }
    const q = qualityOf(ranges, name)
    if (q <= most) continue
    best = name
    most = q
  }
  return best ?? (open ? anyType : undefined)
}

const spell = (range: MediaRange): string => {
  const parameters = range.parameters.map(([name, value]) => `;${name}=${JSON.stringify(value)}`)
  return `${essence(range)}${parameters.join("")}${range.q === 1 ? "" : `;q=${range.q}`}`
}

/** How much plain text is wanted, where nothing is wanted more: then the source itself will do (C12.4). Else 0. */
export const plainTextQuality = ({ ranges }: Wanted): number => {
  const plain = qualityOf(ranges, "text/plain")
  return ranges.every((range) => range.q <= plain) ? plain : 0
}

/** Whom the answer is for and what for: the intent, or else what the client says of itself. */
export const hintOf = (intent: string | undefined, userAgent: string | undefined): string =>
  readField(intent) || readField(userAgent)

/** A header arrives as latin1; what people write into one is UTF-8, if anything. */
const readField = (value = ""): string =>
  trimOws(decodeText(Uint8Array.from(value, (char) => char.charCodeAt(0))) ?? value)
