/**
 * What JSON, YAML and CSV have in common: the JSON data model, with nothing rounded and nothing reordered. Members are a
 * Map because an object puts keys like `2024` first; numbers are digits because a double has only 53 bits.
 */
export type Data = null | boolean | string | Numeral | Array<Data> | Map<string, Data>

/** A number, as the digits of a JSON number (RFC 8259 6). */
export class Numeral {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** A notation of data. Both directions answer undefined where there is no exact answer. */
export interface Notation {
  readonly read: (text: string) => Data | undefined
  readonly write: (data: Data) => string | undefined
}

/** Collections in collections, at most: readers and writers recurse, and indentation grows with depth. */
export const deepest = 64

/** Characters of a text, at most: libraries run to their end on the thread that speaks HTTP, for some 0.3 s at worst. */
export const longest = 50_000

/** The same of a text that stays as it is, and is only parsed, on the same thread and for about as long. */
export const longestAsItIs = 500_000

/** What repetition may add (aliases, a table's headings in each of its rows), in characters, at most. */
export const mostRepeated = 4_000_000

/** Whether a text can be written as UTF-8: no surrogate is alone. */
export const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text)
