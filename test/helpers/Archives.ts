import { spawn } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeContext } from "@effect/platform-node"
import { Effect, Layer, type Scope, Stream } from "effect"
import * as Archiving from "../../src/layers/replication/Replication.ts"
import { ServerKey } from "../../src/layers/ServerKey.ts"
import * as ReadOnly from "../../src/layers/sqlite/ReadOnly.ts"
import * as ThreadedStorage from "../../src/layers/threads/ThreadedStorage.ts"
import { AppConfig } from "../../src/services/AppConfig.ts"
import { Catalog } from "../../src/services/Catalog.ts"
import { EventChain } from "../../src/services/EventChain.ts"
import { Replication } from "../../src/services/Replication.ts"
import { Storage } from "../../src/services/Storage.ts"
import { verifyWorld } from "../../src/services/Verification.ts"
import { databaseOf } from "./Storages.ts"

const built = (module: string) => new URL(`../../dist/layers/${module}.js`, import.meta.url)

/** The program that makes archives, as it was built. */
export const archivist = built("replication/Archivist")

/** A key that is long enough for a `.key`. */
export const longKey = Buffer.from("a key of thirty-two bytes, or so")

/** A running server's storage and what archives it. */
export const replicating = (data: string, { key = longKey, program = archivist } = {}) =>
  Archiving.layer(program).pipe(
    Layer.provideMerge(Catalog.layer),
    Layer.provideMerge(ThreadedStorage.layer(built("../threads/StorageThread"))),
    Layer.provideMerge(Layer.merge(Layer.succeed(ServerKey, key), EventChain.layer(key))),
    Layer.provide(AppConfig.layerTest({ data, storageThreads: 2 })),
    Layer.provideMerge(NodeContext.layer)
  )
/** What such a server has. */
export type Living = Layer.Layer.Success<ReturnType<typeof replicating>>

/** One life of a server with archives. */
export const living = <A, E>(
  data: string,
  use: Effect.Effect<A, E, Living | Scope.Scope>,
  given?: Parameters<typeof replicating>[1]
) => Effect.provide(Effect.scoped(use), replicating(data, given))

/** Writes worlds as a server would, and lets the catalog know. */
export const write = (command: Parameters<typeof Storage.Service.execute>[0]) =>
  Effect.gen(function* () {
    const receipt = yield* (yield* Storage).execute(command)
    const catalog = yield* Catalog
    if (command._tag === "Delete") catalog.remove(command.name)
    else catalog.put(receipt)
  })

/** A whole archive in memory. */
export const all = <E>(archive: Stream.Stream<Uint8Array, E>): Effect.Effect<Buffer, E> =>
  Effect.map(Stream.runCollect(archive), (chunks) => Buffer.concat([...chunks]))

export const worldsArchive = Effect.scoped(
  Effect.flatMap(
    Effect.flatMap(Replication, ({ worlds }) => worlds),
    all
  )
)
export const programArchive = Effect.scoped(
  Effect.flatMap(
    Effect.flatMap(Replication, ({ program }) => program),
    all
  )
)

/** What the real `tar` says, fed with an archive. */
export const tar = (archive: Uint8Array, ...args: ReadonlyArray<string>) =>
  Effect.promise(
    () =>
      new Promise<{ readonly code: number | null; readonly said: string }>((resolve) => {
        const child = spawn("tar", args, { env: { ...process.env, LC_ALL: "C.UTF-8", TZ: "UTC" } })
        let said = ""
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          said += text
        })
        child.on("close", (code) => resolve({ code, said }))
        child.stdin.on("error", () => {})
        child.stdin.end(archive)
      })
  )

/** The names in an archive, in their order. */
export const namesIn = (archive: Uint8Array) =>
  Effect.map(tar(archive, "tzf", "-", "--quoting-style=literal"), ({ said }) => said.split("\n").slice(0, -1))

/** Unpacks into a directory that goes with the scope. */
export const unpacked = (archive: Uint8Array) =>
  Effect.gen(function* () {
    const directory = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "elastik-unpacked-"))),
      (made) => Effect.sync(() => rmSync(made, { recursive: true, force: true }))
    )
    const { code } = yield* tar(archive, "xzf", "-", "-C", directory)
    if (code !== 0) return yield* Effect.dieMessage("tar cannot unpack it")
    return directory
  })

/** Both verdicts on every world of a data directory, under the long key. */
export const verdicts = (data: string) =>
  Effect.gen(function* () {
    const worlds = yield* ReadOnly.open(data)
    const chain = yield* EventChain
    return yield* Effect.forEach(worlds.names, (name) => verifyWorld(worlds, chain, name))
  }).pipe(Effect.provide([EventChain.layer(longKey), NodeContext.layer]))

/** What the program keeps in a data directory while it makes an archive. */
export const workshops = (data: string): ReadonlyArray<string> =>
  readdirSync(data).filter((name) => name.startsWith(".archiving-"))

/** Makes a database look as if nobody had written it for a while. */
export const age = (data: string, name: string): void =>
  utimesSync(databaseOf(data, name), 1_700_000_000, 1_700_000_000)
