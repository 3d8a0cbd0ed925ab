import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TransientSet } from "../domain/Transients.ts"
import { isWithin } from "../domain/WorldPath.ts"

/**
 * Who may write where at a time. Writes of single worlds pass side by side (that each world has one writer is the mutex's
 * business, in Worlds). Whoever works on whole trees, or must find nobody under way, has them alone: such a one waits for
 * the writes below that have begun, and those that come later wait for it. Nobody overtakes, so nobody starves.
 */
export interface WriteGateShape {
  /** a write of one path */
  readonly one: (path: string) => <A, E, R>(write: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /**
   * the paths and everything below them, for one alone; never within another turn. Trees that are `kept` are nobody else's
   * alone meanwhile, though single worlds in them are written
   */
  readonly trees: (
    roots: ReadonlyArray<string>,
    kept?: ReadonlyArray<string>
  ) => <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

export class WriteGate extends Context.Tag("elastik/WriteGate")<WriteGate, WriteGateShape>() {
  static readonly layer: Layer.Layer<WriteGate> = Layer.sync(WriteGate, () => make())
}

interface Turn {
  readonly roots: ReadonlyArray<string>
  /** whether it excludes others */
  readonly alone: boolean
  /** trees in which it lets single worlds be written, and nobody be alone */
  readonly kept: ReadonlyArray<string>
  /** whether it may proceed, or has */
  ready: boolean
  proceed: () => void
}

const overlaps = (a: Turn, b: Turn): boolean =>
  ((a.alone || b.alone) &&
    a.roots.some((x) => b.roots.some((y) => (b.alone && isWithin(x, y)) || (a.alone && isWithin(y, x))))) ||
  keepsOff(a, b) ||
  keepsOff(b, a)

const keepsOff = (a: Turn, b: Turn): boolean =>
  b.alone && a.kept.some((x) => b.roots.some((y) => isWithin(x, y) || isWithin(y, x)))

export const make = (): WriteGateShape => {
  /** in the order in which they came */
  const turns = new TransientSet<Turn>()
  let alone = 0

  const mustWait = (turn: Turn): boolean => {
    if (alone === 0) return false
    for (const earlier of turns) {
      if (earlier === turn) return false
      if (overlaps(earlier, turn)) return true
    }
    return false
  }

  const leave = (turn: Turn): void => {
    turns.delete(turn)
    // Only who works alone keeps others waiting, or has waited.
    if (alone === 0) return
    if (turn.alone) alone--
    for (const waiting of [...turns]) {
      if (waiting.ready || mustWait(waiting)) continue
      waiting.ready = true
      waiting.proceed()
    }
  }

  const take =
    (roots: ReadonlyArray<string>, exclusive: boolean, kept: ReadonlyArray<string> = []) =>
    <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.uninterruptibleMask((restore) => {
        const turn: Turn = { roots, alone: exclusive, kept, ready: true, proceed: () => {} }
        turns.add(turn)
        if (exclusive) alone++
        const left = Effect.sync(() => leave(turn))
        turn.ready = !mustWait(turn)
        if (turn.ready) return Effect.ensuring(restore(work), left)
        const waited = Effect.async<void>((resume) => {
          const proceed = () => resume(Effect.void)
          if (turn.ready) proceed()
          else turn.proceed = proceed
        })
        return Effect.ensuring(restore(Effect.zipRight(waited, work)), left)
      })

  return { one: (path) => take([path], false), trees: (roots, kept) => take(roots, true, kept) }
}
