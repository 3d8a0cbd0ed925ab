import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { TransientMap } from "../domain/Transients.ts"
import * as Nursery from "./Nursery.ts"

/** Work that is done once for all who want it at the same time (C12.5, C13). */
export interface SingleFlight<A, E> {
  /**
   * joins the work under this key that is under way, or starts the given one. Whoever leaves stops waiting; when the
   * last one leaves the work is interrupted
   */
  readonly join: (key: string, work: Effect.Effect<A, E>) => Effect.Effect<A, E>
}

interface Flight<A, E> {
  readonly fiber: Fiber.RuntimeFiber<A, E>
  waiting: number
}

/** What is under way when the scope closes is interrupted. */
export const make = <A, E>(): Effect.Effect<SingleFlight<A, E>, never, Scope.Scope> =>
  Effect.map(Nursery.make, (nursery) => {
    const flights = new TransientMap<string, Flight<A, E>>()

    const start = (key: string, work: Effect.Effect<A, E>): Effect.Effect<Flight<A, E>> =>
      Effect.map(nursery.fork(Effect.interruptible(work)), (fiber) => {
        const flight: Flight<A, E> = { fiber, waiting: 0 }
        flights.set(key, flight)
        fiber.addObserver(() => land(key, flight))
        return flight
      })

    /** From here on whoever comes starts anew. */
    const land = (key: string, flight: Flight<A, E>) => {
      if (flights.get(key) === flight) flights.delete(key)
    }

    return {
      join: (key, work) =>
        Effect.uninterruptibleMask((restore) =>
          Effect.suspend(() => {
            const under = flights.get(key)
            return under === undefined ? start(key, work) : Effect.succeed(under)
          }).pipe(
            Effect.flatMap((flight) => {
              flight.waiting++
              return Effect.onExit(restore(Fiber.join(flight.fiber)), (exit) => {
                flight.waiting--
                if (flight.waiting > 0 || Exit.isSuccess(exit)) return Effect.void
                land(key, flight)
                return Fiber.interruptFork(flight.fiber)
              })
            })
          )
        )
    }
  })
