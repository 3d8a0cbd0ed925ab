import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { type Caller, system } from "../domain/Caller.ts"
import type { Conditions } from "../domain/Conditions.ts"
import {
  BadRequest,
  Conflict,
  Forbidden,
  Locked,
  type Overloaded,
  PreconditionFailed,
  type StorageFailure
} from "../domain/Errors.ts"
import { grantedTimeout, type Lock, type LockRequest, longestOwner, satisfies } from "../domain/Lock.ts"
import { type CanonicalPath, isWorldNamespace } from "../domain/WorldPath.ts"
import { Access } from "./Access.ts"
import { Catalog } from "./Catalog.ts"
import { Collections } from "./Collections.ts"
import * as LockedPaths from "./LockedPaths.ts"
import * as LockGrants from "./LockGrants.ts"
import { decode, removal, storing } from "./LockRecords.ts"
import * as LockTable from "./LockTable.ts"
import * as Preconditions from "./Preconditions.ts"
import { ResourceStore } from "./ResourceStore.ts"
import { WriteGate } from "./WriteGate.ts"

/**
 * Write locks (RFC 4918 sections 6 and 7, C15), in memory and on the disk before they are answered. They bind whoever
 * writes, by whichever surface; `Worlds` and `Properties` ask here. The machine's own writes are not bound.
 */
export interface LocksShape {
  /** the live locks that bind what is at a path: its own, and deep ones above */
  readonly on: (path: string) => ReadonlyArray<Lock>
  /** the live locks rooted at a path or below it */
  readonly within: (path: string) => ReadonlyArray<Lock>
  /** whether there are none at all, so that nobody need ask further */
  readonly none: () => boolean
  /** judges the conditions of a request, tokens and tags alike; for whoever has a turn, it stays so */
  readonly judge: Preconditions.Judge
  /** fails unless the caller submits a token of theirs for each of the resources that is locked */
  readonly permit: (
    caller: Caller,
    tokens: ReadonlyArray<string> | undefined,
    resources: Iterable<string>
  ) => Effect.Effect<void, Locked>
  /** the resources that writing a path changes, for `permit` (RFC 4918 section 7.4) */
  readonly written: (path: string) => Iterable<string>
  /**
   * The same for who has a tree alone and removes it: every lock in it counts, and those of collections that lose a member.
   * Until the scope ends nobody else counts on it: of several who remove the last members of a collection, one at least
   * needs the tokens that its going needs. `arriving` is what comes to be in its stead, by a move.
   */
  readonly permitRemoval: (
    caller: Caller,
    tokens: ReadonlyArray<string> | undefined,
    path: string,
    arriving?: string
  ) => Effect.Effect<void, Locked, Scope.Scope>
  /**
   * A new lock, from the moment in which no write under way could still pass it by. Wants the right to write the root.
   * Locked: another lock is in the way (its `roots` name it). BadRequest: the owner's text is too long. Overloaded:
   * there are too many locks, of this holder or in all.
   */
  readonly take: (
    caller: Caller,
    request: LockRequest
  ) => Effect.Effect<Lock, BadRequest | Locked | Forbidden | Overloaded | StorageFailure>
  /**
   * The same, when no other lock is in the way, in one turn with what is judged before it and done after it; when that
   * fails, the lock is not there.
   */
  readonly takeWith: <A, E>(
    caller: Caller,
    request: LockRequest,
    around: (taking: Effect.Effect<Lock, Overloaded | StorageFailure>) => Effect.Effect<A, E>
  ) => Effect.Effect<A, E | BadRequest | Locked | Forbidden | StorageFailure>
  /**
   * Lets a lock last for `timeout` seconds from now. PreconditionFailed when it is no live one that binds the path, or
   * when the conditions do not hold.
   */
  readonly refresh: (
    caller: Caller,
    path: CanonicalPath,
    token: string,
    timeout: number,
    conditions?: Conditions
  ) => Effect.Effect<Lock, PreconditionFailed | Forbidden | StorageFailure>
  /** ends a lock: its holder may, and who is T3. Conflict when it is no live one that binds the path (section 9.11.1) */
  readonly release: (
    caller: Caller,
    path: CanonicalPath,
    token: string,
    conditions?: Conditions
  ) => Effect.Effect<void, Conflict | PreconditionFailed | Forbidden | StorageFailure>
  /** ends the locks rooted at these paths, as what was locked is gone */
  readonly forget: (paths: ReadonlyArray<string>) => Effect.Effect<void, StorageFailure>
}

export class Locks extends Context.Tag("elastik/Locks")<Locks, LocksShape>() {
  static readonly layer: Layer.Layer<
    Locks,
    StorageFailure,
    Access | Catalog | Collections | ResourceStore | WriteGate
  > = Layer.effect(
    Locks,
    Effect.suspend(() => make)
  )
}

const make = Effect.gen(function* () {
  const access = yield* Access
  const catalog = yield* Catalog
  const store = yield* ResourceStore
  const gate = yield* WriteGate
  const clock = yield* Effect.clock
  // What a lock is rooted at may be a collection, and those come with this.
  yield* Collections
  const now = () => clock.unsafeCurrentTimeMillis()
  const table = LockTable.make(now)
  const { on, within } = table
  const { grant, unobstructed } = LockGrants.make(table, store, now)
  const judge = Preconditions.make(access, catalog, on)
  /** what somebody is about to remove, each with all below it */
  const leaving = new Set<string>()

  /** The live lock of a token that binds a path. */
  const find = (path: string, token: string) => on(path).find((lock) => lock.token === token)

  for (const { key, value } of yield* store.load("lock")) {
    const lock = decode(value)
    if (Option.isSome(lock)) table.put(lock.value)
    else yield* Effect.logWarning("a kept lock cannot be read; left alone", key)
  }
  // What is over; and what was interrupted before there was anything to lock, or went by somebody's hand. What cannot be
  // read today is locked all the same.
  const stale = [...table.outlived(), ...table.live().filter(({ root }) => catalog.isGone(root))]
  if (stale.length > 0) yield* store.change(stale.map(removal))
  for (const lock of stale) table.drop(lock)

  const permit: LocksShape["permit"] = (caller, tokens = [], resources) =>
    Effect.suspend(() => {
      if (table.isEmpty() || caller.id === system.id) return Effect.void
      const roots = [...resources].flatMap((resource) => {
        const binding = on(resource)
        return satisfies(binding, tokens, caller.id) ? [] : binding.map(({ root }) => root)
      })
      return roots.length === 0 ? Effect.void : Locked.by(roots)
    })

  function* removed(path: string, arriving: string | undefined): Generator<string> {
    yield path
    for (const { root } of within(path)) yield root
    yield* LockedPaths.robbed(catalog, leaving, path, arriving)
  }

  const end = (lock: Lock) => Effect.map(store.change([removal(lock)]), () => table.drop(lock))

  const takeWith: LocksShape["takeWith"] = (caller, request, around) =>
    Effect.gen(function* () {
      const { owner, root } = request
      yield* access.require(caller, "write", root)
      if (isWorldNamespace(root)) return yield* new Forbidden({ message: "a whole namespace cannot be locked" })
      if (owner.length > longestOwner) {
        return yield* new BadRequest({ message: `the owner of a lock wants at most ${longestOwner} characters` })
      }
      const taken: Array<Lock> = []
      const taking = Effect.tap(grant(caller, request), (lock) => Effect.sync(() => taken.push(lock)))
      return yield* gate.trees([root])(
        Effect.zipRight(
          unobstructed(request),
          Effect.onError(around(taking), () => Effect.ignoreLogged(Effect.forEach(taken, end)))
        )
      )
    }).pipe(Effect.uninterruptible)

  return Locks.of({
    on,
    within,
    none: table.isEmpty,
    judge,
    permit,
    written: (path) => LockedPaths.written(catalog, leaving, path),
    permitRemoval: (caller, tokens, path, arriving) =>
      Effect.acquireRelease(
        Effect.suspend(() => {
          // No lock can be taken around a tree that is somebody's alone.
          if (table.isEmpty()) return Effect.void
          leaving.add(path)
          return Effect.tapError(permit(caller, tokens, removed(path, arriving)), () =>
            Effect.sync(() => leaving.delete(path))
          )
        }),
        () => Effect.sync(() => leaving.delete(path))
      ),

    take: (caller, request) => takeWith(caller, request, (taking) => taking),
    takeWith,

    refresh: (caller, path, token, timeout, conditions = {}) =>
      Effect.gen(function* () {
        yield* access.require(caller, "write", path)
        const found = find(path, token)
        const gone = () => new PreconditionFailed({ message: "no such lock binds this" })
        if (found === undefined) return yield* gone()
        if (found.holder !== caller.id) return yield* notTheirs()
        return yield* gate.trees([found.root])(
          Effect.gen(function* () {
            yield* judge(caller, path, conditions)
            const current = find(path, token)
            if (current === undefined) return yield* gone()
            const granted = grantedTimeout(timeout)
            const lock = { ...current, timeout: granted, expires: now() + granted * 1000 }
            // At once, so that nobody finds it outlived and drops it while it is being kept.
            table.put(lock)
            yield* Effect.onError(store.change([storing(lock)]), () => Effect.sync(() => table.put(current)))
            return lock
          })
        )
      }).pipe(Effect.uninterruptible),

    release: (caller, path, token, conditions = {}) =>
      Effect.gen(function* () {
        yield* access.require(caller, "write", path)
        const found = find(path, token)
        const gone = () => new Conflict({ message: "no such lock binds this" })
        if (found === undefined) return yield* gone()
        if (found.holder !== caller.id && caller.tier < 3) return yield* notTheirs()
        yield* gate.trees([found.root])(
          Effect.gen(function* () {
            yield* judge(caller, path, conditions)
            const current = find(path, token)
            yield* current === undefined ? gone() : end(current)
          })
        )
      }).pipe(Effect.uninterruptible),

    forget: (paths) =>
      Effect.suspend(() => {
        const gone = table.isEmpty() ? [] : paths.flatMap(table.at)
        if (gone.length === 0) return Effect.void
        return Effect.map(store.change(gone.map(removal)), () => {
          for (const lock of gone) table.drop(lock)
        })
      })
  })
})

const notTheirs = () => new Forbidden({ message: "this lock is somebody else's" })
