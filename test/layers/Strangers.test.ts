import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { SystemError } from "@effect/platform/Error"
import { describe, expect, it } from "@effect/vitest"
import type Sqlite from "better-sqlite3"
import { Effect, Option } from "effect"
import { StorageFailure } from "../../src/domain/Errors.ts"
import { Storage, type StorageShape } from "../../src/services/Storage.ts"
import { hmac, sha256 } from "../helpers/Chains.ts"
import { world } from "../helpers/Paths.ts"
import {
  chain,
  databaseOf,
  directoryOf,
  eventsOf,
  filesOver,
  key,
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

const names = (storage: StorageShape) => Effect.map(storage.scan, (found) => found.map(({ name }) => String(name)).sort())

/** A database in the place of a world, made by somebody else. */
const place = (data: string, name: string, fill: (db: Sqlite.Database) => void) =>
  Effect.suspend(() => {
    mkdirSync(directoryOf(data, name), { recursive: true })
    return withDatabase(databaseOf(data, name), fill)
  })

/** A world with the columns of C1.5 and no others, as another program that knows the contract would write it. */
const minimal = (body: string | Buffer, ts = "2026-01-15T12:00:00.007Z", signingKey = key) => {
  const payload = JSON.stringify({
    op: "put",
    len: Buffer.byteLength(body),
    ext: "md",
    version_after: 3,
    meta_headers: [],
    body_sha256_after: sha256(body),
    type: "stage_written",
    ts
  })
  return (db: Sqlite.Database) => {
    db.exec(`CREATE TABLE stage_meta (id INTEGER PRIMARY KEY, stage_html BLOB, version INTEGER, updated_at TEXT, ext TEXT,
      headers TEXT, state TEXT);
      CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT, event_type TEXT, payload TEXT, hmac TEXT,
      prev_hmac TEXT)`)
    db.prepare("INSERT INTO stage_meta VALUES (1, ?, 3, ?, 'md', '[[\"x-meta-a\",\"1\"]]', 'active')").run(body, ts)
    db.prepare("INSERT INTO events VALUES (1, ?, 'stage_written', ?, ?, '')").run(ts, payload, hmac(signingKey, "", payload))
  }
}

describe("C1.5 a world that another program made", () => {
  it.scoped("with nothing but the columns of the contract it is served as it is", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* place(data, "home/x", minimal("# größe"))
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          expect(yield* names(storage)).toEqual(["home/x"])
          const read = Option.getOrThrow(yield* storage.read(world("home/x")))
          expect(read).toMatchObject({
            ...{ version: 3, ext: "md", state: "active", meta: [["x-meta-a", "1"]], eventId: 1 },
            ...{ updatedAt: Date.UTC(2026, 0, 15, 12, 0, 0, 7), len: 9, sha256: sha256("# größe") }
          })
          expect(yield* readText(storage, "home/x")).toEqual(Option.some("# größe"))
          expect(yield* verdict(storage, "home/x")).toMatchObject({ chain: { ok: true }, body: { ok: true } })
        })
      )
    })
  )

  it.scoped("it can be written, appended to and deleted like any other, chain and all", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* place(data, "home/x", minimal("a"))
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          const { tag } = Option.getOrThrow(yield* storage.head(world("home/x")))
          const conditions = { ifMatch: `"${tag}"` }
          const receipt = yield* storage.execute(post("home/x", "b", { conditions, idempotencyKey: "k" }))
          expect(receipt).toMatchObject({ version: 4, eventId: 2, created: false })
          expect((yield* storage.execute(post("home/x", "b", { idempotencyKey: "k" }))).replayed).toBe(true)
          expect(yield* readText(storage, "home/x")).toEqual(Option.some("ab"))
          expect(yield* verdict(storage, "home/x")).toMatchObject({ events: 2, chain: { ok: true }, body: { ok: true } })
          yield* storage.execute(remove("home/x"))
          expect(yield* storage.read(world("home/x"))).toEqual(Option.none())
        })
      )
    })
  )

  it.scoped("bytes that are no text, and text in the place of bytes", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* place(data, "home/bin", minimal(Buffer.from([0, 255, 254])))
      yield* place(data, "home/text", minimal("text"))
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          const { body } = Option.getOrThrow(yield* storage.read(world("home/bin")))
          expect([...body]).toEqual([0, 255, 254])
          expect(Option.getOrThrow(yield* storage.head(world("home/text")))).toMatchObject({ len: 4, jsonLength: 6 })
        })
      )
    })
  )

  it.scoped("empty columns stand for what a new world would have", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* place(data, "home/x", (db) => {
        minimal("a")(db)
        db.exec("UPDATE stage_meta SET headers = NULL, state = NULL")
      })
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          expect(yield* names(storage)).toEqual(["home/x"])
          expect(Option.getOrThrow(yield* storage.head(world("home/x")))).toMatchObject({ state: "active", meta: [] })
        })
      )
    })
  )

  it.scoped("without any event it is served, and verification says so", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* place(data, "home/x", (db) => {
        minimal("a")(db)
        db.exec("DELETE FROM events")
      })
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          expect(yield* readText(storage, "home/x")).toEqual(Option.some("a"))
          expect(yield* verdict(storage, "home/x")).toMatchObject({ events: 0, body: { ok: false } })
        })
      )
    })
  )

  it.scoped("without a table of events it is served all the same", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* place(data, "home/x", (db) => {
        minimal("a")(db)
        db.exec("DROP TABLE events")
      })
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          expect(yield* names(storage)).toEqual(["home/x"])
          expect(yield* readText(storage, "home/x")).toEqual(Option.some("a"))
        })
      )
    })
  )

  it.scoped("signed with another key, its chain is broken at the first event and its body is right", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* place(data, "home/x", minimal("a", "2026-01-15T12:00:00.007Z", "another key"))
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          expect(yield* verdict(storage, "home/x")).toMatchObject({ chain: { ok: false, at: 1 }, body: { ok: true } })
        })
      )
    })
  )

  it.scoped("its headers are judged on the way out (C6)", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* place(data, "home/x", (db) => {
        minimal("a")(db)
        db.prepare("UPDATE stage_meta SET headers = ?").run('[["set-cookie","a=b"],["x-meta-b","c\\r\\nd: e"],["x-meta-ok","1"]]')
      })
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          expect(Option.getOrThrow(yield* storage.head(world("home/x"))).meta).toEqual([["x-meta-ok", "1"]])
        })
      )
    })
  )
})

describe("C5.4 a world edited by hand", () => {
  const edited = (edit: string, check: (storage: StorageShape) => Effect.Effect<void, unknown>) =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) =>
        Effect.zipRight(storage.execute(put("home/x", "before")), storage.execute(post("home/x", "!")))
      )
      yield* withDatabase(databaseOf(data, "home/x"), (db) => {
        db.exec(edit)
      })
      yield* session(data, check)
    })

  it.scoped("another body: its digests are made anew, the body is bad, the chain is not", () =>
    edited("UPDATE stage_meta SET stage_html = 'äfter'", (storage) =>
      Effect.gen(function* () {
        const head = Option.getOrThrow(yield* storage.head(world("home/x")))
        expect(head).toMatchObject({ len: 6, sha256: sha256("äfter"), jsonLength: 8 })
        expect(yield* storage.read(world("home/x"))).toMatchObject({ value: { sha256: sha256("äfter") } })
        expect(yield* verdict(storage, "home/x")).toMatchObject({ chain: { ok: true }, body: { ok: false } })
      })
    )
  )

  it.scoped("the next write makes it good again", () =>
    edited("UPDATE stage_meta SET stage_html = 'after'", (storage) =>
      Effect.gen(function* () {
        yield* storage.execute(put("home/x", "new"))
        expect(Option.getOrThrow(yield* storage.head(world("home/x"))).sha256).toBe(sha256("new"))
        expect(yield* verdict(storage, "home/x")).toMatchObject({ chain: { ok: true }, body: { ok: true } })
      })
    )
  )

  it.each([
    ["UPDATE stage_meta SET version = 9", { chain: { ok: true }, body: { ok: false } }],
    ["UPDATE stage_meta SET ext = 'html'", { chain: { ok: true }, body: { ok: false } }],
    ["UPDATE events SET payload = payload || ' ' WHERE id = 1", { chain: { ok: false, at: 1 }, body: { ok: true } }],
    ["UPDATE events SET event_type = 'gpu_call' WHERE id = 2", { chain: { ok: false, at: 2 }, body: { ok: true } }],
    ["UPDATE events SET timestamp = 'x' WHERE id = 2", { chain: { ok: false, at: 2 }, body: { ok: true } }],
    ["DELETE FROM events WHERE id = 1", { chain: { ok: false, at: 2 }, body: { ok: true } }],
    ["DELETE FROM events WHERE id = 2", { chain: { ok: true }, body: { ok: false } }],
    ["UPDATE events SET payload = x'00' WHERE id = 1", { chain: { ok: false, at: 1 } }],
    ["UPDATE events SET hmac = x'00' WHERE id = 2", { chain: { ok: false, at: 2 } }]
  ])("%s", (edit, expected) =>
    Effect.runPromise(
      Effect.scoped(
        edited(edit, (storage) =>
          Effect.gen(function* () {
            expect(yield* verdict(storage, "home/x")).toMatchObject(expected)
          })
        )
      )
    )
  )

  it.scoped("one world that cannot be read does not keep the others from being served", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) =>
        Effect.forEach(["home/a", "home/b", "home/c"], (name) => storage.execute(put(name, name)))
      )
      writeFileSync(databaseOf(data, "home/a"), "not a database at all, but long enough to be looked at".repeat(40))
      yield* withDatabase(databaseOf(data, "home/b"), (db) => {
        db.exec("UPDATE stage_meta SET version = 'three'")
      })
      expect(yield* session(data, names)).toEqual(["home/c"])
    })
  )
})

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
          for (const command of [put("home/x", "x"), post("home/x", "x"), setState("home/x", "active"), remove("home/x")]) {
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
  const error = new SystemError({ reason: "Unknown", module: "FileSystem", method: "access", description: "EIO" })

  it.scoped("whoever cannot be asked whether a world exists has not said no: nothing is lost", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) => storage.execute(put("home/x", "precious")))
      yield* Effect.flatMap(Storage, (storage) =>
        Effect.gen(function* () {
          const conditions = { ifMatch: '"stale"' }
          yield* Effect.exit(storage.execute(put("home/x", "new", { conditions })))
        })
      ).pipe(Effect.provide(filesOver(data, { exists: () => Effect.fail(error) })), Effect.provide(chain))
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          expect(yield* readText(storage, "home/x")).toEqual(Option.some("precious"))
          expect(yield* eventsOf(storage, "home/x")).toHaveLength(1)
        })
      )
    })
  )

  it.scoped("a creation that cannot be made durable is taken back", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(
        data,
        (storage) =>
          Effect.gen(function* () {
            expect((yield* Effect.flip(storage.execute(put("home/x", "x"))))._tag).toBe("StorageFailure")
            expect(yield* storage.read(world("home/x"))).toEqual(Option.none())
          }),
        (volume) => ({ ...volume, seal: () => new StorageFailure({ message: "no sync", cause: "test" }) })
      )
      expect(yield* session(data, names)).toEqual([])
    })
  )
})
