import { SqlSchema } from "@effect/sql"
import { Effect, Option, Schema } from "effect"
import { EventRow } from "../../domain/Event.ts"
import { metaFromStored } from "../../domain/MetaHeaders.ts"
import { decodeText, jsonStringLength } from "../../domain/Text.ts"
import { type Head, initialState, type World } from "../../domain/World.ts"
import type { WorldName } from "../../domain/WorldPath.ts"
import { sha256 } from "../../services/EventChain.ts"
import { AnyDatabase, type Database } from "./Database.ts"

/**
 * The inside of one `universe.db` (C1.5). The body is the last column, so that SQLite need not walk its overflow pages
 * to read the others. Digests are kept beside the body; a trigger forgets them when somebody edits the body by hand.
 */
const schema = [
  `CREATE TABLE IF NOT EXISTS stage_meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL,
    updated_at TEXT NOT NULL,
    ext TEXT NOT NULL,
    headers TEXT NOT NULL DEFAULT '[]',
    state TEXT NOT NULL DEFAULT 'active',
    sha256 TEXT,
    json_length INTEGER,
    lineage TEXT NOT NULL DEFAULT '',
    stage_html BLOB
  )`,
  `CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY,
    timestamp TEXT NOT NULL,
    event_type TEXT NOT NULL,
    payload TEXT NOT NULL,
    hmac TEXT NOT NULL,
    prev_hmac TEXT NOT NULL
  )`,
  `CREATE TABLE IF NOT EXISTS idempotency (
    key TEXT PRIMARY KEY,
    body_sha256 TEXT NOT NULL,
    receipt TEXT NOT NULL,
    at INTEGER NOT NULL
  ) WITHOUT ROWID`,
  `CREATE TRIGGER IF NOT EXISTS forget_digests AFTER UPDATE OF stage_html ON stage_meta
   WHEN NEW.sha256 IS OLD.sha256 AND NEW.stage_html IS NOT OLD.stage_html
   BEGIN UPDATE stage_meta SET sha256 = NULL, json_length = NULL WHERE id = 1; END`,
  "PRAGMA user_version = 5"
]

// Columns that a database written by somebody else may lack.
const ownColumns = [
  "headers TEXT NOT NULL DEFAULT '[]'",
  "state TEXT NOT NULL DEFAULT 'active'",
  "sha256 TEXT",
  "json_length INTEGER",
  "lineage TEXT NOT NULL DEFAULT ''"
]

const TableInfo = Schema.Array(Schema.Struct({ name: Schema.String }))

/** Settings of a connection: every commit is on the disk before it is acknowledged (C5.1), memory stays small. */
const configure = (db: Database) =>
  Effect.all(
    [
      db.query("PRAGMA journal_mode = WAL"),
      db.query("PRAGMA synchronous = FULL"),
      db.query("PRAGMA busy_timeout = 1000"),
      db.query("PRAGMA cache_size = -512"),
      db.query("PRAGMA journal_size_limit = 1048576")
    ],
    { discard: true }
  )

/** Makes the tables, or completes those of a database that was made elsewhere. Call inside a transaction. */
export const install = (db: Database) =>
  Effect.gen(function* () {
    const columns = yield* Effect.flatMap(db.query("PRAGMA table_info(stage_meta)"), Schema.decodeUnknown(TableInfo))
    if (columns.length > 0) {
      const present = new Set(columns.map((column) => column.name))
      for (const column of ownColumns) {
        if (!present.has(column.split(" ")[0] ?? "")) yield* db.query(`ALTER TABLE stage_meta ADD COLUMN ${column}`)
      }
    }
    for (const statement of schema) yield* db.query(statement)
  })

/**
 * `own`: ours and complete; `foreign`: a world that lacks something of ours; `headless`: events without a world; `empty`:
 * no table at all; `alien`: somebody else's.
 */
export type TableState = "own" | "foreign" | "headless" | "empty" | "alien"

const TableStateRow = Schema.Struct({
  user_version: Schema.Number,
  tables: Schema.Number,
  worlds: Schema.Number,
  logs: Schema.Number
})

const findTableState = SqlSchema.single({
  Request: AnyDatabase,
  Result: TableStateRow,
  execute: (db) =>
    db.query(`SELECT (SELECT user_version FROM pragma_user_version) AS user_version, count(*) AS tables,
      count(*) FILTER (WHERE name = 'stage_meta') AS worlds, count(*) FILTER (WHERE name = 'events') AS logs FROM sqlite_schema WHERE type = 'table'`)
})

export const tableState = (db: Database) =>
  Effect.map(findTableState(db), ({ logs, tables, user_version, worlds }): TableState => {
    if (worlds > 0) return user_version === 5 ? "own" : "foreign"
    return tables === 0 ? "empty" : logs > 0 ? "headless" : "alien"
  })

/**
 * Makes a database that was just opened ready for use: one of ours is configured, a world that was copied in from
 * elsewhere gets the tables and columns it lacks, and what is no world stays as it is, byte for byte.
 */
export const prepare = (db: Database) =>
  Effect.flatMap(tableState(db), (state) => {
    if (state === "alien" || state === "headless") return Effect.void
    const complete = state === "foreign" ? db.transaction(install(db)) : Effect.void
    return Effect.asVoid(Effect.zipRight(configure(db), complete))
  })

const HeadRow = Schema.Struct({
  version: Schema.Number,
  updated_at: Schema.String,
  ext: Schema.String,
  headers: Schema.Unknown,
  state: Schema.String,
  sha256: Schema.NullOr(Schema.String),
  json_length: Schema.NullOr(Schema.Number),
  lineage: Schema.String,
  len: Schema.Number,
  event_id: Schema.NullOr(Schema.Number),
  hmac: Schema.NullOr(Schema.String)
})
const WorldRow = Schema.Struct({ ...HeadRow.fields, body: Schema.Uint8ArrayFromSelf })

// A database made elsewhere may leave columns empty; they stand for what a new world would have.
const headColumns = `ifnull(version, 1) AS version, ifnull(updated_at, '') AS updated_at, ifnull(ext, 'txt') AS ext,
  ifnull(headers, '[]') AS headers, ifnull(state, '') AS state, sha256, json_length, lineage,
  ifnull(octet_length(stage_html), 0) AS len,
  (SELECT id FROM events ORDER BY id DESC LIMIT 1) AS event_id,
  (SELECT CAST(hmac AS TEXT) FROM events ORDER BY id DESC LIMIT 1) AS hmac`
const foreignColumns = "NULL AS sha256, NULL AS json_length, '' AS lineage"
const selectHead = `SELECT ${headColumns} FROM stage_meta WHERE id = 1`
const selectWorld = `SELECT ${headColumns}, ifnull(CAST(stage_html AS BLOB), x'') AS body FROM stage_meta WHERE id = 1`

/** A head together with what the next event and the next tag of this world are made from. */
export interface StoredHead extends Head {
  readonly hmac: string
  readonly lineage: string
}

/** The opaque tag of the bytes: the newest signature, and the random lineage that a re-created world does not share. */
export const makeTag = (hmac: string, lineage: string): string => {
  const tag = `${hmac.slice(0, 20)}${lineage.slice(0, 8)}`
  // What a hand edit left in these columns need not fit into a header.
  return /^[\w-]+$/.test(tag) ? tag : sha256(Buffer.from(tag)).slice(0, 28)
}

const toHead = (name: WorldName, row: typeof HeadRow.Type, digests: Digests): StoredHead => ({
  name,
  version: row.version,
  ext: row.ext,
  state: row.state === "" ? initialState(name) : row.state,
  len: row.len,
  updatedAt: Date.parse(row.updated_at) || 0,
  eventId: row.event_id ?? 0,
  tag: makeTag(row.hmac ?? `v${row.version}-${row.updated_at.replace(/[^0-9]/g, "")}`, row.lineage),
  sha256: digests.sha256,
  jsonLength: digests.jsonLength,
  meta: metaFromStored(row.headers),
  hmac: row.hmac ?? "",
  lineage: row.lineage
})

/** What is computed from a body once, when it is written. */
export interface Digests {
  readonly sha256: string
  readonly jsonLength: number | undefined
}

export const digestsOf = (body: Uint8Array): Digests => {
  const text = decodeText(body)
  return { sha256: sha256(body), jsonLength: text === undefined ? undefined : jsonStringLength(text) }
}

const findWorld = SqlSchema.findOne({
  Request: AnyDatabase,
  Result: WorldRow,
  execute: (db) => db.query(selectWorld)
})

const findForeign = SqlSchema.findOne({
  Request: AnyDatabase,
  Result: WorldRow,
  execute: (db) => db.query(selectWorld.replace("sha256, json_length, lineage", foreignColumns))
})

const findHead = SqlSchema.findOne({ Request: AnyDatabase, Result: HeadRow, execute: (db) => db.query(selectHead) })

/** Head and bytes in one statement, hence one snapshot. */
export const readWorld = (db: Database, name: WorldName) =>
  Effect.map(
    findWorld(db),
    Option.map((row): World & StoredHead => {
      const digests =
        row.sha256 === null ? digestsOf(row.body) : { sha256: row.sha256, jsonLength: row.json_length ?? undefined }
      return { ...toHead(name, row, digests), body: row.body }
    })
  )

/** A world that another program made, looked at before anything of ours was added to it. */
export const readForeign = (db: Database, name: WorldName) =>
  Effect.map(
    findForeign(db),
    Option.map((row): World => ({ ...toHead(name, row, digestsOf(row.body)), body: row.body }))
  )

/** The head alone; reads the body only when a hand edit has made its digests stale. */
export const readHead = (db: Database, name: WorldName) =>
  Effect.flatMap(
    findHead(db),
    Option.match({
      onNone: () => Effect.succeedNone,
      onSome: (row) =>
        row.sha256 === null
          ? readWorld(db, name)
          : Effect.succeedSome(toHead(name, row, { sha256: row.sha256, jsonLength: row.json_length ?? undefined }))
    })
  )

// Whatever type a hand edit gave a value, it is judged by its text.
const selectEvents = `SELECT id, ${["timestamp", "event_type", "payload", "hmac", "prev_hmac"]
  .map((column) => `ifnull(CAST(${column} AS TEXT), '') AS ${column}`)
  .join(", ")} FROM events WHERE id > ? ORDER BY id LIMIT ?`

const findEvents = SqlSchema.findAll({
  Request: Schema.Struct({ db: AnyDatabase, after: Schema.Number, limit: Schema.Number }),
  Result: EventRow,
  execute: ({ after, db, limit }) => db.query(selectEvents, [after, limit])
})

const LastEvent = Schema.Struct({ id: Schema.Number, hmac: Schema.String })

/** The end of a chain whose world has no row: the next event follows it all the same. */
export const readChainEnd = SqlSchema.findOne({
  Request: AnyDatabase,
  Result: LastEvent,
  execute: (db) => db.query("SELECT id, CAST(hmac AS TEXT) AS hmac FROM events ORDER BY id DESC LIMIT 1")
})

/** Up to `limit` events with an id above `after`, oldest first. */
export const readEvents = (db: Database, after: number, limit: number) => findEvents({ db, after, limit })

/** The same for a database that may not have such a table. */
export const readEventsIfAny = (db: Database, after: number, limit: number) =>
  Effect.flatMap(db.query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'events'"), (tables) =>
    tables.length === 0 ? Effect.succeed([]) : readEvents(db, after, limit)
  )
