import { randomUUID } from "node:crypto"
import * as Effect from "effect/Effect"
import type { Caller } from "../domain/Caller.ts"
import { Locked, Overloaded, type StorageFailure } from "../domain/Errors.ts"
import { conflicts, grantedTimeout, type Lock, type LockRequest } from "../domain/Lock.ts"
import { removal, storing } from "./LockRecords.ts"
import type { LockTable } from "./LockTable.ts"
import type { ResourceStoreShape } from "./ResourceStore.ts"

/** How many locks there can be, and how many of them can be one holder's. */
const mostLocks = 10_000
const mostOfOneHolder = 2_000
/** Shared locks that can bind one thing: whoever looks at it is shown all of them. */
const mostShared = 16

/** How a lock comes to be, for whoever has its root and all below it alone. */
export interface LockGrants {
  /** fails when another lock is in the way; its `roots` name it */
  readonly unobstructed: (request: LockRequest) => Effect.Effect<void, Locked>
  /** a new lock, kept and in the table, where none is in the way; Overloaded: there are too many */
  readonly grant: (caller: Caller, request: LockRequest) => Effect.Effect<Lock, Overloaded | StorageFailure>
}

/** `now` tells the time in epoch milliseconds. */
export const make = (table: LockTable, store: ResourceStoreShape, now: () => number): LockGrants => {
  const { on, within } = table

  const unobstructed = (request: LockRequest) =>
    Effect.suspend(() => {
      const inTheWay = [...on(request.root), ...within(request.root)].filter((lock) => conflicts(lock, request))
      return inTheWay.length === 0 ? Effect.void : Locked.inTheWay(inTheWay.map(({ root }) => root))
    })

  const grant = (caller: Caller, request: LockRequest) =>
    Effect.gen(function* () {
      const { root } = request
      if (request.scope === "shared" && on(root).length + within(root).length >= mostShared) {
        return yield* new Overloaded({ message: "there are too many shared locks here; release some", retryAfter: 60 })
      }
      const current = table.live()
      const own = current.filter(({ holder }) => holder === caller.id).length
      if (current.length >= mostLocks || own >= mostOfOneHolder) {
        return yield* new Overloaded({ message: "there are too many locks; release some", retryAfter: 60 })
      }
      const timeout = grantedTimeout(request.timeout)
      const lock: Lock = {
        token: `urn:uuid:${randomUUID()}`,
        root,
        depth: request.depth,
        scope: request.scope,
        owner: request.owner,
        holder: caller.id,
        timeout,
        expires: now() + timeout * 1000
      }
      const over = table.outlived()
      yield* store.change([...over.map(removal), storing(lock)])
      for (const old of over) table.drop(old)
      table.put(lock)
      return lock
    })

  return { unobstructed, grant }
}
