import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { Overloaded, type StorageFailure, TimedOut } from "../../domain/Errors.ts"
import { timeLimit } from "../../domain/QueryLimits.ts"
import * as Process from "./Process.ts"
import type { Question, Reply } from "./Protocol.ts"

/** Statements that run at a time. */
const running = 3

/** Statements that may wait for their turn. */
const waiting = 16

/** Processes that stay when nobody asks, so that the next one need not wait for a start. */
const warm = 1

/** A few query processes: started when needed, ended when not, each with one statement at a time. */
export interface Processes {
  /** stopped after `timeLimit`, and when interrupted: the process ends, and with it the statement */
  readonly run: (question: Question) => Effect.Effect<Reply, TimedOut | Overloaded | StorageFailure>
}

/** Every process ends with the surrounding scope. */
export const make = (entry: URL): Effect.Effect<Processes, never, Scope.Scope> =>
  Effect.gen(function* () {
    const turns = yield* Effect.makeSemaphore(running)
    const all = new Set<Process.Process>()
    const idle = new Set<Process.Process>()
    let asked = 0

    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        const left = [...all]
        for (const process of left) process.kill()
        return Effect.forEach(left, ({ ended }) => ended, { discard: true })
      })
    )

    const take = Effect.sync(() => {
      for (const process of idle) {
        idle.delete(process)
        return process
      }
      const started = Process.start(entry, (process) => {
        all.delete(process)
        idle.delete(process)
      })
      all.add(started)
      return started
    })

    /** Kept when it answered and has stayed small. */
    const giveBack = (process: Process.Process, exit: Exit.Exit<Reply, unknown>) =>
      Effect.sync(() => {
        const fit = Exit.isSuccess(exit) && !exit.value.heavy && process.isAlive()
        if (fit && idle.size < warm) idle.add(process)
        else process.kill()
      })

    const admitted = <A, E>(work: Effect.Effect<A, E>): Effect.Effect<A, E | Overloaded> =>
      Effect.acquireUseRelease(
        Effect.suspend((): Effect.Effect<void, Overloaded> => {
          if (asked >= running + waiting) {
            return new Overloaded({ message: "too many queries are waiting; try again in a moment", retryAfter: 2 })
          }
          asked++
          return Effect.void
        }),
        () => work,
        () =>
          Effect.sync(() => {
            asked--
          })
      )

    return {
      run: (question) =>
        Effect.acquireUseRelease(take, (process) => process.ask(question), giveBack).pipe(
          Effect.timeoutFail({
            duration: timeLimit,
            onTimeout: () => new TimedOut({ message: `the statement ran for ${timeLimit} and was stopped` })
          }),
          turns.withPermits(1),
          admitted
        )
    }
  })
