import { describe, expect, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { sha256 } from "../helpers/Chains.ts"
import { minimal, place } from "../helpers/ForeignWorld.ts"
import { world } from "../helpers/Paths.ts"
import { names, post, readText, remove, session, temporary, verdict } from "../helpers/Storages.ts"

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
          expect(yield* verdict(storage, "home/x")).toMatchObject({
            events: 2,
            chain: { ok: true },
            body: { ok: true }
          })
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
        db.prepare("UPDATE stage_meta SET headers = ?").run(
          '[["set-cookie","a=b"],["x-meta-b","c\\r\\nd: e"],["x-meta-ok","1"]]'
        )
      })
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          expect(Option.getOrThrow(yield* storage.head(world("home/x"))).meta).toEqual([["x-meta-ok", "1"]])
        })
      )
    })
  )
})
