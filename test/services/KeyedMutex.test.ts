import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import * as KeyedMutex from "../../src/services/KeyedMutex.ts"

const breathe = Effect.forEach(Array.from({ length: 3 }), () => Effect.yieldNow(), { discard: true })

describe("KeyedMutex", () => {
  it.effect("one key: one at a time, in the order they came", () =>
    Effect.gen(function* () {
      const mutex = KeyedMutex.make<string>()
      const log: Array<string> = []
      const task = (n: number) =>
        mutex.lock("k")(
          Effect.gen(function* () {
            log.push(`in ${n}`)
            yield* breathe
            log.push(`out ${n}`)
          })
        )
      yield* Effect.all([1, 2, 3, 4, 5].map(task), { concurrency: "unbounded" })
      expect(log).toEqual([1, 2, 3, 4, 5].flatMap((n) => [`in ${n}`, `out ${n}`]))
    })
  )

  it.effect("different keys run side by side", () =>
    Effect.gen(function* () {
      const mutex = KeyedMutex.make<string>()
      const gate = yield* Deferred.make<void>()
      const held = yield* Effect.fork(mutex.lock("a")(Deferred.await(gate)))
      yield* breathe
      expect(yield* mutex.lock("b")(Effect.succeed("free"))).toBe("free")
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(held)
    })
  )

  it.effect.each([
    ["a failure", Effect.fail("no")],
    ["a defect", Effect.die("no")],
    ["an interruption", Effect.interrupt]
  ] as const)("the key is free again after %s", ([, effect]) =>
    Effect.gen(function* () {
      const mutex = KeyedMutex.make<string>()
      expect(Exit.isFailure(yield* Effect.exit(mutex.lock("k")(effect)))).toBe(true)
      expect(yield* mutex.lock("k")(Effect.succeed("free"))).toBe("free")
    })
  )

  it.effect("who gives up waiting lets the next one through", () =>
    Effect.gen(function* () {
      const mutex = KeyedMutex.make<string>()
      const gate = yield* Deferred.make<void>()
      const holder = yield* Effect.fork(mutex.lock("k")(Deferred.await(gate)))
      yield* breathe
      const impatient = yield* Effect.fork(mutex.lock("k")(Effect.die("must not run")))
      const patient = yield* Effect.fork(mutex.lock("k")(Effect.succeed("ran")))
      yield* breathe
      yield* Fiber.interrupt(impatient)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(holder)
      expect(yield* Fiber.join(patient)).toBe("ran")
    })
  )

  it.effect.each(["before", "after"] as const)("who gives up just %s the key is handed over passes it on", (when) =>
    Effect.gen(function* () {
      const mutex = KeyedMutex.make<string>()
      const gate = yield* Deferred.make<void>()
      const ready = yield* Deferred.make<Fiber.RuntimeFiber<string>>()
      const giveUp = Effect.map(Deferred.await(ready), (fiber) => fiber.unsafeInterruptAsFork(fiber.id()))
      const held = mutex.lock("k")(
        when === "before" ? Effect.zipRight(Deferred.await(gate), giveUp) : Deferred.await(gate)
      )
      const holder = yield* Effect.fork(when === "before" ? held : Effect.zipRight(held, giveUp))
      yield* breathe
      const impatient = yield* Effect.fork(mutex.lock("k")(Effect.succeed("ran")))
      const patient = yield* Effect.fork(mutex.lock("k")(Effect.succeed("ran")))
      yield* breathe
      yield* Deferred.succeed(ready, impatient)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(holder)
      expect(Exit.isInterrupted(yield* Fiber.await(impatient))).toBe(true)
      expect(yield* Fiber.join(patient)).toBe("ran")
      expect(yield* mutex.lock("k")(Effect.succeed("free"))).toBe("free")
    })
  )

  it.effect("a key that was freed and taken again still excludes", () =>
    Effect.gen(function* () {
      const mutex = KeyedMutex.make<string>()
      let inside = 0
      let most = 0
      const task = mutex.lock("k")(
        Effect.gen(function* () {
          most = Math.max(most, ++inside)
          yield* breathe
          inside--
        })
      )
      for (let round = 0; round < 3; round++)
        yield* Effect.all(
          Array.from({ length: 10 }, () => task),
          { concurrency: 4 }
        )
      expect(most).toBe(1)
    })
  )
})
