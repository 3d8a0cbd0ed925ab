import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import { BackendFailed } from "./Failure.ts"
import type { Pull } from "./Pull.ts"

interface Wait {
  /** in milliseconds of the clock */
  readonly since: number
  readonly giveUp: () => void
}

/**
 * The same answer, from a backend that has failed when it is silent for so many seconds. Empty pieces break the silence.
 * Time that the reader takes does not count: only while somebody pulls does anybody wait.
 *
 * One fiber watches over the whole answer. A timeout around each pull would cost more than all else that is done with it.
 */
export const limited = Effect.fnUntraced(function* (answer: Pull<string>, seconds: number) {
  const limit = seconds * 1000
  const clock = yield* Effect.clock
  const runFork = Runtime.runFork(yield* Effect.runtime())
  let wait: Wait | undefined
  let begun = () => {}

  const beginning = Effect.async<void>((resume) => {
    // Somebody may have begun to wait since this fiber has looked.
    if (wait !== undefined) return resume(Effect.void)
    begun = () => resume(Effect.void)
  })
  const watch: Effect.Effect<void> = Effect.suspend(() => {
    if (wait === undefined) return Effect.zipRight(beginning, watch)
    const left = wait.since + limit - clock.unsafeCurrentTimeMillis()
    if (left > 0) return Effect.zipRight(clock.sleep(Duration.millis(left)), watch)
    wait.giveUp()
    return Effect.void
  })
  yield* Effect.forkScoped(watch)

  const silent = Effect.suspend(() =>
    Effect.fail(Option.some(new BackendFailed({ why: `was silent for ${seconds} seconds`, cause: "time is up" })))
  )
  return Effect.async<ReadonlyArray<string>, Option.Option<BackendFailed>>((resume) => {
    const fiber = runFork(Effect.exit(answer))
    const stop = Fiber.interrupt(fiber)
    wait = {
      since: clock.unsafeCurrentTimeMillis(),
      giveUp: () => resume(Effect.zipRight(stop, silent))
    }
    begun()
    fiber.addObserver((exit) => {
      wait = undefined
      resume(Effect.flatten(exit))
    })
    return stop
  })
})
