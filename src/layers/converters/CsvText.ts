import { CsvError, parse } from "csv-parse/sync"
import { type Data, mostRepeated, Numeral } from "./Data.ts"

/**
 * CSV (RFC 4180, with a header) as an array of objects whose members are strings: CSV knows text and nothing else.
 * Undefined when headings repeat, records differ in length, or there are none: a header alone is no member of any object.
 */
export const read = (text: string): Data | undefined => {
  const [header, ...records] = recordsOf(text)
  if (header === undefined || records.length === 0 || new Set(header).size < header.length) return undefined
  if (records.length * header.reduce((sum, name) => sum + name.length + 10, 0) > mostRepeated) return undefined
  return records.map((record) => new Map(header.map((name, column) => [name, record[column] ?? ""])))
}

const recordsOf = (text: string): ReadonlyArray<ReadonlyArray<string>> => {
  try {
    return parse(text, { record_delimiter: ["\r\n", "\n", "\r"] })
  } catch (error) {
    if (error instanceof CsvError) return []
    throw error
  }
}

/**
 * A table as CSV: of objects, with the union of their names, in the order of appearance, as header; of arrays of one
 * length, as they stand. Cells are the text of strings, numbers, true and false; null, "" and a member that is absent
 * are empty cells. Exact means that no two different values of a column become the same cell: 1 beside "1", or null
 * beside "", is undefined. So is what is no table: nested values, no rows, no columns.
 */
export const write = (data: Data): string | undefined => {
  const table = tableOf(data)
  const columns = table?.[0]?.length ?? 0
  if (table === undefined || columns === 0) return undefined
  const kinds = Array.from({ length: columns }, () => new Map<string, string>())
  const lines: Array<string> = []
  for (const row of table) {
    const fields: Array<string> = []
    for (const [column, value] of row.entries()) {
      const cell = cellOf(value)
      if (cell === undefined) return undefined
      const kind = kindOf(value)
      const seen = kinds[column]?.get(cell) ?? kind
      if (seen !== kind) return undefined
      kinds[column]?.set(cell, kind)
      // a line that is empty could be read as no record
      fields.push(cell === "" && columns === 1 ? '""' : field(cell))
    }
    lines.push(`${fields.join(",")}\r\n`)
  }
  return lines.join("")
}

type Cell = Data | undefined

/** The rows of a table, all of one length; undefined for other data. */
const tableOf = (data: Data): ReadonlyArray<ReadonlyArray<Cell>> | undefined => {
  if (!Array.isArray(data)) return undefined
  const width = Array.isArray(data[0]) ? data[0].length : 0
  const arrays = data.filter((row) => Array.isArray(row)).filter((row) => row.length === width)
  if (arrays.length === data.length) return arrays
  const objects = data.filter((row) => row instanceof Map)
  if (objects.length < data.length) return undefined
  const names = [...new Set(objects.flatMap((row) => [...row.keys()]))]
  if (names.length * objects.length > mostRepeated) return undefined
  return [names, ...objects.map((row) => names.map((name) => row.get(name)))]
}

const cellOf = (value: Cell): string | undefined => {
  if (value instanceof Numeral) return value.text
  if (value === undefined || value === null) return ""
  return typeof value === "object" ? undefined : String(value)
}

const kindOf = (value: Cell): string => (value === null ? "null" : typeof value)

/** A field (RFC 4180 2), quoted where it must be, and where some reader would trim it or take it for a mark of order. */
const field = (cell: string): string => (/[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)
