import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { BackendFailed } from "./Failure.ts"

/**
 * What comes, a bit at a time: run it for what has come since, in its order, which may be nothing; it fails with none at
 * the end, and with the reason when there is no more. Whoever does not pull gets nothing sent. A stream does the same
 * and more, and spends on each step of each stage what a whole answer costs here.
 */
export type Pull<A, E = BackendFailed> = Effect.Effect<ReadonlyArray<A>, Option.Option<E>>

/** The end of what is pulled. */
export const end = Effect.fail(Option.none())

/** A stream as a pull; the scope holds what the stream holds. */
export const fromStream = <A, E>(stream: Stream.Stream<A, E>): Effect.Effect<Pull<A, E>, never, Scope.Scope> =>
  Effect.map(Stream.toPull(stream), (pull) => Effect.map(pull, Chunk.toReadonlyArray))

/** A pull as a stream, which can be run once. */
export const toStream = <A, E>(pull: Pull<A, E>): Stream.Stream<A, E> =>
  Stream.repeatEffectChunkOption(Effect.map(pull, Chunk.unsafeFromArray))

/** The same, failing in other words. */
export const mapError = <A, E, E2>(pull: Pull<A, E>, change: (error: E) => E2): Pull<A, E2> =>
  Effect.mapError(pull, Option.map(change))
