import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import * as SingleFlight from "../../src/services/SingleFlight.ts"

/** Work that counts how often it was begun and left, and ends when it is told to. */
const work = Effect.map(Deferred.make<string, string>(), (gate) => {
  const counted = { begun: 0, left: 0 }
  const once = Effect.suspend(() => {
    counted.begun++
    return Deferred.await(gate)
  }).pipe(
    Effect.onInterrupt(() =>
      Effect.sync(() => {
        counted.left++
      })
    )
  )
  return { counted, gate, once }
})

const settle = Effect.yieldNow().pipe(Effect.repeatN(20))

describe("C12.5, C13 work that many want at once", () => {
  it.scoped("is done once, and its answer is everybody's", () =>
    Effect.gen(function* () {
      const flights = yield* SingleFlight.make<string, string>()
      const { counted, gate, once } = yield* work
      const waiting = yield* Effect.fork(
        Effect.all(
          [1, 2, 3].map(() => flights.join("k", once)),
          { concurrency: 3 }
        )
      )
      yield* settle
      yield* Deferred.succeed(gate, "done")
      expect(yield* Fiber.join(waiting)).toEqual(["done", "done", "done"])
      expect(counted).toEqual({ begun: 1, left: 0 })
      expect(yield* flights.join("k", Effect.succeed("anew"))).toBe("anew")
    })
  )

  it.scoped("fails for everybody", () =>
    Effect.gen(function* () {
      const flights = yield* SingleFlight.make<string, string>()
      const { gate, once } = yield* work
      const waiting = yield* Effect.fork(
        Effect.all(
          [1, 2].map(() => Effect.flip(flights.join("k", once))),
          { concurrency: 2 }
        )
      )
      yield* settle
      yield* Deferred.fail(gate, "broken")
      expect(yield* Fiber.join(waiting)).toEqual(["broken", "broken"])
      expect(yield* flights.join("k", Effect.succeed("anew"))).toBe("anew")
    })
  )

  it.scoped("goes on while anybody waits, and is interrupted when the last one leaves", () =>
    Effect.gen(function* () {
      const flights = yield* SingleFlight.make<string, string>()
      const { counted, once } = yield* work
      const first = yield* Effect.fork(flights.join("k", once))
      const second = yield* Effect.fork(flights.join("k", once))
      yield* settle
      yield* Fiber.interrupt(first)
      yield* settle
      expect(counted).toEqual({ begun: 1, left: 0 })
      yield* Fiber.interrupt(second)
      // Whoever comes in that same moment does not get what has been given up.
      const third = yield* Effect.fork(flights.join("k", Effect.succeed("anew")))
      expect(yield* Fiber.join(third)).toBe("anew")
      yield* settle
      expect(counted).toEqual({ begun: 1, left: 1 })
    })
  )

  it.scoped("keys do not wait for each other", () =>
    Effect.gen(function* () {
      const flights = yield* SingleFlight.make<string, string>()
      const { once } = yield* work
      const stuck = yield* Effect.fork(flights.join("stuck", once))
      expect(yield* flights.join("free", Effect.succeed("done"))).toBe("done")
      yield* Fiber.interrupt(stuck)
    })
  )

  it.effect("ends with the scope", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const flights = yield* Scope.extend(SingleFlight.make<string, string>(), scope)
      const { counted, once } = yield* work
      const waiting = yield* Effect.fork(flights.join("k", once))
      yield* settle
      yield* Scope.close(scope, Exit.void)
      expect(Exit.isInterrupted(yield* Fiber.await(waiting))).toBe(true)
      expect(counted).toEqual({ begun: 1, left: 1 })
    })
  )
})
