import { expect } from "@effect/vitest"
import { Effect, Exit, Option } from "effect"
import type { Conditions } from "../../src/domain/Conditions.ts"
import { formatHttpDate } from "../../src/domain/HttpDate.ts"
import { tagOf } from "../../src/domain/World.ts"
import { world } from "../helpers/Paths.ts"
import { everyStorage } from "../helpers/StorageKinds.ts"
import { eventsOf, post, put, readText, remove, scanned, setState } from "../helpers/Storages.ts"

const quoted = (tag: string) => `"${tag}"`

everyStorage((test) => {
  test("C4.3 If-Match takes the tag of any current representation, and no stale one", (storage) =>
    Effect.gen(function* () {
      let current = yield* storage.execute(put("home/x", "0"))
      for (const representation of ["raw", "json", "text"] as const) {
        const stale = quoted(tagOf(current, representation))
        current = yield* storage.execute(put("home/x", "1", { conditions: { ifMatch: stale } }))
        const error = yield* Effect.flip(storage.execute(put("home/x", "2", { conditions: { ifMatch: stale } })))
        expect(error._tag).toBe("PreconditionFailed")
      }
      expect(yield* readText(storage, "home/x")).toEqual(Option.some("1"))
    }))

  test("C4.3 a refused write leaves version, body, events and tag as they were", (storage) =>
    Effect.gen(function* () {
      yield* storage.execute(put("home/x", "a"))
      const before = yield* storage.read(world("home/x"))
      const past: Conditions = { ifUnmodifiedSince: formatHttpDate(-1000) }
      for (const conditions of [{ ifMatch: '"no"' }, { ifNoneMatch: "*" }, past, { ifMatch: "garbage" }]) {
        for (const command of [put("home/x", "b", { conditions }), post("home/x", "b", { conditions })]) {
          expect((yield* Effect.flip(storage.execute(command)))._tag).toBe("PreconditionFailed")
        }
        expect((yield* Effect.flip(storage.execute(remove("home/x", { conditions }))))._tag).toBe("PreconditionFailed")
      }
      expect(yield* storage.read(world("home/x"))).toEqual(before)
      expect(yield* eventsOf(storage, "home/x")).toHaveLength(1)
    }))

  test("C4.3 a refused creation leaves nothing, and the next one starts at version 1", (storage) =>
    Effect.gen(function* () {
      for (const command of [
        put("home/x", "a", { conditions: { ifMatch: "*" } }),
        post("home/x", "a", { conditions: { ifMatch: '"t"' } })
      ]) {
        expect((yield* Effect.flip(storage.execute(command)))._tag).toBe("PreconditionFailed")
      }
      for (const command of [setState("lib/x", "active"), remove("home/x")]) {
        expect((yield* Effect.flip(storage.execute(command)))._tag).toBe("WorldNotFound")
      }
      expect(yield* scanned(storage)).toEqual([])
      const created = yield* storage.execute(put("home/x", "b", { conditions: { ifNoneMatch: "*" } }))
      expect(created).toMatchObject({ version: 1, eventId: 1, created: true })
    }))

  test("C4.4 a retry with the same key and bytes gets the first answer and appends nothing", (storage) =>
    Effect.gen(function* () {
      const first = yield* storage.execute(post("home/x", "a", { idempotencyKey: "k" }))
      yield* storage.execute(post("home/x", "b"))
      const again = yield* storage.execute(
        post("home/x", "a", { idempotencyKey: "k", conditions: { ifNoneMatch: "*" } })
      )
      expect(again).toEqual({ ...first, replayed: true })
      expect(yield* readText(storage, "home/x")).toEqual(Option.some("ab"))
    }))

  test("C4.4 the same key with other bytes is a conflict, and another key is another append", (storage) =>
    Effect.gen(function* () {
      yield* storage.execute(post("home/x", "a", { idempotencyKey: "k" }))
      expect((yield* Effect.flip(storage.execute(post("home/x", "b", { idempotencyKey: "k" }))))._tag).toBe(
        "IdempotencyConflict"
      )
      yield* storage.execute(post("home/x", "a", { idempotencyKey: "l" }))
      yield* storage.execute(post("home/y", "c", { idempotencyKey: "k" }))
      expect(yield* readText(storage, "home/x")).toEqual(Option.some("aa"))
    }))

  test("C4.4 a refused append does not use up its key", (storage) =>
    Effect.gen(function* () {
      yield* storage.execute(put("home/x", "a"))
      yield* Effect.exit(storage.execute(post("home/x", "b", { idempotencyKey: "k", conditions: { ifMatch: '"no"' } })))
      yield* storage.execute(post("home/x", "c", { idempotencyKey: "k" }))
      expect(yield* readText(storage, "home/x")).toEqual(Option.some("ac"))
    }))

  test("C4.3 of many writers with the same If-Match exactly one wins", (storage) =>
    Effect.gen(function* () {
      const { tag } = yield* storage.execute(put("home/x", "start"))
      const writers = Array.from({ length: 20 }, (_, i) =>
        Effect.exit(storage.execute(put("home/x", `w${i}`, { conditions: { ifMatch: quoted(tag) } })))
      )
      const exits = yield* Effect.all(writers, { concurrency: "unbounded" })
      expect(exits.filter(Exit.isSuccess)).toHaveLength(1)
      const winner = exits.findIndex(Exit.isSuccess)
      expect(yield* readText(storage, "home/x")).toEqual(Option.some(`w${winner}`))
      expect(yield* eventsOf(storage, "home/x")).toHaveLength(2)
    }))
})
