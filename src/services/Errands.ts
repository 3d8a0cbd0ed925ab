import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import { TransientSet } from "../domain/Transients.ts"

/** Work that whoever causes it need not wait for. */
export interface Errands {
  /** begins it at once, and waits for it only when there are too many under way */
  readonly send: (work: Effect.Effect<void>) => Effect.Effect<void>
}

/** At most `most` go unwaited for at a time. The scope closes when all are done. */
export const make = (most: number): Effect.Effect<Errands, never, Scope.Scope> =>
  Effect.gen(function* () {
    const underWay = new TransientSet<Fiber.RuntimeFiber<void>>()
    yield* Effect.addFinalizer(() => Effect.suspend(() => Fiber.awaitAll([...underWay])))
    return {
      send: (work) =>
        Effect.flatMap(Effect.runtime(), (runtime) => {
          // As far as it gets at once, which is to where others can see that it is under way.
          const fiber = Runtime.runFork(runtime)(work)
          underWay.add(fiber)
          fiber.addObserver(() => underWay.delete(fiber))
          return underWay.size > most ? Effect.asVoid(Fiber.await(fiber)) : Effect.void
        })
    }
  })
