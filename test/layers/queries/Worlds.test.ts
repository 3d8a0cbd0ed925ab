import { existsSync, readdirSync, writeFileSync } from "node:fs"
import { NodeContext } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { describe } from "vitest"
import { entryOf } from "../../../src/domain/World.ts"
import * as FileVolume from "../../../src/layers/sqlite/FileVolume.ts"
import * as SqliteStorage from "../../../src/layers/sqlite/SqliteStorage.ts"
import { Catalog } from "../../../src/services/Catalog.ts"
import { Storage } from "../../../src/services/Storage.ts"
import { askWorld, busy, endless, queries, queriesOfThreads, running } from "../../helpers/Queries.ts"
import { databaseOf, directoryOf, memory, post, put, remove, temporary } from "../../helpers/Storages.ts"

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

  it.scoped("of a machine in memory has no database to ask", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* Effect.gen(function* () {
        yield* write(put("home/x", "x"))
        expect(yield* Effect.flip(askWorld("home/x", selectBody))).toMatchObject({ _tag: "ResourceNotFound" })
      }).pipe(Effect.provide(queries(data, memory)))
    })
  )

  it.scoped("while a hundred writes go on, each answer is one commit", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* Effect.gen(function* () {
        yield* write(post("home/log", "1"))
        const writing = yield* Effect.fork(
          Effect.forEach(Array.from({ length: 100 }), () => write(post("home/log", "1")))
        )
        const seen: Array<unknown> = []
        while (writing.unsafePoll() === null) {
          const [row] = yield* askWorld(
            "home/log",
            "SELECT length(stage_html) = version AND version = (SELECT count(*) FROM events) AS ok FROM stage_meta"
          )
          seen.push(row?.ok)
        }
        yield* Fiber.join(writing)
        expect(seen.length).toBeGreaterThan(5)
        expect(seen.every((ok) => ok === 1)).toBe(true)
      }).pipe(Effect.provide(queriesOfThreads(data)))
    })
  )
})
