import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { TransientSet } from "../../domain/Transients.ts"
import { BackendFailed } from "./Failure.ts"
import type { Pull } from "./Pull.ts"

/** The silence of one backend that is asked. What waits for its bytes says here how the waiting is given up. */
export interface Silence {
  giveUp: (failed: BackendFailed) => void
}

/** Of a backend that nobody waits for yet. */
export const make = (): Silence => ({ giveUp: constVoid })

/** How long backends are waited for. */
export interface Patience {
  /**
   * The same answer, from a backend that has failed when it is silent for too long. Empty pieces break the silence. Time
   * that the reader takes does not count: only while somebody pulls does anybody wait.
   */
  readonly with: (silence: Silence, answer: Pull<string>) => Pull<string>
}

interface Wait {
  /** in milliseconds of the clock */
  readonly since: number
  readonly silence: Silence
}

/**
 * Patience of so many seconds. One fiber watches over all calls, and wakes when the first of those that wait could have
 * waited for too long: a timeout around each pull would cost more than all else that is done with it.
 */
export const patience = (seconds: number): Effect.Effect<Patience, never, Scope.Scope> =>
  Effect.gen(function* () {
    const limit = seconds * 1000
    const clock = yield* Effect.clock
    const failed = new BackendFailed({ why: `was silent for ${seconds} seconds`, cause: "time is up" })
    const tooLong = Effect.fail(Option.some(failed))
    const waits = new TransientSet<Wait>()
    let begun = constVoid

    const beginning = Effect.async<void>((resume) => {
      // Somebody may have begun to wait since this fiber has looked.
      if (waits.size > 0) return resume(Effect.void)
      begun = () => resume(Effect.void)
    })
    const watch: Effect.Effect<never> = Effect.suspend(() => {
      if (waits.size === 0) return Effect.zipRight(beginning, watch)
      const now = clock.unsafeCurrentTimeMillis()
      let next = limit
      for (const wait of waits) {
        const left = wait.since + limit - now
        if (left > 0) next = Math.min(next, left)
        else if (waits.delete(wait)) wait.silence.giveUp(failed)
      }
      return Effect.zipRight(clock.sleep(Duration.millis(next)), watch)
    })
    yield* Effect.forkScoped(watch)

    return {
      with: (silence, answer) =>
        Effect.uninterruptibleMask((restore) => {
          const wait = { since: clock.unsafeCurrentTimeMillis(), silence }
          waits.add(wait)
          begun()
          return Effect.matchCauseEffect(restore(answer), {
            onFailure: (cause) => {
              const inTime = waits.delete(wait)
              // Whatever the end of the waiting looked like to those who read.
              return inTime || Cause.isInterrupted(cause) ? Effect.failCause(cause) : tooLong
            },
            onSuccess: (pieces) => {
              waits.delete(wait)
              return Effect.succeed(pieces)
            }
          })
        })
    }
  })
