import { randomUUID } from "node:crypto"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type Caller, system } from "../domain/Caller.ts"
import {
  BadRequest,
  Conflict,
  Forbidden,
  Locked,
  Overloaded,
  PreconditionFailed,
  type StorageFailure
} from "../domain/Errors.ts"
import { conflicts, grantedTimeout, type Lock, type LockRequest, longestOwner, satisfies } from "../domain/Lock.ts"
import { type CanonicalPath, isWorldNamespace } from "../domain/WorldPath.ts"
import { Access } from "./Access.ts"
import { Catalog } from "./Catalog.ts"
import { Collections } from "./Collections.ts"
import * as LockTable from "./LockTable.ts"
import { type ResourceChange, ResourceStore } from "./ResourceStore.ts"
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
  /** fails unless the caller submits a token of theirs for each of the resources that is locked */
  readonly permit: (
    caller: Caller,
    tokens: ReadonlyArray<string> | undefined,
    resources: Iterable<string>
  ) => Effect.Effect<void, Locked>
  /**
   * A new lock, from the moment in which no write under way could still pass it by. Wants the right to write the root.
   * Locked: another lock is in the way (its `roots` name it). BadRequest: the owner's text is too long. Overloaded:
   * there are too many locks, of this holder or in all.
   */
  readonly take: (
    caller: Caller,
    request: LockRequest
  ) => Effect.Effect<Lock, BadRequest | Locked | Forbidden | Overloaded | StorageFailure>
  /** lets a lock last for `timeout` seconds from now; PreconditionFailed when it is no live one that binds the path */
  readonly refresh: (
    caller: Caller,
    path: CanonicalPath,
    token: string,
    timeout: number
  ) => Effect.Effect<Lock, PreconditionFailed | Forbidden | StorageFailure>
  /** ends a lock: its holder may, and who is T3. Conflict when it is no live one that binds the path (section 9.11.1) */
  readonly release: (
    caller: Caller,
    path: CanonicalPath,
    token: string
  ) => Effect.Effect<void, Conflict | Forbidden | StorageFailure>
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

/** How many locks there can be, and how many of them can be one holder's. */
const mostLocks = 10_000
const mostOfOneHolder = 2_000
/** Shared locks that can bind one thing: whoever looks at it is shown all of them. */
const mostShared = 16

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

  const removal = ({ token }: Lock): ResourceChange => ({ kind: "lock", key: token, value: undefined })
  const storing = (lock: Lock): ResourceChange => ({ kind: "lock", key: lock.token, value: encode(lock) })

  /** The live lock of a token that binds a path. */
  const find = (path: string, token: string) => on(path).find((lock) => lock.token === token)

  for (const { key, value } of yield* store.load("lock")) {
    const lock = decode(value)
    if (Option.isSome(lock)) table.put(lock.value)
    else yield* Effect.logWarning("a kept lock cannot be read; left alone", key)
  }
  // What is over; and what was interrupted before there was anything to lock, or went by somebody's hand.
  const stale = [...table.outlived(), ...table.live().filter(({ root }) => !catalog.isThere(root))]
  if (stale.length > 0) yield* store.change(stale.map(removal))
  for (const lock of stale) table.drop(lock)

  const grant = (caller: Caller, request: LockRequest) =>
    Effect.gen(function* () {
      const { root } = request
      const inTheWay = [...on(root), ...within(root)].filter((lock) => conflicts(lock, request))
      if (inTheWay.length > 0) return yield* Locked.by(inTheWay.map((lock) => lock.root))
      if (request.scope === "shared" && on(root).length + within(root).length >= mostShared) {
        return yield* new Overloaded({ message: "there are too many shared locks here; release some", retryAfter: 60 })
      }
      const current = table.live()
      const own = current.filter(({ holder }) => holder === caller.id).length
      if (current.length >= mostLocks || own >= mostOfOneHolder) {
        return yield* new Overloaded({ message: "there are too many locks; release some", retryAfter: 60 })
      }
      const timeout = grantedTimeout(request.timeout)
      const lock: Lock = {
        token: `urn:uuid:${randomUUID()}`,
        root,
        depth: request.depth,
        scope: request.scope,
        owner: request.owner,
        holder: caller.id,
        timeout,
        expires: now() + timeout * 1000
      }
      const over = table.outlived()
      yield* store.change([...over.map(removal), storing(lock)])
      for (const old of over) table.drop(old)
      table.put(lock)
      return lock
    })

  return Locks.of({
    on,
    within,
    none: table.isEmpty,
    permit: (caller, tokens = [], resources) =>
      Effect.suspend(() => {
        if (table.isEmpty() || caller.id === system.id) return Effect.void
        const roots = [...resources].flatMap((resource) => {
          const binding = on(resource)
          return satisfies(binding, tokens, caller.id) ? [] : binding.map(({ root }) => root)
        })
        return roots.length === 0 ? Effect.void : Locked.by(roots)
      }),

    take: (caller, request) =>
      Effect.gen(function* () {
        const { owner, root } = request
        yield* access.require(caller, "write", root)
        if (isWorldNamespace(root)) return yield* new Forbidden({ message: "a whole namespace cannot be locked" })
        if (owner.length > longestOwner) {
          return yield* new BadRequest({ message: `the owner of a lock wants at most ${longestOwner} characters` })
        }
        return yield* gate.trees([root])(grant(caller, request))
      }).pipe(Effect.uninterruptible),

    refresh: (caller, path, token, timeout) =>
      Effect.gen(function* () {
        yield* access.require(caller, "write", path)
        const found = find(path, token)
        const gone = () => new PreconditionFailed({ message: "no such lock binds this" })
        if (found === undefined) return yield* gone()
        if (found.holder !== caller.id) return yield* notTheirs()
        return yield* gate.trees([found.root])(
          Effect.suspend((): Effect.Effect<Lock, PreconditionFailed | StorageFailure> => {
            const current = find(path, token)
            if (current === undefined) return gone()
            const granted = grantedTimeout(timeout)
            const lock = { ...current, timeout: granted, expires: now() + granted * 1000 }
            return Effect.map(store.change([storing(lock)]), () => {
              table.put(lock)
              return lock
            })
          })
        )
      }).pipe(Effect.uninterruptible),

    release: (caller, path, token) =>
      Effect.gen(function* () {
        yield* access.require(caller, "write", path)
        const found = find(path, token)
        const gone = () => new Conflict({ message: "no such lock binds this" })
        if (found === undefined) return yield* gone()
        if (found.holder !== caller.id && caller.tier < 3) return yield* notTheirs()
        yield* gate.trees([found.root])(
          Effect.suspend((): Effect.Effect<void, Conflict | StorageFailure> => {
            if (find(path, token) === undefined) return gone()
            return Effect.map(store.change([removal(found)]), () => table.drop(found))
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

const KeptLock = Schema.parseJson(
  Schema.Struct({
    token: Schema.String,
    // It was canonical when it was kept; a path that somebody has put there by hand binds what it names, or nothing.
    root: Schema.String as unknown as Schema.Schema<CanonicalPath, string>,
    depth: Schema.Literal("0", "infinity"),
    scope: Schema.Literal("exclusive", "shared"),
    owner: Schema.String,
    holder: Schema.String,
    timeout: Schema.Number,
    expires: Schema.Number
  })
)
const decode = Schema.decodeOption(KeptLock)
const encode = (lock: Lock): string => JSON.stringify(lock)
