import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Append, Receipt } from "../../domain/Command.ts"
import { IdempotencyConflict } from "../../domain/Errors.ts"
import { sha256 } from "../../services/EventChain.ts"
import { type Database, first } from "./Database.ts"

const earlierIn = first(
  Schema.Struct({
    body_sha256: Schema.String,
    receipt: Schema.parseJson(
      Schema.Struct({
        version: Schema.Number,
        ext: Schema.String,
        state: Schema.String,
        len: Schema.Number,
        sha256: Schema.String,
        createdAt: Schema.optional(Schema.Number),
        updatedAt: Schema.Number,
        eventId: Schema.Number,
        tag: Schema.String,
        created: Schema.Boolean
      })
    )
  })
)

/** The receipt of an earlier append with this key and these bytes, if there is one; other bytes are a conflict (C4.4). */
export const findEarlier = (
  db: Database,
  command: Append,
  key: string
): Either.Either<Receipt, IdempotencyConflict> | undefined => {
  const earlier = earlierIn(db.query("SELECT body_sha256, receipt FROM idempotency WHERE key = ?", [key]))
  if (earlier === undefined) return undefined
  const { body_sha256, receipt } = earlier
  return body_sha256 === sha256(command.body)
    ? Either.right({
        ...receipt,
        createdAt: receipt.createdAt ?? receipt.updatedAt,
        name: command.name,
        replayed: true
      })
    : Either.left(new IdempotencyConflict({ message: "this Idempotency-Key was used with other bytes" }))
}

/** How long an Idempotency-Key is remembered, in milliseconds. */
const rememberFor = 24 * 60 * 60 * 1000

/** Keeps the receipt of an append under its key, and forgets those that are too old. */
export const remember = (db: Database, command: Append, key: string, receipt: Receipt, now: number): void => {
  db.query("DELETE FROM idempotency WHERE at < ?", [now - rememberFor])
  db.query("INSERT OR REPLACE INTO idempotency (key, body_sha256, receipt, at) VALUES (?, ?, ?, ?)", [
    key,
    sha256(command.body),
    JSON.stringify(receipt),
    now
  ])
}
