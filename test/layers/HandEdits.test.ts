import { renameSync, rmSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import type { StorageShape } from "../../src/services/Storage.ts"
import { sha256 } from "../helpers/Chains.ts"
import { world } from "../helpers/Paths.ts"
import {
  databaseOf,
  directoryOf,
  names,
  post,
  put,
  readText,
  session,
  temporary,
  verdict,
  withDatabase
} from "../helpers/Storages.ts"

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

  it.scoped(
    "C7.1 a world of /etc that cannot be read stops the start: the machine would be more open than it should",
    () =>
      Effect.gen(function* () {
        const data = yield* temporary
        yield* session(data, (storage) => storage.execute(put("etc/private", "/home/x")))
        writeFileSync(databaseOf(data, "etc/private"), "not a database at all, but long enough".repeat(40))
        const error = yield* Effect.flip(session(data, names))
        expect(error._tag).toBe("StorageFailure")
        expect(error.message).toContain("/etc/private")
      })
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

describe("C1.4 a world that is taken away while it is open", () => {
  const opened = (check: (storage: StorageShape, directory: string) => Effect.Effect<void, unknown>) =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          yield* storage.execute(put("home/x", "before"))
          expect(yield* readText(storage, "home/x")).toEqual(Option.some("before"))
          yield* check(storage, directoryOf(data, "home/x"))
        })
      )
      return data
    })

  it.scoped("is not read any more", () =>
    opened((storage, directory) =>
      Effect.gen(function* () {
        rmSync(directory, { recursive: true })
        expect(yield* readText(storage, "home/x")).toEqual(Option.none())
        expect(yield* storage.head(world("home/x"))).toEqual(Option.none())
      })
    )
  )

  it.scoped("is made anew by the next write, where the next start finds it", () =>
    Effect.gen(function* () {
      const data = yield* opened((storage, directory) =>
        Effect.gen(function* () {
          rmSync(directory, { recursive: true })
          expect(yield* storage.execute(put("home/x", "after"))).toMatchObject({ version: 1, created: true })
        })
      )
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          expect(yield* readText(storage, "home/x")).toEqual(Option.some("after"))
        })
      )
    })
  )

  it.scoped("and another put in its place: that one is read and written", () =>
    opened((storage, directory) =>
      Effect.gen(function* () {
        yield* storage.execute(put("home/y", "the other"))
        yield* storage.execute(put("home/y", "the other, again"))
        rmSync(directory, { recursive: true })
        renameSync(directory.replace("home%2Fx", "home%2Fy"), directory)
        expect(yield* readText(storage, "home/x")).toEqual(Option.some("the other, again"))
        expect(yield* storage.execute(post("home/x", "!"))).toMatchObject({ version: 3 })
        expect(yield* readText(storage, "home/y")).toEqual(Option.none())
      })
    )
  )
})
