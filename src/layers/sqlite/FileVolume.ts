import { existsSync, opendirSync, statSync } from "node:fs"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import type { StorageFailure } from "../../domain/Errors.ts"
import { type Entry, entryOf } from "../../domain/World.ts"
import { directoryName, type WorldName, worldOfDirectory } from "../../domain/WorldPath.ts"
import * as CatalogNotes from "./CatalogNotes.ts"
import { attempt, open, storageFailure } from "./Database.ts"
import { place, removeIfEmpty, syncDirectory, takeAway } from "./Placement.ts"
import * as Scratch from "./Scratch.ts"
import type { Volume } from "./Volume.ts"

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

    const scratch = yield* Scratch.make
    const staging = path.join(data, ".new")
    yield* fs.makeDirectory(staging, { recursive: true }).pipe(storageFailure("the data directory cannot be used"))

    // A start asks for every world's: joined as they are, since path.join would take each of them apart.
    const root = path.join(data, ".")
    const directory = (name: WorldName) => `${root}${path.sep}${directoryName(name)}`
    const database = (name: WorldName) => `${directory(name)}${path.sep}universe.db`

    /** The mark of a deletion under way: a world that was taken out of the trash again does not have it. */
    const condemned = (world: string) => path.join(world, ".deleting")

    /** A note of what a closed database holds. */
    const settle = (entry: Entry) =>
      Effect.suspend(() => {
        const stamp = stampOf(database(entry.name))
        return stamp === undefined || stamp === changing ? Effect.void : notes.put(entry, stamp)
      })

    /** What a crash left of creations that were under way. */
    const abandoned = Effect.flatMap(fs.readDirectory(staging), (entries) =>
      Effect.forEach(
        entries.filter((entry) => owns(worldOfDirectory(entry) ?? "")),
        (entry) => fs.remove(path.join(staging, entry), { recursive: true, force: true }),
        { discard: true }
      )
    )

    return {
      scan: Effect.fnUntraced(function* (visit) {
        yield* abandoned
        const there = new Set<WorldName>()
        for (const entry of entriesOf(data)) {
          const name = entry.startsWith(".") ? undefined : worldOfDirectory(entry)
          if (name !== undefined && owns(name)) there.add(name)
        }
        const names: ReadonlySet<string> = there
        const isThere = (name: string): name is WorldName => names.has(name)
        let known: Array<Entry> = []
        const show = () => {
          visit(known)
          known = []
        }
        yield* notes.each(isThere, ({ entry, stamp }) => {
          if (stampOf(database(entry.name)) !== stamp) return
          there.delete(entry.name)
          known.push(entry)
          if (known.length === partSize) show()
        })
        show()
        const unknown: Array<WorldName> = []
        for (const name of there) {
          if (stampOf(database(name)) === undefined) removeIfEmpty(directory(name))
          else unknown.push(name)
        }
        return unknown
      }, storageFailure("the data directory cannot be read")),

      identity: (name) =>
        Effect.sync(() => inodeOf(database(name))).pipe(storageFailure("a world could not be looked for")),

      create: Effect.fnUntraced(function* (name, write) {
        const made = yield* attempt("a world could not be made", () =>
          Either.map(scratch.compose(write), ({ file, result }) => {
            place(file, { staged: path.join(staging, directoryName(name)), directory: directory(name) })
            return result
          })
        )
        yield* settle(entryOf(made))
        return made
      }, Effect.uninterruptible),

      remove: (name) =>
        Effect.sync(() => takeAway(directory(name))).pipe(
          Effect.zipRight(notes.remove(name)),
          storageFailure("a world could not be taken away")
        ),

      open: (name) => open(database(name)),

      settle,

      condemn: (name) =>
        fs.writeFileString(condemned(directory(name)), "").pipe(storageFailure("a world could not be condemned")),

      spare: (name) => Effect.ignoreLogged(fs.remove(condemned(directory(name)), { force: true })),

      isCondemned: (name) => Effect.orElseSucceed(fs.exists(condemned(directory(name))), () => false),

      discard: Effect.fnUntraced(function* (name, deletion) {
        const folder = path.join(trash, deletion)
        const place = path.join(folder, directoryName(name))
        yield* notes.remove(name)
        yield* fs.makeDirectory(folder, { recursive: true })
        yield* fs.rename(directory(name), place)
        yield* fs.remove(condemned(place), { force: true })
        for (const changed of [folder, trash, data]) syncDirectory(changed)
      }, storageFailure("a world could not be moved to the trash"))
    }
  })

/** Asked before each use, of what is in the kernel's cache then: synchronous, like all that SQLite asks of the disk. */
const inodeOf = (file: string): number | undefined => {
  try {
    return statSync(file, { throwIfNoEntry: false })?.ino
  } catch (cause) {
    // A file where a directory should be is no world.
    if (cause instanceof Error && "code" in cause && cause.code === "ENOTDIR") return undefined
    throw cause
  }
}

/** The names in a directory, some at a time: all of a large one at once would stay for as long as the heap has room. */
function* entriesOf(directory: string): Iterable<string> {
  const listing = opendirSync(directory, { bufferSize: 512 })
  try {
    for (let entry = listing.readSync(); entry !== null; entry = listing.readSync()) yield entry.name
  } finally {
    listing.closeSync()
  }
}

/** Worlds that are shown together: each part is gone from here before it is old, and before the next is full. */
const partSize = 512

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
    const log = `${file}-wal`
    return existsSync(log) && (statSync(log, { throwIfNoEntry: false })?.size ?? 0) > 0
      ? changing
      : `${stat.mtimeNs}:${stat.size}:${stat.ino}`
  } catch (cause) {
    // A file where a directory should be is no world. In a directory that may not be entered, or on a disk that fails,
    // there may be one: who opens it will hear.
    return cause instanceof Error && "code" in cause && cause.code === "ENOTDIR" ? undefined : changing
  }
}
