import { join, resolve } from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Overloaded, type StorageFailure } from "../../domain/Errors.ts"
import type { Entry as WorldEntry } from "../../domain/World.ts"
import { directoryName } from "../../domain/WorldPath.ts"
import { AppConfig } from "../../services/AppConfig.ts"
import { Catalog } from "../../services/Catalog.ts"
import { type Archive as Archived, Replication } from "../../services/Replication.ts"
import * as SqliteResources from "../resources/SqliteResources.ts"
import { ServerKey } from "../ServerKey.ts"
import { storageFailure } from "../sqlite/Database.ts"
import * as Archive from "./Archive.ts"
import { worldFile } from "./DirectoryState.ts"
import type { Entry } from "./Entry.ts"
import * as ProgramFiles from "./ProgramFiles.ts"

/**
 * Where copies are made, below the data directory. The name says what may be removed after a crash, and is none that
 * somebody would give to a directory of their own.
 */
const workshopPrefix = ".archiving-"

/** How long one archive waits for the end of another. */
const patience = "1 second"

/** The shortest key that a `.key` may hold, in bytes (ServerKey). */
const shortestKey = 16

/**
 * Archives of the running machine. `program` is the compiled Archivist, the process that makes them. Needs a catalog that
 * is filled from storage, so that nothing begins before the data directory is ours.
 */
export const layer = (program: URL) =>
  Layer.scoped(
    Replication,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const catalog = yield* Catalog
      const key = yield* ServerKey
      const data = resolve((yield* AppConfig).data)
      yield* removeLeftovers(fs, data)

      const worlds = Effect.gen(function* () {
        const workshop = yield* makeWorkshop(fs, data)
        const now = yield* Clock.currentTimeMillis
        const kept = keyEntry(key, now)
        if (kept.length === 0) yield* Effect.logWarning("the key is too short for a .key: a clone needs ELASTIK_KEY")
        // A list of its own: the catalog's moves while one walks it.
        const all = entriesOf(kept, [...catalog.entries()], { data, workshop, now })
        return yield* Archive.make(program, all)
      })

      const source = Effect.gen(function* () {
        const root = yield* ProgramFiles.packageRoot(new URL(import.meta.url))
        return yield* Archive.make(program, yield* ProgramFiles.entries(root))
      })

      return { worlds: yield* oneAtATime("the worlds", worlds), program: yield* oneAtATime("the program", source) }
    })
  )

/** A directory for copies, which goes with the scope. */
const makeWorkshop = (fs: FileSystem.FileSystem, data: string) =>
  Effect.acquireRelease(
    fs
      .makeTempDirectory({ directory: data, prefix: workshopPrefix })
      .pipe(storageFailure("there is no place for copies")),
    (directory) => Effect.ignoreLogged(fs.remove(directory, { recursive: true, force: true }))
  )

/** The server's key as a `.key` has it, wherever it is configured: under it alone the copied chains verify. */
const keyEntry = (key: Uint8Array, modified: number): ReadonlyArray<Entry> =>
  key.length < shortestKey
    ? []
    : [{ _tag: "Text", name: "data/.key", text: `${Buffer.from(key).toString("hex")}\n`, mode: 0o600, modified }]

function* entriesOf(
  kept: ReadonlyArray<Entry>,
  worlds: ReadonlyArray<WorldEntry>,
  { data, now, workshop }: { readonly data: string; readonly workshop: string; readonly now: number }
): Generator<Entry> {
  yield* kept
  for (const { name, updatedAt } of worlds) {
    const directory = directoryName(name)
    yield {
      _tag: "Database",
      name: `data/${directory}/${worldFile}`,
      directory: join(data, directory),
      file: worldFile,
      workshop,
      modified: updatedAt
    }
  }
  // Last: whatever it says of worlds that are not there is forgotten at the clone's start.
  yield {
    _tag: "Database",
    name: `data/${SqliteResources.fileName}`,
    directory: data,
    file: SqliteResources.fileName,
    workshop,
    modified: now
  }
}

/** What a process left that died while it made copies. */
const removeLeftovers = (fs: FileSystem.FileSystem, data: string) =>
  Effect.gen(function* () {
    if (!(yield* fs.exists(data))) return
    for (const name of yield* fs.readDirectory(data)) {
      if (name.startsWith(workshopPrefix)) yield* fs.remove(join(data, name), { recursive: true, force: true })
    }
  }).pipe(storageFailure("what an interrupted backup left cannot be removed"))

/**
 * Each costs disk and processor: whoever comes while one is made is told to come back, unless it ends within a moment, as
 * when its reader has just left. What fails is logged. The scope that closes waits for the one that is being made to take
 * away what it made.
 */
const oneAtATime = (what: string, archive: Archived) =>
  Effect.gen(function* () {
    let busy = false
    const idle = yield* Effect.makeLatch(true)
    yield* Effect.addFinalizer(() => idle.await)
    const turn = Effect.acquireRelease(
      Effect.suspend(() => {
        if (busy) {
          const message = `an archive of ${what} is being made; try again when it is done`
          return new Overloaded({ message, retryAfter: 10 })
        }
        busy = true
        idle.unsafeClose()
        return Effect.void
      }),
      () =>
        Effect.sync(() => {
          busy = false
          idle.unsafeOpen()
        })
    )
    const said = ({ cause }: StorageFailure) => Effect.logError(`an archive of ${what} is not whole`, cause)
    return Effect.timeoutOption(idle.await, patience).pipe(
      Effect.zipRight(turn),
      Effect.zipRight(Effect.map(archive, Stream.tapError(said)))
    )
  })
