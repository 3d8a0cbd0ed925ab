import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Option, TestClock } from "effect"
import { maxDirectoryName } from "../../src/domain/WorldPath.ts"
import { world } from "../helpers/Paths.ts"
import {
  databaseOf,
  directories,
  directoryOf,
  eventsOf,
  names,
  post,
  put,
  readText,
  remove,
  scanned,
  session,
  setState,
  temporary,
  verdict,
  withDatabase
} from "../helpers/Storages.ts"
import { trashed } from "../helpers/Trash.ts"

describe("C1.4 directories", () => {
  it.scoped("a world lies at <data>/<name with % and / escaped>/universe.db", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) => storage.execute(put("home/findings/100%", "x")))
      expect(directories(data)).toEqual(["home%2Ffindings%2F100%25"])
      expect(existsSync(join(data, "home%2Ffindings%2F100%25", "universe.db"))).toBe(true)
    })
  )

  it.scoped("everything else the program keeps there starts with a dot", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) =>
        Effect.zipRight(storage.execute(put("home/x", "x")), storage.execute(remove("home/x")))
      )
      expect(directories(data)).toEqual([])
    })
  )

  it.scoped("what is evicted leaves nothing, in the trash neither, whether its database is open or not", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) => storage.execute(put("var/cache/a", "a")))
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          yield* storage.execute(put("var/cache/b", "b"))
          yield* storage.execute(put("var/cache/b", "c"))
          yield* storage.evict(world("var/cache/b"))
          yield* storage.evict(world("var/cache/a"))
        })
      )
      expect([directories(data), trashed(data)]).toEqual([[], []])
      expect(yield* session(data, scanned)).toEqual([])
    })
  )

  it.scoped("a refused creation leaves no directory", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          yield* Effect.flip(storage.execute(put("home/x", "x", { conditions: { ifMatch: "*" } })))
          yield* Effect.flip(storage.execute(post("home/x", "x", { conditions: { ifMatch: '"t"' } })))
          yield* Effect.flip(storage.execute(setState("lib/x", "active")))
          yield* Effect.flip(storage.execute(remove("home/x")))
          expect(directories(data)).toEqual([])
        })
      )
    })
  )

  it.scoped("a refused creation takes away nothing that somebody else put at its place", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      mkdirSync(directoryOf(data, "home/x"))
      writeFileSync(join(directoryOf(data, "home/x"), "notes.txt"), "mine")
      yield* session(data, (storage) =>
        Effect.flip(storage.execute(put("home/x", "x", { conditions: { ifMatch: "*" } })))
      )
      expect(readFileSync(join(directoryOf(data, "home/x"), "notes.txt"), "utf8")).toBe("mine")
    })
  )

  it.scoped("C1.3 names of exactly 255 directory bytes live, restart and are deleted", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      const longest = [`home/${"a".repeat(248)}`, `home/${"é".repeat(124)}`, `home/${"%".repeat(82)}bb`]
      for (const name of longest) expect(Buffer.byteLength(directoryOf("", name))).toBe(maxDirectoryName)
      yield* session(data, (storage) => Effect.forEach(longest, (name) => storage.execute(put(name, name))))
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          for (const name of longest) {
            expect(yield* readText(storage, name)).toEqual(Option.some(name))
            yield* storage.execute(remove(name, { deletion: "d" }))
          }
        })
      )
      expect(directories(data)).toEqual([])
      expect(trashed(data)).toHaveLength(3)
    })
  )
})

describe("C1.4 the directories are the truth", () => {
  it.scoped("a restart keeps everything", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* TestClock.setTime(1_768_478_400_007)
      const before = yield* session(data, (storage) =>
        Effect.gen(function* () {
          yield* storage.execute(put("home/x", "a", { ext: "md", meta: [["x-meta-a", "1"]] }))
          yield* storage.execute(post("home/x", "b", { idempotencyKey: "k" }))
          yield* storage.execute(put("lib/p", "code"))
          yield* storage.execute(setState("lib/p", "active"))
          return {
            scan: yield* scanned(storage),
            read: yield* storage.read(world("home/x")),
            events: yield* eventsOf(storage, "home/x")
          }
        })
      )
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          expect(yield* names(storage)).toEqual(["home/x", "lib/p"])
          expect(yield* scanned(storage)).toEqual(
            expect.arrayContaining(before.scan.map((entry) => expect.objectContaining(entry)))
          )
          expect(yield* storage.read(world("home/x"))).toEqual(before.read)
          expect(yield* eventsOf(storage, "home/x")).toEqual(before.events)
          expect((yield* storage.execute(post("home/x", "b", { idempotencyKey: "k" }))).replayed).toBe(true)
          expect(yield* storage.execute(post("home/x", "c"))).toMatchObject({ version: 3, eventId: 3 })
          expect(yield* verdict(storage, "home/x")).toMatchObject({ chain: { ok: true }, body: { ok: true } })
        })
      )
    })
  )

  it.scoped("a scan believes its note of a world whose file is unchanged, and opens nothing", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) =>
        Effect.zipRight(storage.execute(put("home/x", "x")), storage.execute(put("home/y", "y")))
      )
      const opened: Array<string> = []
      const found = yield* session(
        data,
        (storage) => scanned(storage),
        (volume) => ({
          ...volume,
          open: (name) =>
            Effect.zipRight(
              Effect.sync(() => opened.push(name)),
              volume.open(name)
            )
        })
      )
      expect(found).toHaveLength(2)
      expect(opened).toEqual([])
    })
  )

  it.scoped("a world that was edited by hand is looked at again", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) => storage.execute(put("home/x", "x")))
      yield* withDatabase(databaseOf(data, "home/x"), (db) => {
        db.prepare("UPDATE stage_meta SET ext = 'html', stage_html = 'longer'").run()
      })
      const [entry] = yield* session(data, (storage) => scanned(storage))
      expect(entry).toMatchObject({ ext: "html", len: 6 })
    })
  )

  it.scoped("with the server stopped, a removed directory uninstalls its world", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) => Effect.forEach(["lib/a", "lib/b"], (name) => storage.execute(put(name, name))))
      rmSync(directoryOf(data, "lib/a"), { recursive: true })
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          expect(yield* names(storage)).toEqual(["lib/b"])
          expect(yield* storage.execute(put("lib/a", "new"))).toMatchObject({ created: true, version: 1 })
        })
      )
    })
  )

  it.scoped("copying a directory in adds a world, history and all", () =>
    Effect.gen(function* () {
      const [one, other] = [yield* temporary, yield* temporary]
      yield* session(one, (storage) =>
        Effect.zipRight(storage.execute(put("home/x", "a")), storage.execute(post("home/x", "b")))
      )
      cpSync(directoryOf(one, "home/x"), directoryOf(other, "home/copy"), { recursive: true })
      yield* session(other, (storage) =>
        Effect.gen(function* () {
          expect(yield* names(storage)).toEqual(["home/copy"])
          expect(yield* readText(storage, "home/copy")).toEqual(Option.some("ab"))
          expect(yield* verdict(storage, "home/copy")).toMatchObject({
            events: 2,
            chain: { ok: true },
            body: { ok: true }
          })
        })
      )
    })
  )

  it.scoped("the notes are a cache: random bytes, or nothing, in their place only cost time", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) => storage.execute(put("home/x", "x")))
      const notes = join(data, ".catalog.db")
      const garbage = Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * 131 + (i >> 3)) % 256))
      const half = Buffer.concat([readFileSync(notes).subarray(0, 100), garbage])
      for (const content of [garbage, half, Buffer.alloc(0), Buffer.from("SQLite format 3\0")]) {
        writeFileSync(notes, content)
        yield* session(data, (storage) =>
          Effect.gen(function* () {
            expect(yield* names(storage)).toEqual(["home/x"])
            yield* storage.execute(post("home/x", "x"))
          })
        )
      }
      rmSync(notes)
      expect(yield* session(data, names)).toEqual(["home/x"])
    })
  )

  it.scoped.each([
    { of: "a version that is a word", edit: "UPDATE entries SET version = 'two' WHERE name = 'home/b'" },
    { of: "an extension of bytes", edit: "UPDATE entries SET ext = x'61' WHERE name = 'home/b'" },
    { of: "a name of bytes", edit: "UPDATE entries SET name = x'61' WHERE name = 'home/b'" }
  ])("a note with $of is not believed", ({ edit }) =>
    Effect.gen(function* () {
      const data = yield* temporary
      const worlds = ["home/a", "home/b", "home/c"]
      const before = yield* session(data, (storage) =>
        Effect.zipRight(
          Effect.forEach(worlds, (name) => storage.execute(put(name, name))),
          scanned(storage)
        )
      )
      yield* withDatabase(join(data, ".catalog.db"), (db) => db.exec(edit))
      const found = yield* session(data, (storage) => scanned(storage))
      expect(found).toHaveLength(worlds.length)
      expect(found).toEqual(expect.arrayContaining(before.map((entry) => expect.objectContaining(entry))))
    })
  )

  it.scoped("more notes than are read at a time, of which some hold no more, give every world once", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) => storage.execute(put("home/m", "m")))
      yield* withDatabase(join(data, ".catalog.db"), (db) => {
        const { changes } = db
          .prepare(
            `WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 1500)
            INSERT INTO entries SELECT 'home/' || char(97 + n % 26) || n, stamp, version, ext, state, len, createdAt,
              updatedAt, eventId, tag FROM many, entries`
          )
          .run()
        expect(changes).toBe(1500)
      })
      // Of the others there is a note only, or a world that is another than the one noted.
      for (const name of ["home/a26", "home/m1494", "home/z1325"]) {
        cpSync(directoryOf(data, "home/m"), directoryOf(data, name), { recursive: true })
      }
      expect((yield* session(data, names)).sort()).toEqual(["home/a26", "home/m", "home/m1494", "home/z1325"])
    })
  )

  it.scoped("what is no world's directory is neither served nor touched", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      const strangers = ["home", "proc%2Fx", "home%2fx", "lost+found", "home%2F..", ".hidden"]
      for (const stranger of strangers) {
        mkdirSync(join(data, stranger))
        writeFileSync(join(data, stranger, "file"), "")
      }
      writeFileSync(join(data, "home%2Ffile"), "a file, not a directory")
      expect(yield* session(data, names)).toEqual([])
      for (const stranger of strangers) expect(existsSync(join(data, stranger, "file"))).toBe(true)
      expect(existsSync(join(data, "home%2Ffile"))).toBe(true)
    })
  )
})
