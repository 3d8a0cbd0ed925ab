import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeContext } from "@effect/platform-node"
import Sqlite from "better-sqlite3"
import { Effect, Layer, Option, type Scope } from "effect"
import type { Annotate, Append, Delete, Overwrite, Remark, SetState } from "../../src/domain/Command.ts"
import type { StorageFailure } from "../../src/domain/Errors.ts"
import type { EventRow } from "../../src/domain/Event.ts"
import type { Entry } from "../../src/domain/World.ts"
import { directoryName } from "../../src/domain/WorldPath.ts"
import { ServerKey } from "../../src/layers/ServerKey.ts"
import * as FileVolume from "../../src/layers/sqlite/FileVolume.ts"
import * as MemoryVolume from "../../src/layers/sqlite/MemoryVolume.ts"
import * as SqliteStorage from "../../src/layers/sqlite/SqliteStorage.ts"
import type { Volume } from "../../src/layers/sqlite/Volume.ts"
import * as ThreadedStorage from "../../src/layers/threads/ThreadedStorage.ts"
import { AppConfig } from "../../src/services/AppConfig.ts"
import { EventChain } from "../../src/services/EventChain.ts"
import { Storage, type StorageShape } from "../../src/services/Storage.ts"
import { type Verdict, verifyWorld } from "../../src/services/Verification.ts"
import { path, world } from "./Paths.ts"

/** The key under which every test storage signs. */
export const key = "test key"
export const chain = EventChain.layer(Buffer.from(key))

export const memory = SqliteStorage.layer(MemoryVolume.make)

/** Storage in a directory; `change` may put something between it and the disk. */
export const files = (data: string, change: (volume: Volume) => Volume = (volume) => volume) =>
  SqliteStorage.layer(Effect.map(FileVolume.make(data), change)).pipe(Layer.provide(NodeContext.layer))

/** Storage in threads of its own, which run the built program. */
export const threads = (data: string, entry = new URL("../../dist/threads/StorageThread.js", import.meta.url)) =>
  ThreadedStorage.layer(entry).pipe(
    Layer.provide(AppConfig.layerTest({ data, storageThreads: 2 })),
    Layer.provide(Layer.succeed(ServerKey, Buffer.from(key))),
    Layer.provide(NodeContext.layer)
  )

/** A new directory that goes when the scope closes. */
export const temporary: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "elastik-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)

/** One life of a server's storage: opened, used, closed. */
export const session = <A, E>(
  data: string,
  use: (storage: StorageShape) => Effect.Effect<A, E>,
  change?: (volume: Volume) => Volume
): Effect.Effect<A, E | StorageFailure> =>
  Effect.provide(Effect.flatMap(Storage, use), files(data, change).pipe(Layer.provide(chain)))

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const textOf = (body: Uint8Array): string => Buffer.from(body).toString("utf8")

export const put = (name: string, body: string | Uint8Array = "", given: Partial<Overwrite> = {}): Overwrite => ({
  _tag: "Overwrite",
  name: world(name),
  body: typeof body === "string" ? bytes(body) : body,
  ext: "txt",
  meta: [],
  conditions: {},
  ...given
})
export const post = (name: string, body: string, given: Partial<Append> = {}): Append => ({
  _tag: "Append",
  name: world(name),
  body: bytes(body),
  ext: "txt",
  conditions: {},
  idempotencyKey: undefined,
  ...given
})
export const setState = (name: string, to: SetState["to"], conditions: SetState["conditions"] = {}): SetState => ({
  _tag: "SetState",
  name: world(name),
  to,
  conditions
})
const call: Remark = { type: "gpu_call", details: {} }
export const annotate = (name: string, first: Remark = call, ...others: ReadonlyArray<Remark>): Annotate => ({
  _tag: "Annotate",
  name: world(name),
  remarks: [first, ...others]
})
export const remove = (name: string, given: Partial<Delete> = {}): Delete => ({
  _tag: "Delete",
  name: world(name),
  conditions: {},
  deletion: "test",
  ...given
})

/** What a storage says of the text of a world. */
export const readText = (storage: StorageShape, name: string) =>
  Effect.map(
    storage.read(world(name)),
    Option.map(({ body }) => textOf(body))
  )

/** All that a storage finds. */
export const scanned = (storage: StorageShape): Effect.Effect<ReadonlyArray<Entry>, StorageFailure> =>
  Effect.suspend(() => {
    const found: Array<Entry> = []
    return Effect.as(
      storage.scan((part) => {
        found.push(...part)
      }),
      found
    )
  })

/** The names of the worlds that a storage finds, sorted. */
export const names = (storage: StorageShape) =>
  Effect.map(scanned(storage), (found) => found.map(({ name }) => String(name)).sort())

/** Every event of a world. */
export const eventsOf = (
  storage: Pick<StorageShape, "events">,
  name: string
): Effect.Effect<ReadonlyArray<EventRow>, StorageFailure> => storage.events(world(name), 0, 10_000)

/** What events say, unverified. */
export const payloadsOf = (rows: ReadonlyArray<EventRow>): ReadonlyArray<Readonly<Record<string, unknown>>> =>
  rows.map(({ payload }) => JSON.parse(payload))

/** Both verdicts on a world (C5.4). */
export const verdict = (storage: StorageShape, name: string): Effect.Effect<Verdict, unknown> =>
  Effect.provide(
    Effect.flatMap(EventChain, (chain) => verifyWorld(storage, chain, world(name))),
    chain
  )

export const directoryOf = (data: string, name: string): string => join(data, directoryName(path(name)))
export const databaseOf = (data: string, name: string): string => join(directoryOf(data, name), "universe.db")

/** The directories of worlds that there are, sorted. */
export const directories = (data: string): ReadonlyArray<string> =>
  existsSync(data)
    ? readdirSync(data)
        .filter((entry) => !entry.startsWith("."))
        .sort()
    : []

/** Opens a database as a stranger with sqlite3 would. */
export const withDatabase = <A>(file: string, use: (db: Sqlite.Database) => A): Effect.Effect<A> =>
  Effect.acquireUseRelease(
    Effect.sync(() => new Sqlite(file)),
    (db) => Effect.sync(() => use(db)),
    (db) => Effect.sync(() => db.close())
  )
