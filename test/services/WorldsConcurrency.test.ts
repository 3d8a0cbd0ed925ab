import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer } from "effect"
import { StorageFailure } from "../../src/domain/Errors.ts"
import { Catalog } from "../../src/services/Catalog.ts"
import { Changes } from "../../src/services/Changes.ts"
import type { StorageShape } from "../../src/services/Storage.ts"
import { Storage } from "../../src/services/Storage.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { machine, memoryWith, operator, user, write } from "../helpers/Machine.ts"
import { path, world } from "../helpers/Paths.ts"
import { eventsOf, post, put, textOf } from "../helpers/Storages.ts"

const over = (change: (storage: StorageShape) => Partial<StorageShape>) => Layer.fresh(machine({}, memoryWith(change)))

/** A storage in which every commit takes a few turns of the scheduler. */
const slow = over((storage) => ({
  execute: (command) =>
    Effect.zipRight(
      Effect.forEach(Array.from({ length: 5 }), () => Effect.yieldNow(), { discard: true }),
      storage.execute(command)
    )
}))

describe("C4.3 concurrent writers", () => {
  it.effect("of many with the same If-Match exactly one wins, and the others learn it", () =>
    Effect.gen(function* () {
      const worlds = yield* Worlds
      const { tag } = yield* write("home/x", "start")
      const exits = yield* Effect.forEach(
        Array.from({ length: 30 }, (_, i) => `w${i}`),
        (text) => Effect.exit(worlds.overwrite(user(2), put("home/x", text, { conditions: { ifMatch: `"${tag}"` } }))),
        { concurrency: "unbounded" }
      )
      expect(exits.filter(Exit.isSuccess)).toHaveLength(1)
      const winner = exits.findIndex(Exit.isSuccess)
      const read = yield* worlds.read(user(2), world("home/x"))
      expect(textOf(read.body)).toBe(`w${winner}`)
      expect((yield* Catalog).get("home/x")?.tag).toBe(read.tag)
    }).pipe(Effect.provide(slow))
  )

  it.effect("of many that create with If-None-Match: * exactly one does", () =>
    Effect.gen(function* () {
      const worlds = yield* Worlds
      const exits = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, i) => `w${i}`),
        (text) => Effect.exit(worlds.overwrite(user(2), put("home/x", text, { conditions: { ifNoneMatch: "*" } }))),
        { concurrency: "unbounded" }
      )
      expect(exits.filter(Exit.isSuccess)).toHaveLength(1)
    }).pipe(Effect.provide(slow))
  )

  it.effect("appends are lost by nobody", () =>
    Effect.gen(function* () {
      const worlds = yield* Worlds
      const parts = Array.from({ length: 40 }, (_, i) => String.fromCharCode(65 + i))
      yield* Effect.forEach(parts, (part) => worlds.append(user(2), post("home/x", part)), { concurrency: "unbounded" })
      const { body, version } = yield* worlds.read(user(2), world("home/x"))
      expect([...textOf(body)].sort()).toEqual([...parts].sort())
      expect(version).toBe(40)
      expect(yield* worlds.verify(operator, world("home/x"))).toMatchObject({ chain: { ok: true }, body: { ok: true } })
    }).pipe(Effect.provide(slow))
  )

  it.effect("C4.4 the same append many times at once is done once", () =>
    Effect.gen(function* () {
      const worlds = yield* Worlds
      const receipts = yield* Effect.all(
        Array.from({ length: 20 }, () => worlds.append(user(2), post("home/x", "once", { idempotencyKey: "k" }))),
        { concurrency: "unbounded" }
      )
      expect(receipts.filter(({ replayed }) => !replayed)).toHaveLength(1)
      expect(new Set(receipts.map(({ tag, version }) => `${tag} ${version}`)).size).toBe(1)
      expect(textOf((yield* worlds.read(user(2), world("home/x"))).body)).toBe("once")
    }).pipe(Effect.provide(slow))
  )

  it.effect("a world that is deleted and written at once is there or not, and so says the catalog", () =>
    Effect.gen(function* () {
      const [worlds, catalog, storage] = [yield* Worlds, yield* Catalog, yield* Storage]
      yield* write("home/x", "0")
      for (let round = 0; round < 10; round++) {
        yield* Effect.all(
          [
            worlds.overwrite(operator, put("home/x", "a")),
            Effect.exit(worlds.remove(operator, path("home/x"), {})),
            worlds.append(operator, post("home/x", "b")),
            Effect.exit(worlds.remove(operator, path("home/x"), {}))
          ],
          { concurrency: "unbounded" }
        )
        const head = yield* storage.head(world("home/x"))
        expect(catalog.get("home/x")?.tag).toBe(head._tag === "Some" ? head.value.tag : undefined)
      }
    }).pipe(Effect.provide(slow))
  )

  it.effect("two deletions of one tree: each world is reported once", () =>
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* Effect.forEach(["home/a", "home/a/b", "home/a/c"], (name) => write(name, name))
      const reports = yield* Effect.all(
        [1, 2].map(() => Effect.orElseSucceed(worlds.remove(operator, path("home/a"), {}), () => ({ names: [] }))),
        { concurrency: "unbounded" }
      )
      expect(reports.flatMap(({ names }) => names).sort()).toEqual(["home/a", "home/a/b", "home/a/c"])
      expect((yield* Catalog).size()).toBe(0)
    }).pipe(Effect.provide(slow))
  )
})

describe("C4.1 the commit is uninterruptible", () => {
  it.effect("a client that goes away during it changes nothing: it is done, and known", () =>
    Effect.gen(function* () {
      const [started, gate] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const layer = over((storage) => ({
        execute: (command) =>
          Deferred.succeed(started, undefined).pipe(
            Effect.zipRight(Deferred.await(gate)),
            Effect.zipRight(storage.execute(command))
          )
      }))
      yield* Effect.gen(function* () {
        const writer = yield* Effect.fork(write("home/x", "x"))
        yield* Deferred.await(started)
        const leaving = yield* Effect.fork(Fiber.interrupt(writer))
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.join(leaving)
        expect((yield* Catalog).get("home/x")?.version).toBe(1)
        expect((yield* Changes).newest()).toBe(1)
        expect(yield* eventsOf(yield* Storage, "home/x")).toHaveLength(1)
      }).pipe(Effect.provide(layer))
    })
  )
})

describe("too much work", () => {
  it.effect("is refused with a time to come back, and goes on when there is less", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const layer = over((storage) => ({
        execute: (command) => Effect.zipRight(Deferred.await(gate), storage.execute(command))
      }))
      yield* Effect.gen(function* () {
        const worlds = yield* Worlds
        const writers = yield* Effect.forEach(
          Array.from({ length: 1500 }, (_, i) => i),
          (i) => Effect.fork(Effect.either(worlds.append(operator, post(`home/w${i % 3}`, "."))))
        )
        for (let i = 0; i < 10; i++) yield* Effect.yieldNow()
        const refused = yield* Effect.flip(worlds.overwrite(operator, put("home/more", "x")))
        expect(refused).toMatchObject({ _tag: "Overloaded", retryAfter: expect.any(Number) })
        yield* Deferred.succeed(gate, undefined)
        const outcomes = yield* Effect.forEach(writers, Fiber.join)
        const done = outcomes.filter(({ _tag }) => _tag === "Right").length
        expect(done).toBeLessThan(1500)
        expect(yield* worlds.overwrite(operator, put("home/more", "x"))).toMatchObject({ created: true })
        let written = 0
        for (const n of [0, 1, 2]) written += (yield* worlds.read(operator, world(`home/w${n}`))).len
        expect(written).toBe(done)
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("failed writes do not count for ever", () =>
    Effect.gen(function* () {
      const worlds = yield* Worlds
      for (let i = 0; i < 1100; i++) yield* Effect.exit(worlds.overwrite(operator, put("home/x", "x")))
      expect((yield* Effect.flip(worlds.overwrite(operator, put("home/x", "x"))))._tag).toBe("StorageFailure")
    }).pipe(Effect.provide(over(() => ({ execute: () => new StorageFailure({ message: "no", cause: "test" }) }))))
  )
})

describe("C5.4 verification beside writers", () => {
  it.effect("never cries wolf: chain and body are of one moment", () =>
    Effect.gen(function* () {
      const layer = over((storage) => ({
        // Somebody writes between the look at the body and the look at the events.
        read: (name) => Effect.tap(storage.read(name), () => Effect.ignore(storage.execute(post(name, "+"))))
      }))
      yield* Effect.gen(function* () {
        const worlds = yield* Worlds
        yield* write("home/x", "x")
        for (let i = 0; i < 3; i++) {
          expect(yield* worlds.verify(operator, world("home/x"))).toMatchObject({
            chain: { ok: true },
            body: { ok: true }
          })
        }
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("of a world that goes away meanwhile says that it is gone, not that it is bad", () =>
    Effect.gen(function* () {
      const layer = over((storage) => ({
        read: (name) =>
          Effect.tap(storage.read(name), () =>
            Effect.ignore(storage.execute({ _tag: "Delete", name, conditions: {}, deletion: "d" }))
          )
      }))
      yield* Effect.gen(function* () {
        yield* write("home/x", "x")
        const outcome = yield* Effect.either((yield* Worlds).verify(operator, world("home/x")))
        expect(outcome._tag === "Left" ? outcome.left._tag : outcome.right.body).toBe("WorldNotFound")
      }).pipe(Effect.provide(layer))
    })
  )
})

describe("a storage that fails", () => {
  it.effect("leaves the catalog with what the storage has", () =>
    Effect.gen(function* () {
      let broken = false
      const layer = over((storage) => ({
        execute: (command) =>
          broken
            ? // Committed, but the storage could not say so.
              Effect.zipRight(storage.execute(command), new StorageFailure({ message: "lost", cause: "test" }))
            : storage.execute(command)
      }))
      yield* Effect.gen(function* () {
        const [worlds, catalog, storage] = [yield* Worlds, yield* Catalog, yield* Storage]
        yield* write("home/x", "1")
        broken = true
        expect((yield* Effect.flip(worlds.overwrite(operator, put("home/x", "2"))))._tag).toBe("StorageFailure")
        const head = yield* storage.head(world("home/x"))
        expect(catalog.get("home/x")?.tag).toBe(head._tag === "Some" ? head.value.tag : undefined)
      }).pipe(Effect.provide(layer))
    })
  )
})
