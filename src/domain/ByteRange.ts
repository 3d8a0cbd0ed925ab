import { trimOws } from "./Text.ts"

/** A satisfiable part of a representation: byte positions, both inclusive, `0 <= start <= end < length`. */
export interface Part {
  readonly _tag: "Part"
  readonly start: number
  readonly end: number
}

/** What a Range header comes to: send everything (no or no usable range), one part, or refuse (C2.1, RFC 9110 14). */
export type RangeOutcome = { readonly _tag: "Whole" } | Part | { readonly _tag: "Unsatisfiable" }

const whole: RangeOutcome = { _tag: "Whole" }
const unsatisfiable: RangeOutcome = { _tag: "Unsatisfiable" }

/**
 * Applies a Range header to a representation of `length` bytes. One byte range is honoured; malformed, another unit
 * or several are ignored, as RFC 9110 14.2 allows (C2.1). Linear, and exact beyond 2^53.
 */
export const resolveRange = (header: string | undefined, length: number): RangeOutcome => {
  const spec = header === undefined ? undefined : onlyRange(trimOws(header))
  const match = spec === undefined ? null : /^(\d*)-(\d*)$/.exec(spec)
  if (match === null) return whole
  const first = significant(match[1])
  const last = significant(match[2])
  if (first === undefined) return last === undefined ? whole : suffix(toNumber(last), length)
  if (last !== undefined && isGreater(first, last)) return whole // invalid, not unsatisfiable (14.1.1)
  const start = toNumber(first)
  if (start >= length) return unsatisfiable
  return { _tag: "Part", start, end: last === undefined ? length - 1 : Math.min(toNumber(last), length - 1) }
}

const suffix = (wanted: number, length: number): RangeOutcome => {
  if (wanted === 0) return unsatisfiable
  // satisfiable by 14.1.2, but no Content-Range can describe a part of nothing
  if (length === 0) return whole
  return { _tag: "Part", start: Math.max(0, length - wanted), end: length - 1 }
}

/** The range of a set that holds exactly one; empty list elements do not count (RFC 9110 5.6.1). */
const onlyRange = (header: string): string | undefined => {
  if (!/^bytes=[^\t ]/i.test(header)) return undefined
  const ranges = header.slice(6).split(",").map(trimOws)
  const named = ranges.filter((range) => range !== "")
  return named.length === 1 ? named[0] : undefined
}

/** Digits without leading zeros; `undefined` for no digits at all. */
const significant = (digits: string | undefined): string | undefined => {
  if (digits === undefined || digits === "") return undefined
  let zeros = 0
  while (zeros < digits.length - 1 && digits[zeros] === "0") zeros++
  return digits.slice(zeros)
}

/** Any number of 16 digits or more is past every length there is. */
const toNumber = (digits: string): number => (digits.length > 15 ? Number.POSITIVE_INFINITY : Number(digits))

const isGreater = (a: string, b: string): boolean => (a.length === b.length ? a > b : a.length > b.length)

/** Content-Range of a part: `bytes 0-1/10` (RFC 9110 14.4). */
export const contentRange = (part: Part, length: number): string => `bytes ${part.start}-${part.end}/${length}`

/** Content-Range of a refusal: `bytes *` + `/10` (RFC 9110 14.4, C2.1). */
export const unsatisfiedRange = (length: number): string => `bytes */${length}`
