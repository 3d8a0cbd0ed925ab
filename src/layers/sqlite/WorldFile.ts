import * as Schema from "effect/Schema"
import { EventRow } from "../../domain/Event.ts"
import { metaFromStored } from "../../domain/MetaHeaders.ts"
import { type Head, initialState, type World } from "../../domain/World.ts"
import type { WorldName } from "../../domain/WorldPath.ts"
import { sha256 } from "../../services/EventChain.ts"
import { all, type Database, first } from "./Database.ts"
import { type Digests, digestsOf } from "./Digests.ts"

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
  created_at: Schema.NullOr(Schema.String),
  event_id: Schema.NullOr(Schema.Number),
  hmac: Schema.NullOr(Schema.String)
})
const WorldRow = Schema.Struct({ ...HeadRow.fields, body: Schema.Uint8ArrayFromSelf })

// A database made elsewhere may leave columns empty; they stand for what a new world would have.
const headColumns = `ifnull(version, 1) AS version, ifnull(updated_at, '') AS updated_at, ifnull(ext, 'txt') AS ext,
  ifnull(headers, '[]') AS headers, ifnull(state, '') AS state, sha256, json_length, lineage,
  ifnull(octet_length(stage_html), 0) AS len,
  (SELECT CAST(timestamp AS TEXT) FROM events ORDER BY id LIMIT 1) AS created_at,
  (SELECT id FROM events ORDER BY id DESC LIMIT 1) AS event_id,
  (SELECT CAST(hmac AS TEXT) FROM events ORDER BY id DESC LIMIT 1) AS hmac`
const foreignColumns = "NULL AS sha256, NULL AS json_length, '' AS lineage"
const selectHead = `SELECT ${headColumns} FROM stage_meta WHERE id = 1`
const selectWorld = `SELECT ${headColumns}, ifnull(CAST(stage_html AS BLOB), x'') AS body FROM stage_meta WHERE id = 1`
const selectForeign = selectWorld.replace("sha256, json_length, lineage", foreignColumns)

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
  createdAt: Date.parse(row.created_at ?? "") || Date.parse(row.updated_at) || 0,
  updatedAt: Date.parse(row.updated_at) || 0,
  eventId: row.event_id ?? 0,
  tag: makeTag(row.hmac ?? `v${row.version}-${row.updated_at.replace(/[^0-9]/g, "")}`, row.lineage),
  sha256: digests.sha256,
  jsonLength: digests.jsonLength,
  meta: metaFromStored(row.headers),
  hmac: row.hmac ?? "",
  lineage: row.lineage
})

const headIn = first(HeadRow)
const worldIn = first(WorldRow)

/** Head and bytes in one statement, hence one snapshot; undefined when there is no world. */
export const readWorld = (db: Database, name: WorldName): (World & StoredHead) | undefined => {
  const row = worldIn(db.query(selectWorld))
  if (row === undefined) return undefined
  const digests =
    row.sha256 === null ? digestsOf(row.body) : { sha256: row.sha256, jsonLength: row.json_length ?? undefined }
  return { ...toHead(name, row, digests), body: row.body }
}

/** A world that another program made, looked at before anything of ours was added to it. */
export const readForeign = (db: Database, name: WorldName): World | undefined => {
  const row = worldIn(db.query(selectForeign))
  return row === undefined ? undefined : { ...toHead(name, row, digestsOf(row.body)), body: row.body }
}

/** The head alone; reads the body only when a hand edit has made its digests stale. */
export const readHead = (db: Database, name: WorldName): StoredHead | undefined => {
  const row = headIn(db.query(selectHead))
  if (row === undefined) return undefined
  return row.sha256 === null
    ? readWorld(db, name)
    : toHead(name, row, { sha256: row.sha256, jsonLength: row.json_length ?? undefined })
}

// Whatever type a hand edit gave a value, it is judged by its text.
const selectEvents = `SELECT id, ${["timestamp", "event_type", "payload", "hmac", "prev_hmac"]
  .map((column) => `ifnull(CAST(${column} AS TEXT), '') AS ${column}`)
  .join(", ")} FROM events WHERE id > ? ORDER BY id LIMIT ?`

const eventsIn = all(EventRow)
const chainEndIn = first(Schema.Struct({ id: Schema.Number, hmac: Schema.String }))

/** The end of a chain whose world has no row: the next event follows it all the same. */
export const readChainEnd = (db: Database) =>
  chainEndIn(db.query("SELECT id, CAST(hmac AS TEXT) AS hmac FROM events ORDER BY id DESC LIMIT 1"))

/** Up to `limit` events with an id above `after`, oldest first. */
export const readEvents = (db: Database, after: number, limit: number): ReadonlyArray<EventRow> =>
  eventsIn(db.query(selectEvents, [after, limit]))

/** The same for a database that may not have such a table. */
export const readEventsIfAny = (db: Database, after: number, limit: number): ReadonlyArray<EventRow> => {
  const tables = db.query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'events'")
  return tables.length === 0 ? [] : readEvents(db, after, limit)
}
