import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type * as Scope from "effect/Scope"
import { TransientSet } from "../domain/Transients.ts"

/**
 * Fibers that come and go with requests, in a scope that stays. Effect.forkIn and FiberSet do the same with a Map or Set
 * of their own, which is what domain/Transients.ts is about.
 */
export interface Nursery {
  /** begins it in a fiber of its own, which is interrupted when the scope closes */
  readonly fork: <A, E>(work: Effect.Effect<A, E>) => Effect.Effect<Fiber.RuntimeFiber<A, E>>
}

export const make: Effect.Effect<Nursery, never, Scope.Scope> = Effect.gen(function* () {
  const fibers = new TransientSet<Fiber.RuntimeFiber<unknown, unknown>>()
  let closed = false
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      closed = true
      return Fiber.interruptAll([...fibers])
    })
  )
  return {
    fork: (work) =>
      Effect.map(Effect.forkDaemon(work), (fiber) => {
        fibers.add(fiber)
        fiber.addObserver(() => fibers.delete(fiber))
        if (closed) fiber.unsafeInterruptAsFork(FiberId.none)
        return fiber
      })
  }
})
