import { randomBytes } from "node:crypto"
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { Effect } from "effect"
import * as WorldCopy from "../../../src/layers/replication/WorldCopy.ts"
import { age } from "../../helpers/Archives.ts"
import { databaseOf, directoryOf, post, put, remove, session, temporary, withDatabase } from "../../helpers/Storages.ts"

const name = "home/x"

/** Copies the world of `data`, and gives the bytes of the copy. */
const copyOf = (data: string) =>
  Effect.map(WorldCopy.make(directoryOf(data, name), join(data, "copy.db")), (copy) => {
    if (copy === undefined) return undefined
    return typeof copy.content === "string" ? readFileSync(copy.content) : Buffer.from(copy.content)
  })

/** What a copy holds, read as a file that stands alone. */
const contentOf = (bytes: Buffer | undefined) =>
  Effect.gen(function* () {
    const file = join(yield* temporary, "alone.db")
    if (bytes === undefined) return undefined
    writeFileSync(file, bytes)
    return yield* withDatabase(file, (db) => ({
      ok: db.pragma("integrity_check", { simple: true }),
      own: db.pragma("user_version", { simple: true }),
      body: db.prepare<[], Buffer>("SELECT stage_html FROM stage_meta").pluck().get(),
      events: db.prepare("SELECT event_type FROM events ORDER BY id").pluck().all()
    }))
  })

const sizes = [
  ["small", 1000],
  ["large", 3_000_000]
] as const

describe("C11.5 the copy of a world", () => {
  it.scoped.each(sizes)("at rest is its file, byte for byte, and leaves nothing beside it: %s", ([, size]) =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) => storage.execute(put(name, randomBytes(size))))
      age(data, name)
      expect((yield* copyOf(data))?.equals(readFileSync(databaseOf(data, name)))).toBe(true)
      expect(readdirSync(directoryOf(data, name))).toEqual(["universe.db"])
    })
  )

  it.scoped.each(sizes)("that is open holds what is still in its write-ahead log: %s", ([, size]) =>
    Effect.gen(function* () {
      const data = yield* temporary
      const body = randomBytes(size)
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          yield* storage.execute(put(name, body))
          yield* storage.execute(post(name, "more"))
          age(data, name)
          const found = yield* Effect.scoped(Effect.flatMap(copyOf(data), contentOf))
          expect(found).toMatchObject({ ok: "ok", own: 5, events: ["stage_written", "stage_appended"] })
          expect(found?.body?.equals(Buffer.concat([body, Buffer.from("more")]))).toBe(true)
        })
      )
    })
  )

  it.scoped("is of one moment, though a transaction is open and the log grows", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) => storage.execute(put(name, "before")))
      const writer = new Sqlite(databaseOf(data, name))
      yield* Effect.addFinalizer(() => Effect.sync(() => writer.close()))
      writer.exec("BEGIN; UPDATE stage_meta SET stage_html = 'half of it'")
      expect((yield* Effect.flatMap(copyOf(data), contentOf))?.body?.toString()).toBe("before")
      writer.exec("COMMIT")
      expect((yield* Effect.flatMap(copyOf(data), contentOf))?.body?.toString()).toBe("half of it")
    })
  )

  it.scoped("that was written a moment ago is SQLite's: a second write could leave the same times", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) => storage.execute(put(name, "x")))
      // SQLite's own copies are not in WAL mode (file format, write version).
      expect([readFileSync(databaseOf(data, name))[18], (yield* copyOf(data))?.[18]]).toEqual([2, 1])
    })
  )

  it.scoped("has the permissions of the original", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) => storage.execute(put(name, "x")))
      chmodSync(databaseOf(data, name), 0o640)
      expect(yield* WorldCopy.make(directoryOf(data, name), join(data, "copy.db"))).toMatchObject({ mode: 0o640 })
    })
  )

  it.scoped("that is gone is none", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      expect(yield* copyOf(data)).toBeUndefined()
      mkdirSync(directoryOf(data, name))
      expect(yield* copyOf(data)).toBeUndefined()
      rmSync(directoryOf(data, name), { recursive: true })
      writeFileSync(directoryOf(data, name), "a file")
      expect(yield* copyOf(data)).toBeUndefined()
    })
  )

  it.scoped("of a world whose deletion has been committed is none; one that was taken out of the trash is one", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) =>
        Effect.zipRight(storage.execute(put(name, "x")), storage.execute(remove(name, { deletion: "d" })))
      )
      renameSync(directoryOf(join(data, ".trash/d"), name), directoryOf(data, name))
      age(data, name)
      expect((yield* Effect.flatMap(copyOf(data), contentOf))?.events).toEqual(["stage_written", "stage_deleted"])
      writeFileSync(join(directoryOf(data, name), ".deleting"), "")
      expect(yield* copyOf(data)).toBeUndefined()
    })
  )

  it.scoped("of a world whose deletion was begun and not committed is one", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) => storage.execute(put(name, "x")))
      age(data, name)
      writeFileSync(join(directoryOf(data, name), ".deleting"), "")
      expect((yield* Effect.flatMap(copyOf(data), contentOf))?.events).toEqual(["stage_written"])
    })
  )

  it.scoped("that cannot be made is a failure, not a world less", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      mkdirSync(directoryOf(data, name))
      writeFileSync(databaseOf(data, name), randomBytes(9000))
      writeFileSync(`${databaseOf(data, name)}-wal`, "x")
      expect((yield* Effect.flip(copyOf(data)))._tag).toBe("StorageFailure")
      expect(existsSync(databaseOf(data, name))).toBe(true)
    })
  )
})
