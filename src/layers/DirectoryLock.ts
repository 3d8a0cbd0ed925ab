import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { StorageFailure } from "../domain/Errors.ts"
import * as Database from "./sqlite/Database.ts"

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
    yield* fs
      .makeDirectory(data, { recursive: true })
      .pipe(Database.storageFailure(`the data directory ${data} cannot be made`))
    const db = yield* Database.open(path.join(data, ".lock")).pipe(
      Database.storageFailure(`the data directory ${data} cannot be locked`)
    )
    yield* Effect.sync(() => {
      db.query("PRAGMA busy_timeout = 0")
      db.query("BEGIN EXCLUSIVE")
    }).pipe(Database.storageFailure(`the data directory ${data} is in use by another server`))
  })
