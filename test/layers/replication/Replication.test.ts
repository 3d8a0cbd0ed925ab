import { execFileSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Chunk, Context, Deferred, Effect, Either, Exit, Fiber, Layer, Option, Scope, Stream, TestClock } from "effect"
import * as Replicating from "../../../src/layers/replication/Replication.ts"
import * as SqliteResources from "../../../src/layers/resources/SqliteResources.ts"
import { ServerKey } from "../../../src/layers/ServerKey.ts"
import { AppConfig } from "../../../src/services/AppConfig.ts"
import { Catalog, make as makeCatalog } from "../../../src/services/Catalog.ts"
import { Replication } from "../../../src/services/Replication.ts"
import { ResourceStore } from "../../../src/services/ResourceStore.ts"
import {
  age,
  all,
  archivist,
  living,
  longKey,
  namesIn,
  tar,
  unpacked,
  verdicts,
  workshops,
  worldsArchive,
  write
} from "../../helpers/Archives.ts"
import { databaseOf, directories, directoryOf, post, put, remove, temporary } from "../../helpers/Storages.ts"

/** Worlds whose archive is much longer than what pipes and streams hold, so that making it stops when nobody reads. */
const bulk = Array.from({ length: 12 }, (_, n) => put(`home/bulk/${n}`, randomBytes(200_000)))

const entry = (name: string) => `data/${name.replaceAll("/", "%2F")}/universe.db`

describe("C11.5 the archive of the worlds", () => {
  it.scoped("holds the key and every world's database in byte order, and nothing else", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      const names = [
        "etc/x",
        "home/a",
        "home/a/b",
        "home/a%b",
        "home/ä",
        "home/😀",
        `home/${"long".repeat(60)}`,
        "lib/p"
      ]
      const archive = yield* living(
        data,
        Effect.gen(function* () {
          yield* Effect.forEach([...names].reverse(), (name) => write(put(name, name)))
          yield* write(put("home/gone", "gone"))
          yield* write(remove("home/gone"))
          return yield* worldsArchive
        })
      )
      const directoriesInOrder = names
        .map((name) => Buffer.from(name))
        .sort(Buffer.compare)
        .map((name) => entry(name.toString().replaceAll("%", "%25")))
      expect(yield* namesIn(archive)).toEqual(["data/.key", ...directoriesInOrder])
    })
  )

  it.scoped("C15 holds what is kept of locks, properties and collections, as it is now", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      const kept = { kind: "collection", key: "home/c", value: "" } as const
      const archive = yield* living(
        data,
        Effect.gen(function* () {
          yield* write(put("home/a", ""))
          yield* (yield* ResourceStore).change([kept])
          return yield* worldsArchive
        })
      )
      expect(yield* namesIn(archive)).toEqual(["data/.key", entry("home/a"), "data/.dav.db"])
      const directory = yield* unpacked(archive)
      const store = yield* SqliteResources.make(join(directory, "data", SqliteResources.fileName))
      expect(yield* store.load("collection")).toEqual([{ key: "home/c", value: "" }])
    })
  )

  it.scoped("unpacks into a data directory whose chains verify, whatever is open or at rest", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      const names = Array.from({ length: 90 }, (_, n) => `home/w${n}`)
      yield* living(
        data,
        Effect.forEach(names, (name) => write(put(name, name)))
      )
      // Of the one half no note vouches; the start opens them all, and closes most again.
      for (const name of names.slice(0, 45)) age(data, name)
      yield* living(
        data,
        Effect.gen(function* () {
          const open = names.slice(20, 60)
          yield* Effect.forEach(open, (name) => write(post(name, " and more")), { concurrency: 8 })
          const copy = join(yield* unpacked(yield* worldsArchive), "data")
          const found = yield* verdicts(copy)
          expect(found).toHaveLength(90)
          expect(found.filter(({ body, chain }) => !chain.ok || !body.ok)).toEqual([])
          expect(found.filter(({ events }) => events === 2).map(({ path }) => path.slice(1))).toEqual([...open].sort())
        })
      )
    })
  )

  it.scoped("is a copy of each world as of one moment, under concurrent writes", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      const names = Array.from({ length: 8 }, (_, n) => `home/w${n}`)
      yield* living(
        data,
        Effect.gen(function* () {
          const body = randomBytes(150_000)
          yield* Effect.forEach(names, (name) => write(put(name, body)))
          const writing = yield* Effect.forEach(names, (name) => Effect.forever(write(post(name, "+"))), {
            concurrency: "unbounded"
          }).pipe(Effect.fork)
          const versions = Effect.map(Catalog, (catalog) => names.map((name) => catalog.get(name)?.version ?? 0))
          const before = yield* versions
          const copy = join(yield* unpacked(yield* worldsArchive), "data")
          const after = yield* versions
          yield* Fiber.interrupt(writing)
          const found = yield* verdicts(copy)
          expect(found.filter(({ body, chain }) => !chain.ok || !body.ok)).toEqual([])
          for (const [n, { events }] of found.entries()) {
            expect(events).toBeGreaterThanOrEqual(before[n] ?? 0)
            expect(events).toBeLessThanOrEqual(after[n] ?? 0)
          }
          expect(found).toHaveLength(8)
        })
      )
    })
  )

  it.scoped("keeps the time of each world, and the key for its owner alone", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      const [listing, updated] = yield* living(
        data,
        Effect.gen(function* () {
          yield* write(put("home/x", "x"))
          const { said } = yield* tar(yield* worldsArchive, "tvzf", "-", "--full-time")
          return [said.split("\n"), (yield* Catalog).get("home/x")?.updatedAt ?? 0] as const
        })
      )
      expect(listing[0]).toMatch(/^-rw------- .* data\/\.key$/)
      expect(listing[1]).toContain(new Date(updated).toISOString().slice(0, 19).replace("T", " "))
    })
  )

  it.scoped("holds the key under which the copies verify, and leaves out one that no .key may hold", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      const directory = yield* unpacked(yield* living(data, worldsArchive))
      expect(readFileSync(join(directory, "data/.key"), "utf8")).toBe(`${longKey.toString("hex")}\n`)
      const short = { key: Buffer.from("short") }
      expect(yield* namesIn(yield* living(yield* temporary, worldsArchive, short))).toEqual([])
    })
  )

  it.scoped("is made as fast as it is read: what is deleted before it is reached is left out", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* living(
        data,
        Effect.gen(function* () {
          yield* Effect.forEach(bulk, write)
          yield* Effect.forEach(["a", "b", "c"], (name) => write(put(`lib/${name}`, name)))
          const { worlds } = yield* Replication
          const archive = yield* Effect.scoped(
            Effect.gen(function* () {
              const pull = yield* Stream.toPull(yield* worlds)
              const first = yield* pull
              yield* write(remove("lib/a"))
              yield* write(remove("lib/b"))
              yield* write(put("lib/b", "again"))
              yield* write(put("lib/new", "new"))
              const rest = yield* all(Stream.fromPull(Effect.succeed(pull)))
              return Buffer.concat([...Chunk.toReadonlyArray(first), rest])
            })
          )
          const names = yield* namesIn(archive)
          expect(names.filter((name) => name.includes("lib"))).toEqual([entry("lib/b"), entry("lib/c")])
          expect(names).toHaveLength(1 + bulk.length + 2)
        })
      )
    })
  )

  it.scoped("that nobody reads to its end leaves no copies, and another can be made", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* living(
        data,
        Effect.gen(function* () {
          yield* Effect.forEach(bulk, write)
          const { worlds } = yield* Replication
          const scope = yield* Scope.make()
          const archive = yield* Scope.extend(worlds, scope)
          yield* Effect.scoped(Effect.flatten(Stream.toPull(archive)))
          expect(workshops(data)).toHaveLength(1)
          yield* Scope.close(scope, Exit.void)
          expect(workshops(data)).toEqual([])
          expect((yield* worldsArchive).length).toBeGreaterThan(2_000_000)
        })
      )
    })
  )

  it.scoped("that is still in the making when the server stops is waited for until its copies are gone", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      const removing = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const slow = Layer.effect(
        FileSystem.FileSystem,
        Effect.map(FileSystem.FileSystem, (fs) => ({
          ...fs,
          remove: (...given: Parameters<typeof fs.remove>) =>
            Deferred.succeed(removing, undefined).pipe(
              Effect.zipRight(Deferred.await(go)),
              Effect.zipRight(fs.remove(...given))
            )
        }))
      ).pipe(Layer.provideMerge(NodeContext.layer))
      const machine = Replicating.layer(archivist).pipe(
        Layer.provide(Layer.succeed(Catalog, makeCatalog([]))),
        Layer.provide(Layer.succeed(ServerKey, longKey)),
        Layer.provide(AppConfig.layerTest({ data })),
        Layer.provide(slow)
      )
      const server = yield* Scope.make()
      const { worlds } = Context.get(yield* Scope.extend(Layer.build(machine), server), Replication)
      const request = yield* Scope.make()
      yield* Effect.asVoid(Scope.extend(worlds, request))
      const leaving = yield* Effect.fork(Scope.close(request, Exit.void))
      yield* Deferred.await(removing)
      const stopping = yield* Effect.fork(Scope.close(server, Exit.void))
      yield* Effect.yieldNow()
      expect([yield* Fiber.poll(stopping), workshops(data).length]).toEqual([Option.none(), 1])
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(stopping)
      expect(workshops(data)).toEqual([])
      yield* Fiber.join(leaving)
    })
  )

  it.scoped("is made once at a time", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* living(
        data,
        Effect.gen(function* () {
          const { program, worlds } = yield* Replication
          yield* Effect.scoped(
            Effect.gen(function* () {
              yield* Effect.asVoid(worlds)
              const second = yield* Effect.fork(Effect.flip(Effect.scoped(worlds)))
              yield* TestClock.adjust("999 millis")
              expect(yield* Fiber.poll(second)).toEqual(Option.none())
              yield* TestClock.adjust("1 millis")
              expect(yield* Fiber.join(second)).toMatchObject({ _tag: "Overloaded", retryAfter: 10 })
              yield* Effect.asVoid(Effect.scoped(program))
            })
          )
          yield* Effect.asVoid(Effect.scoped(worlds))
        })
      )
    })
  )

  it.scoped("is made for one of those who came while the one before was being given up, and then for others", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* living(
        data,
        Effect.gen(function* () {
          const { worlds } = yield* Replication
          const first = yield* Scope.make()
          yield* Effect.asVoid(Scope.extend(worlds, first))
          const attempt = Effect.either(Effect.scoped(Effect.asVoid(worlds)))
          const comers = yield* Effect.forEach([1, 2, 3], () => Effect.fork(attempt))
          const impatient = yield* Effect.fork(attempt)
          yield* Effect.yieldNow()
          // Who leaves while waiting takes no turn along.
          yield* Fiber.interrupt(impatient)
          yield* Scope.close(first, Exit.void)
          const outcomes = yield* Effect.forEach(comers, Fiber.join)
          expect(outcomes.map(Either.getOrElse(({ _tag }) => _tag)).sort()).toEqual([
            "Overloaded",
            "Overloaded",
            undefined
          ])
          expect((yield* worldsArchive).length).toBeGreaterThan(0)
        })
      )
    })
  )

  it.scoped("is made by a process that knows nothing of the environment", () =>
    Effect.gen(function* () {
      process.env.ELASTIK_TEST_SECRET = "not for archives"
      yield* Effect.addFinalizer(() => Effect.sync(() => delete process.env.ELASTIK_TEST_SECRET))
      yield* living(
        yield* temporary,
        Effect.gen(function* () {
          yield* Effect.asVoid(Effect.flatMap(Replication, ({ worlds }) => worlds))
          const all = execFileSync("ps", ["eww", "-A", "-o", "command="], { encoding: "utf8" }).split("\n")
          const archivists = all.filter((line) => line.includes("Archivist.js"))
          expect([archivists.length > 0, archivists.join().includes("not for archives")]).toEqual([true, false])
        })
      )
    })
  )

  it.scoped("that fails midway says so, and is no whole archive", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* living(
        data,
        Effect.gen(function* () {
          yield* Effect.forEach(bulk, write)
          yield* write(put("lib/broken", "x"))
          // Nothing can read this as a database, and it is not gone either.
          rmSync(databaseOf(data, "lib/broken"))
          mkdirSync(databaseOf(data, "lib/broken"))
          const received: Array<Uint8Array> = []
          const { worlds } = yield* Replication
          const failure = yield* Effect.scoped(
            Effect.flatMap(
              worlds,
              Stream.runForEach((chunk) => Effect.sync(() => received.push(chunk)))
            )
          ).pipe(Effect.flip)
          expect(failure).toMatchObject({ _tag: "StorageFailure", message: "the archive could not be made" })
          expect(String(failure.cause)).toContain(entry("lib/broken"))
          expect(() => gunzipSync(Buffer.concat(received))).toThrow("unexpected end of file")
          expect(workshops(data)).toEqual([])
        })
      )
    })
  )

  it.scoped("cannot be made without its program, and says so", () =>
    Effect.gen(function* () {
      const program = new URL("./absent.js", archivist)
      const error = yield* Effect.flip(living(yield* temporary, worldsArchive, { program }))
      expect(error._tag).toBe("StorageFailure")
    })
  )

  it.scoped("leaves nothing beside the worlds that it copied", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      const names = Array.from({ length: 100 }, (_, n) => `home/w${n}`)
      yield* living(
        data,
        Effect.forEach(names, (name) => write(put(name, name)))
      )
      for (const name of names) age(data, name)
      yield* living(data, worldsArchive)
      const beside = directories(data).flatMap((name) => readdirSync(join(data, name)))
      expect(new Set(beside)).toEqual(new Set(["universe.db"]))
    })
  )

  it.scoped("what a crash left of an earlier one goes at the next start, and nothing else", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      mkdirSync(join(data, ".archiving-dead"))
      writeFileSync(join(data, ".archiving-dead", "copy.db"), "half a copy")
      writeFileSync(join(data, ".backups"), "mine")
      mkdirSync(join(data, ".backup-monday"))
      mkdirSync(join(data, ".trash"))
      yield* living(data, Effect.void)
      expect(workshops(data)).toEqual([])
      expect(existsSync(join(data, ".backup-monday"))).toBe(true)
      expect(existsSync(join(data, ".backups")) && statSync(join(data, ".trash")).isDirectory()).toBe(true)
      expect(existsSync(directoryOf(data, "home/x"))).toBe(false)
    })
  )
})
