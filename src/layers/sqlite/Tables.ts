import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { all, type Database, first } from "./Database.ts"

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

const columnsIn = all(Schema.Struct({ name: Schema.String }))

/** Settings of a connection: every commit is on the disk before it is acknowledged (C5.1), memory stays small. */
const settings = [
  "PRAGMA journal_mode = WAL",
  "PRAGMA synchronous = FULL",
  "PRAGMA busy_timeout = 1000",
  "PRAGMA cache_size = -256",
  // A large world is written whole when it is committed, and not page by page before: up to 8 MB of it.
  "PRAGMA cache_spill = 2048"
]

/**
 * How long the log gets, in pages of 4 KiB: a megabyte, or for a large world a few versions of it. It stays as long as
 * that and is emptied before it is longer, because to write over what there is takes less than to make a file grow.
 */
const logLength = (pages: number): number => Math.max(250, Math.min(4 * pages, 4096))

/** Makes the tables, or completes those of a database that was made elsewhere: all of them or nothing. */
export const install = (db: Database): void => {
  db.transaction(() => {
    const present = new Set(columnsIn(db.query("PRAGMA table_info(stage_meta)")).map(({ name }) => name))
    if (present.size > 0) {
      for (const column of ownColumns) {
        if (!present.has(column.split(" ")[0] ?? "")) db.query(`ALTER TABLE stage_meta ADD COLUMN ${column}`)
      }
    }
    for (const statement of schema) db.query(statement)
    return Either.void
  })
}

const pagesIn = first(Schema.Struct({ page_count: Schema.Number }))

/**
 * `own`: ours and complete; `foreign`: a world that lacks something of ours; `headless`: events without a world; `empty`:
 * no table at all; `alien`: somebody else's.
 */
export type TableState = "own" | "foreign" | "headless" | "empty" | "alien"

const countsIn = all(
  Schema.Struct({
    user_version: Schema.Number,
    tables: Schema.Number,
    worlds: Schema.Number,
    logs: Schema.Number
  })
)

const selectCounts = `SELECT (SELECT user_version FROM pragma_user_version) AS user_version, count(*) AS tables,
  count(*) FILTER (WHERE name = 'stage_meta') AS worlds, count(*) FILTER (WHERE name = 'events') AS logs
  FROM sqlite_schema WHERE type = 'table'`

export const tableState = (db: Database): TableState => {
  for (const { logs, tables, user_version, worlds } of countsIn(db.query(selectCounts))) {
    if (worlds > 0) return user_version === 5 ? "own" : "foreign"
    if (tables > 0) return logs > 0 ? "headless" : "alien"
  }
  return "empty"
}

/**
 * Makes a database that was just opened ready for use: one of ours is configured, a world that was copied in from
 * elsewhere gets the tables and columns it lacks, and what is no world stays as it is, byte for byte.
 */
export const prepare = (db: Database): void => {
  const state = tableState(db)
  if (state === "alien" || state === "headless") return
  for (const setting of settings) db.query(setting)
  const length = logLength(pagesIn(db.query("PRAGMA page_count"))?.page_count ?? 0)
  db.query(`PRAGMA wal_autocheckpoint = ${length}`)
  db.query(`PRAGMA journal_size_limit = ${length * 4200}`)
  if (state === "foreign") install(db)
}
