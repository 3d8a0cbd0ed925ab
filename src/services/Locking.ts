import * as Effect from "effect/Effect"
import type { Caller } from "../domain/Caller.ts"
import type { Overwrite } from "../domain/Command.ts"
import type { Conditions } from "../domain/Conditions.ts"
import type { BadPath, BadRequest, Conflict } from "../domain/Errors.ts"
import type { Lock, LockRequest } from "../domain/Lock.ts"
import { Access } from "./Access.ts"
import { Catalog } from "./Catalog.ts"
import type { Commits, OverwriteError } from "./Commits.ts"
import { Locks } from "./Locks.ts"
import type { Trees } from "./Trees.ts"

/** What came of asking for a lock. */
export interface Taken {
  readonly lock: Lock
  /** whether there was nothing under the name, so that an empty world was made (RFC 4918 section 7.3) */
  readonly created: boolean
  /** whether the root is a collection that the caller may know of */
  readonly collection: boolean
}

/**
 * A lock under a name, whatever is there: what is there, the conditions and the other locks are judged in the turn in
 * which the lock is made, and with it the world that takes the name when there is none; the two of them, or neither.
 * `making` is that world, if there still is none, or why there can be none.
 */
export type TakeLock = (
  caller: Caller,
  request: LockRequest,
  conditions: Conditions,
  making: Effect.Effect<Overwrite, BadPath | Conflict>
) => Effect.Effect<Taken, OverwriteError | BadRequest | BadPath | Conflict>

export const make = (commits: Commits, trees: Pick<Trees, "requireParent">) =>
  Effect.gen(function* () {
    const access = yield* Access
    const catalog = yield* Catalog
    const locks = yield* Locks

    const lock: TakeLock = (caller, request, conditions, making) => {
      const { root } = request
      return locks
        .takeWith(caller, request, (taking) =>
          Effect.gen(function* () {
            const isThere = catalog.isThere(root)
            const world = isThere ? undefined : yield* making
            if (!isThere) yield* trees.requireParent(caller, root)
            yield* locks.judge(caller, root, conditions)
            if (world === undefined) {
              const readable = yield* access.readable(caller)
              return { lock: yield* taking, created: false, collection: catalog.isCollection(root, readable) }
            }
            // The collection that gets a member by this may be locked; the name itself is not, or there will be no lock.
            const [, ...above] = locks.written(root)
            yield* locks.permit(caller, conditions.lockTokens, above)
            const lock = yield* taking
            const created = yield* Effect.as(commits.commitInside(world), true).pipe(
              // Somebody has put one there by hand.
              Effect.catchTag("PreconditionFailed", () => Effect.as(commits.reconsider(world.name), false))
            )
            return { lock, created, collection: false }
          })
        )
        .pipe(
          // An overwrite makes what it does not find, and this one has no key.
          Effect.catchTags({ WorldNotFound: Effect.die, IdempotencyConflict: Effect.die }),
          commits.admitted.one(root)
        )
    }

    return { lock }
  })
