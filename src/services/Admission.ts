import * as Effect from "effect/Effect"
import { Overloaded } from "../domain/Errors.ts"
import { isWithin } from "../domain/WorldPath.ts"

/**
 * How many may be about to write. Each holds what they want to write, so there is an end to it: whoever comes on top is
 * better told to come back.
 */
export interface Admission {
  /** a write of one path */
  readonly one: (path: string) => <A, E, R>(write: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Overloaded, R>
  /** work on trees that are somebody's alone meanwhile: those who write there wait for it */
  readonly trees: (
    roots: ReadonlyArray<string>
  ) => <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Overloaded, R>
}

/** All places, and how many of them those may take who work on trees, or wait for who does: however long it lasts. */
export interface Places {
  readonly all: number
  readonly slow: number
}

export const make = (places: Places): Admission => {
  const trees = new Set<ReadonlyArray<string>>()
  let taken = 0
  let slow = 0

  const waitsForTree = (path: string): boolean => {
    for (const roots of trees) if (roots.some((root) => isWithin(path, root))) return true
    return false
  }

  const place = <A, E, R>(
    work: Effect.Effect<A, E, R>,
    isSlow: () => boolean,
    enter = () => {},
    leave = () => {}
  ): Effect.Effect<A, E | Overloaded, R> =>
    Effect.acquireUseRelease(
      Effect.suspend((): Effect.Effect<boolean, Overloaded> => {
        const counted = isSlow()
        if (taken >= places.all || (counted && slow >= places.slow)) {
          return new Overloaded({ message: "too many writes are waiting; try again in a moment", retryAfter: 1 })
        }
        taken++
        if (counted) slow++
        enter()
        return Effect.succeed(counted)
      }),
      () => work,
      (counted) =>
        Effect.sync(() => {
          taken--
          if (counted) slow--
          leave()
        })
    )

  return {
    one: (path) => (write) => place(write, () => waitsForTree(path)),
    trees: (roots) => (work) => {
      // A list of its own, whoever else works on the same.
      const own = [...roots]
      return place(
        work,
        () => true,
        () => trees.add(own),
        () => trees.delete(own)
      )
    }
  }
}
