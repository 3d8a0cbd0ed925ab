import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { StorageFailure } from "../../domain/Errors.ts"

/** The database of a world. */
export const worldFile = "universe.db"

/** A directory with a database, such as that of a world, as far as a copy of it is concerned. */
export interface DirectoryState {
  /** which file it is */
  readonly identity: string
  /** which file, in which state */
  readonly stamp: string
  readonly size: number
  readonly mode: number
  /** the file is all there is of the database, and whatever is written from now on changes its stamp */
  readonly atRest: boolean
  /** a deletion is under way, or was interrupted (FileVolume) */
  readonly condemned: boolean
}

/** How coarse the times of a file system can be, in milliseconds: two writes within it may look like one. */
const timeGrain = 2000

/**
 * Looks at the database in a directory, a world's unless told otherwise; undefined when there is no database in it. Synchronous on purpose: it is asked
 * twice for each world, by a process that has nothing else to do.
 */
export const observe = (
  directory: string,
  database = worldFile
): Effect.Effect<DirectoryState | undefined, StorageFailure> =>
  Effect.try({
    try: () => {
      const now = Date.now()
      const file = join(directory, database)
      const found = present(() => statSync(file, { bigint: true }))
      if (found === undefined) return undefined
      // Only now: what is in the file when it is read is complete, if the log is empty here and the stamp stays.
      const beside = new Set(present(() => readdirSync(directory)))
      let logged = 0
      for (const suffix of ["-wal", "-journal"]) {
        if (beside.has(database + suffix)) logged += present(() => statSync(file + suffix))?.size ?? 0
      }
      const condemned = beside.has(".deleting")
      const identity = `${found.dev}:${found.ino}`
      return {
        identity,
        stamp: `${identity}:${found.size}:${found.mtimeNs}:${found.ctimeNs}`,
        size: Number(found.size),
        mode: Number(found.mode & 0o777n),
        atRest: logged === 0 && !condemned && now - Number(found.mtimeMs) > timeGrain,
        condemned
      }
    },
    catch: (cause) => new StorageFailure({ message: "a world could not be copied", cause })
  })

/** What is read of a file system, or undefined when nothing is there. */
const present = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) {
      return undefined
    }
    throw error
  }
}
