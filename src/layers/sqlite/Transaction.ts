import { randomBytes } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Command, Receipt, Remark } from "../../domain/Command.ts"
import { evaluateWrite } from "../../domain/Conditions.ts"
import { PreconditionFailed, StorageFailure, WorldNotFound } from "../../domain/Errors.ts"
import { encodePayload, type Operation } from "../../domain/Event.ts"
import { encodeMeta, type MetaHeaders } from "../../domain/MetaHeaders.ts"
import { currentTags, initialState } from "../../domain/World.ts"
import type { WorldName } from "../../domain/WorldPath.ts"
import type { EventChainShape } from "../../services/EventChain.ts"
import { sha256 } from "../../services/EventChain.ts"
import type { WriteError } from "../../services/Storage.ts"
import type { Database } from "./Database.ts"
import { findEarlier, remember } from "./Idempotency.ts"
import {
  digestsOf,
  digestsOfAppended,
  makeTag,
  readChainEnd,
  readHead,
  readWorld,
  type StoredHead
} from "./WorldFile.ts"

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
export const execute = (db: Database, chain: EventChainShape, command: Command): Effect.Effect<Receipt, WriteError> =>
  Effect.catchTag(
    db.transaction(perform(db, chain, command)),
    "SqlError",
    (cause) => new StorageFailure({ message: "the write could not be committed", cause })
  )

/** The same inside of a transaction that is under way. */
export const perform = (db: Database, chain: EventChainShape, command: Command): Effect.Effect<Receipt, WriteError> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => run(db, chain, command, now)).pipe(
    Effect.catchAllDefect((cause) => new StorageFailure({ message: "the write failed", cause })),
    Effect.catchTags({
      SqlError: (cause) => new StorageFailure({ message: "the write failed", cause }),
      ParseError: (cause) => new StorageFailure({ message: "the world holds what it should not", cause })
    })
  )

const run = Effect.fnUntraced(function* (db: Database, chain: EventChainShape, command: Command, now: number) {
  const found = yield* readHead(db, command.name)
  if (command._tag === "Append" && command.idempotencyKey !== undefined) {
    const earlier = yield* findEarlier(db, command, command.idempotencyKey)
    if (Option.isSome(earlier)) return earlier.value
  }
  yield* checkConditions(command, Option.getOrUndefined(found))
  const end = Option.isSome(found)
    ? { id: found.value.eventId, hmac: found.value.hmac }
    : Option.getOrElse(yield* readChainEnd(db), () => beginning)
  const ts = new Date(now).toISOString()
  const moment: Moment = { db, chain, ts, previous: Option.getOrUndefined(found), newest: end }
  switch (command._tag) {
    case "Overwrite": {
      const digests = digestsOf(command.body)
      const stage = stageOf(command.name, Option.getOrUndefined(found), {
        ext: command.ext,
        meta: command.meta,
        len: command.body.length,
        ...digests
      })
      const { origin, type = "stage_written" } = command
      return yield* writeBody(
        moment,
        stage,
        command.body,
        origin === undefined
          ? { op: "put", type, details: {} }
          : { op: origin.op, type: copyTypes[origin.op], details: { from: origin.from } }
      )
    }
    case "Append": {
      const world = Option.isSome(found) ? yield* readWorld(db, command.name) : Option.none()
      const [body, digests] = Option.match(world, {
        onNone: () => [command.body, digestsOf(command.body)] as const,
        onSome: (previous) => {
          const whole = Buffer.concat([previous.body, command.body])
          return [whole, digestsOfAppended(previous, command.body, whole)] as const
        }
      })
      const stage = stageOf(command.name, Option.getOrUndefined(found), {
        ext: Option.match(found, { onNone: () => command.ext, onSome: (head) => head.ext }),
        meta: Option.match(found, { onNone: () => [], onSome: (head) => head.meta }),
        len: body.length,
        ...digests
      })
      const details = { append_len: command.body.length, append_sha256: sha256(command.body) }
      const receipt = yield* writeBody(moment, stage, body, { op: "append", type: "stage_appended", details })
      if (command.idempotencyKey !== undefined) yield* remember(db, command, command.idempotencyKey, receipt, now)
      return receipt
    }
    case "SetState": {
      const head = yield* orNotFound(found, command.name)
      return yield* writeState(moment, head, command.to)
    }
    case "Annotate": {
      const [first, ...others] = command.remarks
      if (Option.isSome(found)) return yield* writeRemarks(moment, found.value, "state", command.remarks)
      // A log world that nobody has written yet begins empty.
      const stage = stageOf(command.name, undefined, { ext: "log", meta: [], len: 0, ...digestsOf(noBytes) })
      return yield* writeBody(moment, stage, noBytes, { op: "put", ...first }, others)
    }
    case "Delete": {
      const head = yield* orNotFound(found, command.name)
      return yield* writeRemarks(moment, head, "delete", [{ type: "stage_deleted", details: {} }])
    }
  }
})

const copyTypes = { copy: "stage_copied", move: "stage_moved" } as const

const noBytes = new Uint8Array(0)

const orNotFound = (found: Option.Option<StoredHead>, name: WorldName) =>
  Effect.mapError(found, () => WorldNotFound.at(name))

/** Judges the conditions of a command against what is there now (C4.3). */
export const checkConditions = (
  command: Command,
  head: StoredHead | undefined
): Effect.Effect<void, PreconditionFailed> => {
  if (!("conditions" in command)) return Effect.void
  const current = head === undefined ? undefined : { tags: currentTags(head), modified: head.updatedAt }
  return evaluateWrite(command.conditions, current) === "proceed"
    ? Effect.void
    : new PreconditionFailed({ message: "a condition of the request does not hold for the current state" })
}

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
) => {
  const { details, meta, op, type } = event
  const facts = { op, len: after.len, ext: after.ext, version: after.version, meta, sha256: after.sha256 }
  const payload = encodePayload(facts, type, ts, details)
  const link: Chained = { id: on.id + 1, hmac: chain.link(on.hmac, payload) }
  return Effect.as(
    db.query("INSERT INTO events (id, timestamp, event_type, payload, hmac, prev_hmac) VALUES (?, ?, ?, ?, ?, ?)", [
      link.id,
      ts,
      type,
      payload,
      link.hmac,
      on.hmac
    ]),
    link
  )
}

/** Writes bytes; a plugin whose source is replaced falls back to pending, and that is an event too (C10.1). */
const writeBody = Effect.fnUntraced(function* (
  moment: Moment,
  stage: Stage,
  body: Uint8Array,
  event: Remark & { readonly op: Operation },
  remarks: ReadonlyArray<Remark> = []
) {
  const { db, newest, previous, ts } = moment
  yield* db.query(upsertStage, [
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
  const written = yield* append(moment, stage, newest, { ...event, meta: event.op === "append" ? [] : stage.meta })
  const resets = previous !== undefined && stage.state === "pending"
  const details = { from: previous?.state ?? "", to: "pending", version: stage.version, reason: "source replaced" }
  const following: ReadonlyArray<Remark> = resets ? [{ type: "state_transition", details }, ...remarks] : remarks
  const last = yield* appendAll(moment, stage, written, "state", following)
  const now = Date.parse(ts)
  const times = { createdAt: previous?.createdAt ?? now, updatedAt: now }
  return receiptOf(stage, stage.lineage, last, times, previous === undefined)
})

const writeState = Effect.fnUntraced(function* (moment: Moment, head: StoredHead, to: string) {
  yield* moment.db.query("UPDATE stage_meta SET state = ? WHERE id = 1", [to])
  const details = { from: head.state, to, version: head.version }
  const link = yield* append(moment, head, moment.newest, { op: "state", type: "state_transition", meta: [], details })
  return receiptOf({ ...head, state: to }, head.lineage, link, head, false)
})

/** Events about a world that stays as it is, one after the other. */
const appendAll = (
  moment: Moment,
  head: Stage | StoredHead,
  on: Chained,
  op: Operation,
  remarks: ReadonlyArray<Remark>
) => Effect.reduce(remarks, on, (on, remark) => append(moment, head, on, { op, meta: [], ...remark }))

const writeRemarks = (moment: Moment, head: StoredHead, op: Operation, remarks: ReadonlyArray<Remark>) =>
  Effect.map(appendAll(moment, head, moment.newest, op, remarks), (link) =>
    receiptOf(head, head.lineage, link, head, false)
  )

const upsertStage = `INSERT INTO stage_meta
    (id, version, updated_at, ext, headers, state, sha256, json_length, lineage, stage_html)
  VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET version = excluded.version, updated_at = excluded.updated_at, ext = excluded.ext,
    headers = excluded.headers, state = excluded.state, sha256 = excluded.sha256, json_length = excluded.json_length,
    lineage = excluded.lineage, stage_html = excluded.stage_html`

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
