import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { StorageFailure } from "../../src/domain/Errors.ts"
import { world } from "../helpers/Paths.ts"
import {
  annotate,
  databaseOf,
  directories,
  directoryOf,
  names,
  post,
  put,
  readText,
  remove,
  session,
  temporary,
  verdict,
  withDatabase
} from "../helpers/Storages.ts"
import { trashed } from "../helpers/Trash.ts"

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
            expect((yield* Effect.flip(storage.execute(remove("home/x", { deletion: "d1" }))))._tag).toBe(
              "StorageFailure"
            )
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

  it.scoped("a kill -9 at any time leaves every acknowledged write, with its receipt", () =>
    Effect.gen(function* () {
      const [data, copy] = [yield* temporary, yield* temporary]
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          yield* storage.execute(put("home/x", "a"))
          yield* storage.execute(post("home/x", "b"))
          yield* storage.execute(put("lib/p", "code"))
          yield* storage.execute(put("home/gone", "x"))
          yield* storage.execute(remove("home/gone"))
          // What the disk holds while the server is still running, logs and notes and all.
          cpSync(data, copy, { recursive: true })
        })
      )
      yield* session(copy, (storage) =>
        Effect.gen(function* () {
          expect(yield* names(storage)).toEqual(["home/x", "lib/p"])
          expect(yield* readText(storage, "home/x")).toEqual(Option.some("ab"))
          expect(yield* verdict(storage, "home/x")).toMatchObject({
            events: 2,
            chain: { ok: true },
            body: { ok: true }
          })
          expect(yield* storage.execute(post("home/x", "c"))).toMatchObject({ version: 3, eventId: 3 })
        })
      )
    })
  )

  it.scoped("a mark of a deletion that never committed deletes nothing", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(
        data,
        (storage) =>
          Effect.zipRight(
            storage.execute(put("home/x", "x")),
            Effect.flip(storage.execute(remove("home/x", { conditions: { ifMatch: '"stale"' } })))
          ),
        (volume) => ({ ...volume, spare: () => Effect.void })
      )
      rmSync(join(data, ".catalog.db"))
      expect(yield* session(data, names)).toEqual(["home/x"])
    })
  )

  it.scoped("a COMMIT that fails is rolled back: neither row nor receipt, and the next write works", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          const before = yield* storage.execute(put("home/x", "x"))
          // A constraint that is judged no sooner than at COMMIT.
          yield* withDatabase(databaseOf(data, "home/x"), (db) => {
            db.exec(`CREATE TABLE parent (id INTEGER PRIMARY KEY);
              CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
              CREATE TRIGGER late AFTER INSERT ON events BEGIN INSERT INTO child VALUES (7); END`)
          })
          expect((yield* Effect.flip(storage.execute(put("home/x", "y"))))._tag).toBe("StorageFailure")
          expect(Option.getOrThrow(yield* storage.read(world("home/x")))).toMatchObject({ version: 1, tag: before.tag })
          expect((yield* Effect.flip(storage.execute(remove("home/x"))))._tag).toBe("StorageFailure")
          yield* withDatabase(databaseOf(data, "home/x"), (db) => {
            db.exec("DROP TRIGGER late")
          })
          expect(yield* storage.execute(put("home/x", "z"))).toMatchObject({ version: 2, eventId: 2 })
          expect(yield* verdict(storage, "home/x")).toMatchObject({ chain: { ok: true }, body: { ok: true } })
        })
      )
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
          for (const command of [put("home/x", "y"), post("home/x", "y"), annotate("home/x"), remove("home/x")]) {
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
