import { existsSync } from "node:fs"
import { join } from "node:path"
import * as SqlSchema from "@effect/sql/SqlSchema"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { StorageFailure } from "../../domain/Errors.ts"
import { ResourceStore, type ResourceStoreShape } from "../../services/ResourceStore.ts"
import { storageFailure } from "../sqlite/Database.ts"
import * as Client from "./Client.ts"

/** The file in the data directory. It is made when there is something to keep. */
export const fileName = ".dav.db"

const unreadable =
  `${fileName} in the data directory cannot be read: repair it, or take it away to start without the locks, properties ` +
  "and empty collections that it holds"

const Row = Schema.Struct({ key: Schema.String, value: Schema.String })

/**
 * Locks, dead properties and made collections in one SQLite database (C15). A file that is missing is an empty one; one
 * that cannot be read stops the start, because what it holds cannot be made again.
 */
export const make = (filename: string): Effect.Effect<ResourceStoreShape, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    // One transaction at a time, and one opening.
    const turn = yield* Effect.makeSemaphore(1)
    let opened: Client.Client | undefined

    const open = Effect.suspend(() => {
      if (opened !== undefined) return Effect.succeed(opened)
      return Effect.gen(function* () {
        const own = yield* Scope.fork(scope, { _tag: "Sequential" })
        const db = yield* Effect.onError(Scope.extend(connect(filename), own), () => Scope.close(own, Exit.void))
        opened = db
        return db
      })
    })

    return {
      load: (kind) =>
        Effect.suspend(() =>
          opened === undefined && !existsSync(filename)
            ? Effect.succeed([])
            : Effect.flatMap(open, (db) => rows(db)(kind))
        ).pipe(
          turn.withPermits(1),
          Effect.uninterruptible,
          Effect.mapError((cause) => new StorageFailure({ message: unreadable, cause }))
        ),

      change: (changes) =>
        Effect.flatMap(open, (db) =>
          db.transaction(
            Effect.forEach(
              changes,
              ({ key, kind, value }) =>
                value === undefined
                  ? db.query("DELETE FROM resources WHERE kind = ? AND key = ?", [kind, key])
                  : db.query("INSERT OR REPLACE INTO resources VALUES (?, ?, ?)", [kind, key, value]),
              { discard: true }
            )
          )
        ).pipe(turn.withPermits(1), Effect.uninterruptible, storageFailure("a change could not be kept"))
    }
  })

const connect = (filename: string) =>
  Effect.gen(function* () {
    const db = yield* Client.open({ filename })
    yield* db.query("PRAGMA synchronous = FULL")
    yield* db.query("PRAGMA cache_size = -1000")
    yield* db.query(
      "CREATE TABLE IF NOT EXISTS resources (kind TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID"
    )
    return db
  })

const rows = (db: Client.Client) =>
  SqlSchema.findAll({
    Request: Schema.String,
    Result: Row,
    execute: (kind) => db.query("SELECT key, value FROM resources WHERE kind = ? ORDER BY key", [kind])
  })

/** The store of a data directory, in this thread. */
export const layer = (data: string): Layer.Layer<ResourceStore> =>
  Layer.scoped(ResourceStore, make(join(data, fileName)))

/** A store that is gone with the process. */
export const layerMemory: Layer.Layer<ResourceStore> = Layer.scoped(ResourceStore, make(":memory:"))
