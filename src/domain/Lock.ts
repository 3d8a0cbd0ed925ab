import type { CanonicalPath } from "./WorldPath.ts"
import { isWithin } from "./WorldPath.ts"

/** How far a lock reaches: the resource alone, or all that is below it too (RFC 4918 section 9.10.3). */
export type LockDepth = "0" | "infinity"

/** A write lock (RFC 4918 section 6). */
export interface Lock {
  /** names the lock in requests: `urn:uuid:...` */
  readonly token: string
  readonly root: CanonicalPath
  readonly depth: LockDepth
  readonly scope: "exclusive" | "shared"
  /** what the client says of itself: the content of its DAV:owner element, as well-formed XML, or "" */
  readonly owner: string
  /** whose it is: the id of the caller who took it */
  readonly holder: string
  /** seconds that were granted when it was taken or last refreshed */
  readonly timeout: number
  /** epoch milliseconds at which it is over */
  readonly expires: number
}

/** What somebody who wants a lock asks for. */
export type LockRequest = Pick<Lock, "root" | "depth" | "scope" | "owner" | "timeout">

/** The longest time that a lock is granted for, in seconds: a day. Whoever needs it longer refreshes it. */
export const longestLock = 86_400

/** The most text that a lock's owner can have, in characters. */
export const longestOwner = 2048

/** The seconds that are granted to who asks for `wanted`; Infinity is a wish like others (RFC 4918 section 10.7). */
export const grantedTimeout = (wanted: number): number =>
  Number.isNaN(wanted) ? longestLock : Math.max(1, Math.min(longestLock, Math.floor(wanted)))

/** Whether a lock is still one; `now` in epoch milliseconds. */
export const isLive = (lock: Pick<Lock, "expires">, now: number): boolean => lock.expires > now

/** Whether a lock binds what is at `path`: it is its root, or below the root of a deep one (RFC 4918 section 7.4). */
export const binds = (lock: Pick<Lock, "root" | "depth">, path: string): boolean =>
  lock.depth === "infinity" ? isWithin(path, lock.root) : path === lock.root

/** Whether two locks cannot be held at a time: they share a resource, and not both of them would share it. */
export const conflicts = (
  a: Pick<Lock, "root" | "depth" | "scope">,
  b: Pick<Lock, "root" | "depth" | "scope">
): boolean => (a.scope === "exclusive" || b.scope === "exclusive") && (binds(a, b.root) || binds(b, a.root))

/**
 * Whether whoever submits `tokens` may write a resource that `binding` locks bind: nothing binds it, or one of them is
 * theirs and named. One is enough: several that bind the same resource are shared ones (RFC 4918 sections 6.2, 7.5).
 */
export const satisfies = (binding: ReadonlyArray<Lock>, tokens: ReadonlyArray<string>, holder: string): boolean =>
  binding.length === 0 || binding.some((lock) => lock.holder === holder && tokens.includes(lock.token))

/** The paths above a path, nearest first; those that a lock on them, or a member of theirs, can be about. */
export function* ancestors(path: string): Generator<string> {
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) yield path.slice(0, at)
}
