import { decodeText } from "../../domain/Text.ts"

/** What SQLite can hand out, integers as bigint. */
export type Value = null | number | bigint | string | Uint8Array

/** The text would be longer than it may. */
export const tooLarge = Symbol("too large")

/**
 * Rows as JSON, as `JSON.stringify(rows, null, 2)` would write objects, of at most `limit` bytes. Written by hand: an
 * object would put the column `2` before `a`, and lose one of two columns with the same name.
 */
export const rowsJson = (
  columns: ReadonlyArray<string>,
  rows: Iterable<ReadonlyArray<Value>>,
  limit: number
): string | typeof tooLarge => {
  const keys = distinct(columns).map((name) => `    ${JSON.stringify(name)}: `)
  const texts: Array<string> = []
  let length = 2
  for (const row of rows) {
    // Before anything is written: a value can be longer than a text can get.
    if (row.reduce<number>((sum, value) => sum + weightOf(value), length) > limit) return tooLarge
    const text = `  {\n${row.map((value, i) => keys[i] + jsonOf(value)).join(",\n")}\n  }`
    length += Buffer.byteLength(text) + 2
    if (length > limit) return tooLarge
    texts.push(text)
  }
  return texts.length === 0 ? "[]" : `[\n${texts.join(",\n")}\n]`
}

const weightOf = (value: Value): number => (typeof value === "string" || value instanceof Uint8Array ? value.length : 0)

/** JSON has no infinities, and integers that many readers would round are safer as text (RFC 7493 section 2.2). */
const jsonOf = (value: Value): string => {
  if (typeof value === "bigint") {
    return Number.isSafeInteger(Number(value)) ? value.toString() : `"${value}"`
  }
  if (typeof value === "number") return Number.isFinite(value) ? JSON.stringify(value) : `"${value}"`
  if (!(value instanceof Uint8Array)) return JSON.stringify(value)
  const text = decodeText(value)
  return text === undefined
    ? `{\n      "blob": "${Buffer.from(value).toString("base64")}"\n    }`
    : JSON.stringify(text)
}

/** Column names, the later ones of those that are the same as SQLite itself tells them apart: `a`, `a:1`, `a:2`. */
const distinct = (columns: ReadonlyArray<string>): ReadonlyArray<string> => {
  const taken = new Set<string>()
  return columns.map((column) => {
    let name = column
    for (let n = 1; taken.has(name); n++) name = `${column}:${n}`
    taken.add(name)
    return name
  })
}
