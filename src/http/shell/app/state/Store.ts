import { useEffect, useState } from "preact/hooks"

/** A value that can be watched. */
export interface Store<A> {
  readonly get: () => A
  readonly set: (value: A) => void
  readonly listen: (listener: () => void) => () => void
}

export const makeStore = <A>(initial: A): Store<A> => {
  let value = initial
  const listeners = new Set<() => void>()
  return {
    get: () => value,
    set: (next) => {
      if (Object.is(next, value)) return
      value = next
      for (const listener of [...listeners]) listener()
    },
    listen: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    }
  }
}

/** The value of a store, now and whenever it changes. */
export const useStore = <A>(store: Store<A>): A => {
  const [value, setValue] = useState(() => store.get())
  useEffect(() => {
    const update = () => setValue(() => store.get())
    update()
    return store.listen(update)
  }, [store])
  return value
}
