import { closeSync, openSync, readFileSync, readSync, rmSync, writeSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import { StorageFailure } from "../../domain/Errors.ts"
import * as Database from "../sqlite/Database.ts"
import { type DirectoryState, observe, worldFile } from "./DirectoryState.ts"

/**
 * The database of a world as of one moment, while a server writes it. This must run in another process than the server:
 * closing a file drops every lock that a process holds on it, those of its SQLite connections too.
 *
 * Most worlds are at rest: closed, with nothing in their write-ahead log. Such a file is read as it is, and what was read
 * counts if the file has not changed meanwhile. A SQLite connection that only reads would leave two files beside each of
 * them. Of the others SQLite makes a copy, in one read transaction, and without waiting for the disk: a copy need not
 * survive a crash, and the server waits for that same disk.
 */
export interface WorldCopy {
  /** the bytes themselves, or the path of a file that holds them */
  readonly content: Uint8Array | string
  /** permission bits of the original */
  readonly mode: number
}

/** Databases at rest of up to this many bytes are copied in memory. */
const small = 1024 * 1024

/** Large files are copied in pieces of this many bytes: one call for all of it would hold up the disk for others. */
const piece = 256 * 1024

/** How often a world may be replaced by another of its name, before it counts as gone. */
const attempts = 3

/**
 * Copies the world in `directory`, to the file `target` when it is large; undefined when there is none (any more). Other
 * databases of the server's are copied in the same way.
 */
export const make = (
  directory: string,
  target: string,
  database = worldFile,
  attempt = 1
): Effect.Effect<WorldCopy | undefined, StorageFailure> =>
  Effect.gen(function* () {
    const before = yield* observe(directory, database)
    if (before === undefined) return undefined
    if (before.atRest) {
      const content = yield* Effect.either(duplicate(before, join(directory, database), target))
      if ((yield* observe(directory, database))?.stamp === before.stamp)
        return { content: yield* content, mode: before.mode }
    }
    const made = yield* Effect.either(Effect.scoped(snapshot(directory, database, target)))
    const after = Either.isRight(made) ? made.right : yield* observe(directory, database)
    if (after === undefined) return undefined
    if (after.identity !== before.identity) {
      return attempt < attempts ? yield* make(directory, target, database, attempt + 1) : undefined
    }
    yield* made
    return after.condemned && (yield* endsDeleted(target)) ? undefined : { content: target, mode: after.mode }
  })

const failure = (cause: unknown) => new StorageFailure({ message: "a world could not be copied", cause })

/** The file as it is. Whoever asks sees to it that this was one state of it. */
const duplicate = (
  { size }: DirectoryState,
  file: string,
  target: string
): Effect.Effect<Uint8Array | string, StorageFailure> =>
  Effect.try({
    try: () => {
      if (size <= small) return readFileSync(file)
      copyInPieces(file, target)
      return target
    },
    catch: failure
  })

const copyInPieces = (from: string, to: string): void => {
  const source = openSync(from, "r")
  try {
    const copy = openSync(to, "w")
    try {
      const buffer = Buffer.allocUnsafe(piece)
      for (let read = readSync(source, buffer); read > 0; read = readSync(source, buffer)) {
        for (let done = 0; done < read; ) done += writeSync(copy, buffer, done, read - done)
      }
    } finally {
      closeSync(copy)
    }
  } finally {
    closeSync(source)
  }
}

/** Lets SQLite copy what a connection sees. Tells how the directory looked while the file was still held open. */
const snapshot = (
  directory: string,
  database: string,
  target: string
): Effect.Effect<DirectoryState | undefined, StorageFailure, Scope.Scope> =>
  Effect.gen(function* () {
    rmSync(target, { force: true })
    const db = yield* Database.open(join(directory, database), { readonly: true })
    db.query("PRAGMA synchronous = OFF")
    db.query("PRAGMA cache_size = -2000")
    db.query("VACUUM INTO ?", [target])
    return yield* observe(directory, database)
  }).pipe(Database.storageFailure("a world could not be copied"))

/** Whether a copy's newest event is its deletion: it was made just before the world was moved to the trash. */
const endsDeleted = (target: string): Effect.Effect<boolean, StorageFailure> =>
  Effect.scoped(
    Effect.map(Database.open(target, { readonly: true }), (db) => {
      const newest = "SELECT event_type FROM events ORDER BY id DESC LIMIT 1"
      return db.query(`SELECT 1 FROM (${newest}) WHERE event_type = 'stage_deleted'`).length > 0
    })
  ).pipe(Database.storageFailure("a world could not be copied"))
