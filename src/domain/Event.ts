import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { MetaHeaders } from "./MetaHeaders.ts"

/** What happened to a world (C5.2). */
export const EventType = Schema.Literal(
  "stage_written",
  "stage_appended",
  "stage_deleted",
  "stage_copied",
  "stage_moved",
  "state_transition",
  "plugin_activated_on_boot",
  "plugin_load_failed",
  "plugin_reloaded",
  "gpu_call",
  "gpu_stream_call",
  "semantic_cache_write",
  "router_cache_write"
)
export type EventType = typeof EventType.Type

/** The kind of operation that an event records. */
export type Operation = "put" | "append" | "delete" | "state" | "copy" | "move"

/** A row of the table `events` (C1.5). */
export const EventRow = Schema.Struct({
  id: Schema.Number,
  timestamp: Schema.String,
  event_type: Schema.String,
  payload: Schema.String,
  hmac: Schema.String,
  prev_hmac: Schema.String
})
export type EventRow = typeof EventRow.Type

/** What every event says of the world it leaves behind; lengths in bytes, hashes hex SHA-256 of the bytes. */
export interface Aftermath {
  readonly op: Operation
  readonly len: number
  readonly ext: string
  readonly version: number
  readonly meta: MetaHeaders
  readonly sha256: string
}

/**
 * The signed text of an event (C5.2, C5.3). `type` and `ts` (ISO 8601, milliseconds) stand inside it, so that the
 * columns which repeat them cannot be changed alone. `details` are what this type adds.
 */
export const encodePayload = (
  after: Aftermath,
  type: EventType,
  ts: string,
  details: Readonly<Record<string, string | number>>
): string =>
  JSON.stringify({
    op: after.op,
    len: after.len,
    ext: after.ext,
    version_after: after.version,
    meta_headers: after.meta,
    body_sha256_after: after.sha256,
    ...details,
    type,
    ts
  })

/** Signs one link of a chain: hex HMAC-SHA256 of the previous signature and the payload (C5.3). */
export type Link = (prevHmac: string, payload: string) => string

/** Whether a chain is intact; `at` is the id of the first bad event. */
export type ChainVerdict = { readonly ok: true } | { readonly ok: false; readonly at: number; readonly why: string }

const Covered = Schema.parseJson(
  Schema.Struct({
    type: Schema.String,
    ts: Schema.String,
    version_after: Schema.Number,
    body_sha256_after: Schema.String,
    ext: Schema.String
  })
)
const decodeCovered = Schema.decodeEither(Covered)

/** Walks a chain from its first event and names the first that does not follow (C5.4). */
export const verifyChain = (rows: Iterable<EventRow>, link: Link): ChainVerdict => {
  let previous = ""
  for (const row of rows) {
    const why = flawOf(row, previous, link)
    if (why !== undefined) return { ok: false, at: row.id, why }
    previous = row.hmac
  }
  return { ok: true }
}

/** Why an event does not follow the signature before it; undefined when it does. */
export const flawOf = (row: EventRow, previous: string, link: Link): string | undefined => {
  if (row.prev_hmac !== previous) return "prev_hmac is not the signature of the event before"
  if (link(previous, row.payload) !== row.hmac) return "the signature does not match the payload"
  const covered = Either.getOrUndefined(decodeCovered(row.payload))
  if (covered === undefined) return "the payload is not that of an event"
  if (covered.type !== row.event_type) return "event_type differs from the signed type"
  if (covered.ts !== row.timestamp) return "timestamp differs from the signed ts"
  return undefined
}

/** Whether the current body is the one that the newest event speaks of. */
export type BodyVerdict = { readonly ok: true } | { readonly ok: false; readonly why: string }

/** Compares the row of a world, its body hashed now, with its newest event (C5.4). */
export const verifyBody = (
  current: { readonly version: number; readonly ext: string; readonly sha256: string } | undefined,
  newest: EventRow | undefined
): BodyVerdict => {
  if (current === undefined) return { ok: false, why: "the world has no row" }
  if (newest === undefined) return { ok: false, why: "the world has no event" }
  const covered = Either.getOrUndefined(decodeCovered(newest.payload))
  if (covered === undefined) return { ok: false, why: "the newest event cannot be read" }
  if (covered.body_sha256_after !== current.sha256)
    return { ok: false, why: "the body is not what the newest event says" }
  if (covered.version_after !== current.version)
    return { ok: false, why: "the version is not what the newest event says" }
  if (covered.ext !== current.ext) return { ok: false, why: "the ext is not what the newest event says" }
  return { ok: true }
}
