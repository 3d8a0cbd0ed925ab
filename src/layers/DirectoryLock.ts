import { FileSystem, Path } from "@effect/platform"
import { Effect, type Scope } from "effect"
import { StorageFailure } from "../domain/Errors.ts"
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
    yield* fs.makeDirectory(data, { recursive: true })
    const db = yield* Database.open({ filename: path.join(data, ".lock"), disableWAL: true })
    yield* db.query("PRAGMA busy_timeout = 0")
    yield* db.query("BEGIN EXCLUSIVE")
  }).pipe(
    Effect.catchAllDefect((cause) => Effect.fail(cause)),
    Effect.mapError(
      (cause) => new StorageFailure({ message: `the data directory ${data} is in use by another server`, cause })
    )
  )
