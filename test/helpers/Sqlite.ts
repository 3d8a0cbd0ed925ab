import { execFileSync } from "node:child_process"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { Schema } from "effect"

const Rows = Schema.parseJson(Schema.Array(Schema.Record({ key: Schema.String, value: Schema.Unknown })))
export type Row = (typeof Rows.Type)[number]

/** Runs the real `sqlite3` on a database file, as any user of C1.5 would. */
export const sqlite3 = (file: string, sql: string): ReadonlyArray<Row> => {
  const options = { encoding: "utf8", input: `.timeout 5000\n${sql};\n`, maxBuffer: 2 ** 28 } as const
  const said = execFileSync("sqlite3", ["-json", "-bail", file], options)
  return said.trim() === "" ? [] : Schema.decodeUnknownSync(Rows)(said)
}

/** The database of a world: `<data>/<name with % -> %25 and / -> %2F>/universe.db` (C1.4). */
export const databaseOf = (data: string, name: string): string =>
  join(data, name.replaceAll("%", "%25").replaceAll("/", "%2F"), "universe.db")

/** The directories of a data directory that claim to be worlds. */
export const worldDirectories = (data: string): ReadonlyArray<string> =>
  readdirSync(data)
    .filter((name) => !name.startsWith("."))
    .sort()

const EventRow = Schema.Struct({
  id: Schema.Int,
  timestamp: Schema.String,
  event_type: Schema.String,
  payload: Schema.String,
  hmac: Schema.String,
  prev_hmac: Schema.String
})
export type StoredEvent = typeof EventRow.Type & { readonly said: Readonly<Record<string, unknown>> }

const Said = Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown }))

const toEvent = (row: Row): StoredEvent => {
  const event = Schema.decodeUnknownSync(EventRow)(row)
  return { ...event, said: Schema.decodeUnknownSync(Said)(event.payload) }
}

const selectEvents = "SELECT id, timestamp, event_type, payload, hmac, prev_hmac FROM events ORDER BY id"

/** The events of a world in their order, payloads parsed as `said`. */
export const eventsIn = (file: string): ReadonlyArray<StoredEvent> => sqlite3(file, selectEvents).map(toEvent)

/** Row and events of many databases, read by one `sqlite3`: starting it is what takes time. */
export const worldsIn = (
  files: ReadonlyArray<string>
): ReadonlyArray<{ readonly row: Row | undefined; readonly events: ReadonlyArray<StoredEvent> }> => {
  const selectRow = "SELECT version, length(stage_html) AS len, ext, state FROM stage_meta"
  const input = files.map((file) => `.open "${file}"\n.print <row>\n${selectRow};\n.print <events>\n${selectEvents};\n`)
  const options = { encoding: "utf8", input: input.join(""), maxBuffer: 2 ** 28 } as const
  const said = execFileSync("sqlite3", ["-json", "-bail"], options)
  const rows = (text = ""): ReadonlyArray<Row> => (text.trim() === "" ? [] : Schema.decodeUnknownSync(Rows)(text))
  return said
    .split("<row>\n")
    .slice(1)
    .map((text) => {
      const [row, events] = text.split("<events>\n")
      return { row: rows(row)[0], events: rows(events).map(toEvent) }
    })
}
