import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { Command, Receipt } from "../domain/Command.ts"
import type { IdempotencyConflict, PreconditionFailed, StorageFailure, WorldNotFound } from "../domain/Errors.ts"
import type { EventRow } from "../domain/Event.ts"
import type { Entry, Head, World } from "../domain/World.ts"
import type { WorldName } from "../domain/WorldPath.ts"

/** How a command can be refused; a refused command leaves nothing behind. */
export type WriteError = PreconditionFailed | WorldNotFound | IdempotencyConflict | StorageFailure

/**
 * Where worlds live. Commands go in, receipts come out; the event of a write is built, chained and committed inside
 * the same transaction as its row, and there is no other way to write (C5.1). Callers serialise the writes of one
 * world; reads need no coordination.
 */
export interface StorageShape {
  /** runs one command durably: the effect succeeds only after the commit has reached the disk */
  readonly execute: (command: Command) => Effect.Effect<Receipt, WriteError>
  /** takes away for good what can be made again: nothing of it is kept, and no event tells of it; nothing if it is not there */
  readonly evict: (name: WorldName) => Effect.Effect<void, StorageFailure>
  /** shows every stored world, as the storage finds them now, in parts; used once, to fill the catalog */
  readonly scan: (visit: (part: ReadonlyArray<Entry>) => void) => Effect.Effect<void, StorageFailure>
  /** worlds that the scan found and could not read: they are there, and nothing is known of them */
  readonly unread: Effect.Effect<ReadonlyArray<WorldName>, StorageFailure>
  readonly head: (name: WorldName) => Effect.Effect<Option.Option<Head>, StorageFailure>
  /** head and bytes as one snapshot */
  readonly read: (name: WorldName) => Effect.Effect<Option.Option<World>, StorageFailure>
  /** up to `limit` events with an id above `after`, oldest first */
  readonly events: (
    name: WorldName,
    after: number,
    limit: number
  ) => Effect.Effect<ReadonlyArray<EventRow>, StorageFailure>
}

export class Storage extends Context.Tag("elastik/Storage")<Storage, StorageShape>() {}
