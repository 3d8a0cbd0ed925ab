import { randomBytes } from "node:crypto"
import * as Either from "effect/Either"
import type { Annotate, Append, Command, Overwrite, Receipt, Remark } from "../../domain/Command.ts"
import { evaluateWrite } from "../../domain/Conditions.ts"
import { PreconditionFailed, WorldNotFound } from "../../domain/Errors.ts"
import { encodePayload, type Operation } from "../../domain/Event.ts"
import { encodeMeta, type MetaHeaders } from "../../domain/MetaHeaders.ts"
import { currentTags, initialState } from "../../domain/World.ts"
import type { WorldName } from "../../domain/WorldPath.ts"
import type { EventChainShape } from "../../services/EventChain.ts"
import { sha256 } from "../../services/EventChain.ts"
import type { WriteError } from "../../services/Storage.ts"
import type { Database } from "./Database.ts"
import { digestsOf } from "./Digests.ts"
import { grow } from "./Growth.ts"
import { findEarlier, remember } from "./Idempotency.ts"
import { makeTag, readChainEnd, readHead, type StoredHead } from "./WorldFile.ts"

/** The row of a world as a command leaves it, before its event is signed. */
interface Stage {
  readonly name: WorldName
  readonly version: number
  readonly ext: string
  readonly state: string
  readonly meta: MetaHeaders
  readonly len: number
  readonly sha256: string
  readonly jsonLength: number | undefined
  readonly lineage: string
}

/** An end of a chain: what the next event follows. */
interface Chained {
  readonly id: number
  readonly hmac: string
}

const beginning: Chained = { id: 0, hmac: "" }

/** Runs a command in ONE transaction: precondition, row and signed event together, or none of them (C5.1). */
export const execute = (
  db: Database,
  chain: EventChainShape,
  command: Command,
  now: number
): Either.Either<Receipt, WriteError> => db.transaction(() => perform(db, chain, command, now))

/** The same inside of a transaction that is under way. `now` is in milliseconds since 1970. */
export const perform = (
  db: Database,
  chain: EventChainShape,
  command: Command,
  now: number
): Either.Either<Receipt, WriteError> => {
  const { name } = command
  const found = readHead(db, name)
  if (command._tag === "Append" && command.idempotencyKey !== undefined) {
    const earlier = findEarlier(db, command, command.idempotencyKey)
    if (earlier !== undefined) return earlier
  }
  const refused = refusalOf(command, found)
  if (refused !== undefined) return Either.left(refused)
  const newest = found === undefined ? (readChainEnd(db) ?? beginning) : { id: found.eventId, hmac: found.hmac }
  const moment: Moment = { db, chain, ts: new Date(now).toISOString(), previous: found, newest }
  switch (command._tag) {
    case "Overwrite":
      return Either.right(overwrite(moment, command))
    case "Append": {
      const receipt = extend(moment, command)
      if (command.idempotencyKey !== undefined) remember(db, command, command.idempotencyKey, receipt, now)
      return Either.right(receipt)
    }
    case "SetState":
      return found === undefined ? notFound(name) : Either.right(writeState(moment, found, command.to))
    case "Annotate":
      return Either.right(annotate(moment, command))
    case "Delete":
      return found === undefined
        ? notFound(name)
        : Either.right(writeRemarks(moment, found, "delete", [{ type: "stage_deleted", details: {} }]))
  }
}

const notFound = (name: WorldName) => Either.left(WorldNotFound.at(name))

/** Why the conditions of a command do not allow it, judged against what is there now (C4.3); undefined if they do. */
export const refusalOf = (command: Command, head: StoredHead | undefined): PreconditionFailed | undefined => {
  if (!("conditions" in command)) return undefined
  const current = head === undefined ? undefined : { tags: currentTags(head), modified: head.updatedAt }
  return evaluateWrite(command.conditions, current) === "proceed"
    ? undefined
    : new PreconditionFailed({ message: "a condition of the request does not hold for the current state" })
}

const overwrite = (moment: Moment, command: Overwrite): Receipt => {
  const { body, ext, meta, name, origin, type = "stage_written" } = command
  const stage = stageOf(name, moment.previous, { ext, meta, len: body.length, ...digestsOf(body) })
  return writeBody(
    moment,
    stage,
    body,
    origin === undefined
      ? { op: "put", type, details: {} }
      : { op: origin.op, type: copyTypes[origin.op], details: { from: origin.from } }
  )
}

const extend = (moment: Moment, { body, ext, name }: Append): Receipt => {
  const { db, previous } = moment
  const details = { append_len: body.length, append_sha256: sha256(body) }
  const event = { op: "append", type: "stage_appended", details } as const
  if (previous === undefined) {
    const stage = stageOf(name, undefined, { ext, meta: [], len: body.length, ...digestsOf(body) })
    return writeBody(moment, stage, body, event)
  }
  const { sha256: hashed, jsonLength } = grow(db, previous, body)
  const content = { ext: previous.ext, meta: previous.meta, len: previous.len + body.length }
  const stage = stageOf(name, previous, { ...content, sha256: hashed, jsonLength })
  return writeBody(moment, stage, body, event, [], lengthenStage)
}

const annotate = (moment: Moment, { name, remarks }: Annotate): Receipt => {
  if (moment.previous !== undefined) return writeRemarks(moment, moment.previous, "state", remarks)
  // A log world that nobody has written yet begins empty.
  const stage = stageOf(name, undefined, { ext: "log", meta: [], len: 0, ...digestsOf(noBytes) })
  const [first, ...others] = remarks
  return writeBody(moment, stage, noBytes, { op: "put", ...first }, others)
}

const copyTypes = { copy: "stage_copied", move: "stage_moved" } as const

const noBytes = new Uint8Array(0)

const stageOf = (
  name: WorldName,
  previous: StoredHead | undefined,
  content: Pick<Stage, "ext" | "meta" | "len" | "sha256" | "jsonLength">
): Stage => ({
  ...content,
  name,
  version: (previous?.version ?? 0) + 1,
  state: initialState(name),
  lineage: previous === undefined || previous.lineage === "" ? randomBytes(8).toString("hex") : previous.lineage
})

/** One moment and one predecessor, which all that a transaction writes is bound to. */
interface Moment {
  readonly db: Database
  readonly chain: EventChainShape
  /** the time, as events have it */
  readonly ts: string
  readonly previous: StoredHead | undefined
  readonly newest: Chained
}

const append = (
  { chain, db, ts }: Moment,
  after: Stage | StoredHead,
  on: Chained,
  event: Remark & { readonly op: Operation; readonly meta: MetaHeaders }
): Chained => {
  const { details, meta, op, type } = event
  const facts = { op, len: after.len, ext: after.ext, version: after.version, meta, sha256: after.sha256 }
  const payload = encodePayload(facts, type, ts, details)
  const link: Chained = { id: on.id + 1, hmac: chain.link(on.hmac, payload) }
  db.query(insertEvent, [link.id, ts, type, payload, link.hmac, on.hmac])
  return link
}

const insertEvent = "INSERT INTO events (id, timestamp, event_type, payload, hmac, prev_hmac) VALUES (?, ?, ?, ?, ?, ?)"

/** Writes bytes; a plugin whose source is replaced falls back to pending, and that is an event too (C10.1). */
const writeBody = (
  moment: Moment,
  stage: Stage,
  body: Uint8Array,
  event: Remark & { readonly op: Operation },
  remarks: ReadonlyArray<Remark> = [],
  statement = upsertStage
): Receipt => {
  const { db, newest, previous, ts } = moment
  db.query(statement, [
    stage.version,
    ts,
    stage.ext,
    encodeMeta(stage.meta),
    stage.state,
    stage.sha256,
    stage.jsonLength ?? null,
    stage.lineage,
    body
  ])
  const written = append(moment, stage, newest, { ...event, meta: event.op === "append" ? [] : stage.meta })
  const resets = previous !== undefined && stage.state === "pending"
  const details = { from: previous?.state ?? "", to: "pending", version: stage.version, reason: "source replaced" }
  const following: ReadonlyArray<Remark> = resets ? [{ type: "state_transition", details }, ...remarks] : remarks
  const last = appendAll(moment, stage, written, "state", following)
  const now = Date.parse(ts)
  const times = { createdAt: previous?.createdAt ?? now, updatedAt: now }
  return receiptOf(stage, stage.lineage, last, times, previous === undefined)
}

const writeState = (moment: Moment, head: StoredHead, to: string): Receipt => {
  moment.db.query("UPDATE stage_meta SET state = ? WHERE id = 1", [to])
  const details = { from: head.state, to, version: head.version }
  const link = append(moment, head, moment.newest, { op: "state", type: "state_transition", meta: [], details })
  return receiptOf({ ...head, state: to }, head.lineage, link, head, false)
}

/** Events about a world that stays as it is, one after the other. */
const appendAll = (
  moment: Moment,
  head: Stage | StoredHead,
  on: Chained,
  op: Operation,
  remarks: ReadonlyArray<Remark>
): Chained => remarks.reduce((on, remark) => append(moment, head, on, { op, meta: [], ...remark }), on)

const writeRemarks = (moment: Moment, head: StoredHead, op: Operation, remarks: ReadonlyArray<Remark>): Receipt => {
  const link = appendAll(moment, head, moment.newest, op, remarks)
  return receiptOf(head, head.lineage, link, head, false)
}

const insertStage = `INSERT INTO stage_meta
    (id, version, updated_at, ext, headers, state, sha256, json_length, lineage, stage_html)
  VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET version = excluded.version, updated_at = excluded.updated_at, ext = excluded.ext,
    headers = excluded.headers, state = excluded.state, sha256 = excluded.sha256, json_length = excluded.json_length,
    lineage = excluded.lineage`

const upsertStage = `${insertStage}, stage_html = excluded.stage_html`

/**
 * The same with what is appended only: SQLite puts it behind what there is, and nobody else need hold all of it. It joins
 * texts, whose bytes are what they are in UTF-8 only; of a database that has another encoding it joins their hex digits.
 */
const lengthenStage = `${insertStage}, stage_html = CASE (SELECT encoding FROM pragma_encoding) WHEN 'UTF-8'
    THEN CAST(ifnull(CAST(stage_html AS BLOB), x'') || excluded.stage_html AS BLOB)
    ELSE unhex(hex(CAST(stage_html AS BLOB)) || hex(excluded.stage_html)) END`

const receiptOf = (
  stage: Pick<Stage, "name" | "version" | "ext" | "state" | "len" | "sha256">,
  lineage: string,
  link: Chained,
  { createdAt, updatedAt }: Pick<Receipt, "createdAt" | "updatedAt">,
  created: boolean
): Receipt => ({
  name: stage.name,
  version: stage.version,
  ext: stage.ext,
  state: stage.state,
  len: stage.len,
  sha256: stage.sha256,
  createdAt,
  updatedAt,
  eventId: link.id,
  tag: makeTag(link.hmac, lineage),
  created,
  replayed: false
})
