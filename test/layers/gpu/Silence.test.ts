import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Option, TestClock } from "effect"
import type { BackendFailed } from "../../../src/layers/gpu/Failure.ts"
import type { Pull } from "../../../src/layers/gpu/Pull.ts"
import * as Silence from "../../../src/layers/gpu/Silence.ts"

/** A backend that says something when it is told to, and what waits for it. */
const backend = () => {
  const silence = Silence.make()
  let resumed: (result: Pull<string>) => void = () => {}
  const pull: Pull<string> = Effect.async((resume) => {
    resumed = resume
    silence.giveUp = (failed) => resume(Effect.fail(Option.some(failed)))
  })
  return { silence, pull, say: (...pieces: ReadonlyArray<string>) => resumed(Effect.succeed(pieces)) }
}

const settled = Effect.repeatN(Effect.yieldNow(), 10)
const silent = { _tag: "Left", left: Option.some(expect.objectContaining({ why: "was silent for 10 seconds" })) }

describe("C11.1 patience", () => {
  it.scoped("each call has its own, however many wait, and in whatever order they began", () =>
    Effect.gen(function* () {
      const patience = yield* Silence.patience(10)
      const backends = Array.from({ length: 5 }, backend)
      const calls: Array<Fiber.RuntimeFiber<unknown>> = []
      for (const { pull, silence } of backends) {
        calls.push(yield* Effect.fork(Effect.either(patience.with(silence, pull))))
        yield* settled
        yield* TestClock.adjust("2 seconds")
      }
      // The first has waited for 10 seconds, the second for 8.
      expect(yield* Fiber.join(calls[0] as Fiber.Fiber<unknown>)).toMatchObject(silent)
      backends[1]?.say("a")
      expect(yield* Fiber.join(calls[1] as Fiber.Fiber<unknown>)).toMatchObject({ _tag: "Right", right: ["a"] })
      for (const call of calls.slice(2)) {
        yield* settled
        expect(yield* Fiber.poll(call)).toEqual(Option.none())
        yield* TestClock.adjust(call === calls[2] ? "4 seconds" : "2 seconds")
        expect(yield* Fiber.join(call)).toMatchObject(silent)
      }
    })
  )

  it.scoped("begins anew with each pull, and with a call after a time in which nobody waited", () =>
    Effect.gen(function* () {
      const patience = yield* Silence.patience(10)
      const { pull, say, silence } = backend()
      const limited = Effect.either(patience.with(silence, pull))
      for (let n = 0; n < 3; n++) {
        const call = yield* Effect.fork(limited)
        yield* settled
        yield* TestClock.adjust("9 seconds")
        say("a")
        expect(yield* Fiber.join(call)).toMatchObject({ _tag: "Right" })
        yield* TestClock.adjust(n === 1 ? "1 hour" : "5 seconds")
      }
      const call = yield* Effect.fork(limited)
      yield* settled
      yield* TestClock.adjust("10 seconds")
      expect(yield* Fiber.join(call)).toMatchObject(silent)
    })
  )

  it.scoped(
    "silence is a failure, even where those who read take the end of the waiting for the end of the answer",
    () =>
      Effect.gen(function* () {
        const patience = yield* Silence.patience(10)
        const { pull, silence } = backend()
        const over = Effect.catchAll(pull, () => Effect.fail(Option.none<BackendFailed>()))
        const call = yield* Effect.fork(Effect.either(patience.with(silence, over)))
        yield* settled
        yield* TestClock.adjust("10 seconds")
        expect(yield* Fiber.join(call)).toMatchObject(silent)
      })
  )

  it.scoped("whoever leaves is forgotten", () =>
    Effect.gen(function* () {
      const patience = yield* Silence.patience(10)
      const { pull, silence } = backend()
      const call = yield* Effect.fork(patience.with(silence, pull))
      yield* settled
      let told = 0
      silence.giveUp = () => {
        told++
      }
      yield* Fiber.interrupt(call)
      yield* TestClock.adjust("1 minute")
      expect(told).toBe(0)
    })
  )
})
