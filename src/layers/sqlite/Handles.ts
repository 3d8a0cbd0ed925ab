import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { StorageFailure } from "../../domain/Errors.ts"
import { entryOf } from "../../domain/World.ts"
import type { WorldName } from "../../domain/WorldPath.ts"
import * as KeyedMutex from "../../services/KeyedMutex.ts"
import * as Nursery from "../../services/Nursery.ts"
import { type Database, storageFailure } from "./Database.ts"
import { prepare } from "./Tables.ts"
import type { Volume } from "./Volume.ts"
import { readHead } from "./WorldFile.ts"

/** The database of one world, while somebody uses it. */
export interface Handle {
  /** the open database; none when there is no such world */
  readonly db: Option.Option<Database>
  /** closes the database without noting what it holds; it is opened again when next used */
  readonly close: Effect.Effect<void>
}

/** A bounded set of open databases: the least recently used ones close soon when there are more than `capacity`. */
export interface Handles {
  /** runs `f` alone on a world: nobody else reads, writes, opens or closes it meanwhile */
  readonly use: <A, E, R>(
    name: WorldName,
    f: (handle: Handle) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | StorageFailure, R>
  /** runs `work` alone on a world whose database is closed */
  readonly closed: <A, E, R>(name: WorldName, work: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

interface Open {
  /** of the file that is open: another may have taken its place, or none */
  readonly identity: number
  readonly db: Database
  readonly scope: Scope.CloseableScope
}

/** Databases beyond the capacity that may be open until somebody has time to close them. */
const spare = 8

/** Every database closes with the surrounding scope. */
export const make = (volume: Volume, capacity: number): Effect.Effect<Handles, never, Scope.Scope> =>
  Effect.gen(function* () {
    // A Map iterates in insertion order; re-inserting on use makes the first key the least recently used.
    const open = new Map<WorldName, Open>()
    const mutex = KeyedMutex.make<WorldName>()
    const afterwards = yield* Nursery.make

    const connect = Effect.fnUntraced(
      function* (name: WorldName, identity: number) {
        const scope = yield* Scope.make()
        const db = yield* volume.open(name).pipe(
          Effect.tap((db) => Effect.sync(() => prepare(db))),
          Scope.extend(scope),
          Effect.onError(() => Scope.close(scope, Exit.void))
        )
        open.set(name, { db, identity, scope })
        return db
      },
      storageFailure("a world could not be opened"),
      Effect.uninterruptible
    )

    const disconnect = Effect.fnUntraced(
      function* (name: WorldName, settle: boolean) {
        const found = open.get(name)
        if (found === undefined) return
        open.delete(name)
        // What cannot be read is left without a note, and the next start will say so.
        const head = settle ? yield* Effect.option(Effect.try(() => readHead(found.db, name))) : Option.none()
        yield* Scope.close(found.scope, Exit.void)
        if (Option.isSome(head) && head.value !== undefined) yield* volume.settle(entryOf(head.value))
      },
      Effect.catchAllDefect((defect) => Effect.logError("closing a world failed", defect)),
      Effect.uninterruptible
    )

    /** What was open and is no more at its place would take writes that nobody finds again. */
    const existing = (name: WorldName): Effect.Effect<Option.Option<Database>, StorageFailure> =>
      Effect.flatMap(volume.identity(name), (identity) => {
        const found = open.get(name)
        if (found !== undefined && found.identity === identity) {
          open.delete(name)
          open.set(name, found)
          return Effect.succeedSome(found.db)
        }
        const there = identity === undefined ? Effect.succeedNone : Effect.asSome(connect(name, identity))
        return found === undefined ? there : Effect.zipRight(disconnect(name, false), there)
      })

    /** Closes the least recently used until there are few enough; whoever was used while we waited is passed over. */
    const evict: Effect.Effect<void> = Effect.suspend(() => {
      const oldest = open.size > capacity ? open.keys().next().value : undefined
      if (oldest === undefined) return Effect.void
      const closed = mutex.lock(oldest)(
        Effect.suspend(() => (open.keys().next().value === oldest ? disconnect(oldest, true) : Effect.void))
      )
      return Effect.zipRight(closed, evict)
    })

    /** To close a world takes a sync or two: who has used another has its answer first, unless too many wait for that. */
    const trim = Effect.suspend(() => {
      if (open.size <= capacity) return Effect.void
      return open.size <= capacity + spare ? afterwards.fork(evict) : evict
    })

    yield* Effect.addFinalizer(() =>
      Effect.forEach([...open.keys()], (name) => mutex.lock(name)(disconnect(name, true)), { discard: true })
    )

    return {
      use: (name, f) =>
        Effect.ensuring(
          mutex.lock(name)(Effect.flatMap(existing(name), (db) => f({ db, close: disconnect(name, false) }))),
          trim
        ),
      closed: (name, work) => mutex.lock(name)(Effect.zipRight(disconnect(name, false), work))
    }
  })
