import * as Effect from "effect/Effect"
import type { StorageFailure } from "../domain/Errors.ts"

/** What could not be done, by the path in question. */
export interface Failed {
  readonly path: string
  readonly error: StorageFailure
}

/** The many commands that work on a tree consists of. */
export interface TreeSteps {
  /** does all it can; what fails is told, by its path. `wide` steps hold much in memory */
  readonly attempt: <A extends { readonly path: string }>(
    steps: ReadonlyArray<A>,
    run: (step: A) => Effect.Effect<unknown, StorageFailure>,
    wide?: boolean
  ) => Effect.Effect<ReadonlyArray<Failed>>
}

/**
 * Steps on their way at a time, whoever's they are: they wait for the disk together, and yet whoever writes one world
 * beside them finds no more before them in the storage's queue. Of wide ones there are fewer.
 */
const atOnce = { narrow: 8, wide: 2 }

export const make = (): TreeSteps => {
  const narrow = Effect.unsafeMakeSemaphore(atOnce.narrow)
  const wide = Effect.unsafeMakeSemaphore(atOnce.wide)
  return {
    attempt: (steps, run, isWide = false) =>
      Effect.forEach(
        steps,
        (step) =>
          Effect.match((isWide ? wide : narrow).withPermits(1)(run(step)), {
            onFailure: (error): ReadonlyArray<Failed> => [{ path: step.path, error }],
            onSuccess: () => []
          }),
        { concurrency: isWide ? atOnce.wide : atOnce.narrow }
      ).pipe(
        Effect.map((failures) => failures.flat()),
        Effect.tap(([first, ...others]) =>
          first === undefined
            ? Effect.void
            : Effect.logError(
                `/${first.path} and ${others.length} others failed: ${first.error.message}`,
                first.error.cause
              )
        )
      )
  }
}
