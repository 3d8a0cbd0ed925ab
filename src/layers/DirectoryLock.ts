import * as Reactivity from "@effect/experimental/Reactivity"
import { FileSystem, Path } from "@effect/platform"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import { Effect, type Scope } from "effect"
import { StorageFailure } from "../domain/Errors.ts"

/**
 * Holds a data directory for one server (C17). The lock is SQLite's own, on an empty database: the system drops it
 * with the process, however that ends, so there is nothing stale to clean up.
 */
export const acquire = (
  data: string
): Effect.Effect<void, StorageFailure, FileSystem.FileSystem | Path.Path | Scope.Scope> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    yield* fs.makeDirectory(data, { recursive: true })
    const sql = yield* SqliteClient.make({ filename: path.join(data, ".lock"), disableWAL: true }).pipe(
      Effect.provideServiceEffect(Reactivity.Reactivity, Reactivity.make)
    )
    yield* sql.unsafe("PRAGMA busy_timeout = 0")
    yield* sql.unsafe("BEGIN EXCLUSIVE")
  }).pipe(
    Effect.catchAllDefect((cause) => Effect.fail(cause)),
    Effect.mapError(
      (cause) => new StorageFailure({ message: `the data directory ${data} is in use by another server`, cause })
    )
  )
