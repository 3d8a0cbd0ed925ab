import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import type Sqlite from "better-sqlite3"
import { Effect, Option } from "effect"
import { place } from "../helpers/ForeignWorld.ts"
import {
  databaseOf,
  directoryOf,
  eventsOf,
  names,
  post,
  put,
  readText,
  remove,
  session,
  setState,
  temporary,
  verdict,
  withDatabase
} from "../helpers/Storages.ts"

describe("C1.4 a database that is no world", () => {
  const alien = (db: Sqlite.Database) => {
    db.exec("CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('https://example.com')")
  }

  it.scoped("is not served and left alone, byte for byte", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* place(data, "home/x", alien)
      const before = readFileSync(databaseOf(data, "home/x"))
      expect(yield* session(data, names)).toEqual([])
      expect(readFileSync(databaseOf(data, "home/x")).equals(before)).toBe(true)
    })
  )

  it.scoped("is not overwritten either: a write to its name fails", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* place(data, "home/x", alien)
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          for (const command of [
            put("home/x", "x"),
            post("home/x", "x"),
            setState("home/x", "active"),
            remove("home/x")
          ]) {
            expect(yield* Effect.isFailure(storage.execute(command))).toBe(true)
          }
        })
      )
      const rows = yield* withDatabase(databaseOf(data, "home/x"), (db) => db.prepare("SELECT * FROM bookmarks").all())
      expect(rows).toEqual([{ url: "https://example.com" }])
    })
  )

  it.scoped("garbage is left alone too", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      mkdirSync(directoryOf(data, "home/x"))
      writeFileSync(databaseOf(data, "home/x"), "garbage ".repeat(1000))
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          expect(yield* names(storage)).toEqual([])
          expect((yield* Effect.flip(storage.execute(put("home/x", "x"))))._tag).toBe("StorageFailure")
        })
      )
      expect(readFileSync(databaseOf(data, "home/x"), "utf8")).toBe("garbage ".repeat(1000))
    })
  )
})

describe("a disk that errs", () => {
  it.scoped("whoever cannot be asked whether a world exists has not said no: nothing is lost", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      const [home, aside] = [directoryOf(data, "home/x"), join(data, "aside")]
      yield* session(data, (storage) => storage.execute(put("home/x", "precious")))
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          renameSync(home, aside)
          // A loop is neither there nor not there.
          symlinkSync(home, home)
          expect((yield* Effect.flip(storage.execute(put("home/x", "new"))))._tag).toBe("StorageFailure")
          rmSync(home)
          renameSync(aside, home)
        })
      )
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          expect(yield* readText(storage, "home/x")).toEqual(Option.some("precious"))
          expect(yield* eventsOf(storage, "home/x")).toHaveLength(1)
        })
      )
    })
  )

  it.scoped("a creation whose place is taken by somebody's file leaves that and nothing else", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          writeFileSync(directoryOf(data, "home/x"), "mine")
          expect((yield* Effect.flip(storage.execute(put("home/x", "x"))))._tag).toBe("StorageFailure")
          expect(readFileSync(directoryOf(data, "home/x"), "utf8")).toBe("mine")
          expect(readdirSync(join(data, ".new"))).toEqual([])
        })
      )
    })
  )

  it.scoped("a creation keeps what lies in its directory, but not the log of a database that is gone", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          mkdirSync(directoryOf(data, "home/x"))
          for (const name of ["notes.txt", "universe.db-wal"]) {
            writeFileSync(join(directoryOf(data, "home/x"), name), "mine")
          }
          yield* storage.execute(put("home/x", "x"))
          expect(readdirSync(directoryOf(data, "home/x")).sort()).toEqual(["notes.txt", "universe.db"])
          expect(yield* readText(storage, "home/x")).toEqual(Option.some("x"))
          expect(yield* verdict(storage, "home/x")).toMatchObject({ chain: { ok: true }, body: { ok: true } })
        })
      )
    })
  )

  it.scoped("C5.1 what a crash left of a creation goes at the next start, and is no world", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      mkdirSync(join(data, ".new", "home%2Fx"), { recursive: true })
      writeFileSync(join(data, ".new", "home%2Fx", "universe.db"), "torn")
      expect(yield* session(data, names)).toEqual([])
      expect(readdirSync(join(data, ".new"))).toEqual([])
    })
  )
})
