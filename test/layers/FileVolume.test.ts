import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Option, TestClock } from "effect"
import { StorageFailure } from "../../src/domain/Errors.ts"
import { maxDirectoryName } from "../../src/domain/WorldPath.ts"
import type { StorageShape } from "../../src/services/Storage.ts"
import { world } from "../helpers/Paths.ts"
import {
  databaseOf,
  directories,
  directoryOf,
  eventsOf,
  post,
  put,
  readText,
  remark,
  remove,
  session,
  setState,
  temporary,
  verdict,
  withDatabase
} from "../helpers/Storages.ts"

const names = (storage: StorageShape) => Effect.map(storage.scan, (found) => found.map(({ name }) => String(name)).sort())
/** The directories in the trash, as `<deletion>/<world>`. */
const trashed = (data: string) =>
  existsSync(join(data, ".trash"))
    ? readdirSync(join(data, ".trash"))
        .flatMap((deletion) => readdirSync(join(data, ".trash", deletion)).map((name) => `${deletion}/${name}`))
        .sort()
    : []

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
            scan: yield* storage.scan,
            read: yield* storage.read(world("home/x")),
            events: yield* eventsOf(storage, "home/x")
          }
        })
      )
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          expect(yield* names(storage)).toEqual(["home/x", "lib/p"])
          expect(yield* storage.scan).toEqual(
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
        (storage) => storage.scan,
        (volume) => ({
          ...volume,
          open: (name) => Effect.zipRight(Effect.sync(() => opened.push(name)), volume.open(name))
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
      const [entry] = yield* session(data, (storage) => storage.scan)
      expect(entry).toMatchObject({ ext: "html", len: 6 })
    })
  )

  it.scoped("with the server stopped, a removed directory uninstalls its world", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) =>
        Effect.forEach(["lib/a", "lib/b"], (name) => storage.execute(put(name, name)))
      )
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
      yield* session(one, (storage) => Effect.zipRight(storage.execute(put("home/x", "a")), storage.execute(post("home/x", "b"))))
      cpSync(directoryOf(one, "home/x"), directoryOf(other, "home/copy"), { recursive: true })
      yield* session(other, (storage) =>
        Effect.gen(function* () {
          expect(yield* names(storage)).toEqual(["home/copy"])
          expect(yield* readText(storage, "home/copy")).toEqual(Option.some("ab"))
          expect(yield* verdict(storage, "home/copy")).toMatchObject({ events: 2, chain: { ok: true }, body: { ok: true } })
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

describe("C4.5 the trash", () => {
  it.scoped("keeps two deletions of the same name apart", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          for (const deletion of ["d1", "d2"]) {
            yield* storage.execute(put("home/x", deletion))
            yield* storage.execute(remove("home/x", { deletion }))
          }
        })
      )
      expect(trashed(data)).toEqual(["d1/home%2Fx", "d2/home%2Fx"])
      for (const deletion of ["d1", "d2"]) {
        const body = yield* withDatabase(join(data, ".trash", deletion, "home%2Fx", "universe.db"), (db) =>
          db.prepare("SELECT CAST(stage_html AS TEXT) FROM stage_meta").pluck().get()
        )
        expect(body).toBe(deletion)
      }
    })
  )

  it.scoped("the last event of what lies there is stage_deleted", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) =>
        Effect.zipRight(storage.execute(put("home/x", "x")), storage.execute(remove("home/x", { deletion: "d" })))
      )
      const types = yield* withDatabase(join(data, ".trash", "d", "home%2Fx", "universe.db"), (db) =>
        db.prepare("SELECT event_type FROM events ORDER BY id").pluck().all()
      )
      expect(types).toEqual(["stage_written", "stage_deleted"])
    })
  )

  it.scoped("C1.4 a world that is copied back out of the trash lives again, with its whole history", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) =>
        Effect.zipRight(storage.execute(put("home/x", "x")), storage.execute(remove("home/x", { deletion: "d" })))
      )
      cpSync(join(data, ".trash", "d", "home%2Fx"), directoryOf(data, "home/x"), { recursive: true })
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          expect(yield* names(storage)).toEqual(["home/x"])
          expect(yield* storage.execute(post("home/x", "y"))).toMatchObject({ version: 2, eventId: 3 })
          expect(yield* verdict(storage, "home/x")).toMatchObject({ chain: { ok: true }, body: { ok: true } })
        })
      )
    })
  )

  it.scoped("C4.3 a refused deletion leaves no trace, not even for a world that was deleted once before", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) =>
        Effect.zipRight(storage.execute(put("home/x", "x")), storage.execute(remove("home/x", { deletion: "d" })))
      )
      cpSync(join(data, ".trash", "d", "home%2Fx"), directoryOf(data, "home/x"), { recursive: true })
      const before = readdirSync(directoryOf(data, "home/x"))
      yield* session(data, (storage) =>
        Effect.flip(storage.execute(remove("home/x", { conditions: { ifMatch: '"stale"' } })))
      )
      expect(readdirSync(directoryOf(data, "home/x"))).toEqual(before)
      rmSync(join(data, ".catalog.db"))
      expect(yield* session(data, names)).toEqual(["home/x"])
    })
  )
})

describe("C5.1 what a crash may leave", () => {
  it.scoped("a creation that never committed goes away", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      for (const name of ["home/a", "home/b"]) mkdirSync(directoryOf(data, name))
      writeFileSync(databaseOf(data, "home/a"), "")
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          expect(yield* names(storage)).toEqual([])
          expect(directories(data)).toEqual([])
          expect(yield* storage.execute(put("home/a", "x"))).toMatchObject({ created: true, version: 1 })
        })
      )
    })
  )

  it.scoped("a committed deletion whose directory was not moved is completed, also when a note vouches for it", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      // The disk gives up between the commit and the move, and the server stops.
      yield* session(
        data,
        (storage) =>
          Effect.zipRight(storage.execute(put("home/x", "x")), Effect.exit(storage.execute(remove("home/x")))),
        (volume) => ({ ...volume, discard: () => new StorageFailure({ message: "no move", cause: "test" }) })
      )
      expect(directories(data)).toEqual(["home%2Fx"])
      expect(yield* session(data, names)).toEqual([])
      expect(directories(data)).toEqual([])
      expect(trashed(data)).toEqual([expect.stringMatching(/\/home%2Fx$/)])
    })
  )

  it.scoped("a deletion that could not be moved can be asked for again", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      let broken = true
      yield* session(
        data,
        (storage) =>
          Effect.gen(function* () {
            yield* storage.execute(put("home/x", "x"))
            expect((yield* Effect.flip(storage.execute(remove("home/x", { deletion: "d1" }))))._tag).toBe("StorageFailure")
            broken = false
            yield* storage.execute(remove("home/x", { deletion: "d2" }))
            expect(yield* storage.read(world("home/x"))).toEqual(Option.none())
          }),
        (volume) => ({
          ...volume,
          discard: (name, deletion) =>
            broken ? new StorageFailure({ message: "no move", cause: "test" }) : volume.discard(name, deletion)
        })
      )
      expect(trashed(data)).toEqual(["d2/home%2Fx"])
    })
  )

  it.scoped("a failed commit leaves the world as it was, and the next write works", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          const before = yield* storage.execute(put("home/x", "x"))
          yield* withDatabase(databaseOf(data, "home/x"), (db) => {
            db.exec("CREATE TRIGGER refuse BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END")
          })
          for (const command of [put("home/x", "y"), post("home/x", "y"), remark("home/x"), remove("home/x")]) {
            expect((yield* Effect.flip(storage.execute(command)))._tag).toBe("StorageFailure")
          }
          expect(Option.getOrThrow(yield* storage.read(world("home/x")))).toMatchObject({ version: 1, tag: before.tag })
          yield* withDatabase(databaseOf(data, "home/x"), (db) => {
            db.exec("DROP TRIGGER refuse")
          })
          expect(yield* storage.execute(put("home/x", "z"))).toMatchObject({ version: 2, eventId: 2 })
          expect(yield* verdict(storage, "home/x")).toMatchObject({ chain: { ok: true }, body: { ok: true } })
        })
      )
    })
  )
})
