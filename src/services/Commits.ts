import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import type { Command, Receipt } from "../domain/Command.ts"
import type { Forbidden, Locked, Overloaded, PreconditionFailed, StorageFailure } from "../domain/Errors.ts"
import type { Operation } from "../domain/Event.ts"
import { TransientSet } from "../domain/Transients.ts"
import { entryOf } from "../domain/World.ts"
import { type CanonicalPath, isWithin, type WorldName } from "../domain/WorldPath.ts"
import * as Admission from "./Admission.ts"
import { Catalog } from "./Catalog.ts"
import { Changes } from "./Changes.ts"
import * as KeyedMutex from "./KeyedMutex.ts"
import { Storage, type WriteError } from "./Storage.ts"
import { WriteGate } from "./WriteGate.ts"

/** How a write can be refused, whatever it writes. */
export type OverwriteError = Forbidden | Locked | PreconditionFailed | Overloaded | StorageFailure

/** How commands become commits: one world, one writer at a time, and everybody is told in the same step. */
export interface Commits {
  /** runs a command in its turn, if `permitted` lets it when the turn has come: what it sees is what is written over */
  readonly commit: <E = never>(
    command: Command,
    permitted?: Effect.Effect<unknown, E>
  ) => Effect.Effect<Receipt, WriteError | E>
  /** the same for who has the tree around the world already (WriteGate) */
  readonly commitInside: (command: Command) => Effect.Effect<Receipt, WriteError>
  /** takes a world away for good, in its turn: without an event, though those who watch hear of it */
  readonly evict: (name: WorldName) => Effect.Effect<void, StorageFailure>
  /** lets so many in and no more: whoever comes on top is better told to come back */
  readonly admitted: Admission.Admission
  /** the catalog follows the storage, for who has found that a world is not there: it was taken away by hand */
  readonly reconsider: (name: WorldName) => Effect.Effect<void>
  /**
   * A write is on its way to a world, for which nobody need wait but who looks afterwards (`settled`): such a one hurries
   * it. It has arrived when what this answers with is called.
   */
  readonly expect: (name: WorldName, hurry?: () => void) => () => void
  /** the same for a write that is under way as long as its effect */
  readonly onItsWay: <A, E>(name: WorldName, write: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** looks at a path, and at what is below it, when the writes that are on their way there have arrived */
  readonly settled: <A, E>(path: CanonicalPath, look: () => Effect.Effect<A, E>) => Effect.Effect<A, E>
}

interface Arrival {
  readonly name: WorldName
  readonly hurry: () => void
  readonly latch: Effect.Latch
}

/** Writes that may be under way at a time, most of them waiting for their turn. */
const places = { all: 1024, slow: 512 }

export const make: Effect.Effect<Commits, never, Storage | Catalog | Changes | WriteGate> = Effect.gen(function* () {
  const storage = yield* Storage
  const catalog = yield* Catalog
  const changes = yield* Changes
  const gate = yield* WriteGate
  const mutex = KeyedMutex.make<WorldName>()
  /** writes of the machine's own that are on their way: each opens when it has arrived */
  const arrivals = new TransientSet<Arrival>()

  /** Catalog first, then the watchers: whoever is woken finds the new state. */
  const settle = (command: Command, receipt: Receipt) => {
    if (receipt.replayed) return
    if (command._tag === "Delete") catalog.remove(command.name)
    else catalog.put(entryOf(receipt))
    changes.publish({ name: command.name, version: receipt.version, op: operationOf(command) })
  }

  /** After a failure nobody knows how far it came; the catalog, and who watches, follow what the storage says now. */
  const follow = (name: WorldName, op: Operation) =>
    Effect.ignoreLogged(
      Effect.map(storage.head(name), (found) => {
        const known = catalog.get(name)
        if (Option.isSome(found)) {
          catalog.put(entryOf(found.value))
          // What was to be deleted is still there.
          const happened = op === "delete" ? "state" : op
          if (known?.tag !== found.value.tag) changes.publish({ name, version: found.value.version, op: happened })
        } else forget(name)
      })
    )

  /** One world, one writer at a time; nothing interrupts it once it waits for its turn. */
  const commitIf = <E>(
    command: Command,
    permitted: Effect.Effect<unknown, E>
  ): Effect.Effect<Receipt, WriteError | E> =>
    storage.execute(command).pipe(
      Effect.tap((receipt) => Effect.sync(() => settle(command, receipt))),
      Effect.tapError(({ _tag }) =>
        _tag === "StorageFailure" || (_tag === "WorldNotFound" && catalog.get(command.name) !== undefined)
          ? follow(command.name, operationOf(command))
          : Effect.void
      ),
      (committing) => Effect.zipRight(permitted, committing),
      mutex.lock(command.name),
      Effect.uninterruptible
    )

  /** Away with what is known of it: those who watch hear of it if it was there. */
  const forget = (name: WorldName) => {
    const known = catalog.get(name)
    if (known === undefined) return
    catalog.remove(name)
    changes.publish({ name, version: known.version, op: "delete" })
  }

  const expect: Commits["expect"] = (name, hurry = constVoid) => {
    const arrival = { name, hurry, latch: Effect.unsafeMakeLatch() }
    arrivals.add(arrival)
    return () => {
      arrivals.delete(arrival)
      arrival.latch.unsafeOpen()
    }
  }

  return {
    commit: (command, permitted = Effect.void) =>
      Effect.uninterruptible(gate.one(command.name)(commitIf(command, permitted))),
    commitInside: (command) => commitIf(command, Effect.void),

    evict: (name) =>
      storage.evict(name).pipe(
        Effect.tap(() => forget(name)),
        Effect.tapError(() => follow(name, "delete")),
        mutex.lock(name),
        gate.one(name),
        Effect.uninterruptible
      ),

    admitted: Admission.make(places),
    reconsider: (name) => Effect.uninterruptible(mutex.lock(name)(follow(name, "delete"))),

    expect,

    onItsWay: (name, write) =>
      Effect.acquireUseRelease(
        Effect.sync(() => expect(name)),
        () => write,
        (arrived) => Effect.sync(arrived)
      ),

    settled: (path, look) =>
      Effect.suspend(() => {
        if (arrivals.size === 0) return look()
        const awaited = [...arrivals].filter(({ name }) => path === "" || isWithin(name, path))
        return Effect.zipRight(
          Effect.forEach(
            awaited,
            ({ hurry, latch }) => {
              hurry()
              return latch.await
            },
            { discard: true }
          ),
          Effect.suspend(look)
        )
      })
  }
})

const operations: Readonly<Record<Command["_tag"], Operation>> = {
  Overwrite: "put",
  Append: "append",
  SetState: "state",
  Annotate: "state",
  Delete: "delete"
}

const operationOf = (command: Command): Operation =>
  (command._tag === "Overwrite" ? command.origin?.op : undefined) ?? operations[command._tag]
