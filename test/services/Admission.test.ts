import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { make } from "../../src/services/Admission.ts"
import { outcome } from "../helpers/Machine.ts"

/** Comes in and stays, until it is interrupted. */
const staying = <A, E>(enter: (work: Effect.Effect<never>) => Effect.Effect<A, E>) =>
  Effect.tap(Effect.fork(enter(Effect.never)), () => Effect.yieldNow())

const nothing = Effect.void

describe("Admission", () => {
  it.effect("lets in as many as there are places, and others when some have left", () =>
    Effect.gen(function* () {
      const admission = make({ all: 2, slow: 1 })
      const first = yield* staying(admission.one("home/a"))
      yield* staying(admission.one("home/b"))
      expect(yield* outcome(admission.one("home/c")(nothing))).toBe("Overloaded")
      yield* Fiber.interrupt(first)
      expect(yield* outcome(admission.one("home/c")(nothing))).toBe("allowed")
    })
  )

  it.effect("those who wait for somebody who has a tree leave places to those who do not", () =>
    Effect.gen(function* () {
      const admission = make({ all: 4, slow: 2 })
      yield* staying(admission.trees(["home/t"]))
      yield* staying(admission.one("home/t/x"))
      expect(yield* outcome(admission.one("home/t/y")(nothing))).toBe("Overloaded")
      expect(yield* outcome(admission.trees(["home/u"])(nothing))).toBe("Overloaded")
      expect(yield* outcome(admission.one("home/tx")(nothing))).toBe("allowed")
    })
  )

  it.effect("when the tree is free again, writes in it are like others", () =>
    Effect.gen(function* () {
      const admission = make({ all: 4, slow: 1 })
      const tree = yield* staying(admission.trees(["home/t"]))
      yield* Fiber.interrupt(tree)
      yield* staying(admission.one("home/t/x"))
      expect(yield* outcome(admission.one("home/t/y")(nothing))).toBe("allowed")
    })
  )
})
