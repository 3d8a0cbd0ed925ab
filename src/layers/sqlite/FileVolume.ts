import { rmdirSync, statSync } from "node:fs"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { StorageFailure } from "../../domain/Errors.ts"
import { directoryName, type WorldName, worldOfDirectory } from "../../domain/WorldPath.ts"
import * as CatalogNotes from "./CatalogNotes.ts"
import { open, storageFailure } from "./Database.ts"
import type { Found, Volume } from "./Volume.ts"

/**
 * Worlds on disk: `<data>/<directory name>/universe.db` (C1.4). The directories are the truth; what else lies in the
 * data directory starts with a dot and can be lost (`.catalog.db`) or has been thrown away (`.trash`). Several threads
 * can share a directory when each `owns` worlds of its own.
 */
export const make = (
  data: string,
  owns: (name: string) => boolean = () => true
): Effect.Effect<Volume, StorageFailure, FileSystem.FileSystem | Path.Path | Scope.Scope> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const trash = path.join(data, ".trash")
    const notesFile = path.join(data, ".catalog.db")

    yield* fs.makeDirectory(data, { recursive: true }).pipe(storageFailure("the data directory cannot be made"))
    const notes = yield* CatalogNotes.make(
      notesFile,
      Effect.forEach(["", "-wal", "-shm"], (suffix) => fs.remove(notesFile + suffix, { force: true }), {
        discard: true
      }).pipe(Effect.orDie)
    )

    const directory = (name: WorldName) => path.join(data, directoryName(name))
    const database = (name: WorldName) => path.join(directory(name), "universe.db")

    /** The mark of a deletion under way: a world that was taken out of the trash again does not have it. */
    const condemned = (world: string) => path.join(world, ".deleting")

    const syncDirectory = (target: string) =>
      Effect.scoped(Effect.flatMap(fs.open(target, { flag: "r" }), (file) => file.sync))

    return {
      scan: Effect.gen(function* () {
        const known = yield* notes.about(owns)
        const found: Array<Found> = []
        for (const entry of yield* fs.readDirectory(data)) {
          const name = entry.startsWith(".") ? undefined : worldOfDirectory(entry)
          if (name === undefined || !owns(name)) continue
          const stamp = stampOf(database(name))
          if (stamp === undefined) yield* removeIfEmpty(path.join(data, entry))
          if (stamp === undefined) continue
          const note = known.get(name)
          found.push({ name, entry: note?.stamp === stamp ? { ...note, name } : undefined })
        }
        return found
      }).pipe(storageFailure("the data directory cannot be read")),

      exists: (name) => fs.exists(database(name)).pipe(storageFailure("a world could not be looked for")),

      create: (name) =>
        fs.makeDirectory(directory(name), { recursive: true }).pipe(storageFailure("a world could not be made")),

      seal: (name) =>
        Effect.zipRight(syncDirectory(directory(name)), syncDirectory(data)).pipe(
          storageFailure("a world could not be made durable")
        ),

      remove: (name) =>
        // The database goes last of all: whatever an interruption leaves can be recognised by it.
        Effect.forEach(["-wal", "-shm", ""], (suffix) => fs.remove(database(name) + suffix, { force: true })).pipe(
          Effect.zipRight(fs.remove(condemned(directory(name)), { force: true })),
          Effect.zipRight(removeIfEmpty(directory(name))),
          Effect.zipRight(notes.remove(name)),
          storageFailure("a world could not be taken away")
        ),

      open: (name) => open({ filename: database(name), disableWAL: true }),

      settle: (entry) =>
        Effect.suspend(() => {
          const stamp = stampOf(database(entry.name))
          return stamp === undefined || stamp === changing ? Effect.void : notes.put(entry, stamp)
        }),

      condemn: (name) =>
        fs.writeFileString(condemned(directory(name)), "").pipe(storageFailure("a world could not be condemned")),

      spare: (name) => Effect.ignoreLogged(fs.remove(condemned(directory(name)), { force: true })),

      isCondemned: (name) => Effect.orElseSucceed(fs.exists(condemned(directory(name))), () => false),

      discard: (name, deletion) =>
        Effect.gen(function* () {
          const folder = path.join(trash, deletion)
          const place = path.join(folder, directoryName(name))
          yield* notes.remove(name)
          yield* fs.makeDirectory(folder, { recursive: true })
          yield* fs.rename(directory(name), place)
          yield* fs.remove(condemned(place), { force: true })
          yield* Effect.forEach([folder, trash, data], syncDirectory, { discard: true })
        }).pipe(storageFailure("a world could not be moved to the trash"))
    }
  })

/** Removes a directory that a creation left behind; one that somebody else put something into stays. */
const removeIfEmpty = (directory: string): Effect.Effect<void> => Effect.ignore(Effect.try(() => rmdirSync(directory)))

/** The stamp of a database whose write-ahead log still holds something: no note can vouch for it. */
const changing = "changing"

/**
 * What tells one state of a closed database file from another; undefined when there is none. Synchronous on purpose: a
 * start asks it of every world, and the thread pool would make that ten times slower.
 */
const stampOf = (file: string): string | undefined => {
  try {
    const stat = statSync(file, { bigint: true, throwIfNoEntry: false })
    if (stat === undefined) return undefined
    const log = statSync(`${file}-wal`, { throwIfNoEntry: false })
    return log !== undefined && log.size > 0 ? changing : `${stat.mtimeNs}:${stat.size}:${stat.ino}`
  } catch {
    // A file where a directory should be, or one that may not be entered: no world.
    return undefined
  }
}
