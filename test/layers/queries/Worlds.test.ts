import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { NodeContext } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { describe } from "vitest"
import { entryOf } from "../../../src/domain/World.ts"
import * as FileVolume from "../../../src/layers/sqlite/FileVolume.ts"
import * as SqliteStorage from "../../../src/layers/sqlite/SqliteStorage.ts"
import { Catalog } from "../../../src/services/Catalog.ts"
import { Storage, type StorageShape } from "../../../src/services/Storage.ts"
import { askWorld, busy, endless, queries, queriesOfThreads, running } from "../../helpers/Queries.ts"
import { databaseOf, directoryOf, files, memory, post, put, remove, temporary } from "../../helpers/Storages.ts"

/** Writes as the one door does: the catalog knows of it. */
const write = (command: ReturnType<typeof put> | ReturnType<typeof post>) =>
  Effect.gen(function* () {
    const catalog = yield* Catalog
    catalog.put(entryOf(yield* (yield* Storage).execute(command)))
  })

const selectBody = "SELECT stage_html AS body, version FROM stage_meta"

describe("C11.3 ?world=", () => {
  it.scoped("sees the latest commit of a world that another thread writes", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* Effect.gen(function* () {
        for (let version = 1; version <= 20; version++) {
          yield* write(put("home/über/100%", `body ${version}`))
          expect(yield* askWorld("home/über/100%", selectBody)).toEqual([{ body: `body ${version}`, version }])
        }
        expect(yield* askWorld("home/über/100%", "SELECT count(*) n FROM events")).toEqual([{ n: 20 }])
      }).pipe(Effect.provide(queriesOfThreads(data)))
      expect(readdirSync(directoryOf(data, "home/über/100%"))).toEqual(["universe.db"])
    })
  )

  it.scoped("finds a world that nobody has opened since the start", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* Effect.provide(write(put("home/x", "old")), queries(data))
      expect(readdirSync(directoryOf(data, "home/x"))).toEqual(["universe.db"])
      const found = yield* Effect.provide(askWorld("home/x", selectBody), queries(data))
      expect(found).toEqual([{ body: "old", version: 1 }])
      expect(readdirSync(directoryOf(data, "home/x"))).toEqual(["universe.db"])
    })
  )

  it.scoped("that closes while it is read leaves no log behind", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      const files = Effect.sync(() => readdirSync(directoryOf(data, "home/x")).sort())
      const narrow = SqliteStorage.layer(FileVolume.make(data), 1).pipe(Layer.provide(NodeContext.layer))
      yield* Effect.gen(function* () {
        yield* write(put("home/x", "x"))
        const asking = yield* Effect.fork(askWorld("home/x", endless))
        const [pid] = yield* running(1)
        yield* busy(Number(pid))
        yield* write(put("home/other", "it takes the place of the first"))
        expect(yield* files).toEqual(["universe.db", "universe.db-shm", "universe.db-wal"])
        yield* Fiber.interrupt(asking)
      }).pipe(Effect.provide(queries(data, narrow)))
      expect(yield* files).toEqual(["universe.db"])
    })
  )

  it.scoped("that is not there, or no longer, or no world at all, is not found", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* Effect.gen(function* () {
        const missing = (name: string) => Effect.map(Effect.flip(askWorld(name, selectBody)), ({ _tag }) => _tag)
        expect(yield* missing("home/none")).toBe("WorldNotFound")
        yield* write(put("home/x/y", "y"))
        expect(yield* missing("home/x")).toBe("WorldNotFound")
        yield* (yield* Storage).execute(remove("home/x/y"))
        expect(yield* missing("home/x/y")).toBe("WorldNotFound")
        writeFileSync(`${data}/home%2Fstray`, "")
        expect(yield* missing("home/stray")).toBe("WorldNotFound")
        expect(existsSync(databaseOf(data, "home/none"))).toBe(false)
      }).pipe(Effect.provide(queries(data)))
    })
  )

  describe("in whose place there is something else when the statement looks", () => {
    /** A storage in files that lets things happen around its first two answers to `head`. */
    const shaken = (
      data: string,
      afterFirst: (storage: StorageShape) => Effect.Effect<unknown, unknown>,
      beforeSecond: (storage: StorageShape) => Effect.Effect<unknown, unknown> = () => Effect.void
    ) =>
      Layer.effect(
        Storage,
        Effect.gen(function* () {
          const storage = yield* Storage
          const inTurn = (yield* Effect.makeSemaphore(1)).withPermits(1)
          let asked = 0
          const head: StorageShape["head"] = (name) =>
            Effect.suspend(() => {
              asked++
              if (asked === 1) return Effect.tap(storage.head(name), Effect.orDie(afterFirst(storage)))
              const happens = asked === 2 ? Effect.orDie(beforeSecond(storage)) : Effect.void
              return Effect.zipRight(happens, storage.head(name))
            }).pipe(inTurn)
          return { ...storage, head }
        })
      ).pipe(Layer.provide(files(data)))

    const removal = (storage: StorageShape) => storage.execute(remove("home/x"))
    /** What a creation has made that has not been committed yet. */
    const beginning = (data: string) =>
      Effect.sync(() => {
        mkdirSync(directoryOf(data, "home/x"))
        writeFileSync(databaseOf(data, "home/x"), "")
      })

    it.scoped("it was deleted: it is not found", () =>
      Effect.gen(function* () {
        const data = yield* temporary
        yield* Effect.gen(function* () {
          yield* write(put("home/x", "x"))
          expect(yield* Effect.flip(askWorld("home/x", selectBody))).toMatchObject({ _tag: "WorldNotFound" })
        }).pipe(Effect.provide(queries(data, shaken(data, removal))))
      })
    )

    it.scoped("it was made anew: that is asked", () =>
      Effect.gen(function* () {
        const data = yield* temporary
        const between = (storage: StorageShape) => Effect.zipRight(removal(storage), beginning(data))
        const creation = (storage: StorageShape) =>
          Effect.zipRight(
            Effect.sync(() => rmSync(directoryOf(data, "home/x"), { recursive: true })),
            storage.execute(put("home/x", "new"))
          )
        yield* Effect.gen(function* () {
          yield* write(put("home/x", "old"))
          expect(yield* askWorld("home/x", selectBody)).toEqual([{ body: "new", version: 1 }])
        }).pipe(Effect.provide(queries(data, shaken(data, between, creation))))
      })
    )

    it.scoped("it is the same, only newer: the statement has failed", () =>
      Effect.gen(function* () {
        const data = yield* temporary
        yield* Effect.gen(function* () {
          yield* write(put("home/x", "x"))
          const writing = yield* Effect.fork(Effect.forever(write(post("home/x", "+"))))
          const error = yield* Effect.flip(askWorld("home/x", "SELECT missing FROM stage_meta"))
          expect(error).toMatchObject({ _tag: "BadRequest", message: "no such column: missing" })
          yield* Fiber.interrupt(writing)
        }).pipe(Effect.provide(queriesOfThreads(data)))
      })
    )
  })

  it.scoped("of a machine in memory has no database to ask", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* Effect.gen(function* () {
        yield* write(put("home/x", "x"))
        expect(yield* Effect.flip(askWorld("home/x", selectBody))).toMatchObject({ _tag: "ResourceNotFound" })
      }).pipe(Effect.provide(queries(data, memory)))
    })
  )

  it.scoped("while writes go on, each answer is one commit", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* Effect.gen(function* () {
        yield* write(post("home/log", "1"))
        const writing = yield* Effect.fork(Effect.forever(write(post("home/log", "1"))))
        for (let asked = 0; asked < 100; asked++) {
          const rows = yield* askWorld(
            "home/log",
            "SELECT length(stage_html) = version AND version = (SELECT count(*) FROM events) AS ok FROM stage_meta"
          )
          expect(rows).toEqual([{ ok: 1 }])
        }
        yield* Fiber.interrupt(writing)
      }).pipe(Effect.provide(queriesOfThreads(data)))
    })
  )
})
