import type { MediaType } from "./MediaType.ts"
import { parseMediaType } from "./MediaType.ts"
import { splitOutsideQuotes, trimOws } from "./Text.ts"

/** One element of an Accept header (RFC 9110 12.5.1). Type and subtype may be `*`; parameters are without q. */
export interface MediaRange extends MediaType {
  /** 0 (never) to 1 */
  readonly q: number
}

const anything: MediaRange = { type: "*", subtype: "*", parameters: [], q: 1 }

/**
 * The ranges of an Accept header, in its order. A malformed element is ignored (C3.3); where nothing is left, or
 * nothing was said, everything is accepted: a garbled preference is no reason to refuse. Linear.
 */
export const parseAccept = (header: string | undefined): ReadonlyArray<MediaRange> => {
  const ranges: Array<MediaRange> = []
  for (const element of header === undefined ? [] : splitOutsideQuotes(header, ",")) {
    const range = parseRange(element)
    if (range !== undefined) ranges.push(range)
  }
  return ranges.length === 0 ? [anything] : ranges
}

const parseRange = (element: string): MediaRange | undefined => {
  const trimmed = trimOws(element)
  // a bare `*` is an old client's `*/*`
  const parsed = parseMediaType(/^\*[\t ]*(?:;|$)/.test(trimmed) ? `*/${trimmed}` : trimmed)
  if (parsed === undefined || (parsed.type === "*" && parsed.subtype !== "*")) return undefined
  // "any parameter named q" is the weight, wherever it stands (12.5.1)
  const weight = parsed.parameters.find(([name]) => name === "q")
  if (weight === undefined) return { ...parsed, q: 1 }
  if (!/^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight[1])) return undefined
  return { ...parsed, parameters: parsed.parameters.filter(([name]) => name !== "q"), q: Number(weight[1]) }
}

/**
 * How much an essence is wanted, 0 to 1: the most specific range that matches decides, 0 when none does (RFC 9110
 * 12.5.1). Of several that are equally specific the kindest counts, so that their order does not.
 */
export const qualityOf = (ranges: ReadonlyArray<MediaRange>, essence: string): number => {
  const slash = essence.indexOf("/")
  const type = essence.slice(0, slash)
  const subtype = essence.slice(slash + 1)
  let best = -1
  let q = 0
  for (const range of ranges) {
    if (range.type !== "*" && (range.type !== type || (range.subtype !== "*" && range.subtype !== subtype))) continue
    const level = (range.type === "*" ? 0 : range.subtype === "*" ? 2 : 4) + (range.parameters.length === 0 ? 0 : 1)
    if (level < best || (level === best && range.q <= q) || !range.parameters.every(isOffered)) continue
    best = level
    q = range.q
  }
  return q
}

/** The one parameter that fits whatever is offered: all text is UTF-8, and of JSON there is no other (RFC 8259 8.1). */
export const isOffered = ([name, value]: MediaType["parameters"][number]): boolean =>
  name === "charset" && value.toLowerCase() === "utf-8"

/**
 * The ranges without parameters that nothing here has: what a header can mean when nothing fits it to the letter. Whoever
 * asks for `text/plain;format=flowed` alone is better served with text than refused, and RFC 9110 12.5.1 leaves it to us;
 * whoever asks for another charset could not read it.
 */
export const loosely = (ranges: ReadonlyArray<MediaRange>): ReadonlyArray<MediaRange> =>
  ranges.map((range) => ({ ...range, parameters: range.parameters.filter(([name]) => name === "charset") }))

/**
 * Which of the offered essences to send: highest quality, ties in the order of the offers; where none is acceptable, the
 * same without parameters that nothing here has; `undefined` when that finds none either, which is for the caller to
 * report (C3.3).
 */
export const negotiate = (header: string | undefined, offers: ReadonlyArray<string>): string | undefined => {
  const ranges = parseAccept(header)
  return best(ranges, offers) ?? best(loosely(ranges), offers)
}

const best = (ranges: ReadonlyArray<MediaRange>, offers: ReadonlyArray<string>): string | undefined => {
  let chosen: string | undefined
  let most = 0
  for (const offer of offers) {
    const q = qualityOf(ranges, offer)
    if (q <= most) continue
    most = q
    chosen = offer
  }
  return chosen
}

/** "A browser" (C3.3): text/html is acceptable, and strictly more welcome than everything else on offer. */
export const prefersHtml = (header: string | undefined, offers: ReadonlyArray<string>): boolean => {
  const ranges = parseAccept(header)
  const html = qualityOf(ranges, "text/html")
  return html > 0 && offers.every((offer) => offer === "text/html" || qualityOf(ranges, offer) < html)
}

/**
 * A browser navigation (C3.3), for resources whose own answer may be HTML: `Sec-Fetch-Mode: navigate`, or an Accept
 * that names text/html, at no less than anything else it names, and application/xhtml+xml, which only browsers do.
 */
export const isNavigation = (header: string | undefined, secFetchMode: string | undefined): boolean => {
  if (secFetchMode !== undefined && trimOws(secFetchMode).toLowerCase() === "navigate") return true
  const ranges = parseAccept(header)
  const html = qualityOf(ranges, "text/html")
  return (
    html > 0 &&
    ranges.some((range) => range.type === "text" && range.subtype === "html") &&
    ranges.some((range) => range.type === "application" && range.subtype === "xhtml+xml" && range.q > 0) &&
    ranges.every((range) => range.q <= html)
  )
}

/** Who gets errors as plain text (C16): accepts text/plain, and JSON in neither of its two names. */
export const acceptsOnlyText = (header: string | undefined): boolean => {
  const ranges = parseAccept(header)
  return onlyText(ranges) || onlyText(loosely(ranges))
}

const onlyText = (ranges: ReadonlyArray<MediaRange>): boolean =>
  qualityOf(ranges, "text/plain") > 0 &&
  qualityOf(ranges, "application/problem+json") === 0 &&
  qualityOf(ranges, "application/json") === 0
