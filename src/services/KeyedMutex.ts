import { Effect } from "effect"

/** Mutual exclusion by key: effects of one key run one after another in the order they came, others side by side. */
export interface KeyedMutex<K> {
  readonly lock: (key: K) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** Keys cost memory only while somebody holds or awaits them. */
export const make = <K>(): KeyedMutex<K> => {
  const slots = new Map<K, { readonly semaphore: Effect.Semaphore; users: number }>()
  return {
    lock: (key) => (effect) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          const slot = slots.get(key) ?? { semaphore: Effect.unsafeMakeSemaphore(1), users: 0 }
          slots.set(key, slot)
          slot.users++
          return slot
        }),
        ({ semaphore }) => semaphore.withPermits(1)(effect),
        (slot) =>
          Effect.sync(() => {
            if (--slot.users === 0) slots.delete(key)
          })
      )
  }
}
