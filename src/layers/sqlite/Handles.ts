import type { SqliteClient } from "@effect/sql-sqlite-node/SqliteClient"
import { Effect, Exit, Option, Scope } from "effect"
import { StorageFailure } from "../../domain/Errors.ts"
import type { WorldName } from "../../domain/WorldPath.ts"
import * as KeyedMutex from "../../services/KeyedMutex.ts"
import type { Volume } from "./Volume.ts"
import { configure, entryOf, install, readHead, tableState } from "./WorldFile.ts"

/** The database of one world, while somebody uses it. */
export interface Handle {
  /** the open database; none when there is no such world */
  readonly sql: Option.Option<SqliteClient>
  /** makes the world's place and opens it; the tables come with the first transaction */
  readonly create: Effect.Effect<SqliteClient, StorageFailure>
  /** closes the database; it is opened again when next used */
  readonly close: Effect.Effect<void>
}

/** A bounded set of open databases: the least recently used ones close when there are more than `capacity`. */
export interface Handles {
  /** runs `f` alone on a world: nobody else reads, writes, opens or closes it meanwhile */
  readonly use: <A, E, R>(
    name: WorldName,
    f: (handle: Handle) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | StorageFailure, R>
}

interface Open {
  readonly sql: SqliteClient
  readonly scope: Scope.CloseableScope
}

/** Every database closes with the surrounding scope. */
export const make = (volume: Volume, capacity: number): Effect.Effect<Handles, never, Scope.Scope> =>
  Effect.gen(function* () {
    // A Map iterates in insertion order; re-inserting on use makes the first key the least recently used.
    const open = new Map<WorldName, Open>()
    const mutex = KeyedMutex.make<WorldName>()

    const connect = (name: WorldName): Effect.Effect<SqliteClient, StorageFailure> =>
      Effect.uninterruptible(
        Effect.gen(function* () {
          const scope = yield* Scope.make()
          const sql = yield* volume.open(name).pipe(
            Effect.tap(configure),
            Scope.extend(scope),
            Effect.onError(() => Scope.close(scope, Exit.void))
          )
          open.set(name, { sql, scope })
          return sql
        }).pipe(storageFailure("a world could not be opened"))
      )

    const disconnect = (name: WorldName): Effect.Effect<void> =>
      Effect.suspend(() => {
        const found = open.get(name)
        if (found === undefined) return Effect.void
        open.delete(name)
        return Effect.gen(function* () {
          const head = yield* Effect.option(readHead(found.sql, name))
          yield* Scope.close(found.scope, Exit.void)
          if (Option.isSome(head) && Option.isSome(head.value)) yield* volume.settle(entryOf(head.value.value))
        }).pipe(Effect.catchAllDefect((defect) => Effect.logError("closing a world failed", defect)))
      }).pipe(Effect.uninterruptible)

    const existing = (name: WorldName): Effect.Effect<Option.Option<SqliteClient>, StorageFailure> =>
      Effect.suspend(() => {
        const found = open.get(name)
        if (found !== undefined) {
          open.delete(name)
          open.set(name, found)
          return Effect.succeedSome(found.sql)
        }
        return Effect.flatMap(volume.exists(name), (exists) =>
          exists ? Effect.map(Effect.tap(connect(name), completeForeign), Option.some) : Effect.succeedNone
        )
      })

    const evict: Effect.Effect<void> = Effect.suspend(() => {
      if (open.size <= capacity) return Effect.void
      const oldest = open.keys().next().value
      return oldest === undefined ? Effect.void : mutex.lock(oldest)(disconnect(oldest))
    })

    yield* Effect.addFinalizer(() => Effect.forEach([...open.keys()], disconnect, { discard: true }))

    return {
      use: (name, f) =>
        Effect.zipLeft(
          mutex.lock(name)(
            Effect.flatMap(existing(name), (sql) =>
              f({ sql, create: Effect.zipRight(volume.create(name), connect(name)), close: disconnect(name) })
            )
          ),
          evict
        )
    }
  })

/** A world that was copied in from elsewhere gets the tables and columns it lacks; what is no world stays untouched. */
const completeForeign = (sql: SqliteClient): Effect.Effect<void, StorageFailure> =>
  Effect.flatMap(tableState(sql), (state) =>
    state === "foreign" ? Effect.asVoid(sql.withTransaction(install(sql))) : Effect.void
  ).pipe(storageFailure("a world could not be read"))

/** Whatever SQLite reports, as the one error that storage has. The cause is for the log. */
export const storageFailure =
  (message: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, StorageFailure, R> =>
    effect.pipe(
      Effect.catchAllDefect((cause) => Effect.fail(cause)),
      Effect.mapError((cause) => (cause instanceof StorageFailure ? cause : new StorageFailure({ message, cause })))
    )
