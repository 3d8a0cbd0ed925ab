import { linkOf } from "./Secrets.ts"
import { eventsIn } from "./Sqlite.ts"

/** Something that somebody with sqlite3 might do to a world of three events, and what verification must say to it. */
export interface Tampering {
  readonly what: string
  readonly sql: string | ((file: string) => string)
  /** id of the first bad event; undefined when the chain stays intact */
  readonly at: number | undefined
  /** whether the body still is the one that the newest event speaks of */
  readonly body: boolean
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** An event appended with a signature under a key that is not the server's. */
const forged = (file: string): string => {
  const newest = eventsIn(file).at(-1)
  if (newest === undefined) throw new Error("there is nothing to forge after")
  const values = [newest.timestamp, newest.event_type, newest.payload, linkOf("guess", newest.hmac, newest.payload)]
  return `INSERT INTO events (id, timestamp, event_type, payload, hmac, prev_hmac)
    VALUES (4, ${[...values, newest.hmac].map(quoted).join(", ")})`
}

export const tamperings: ReadonlyArray<Tampering> = [
  { what: "nothing", sql: "SELECT 1", at: undefined, body: true },
  { what: "the body", sql: "UPDATE stage_meta SET stage_html = CAST('evil' AS BLOB)", at: undefined, body: false },
  {
    what: "one byte of the body",
    sql: "UPDATE stage_meta SET stage_html = stage_html || x'20'",
    at: undefined,
    body: false
  },
  { what: "the body, to a text", sql: "UPDATE stage_meta SET stage_html = 'evil'", at: undefined, body: false },
  { what: "the body, to nothing", sql: "UPDATE stage_meta SET stage_html = NULL", at: undefined, body: false },
  {
    what: "a payload",
    sql: `UPDATE events SET payload = replace(payload, '"put"', '"PUT"') WHERE id = 1`,
    at: 1,
    body: true
  },
  {
    what: "metadata in a payload",
    sql: "UPDATE events SET payload = replace(payload, 'me', 'us') WHERE id = 1",
    at: 1,
    body: true
  },
  {
    what: "a signature",
    sql: "UPDATE events SET hmac = replace(hmac, substr(hmac, 1, 4), 'beef') WHERE id = 2",
    at: 2,
    body: true
  },
  { what: "a link", sql: "UPDATE events SET prev_hmac = '' WHERE id = 2", at: 2, body: true },
  { what: "a type", sql: "UPDATE events SET event_type = 'stage_deleted' WHERE id = 2", at: 2, body: true },
  { what: "a time", sql: "UPDATE events SET timestamp = '2020-01-01T00:00:00.000Z' WHERE id = 3", at: 3, body: true },
  { what: "the first event, away", sql: "DELETE FROM events WHERE id = 1", at: 2, body: true },
  { what: "an event in between, away", sql: "DELETE FROM events WHERE id = 2", at: 3, body: true },
  { what: "the newest event, away", sql: "DELETE FROM events WHERE id = 3", at: undefined, body: false },
  { what: "all events, away", sql: "DELETE FROM events", at: undefined, body: false },
  { what: "the row, away", sql: "DELETE FROM stage_meta", at: undefined, body: false },
  {
    what: "the order of two events",
    sql: "UPDATE events SET id = -2 WHERE id = 2; UPDATE events SET id = 2 WHERE id = 3; UPDATE events SET id = 3 WHERE id = -2",
    at: 2,
    body: false
  },
  { what: "an event under another key", sql: forged, at: 4, body: true },
  { what: "a payload to what is no event", sql: "UPDATE events SET payload = 'x' WHERE id = 2", at: 2, body: true }
]

export const sqlOf = (tampering: Tampering, file: string): string =>
  typeof tampering.sql === "string" ? tampering.sql : tampering.sql(file)
