import { ancestors, binds, isLive, type Lock } from "../domain/Lock.ts"
import { isWithin } from "../domain/WorldPath.ts"

/** Locks by the path at which they are rooted; those that are over count for nothing, and stay until they are dropped. */
export interface LockTable {
  readonly isEmpty: () => boolean
  readonly put: (lock: Lock) => void
  readonly drop: (lock: Pick<Lock, "root" | "token">) => void
  /** the live ones that bind what is at a path */
  readonly on: (path: string) => ReadonlyArray<Lock>
  /** the live ones rooted at a path or below it */
  readonly within: (path: string) => ReadonlyArray<Lock>
  /** the live ones */
  readonly live: () => ReadonlyArray<Lock>
  /** those that are over */
  readonly outlived: () => ReadonlyArray<Lock>
  /** all that are rooted at a path, live or not */
  readonly at: (root: string) => ReadonlyArray<Lock>
}

/** `now` tells the time in epoch milliseconds. */
export const make = (now: () => number): LockTable => {
  const byRoot = new Map<string, ReadonlyArray<Lock>>()

  const at = (root: string): ReadonlyArray<Lock> => byRoot.get(root) ?? []
  const drop = ({ root, token }: Pick<Lock, "root" | "token">) => {
    const left = at(root).filter((lock) => lock.token !== token)
    if (left.length === 0) byRoot.delete(root)
    else byRoot.set(root, left)
  }
  const alive = (locks: ReadonlyArray<Lock>): ReadonlyArray<Lock> => {
    const moment = now()
    return locks.filter((lock) => isLive(lock, moment))
  }
  const all = (): ReadonlyArray<Lock> => [...byRoot.values()].flat()

  return {
    isEmpty: () => byRoot.size === 0,
    put: (lock) => {
      drop(lock)
      byRoot.set(lock.root, [...at(lock.root), lock])
    },
    drop,
    on: (path) => {
      if (byRoot.size === 0) return []
      const found = [...at(path)]
      for (const above of ancestors(path)) found.push(...at(above).filter((lock) => binds(lock, path)))
      return alive(found)
    },
    within: (path) => alive([...byRoot].flatMap(([root, locks]) => (isWithin(root, path) ? locks : []))),
    live: () => alive(all()),
    outlived: () => {
      const moment = now()
      return all().filter((lock) => !isLive(lock, moment))
    },
    at
  }
}
