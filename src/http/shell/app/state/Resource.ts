import { useLayoutEffect, useState } from "preact/hooks"
import { demandJson, Problem, session } from "./Session.ts"
import { useStore } from "./Store.ts"

export interface Resource<A> {
  readonly value: A | undefined
  readonly problem: Problem | undefined
}

/** What JSON there is at a path, read again when `stamp` changes; the value stays until there is a new one. */
export const useResource = <A>(path: string | undefined, stamp: unknown = 0): Resource<A> => {
  const { authorization } = useStore(session)
  const [resource, setResource] = useState<Resource<A>>({ value: undefined, problem: undefined })
  // Asked for before the first paint, not after it.
  useLayoutEffect(() => {
    if (path === undefined) return setResource({ value: undefined, problem: undefined })
    const abort = new AbortController()
    demandJson<A>(path, { signal: abort.signal })
      .then((value) => {
        if (!abort.signal.aborted) setResource({ value, problem: undefined })
      })
      .catch((error) => {
        if (error instanceof Problem && !abort.signal.aborted) setResource({ value: undefined, problem: error })
      })
    return () => abort.abort()
  }, [path, stamp, authorization])
  return resource
}
