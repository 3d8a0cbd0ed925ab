import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { TransientMap } from "../domain/Transients.ts"

/** Mutual exclusion by key: effects of one key run one after another in the order they came, others side by side. */
export interface KeyedMutex<K> {
  readonly lock: (key: K) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** A place in a queue; whoever holds the key hands it to the first. */
interface Turn {
  handedOver: boolean
  proceed: () => void
}

/**
 * Keys cost memory only while somebody holds or awaits them. A free key, the usual case, is taken and given back in a
 * step each: this is on the way of every read and write, where a semaphore would be a fifth of a read's time.
 */
export const make = <K extends string>(): KeyedMutex<K> => {
  const queues = new TransientMap<K, Array<Turn>>()

  const release = (key: K, queue: Array<Turn>) => {
    const next = queue.shift()
    if (next === undefined) queues.delete(key)
    else {
      next.handedOver = true
      next.proceed()
    }
  }

  const awaitTurn = (queue: Array<Turn>, turn: Turn) =>
    Effect.async<void>((resume) => {
      const proceed = () => resume(Effect.void)
      turn.proceed = proceed
      queue.push(turn)
    })

  return {
    lock: (key) => (effect) =>
      Effect.uninterruptibleMask((restore) => {
        const held = (queue: Array<Turn>) =>
          Effect.flatMap(Effect.exit(restore(effect)), (exit) => {
            release(key, queue)
            return exit
          })
        const queue = queues.get(key)
        if (queue === undefined) {
          const own: Array<Turn> = []
          queues.set(key, own)
          return held(own)
        }
        const turn: Turn = { handedOver: false, proceed: () => {} }
        return Effect.flatMap(Effect.exit(restore(awaitTurn(queue, turn))), (exit): typeof effect => {
          if (Exit.isSuccess(exit)) return held(queue)
          // Given up: the key may have been handed over in the same moment.
          if (turn.handedOver) release(key, queue)
          else if (queue.includes(turn)) queue.splice(queue.indexOf(turn), 1)
          return Effect.failCause(exit.cause)
        })
      })
  }
}
