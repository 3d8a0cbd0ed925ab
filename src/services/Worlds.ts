import { randomBytes } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { Caller } from "../domain/Caller.ts"
import type { Append, Command, Overwrite, Receipt, SetState } from "../domain/Command.ts"
import { type Conditions, evaluateWrite } from "../domain/Conditions.ts"
import {
  CollectionOnly,
  type Forbidden,
  type IdempotencyConflict,
  Overloaded,
  PreconditionFailed,
  type StorageFailure,
  WorldNotFound
} from "../domain/Errors.ts"
import type { EventType, Operation } from "../domain/Event.ts"
import type { Child } from "../domain/Listing.ts"
import { currentTags, type Entry, entryOf, type Head, type World } from "../domain/World.ts"
import { type CanonicalPath, isWorldNamespace, type WorldName } from "../domain/WorldPath.ts"
import { Access } from "./Access.ts"
import { Catalog } from "./Catalog.ts"
import { Changes } from "./Changes.ts"
import { EventChain } from "./EventChain.ts"
import * as KeyedMutex from "./KeyedMutex.ts"
import * as SharedReads from "./SharedReads.ts"
import { Storage, type WriteError } from "./Storage.ts"
import { type Verdict, verifyWorld } from "./Verification.ts"

/** How reading a world can fail. Policy is judged first, so a refusal tells nothing of what exists. */
export type ReadError = Forbidden | WorldNotFound | CollectionOnly | StorageFailure

export type OverwriteError = Forbidden | PreconditionFailed | Overloaded | StorageFailure

/**
 * The one door: every surface, device and plugin reads and writes worlds through it. It asks the policy, serialises the
 * writes of each world, and lets catalog and watchers know in the same step in which a commit is known.
 */
export interface WorldsShape {
  readonly read: (caller: Caller, name: WorldName) => Effect.Effect<World, ReadError>
  readonly head: (caller: Caller, name: WorldName) => Effect.Effect<Head, ReadError>
  /** the immediate children of a collection that the caller may know of; "" is the root (C3.1) */
  readonly list: (
    caller: Caller,
    collection: CanonicalPath,
    after?: string
  ) => Effect.Effect<Iterable<Child & { readonly entry: Entry | undefined }>, Forbidden | StorageFailure>
  /** every world that the caller may read, in byte order */
  readonly all: (caller: Caller) => Effect.Effect<Iterable<Entry>, StorageFailure>
  /** whether a path has worlds below it that the caller may know of */
  readonly isCollection: (caller: Caller, path: CanonicalPath) => Effect.Effect<boolean, StorageFailure>
  /** fails as `write` would for want of permission, before there is anything to write */
  readonly mayWrite: (caller: Caller, name: WorldName) => Effect.Effect<void, Forbidden | StorageFailure>
  readonly overwrite: (caller: Caller, command: Overwrite) => Effect.Effect<Receipt, OverwriteError>
  readonly append: (caller: Caller, command: Append) => Effect.Effect<Receipt, OverwriteError | IdempotencyConflict>
  /** the world and all below it, to the trash; the names that went (C4.5) */
  readonly remove: (
    caller: Caller,
    path: CanonicalPath,
    conditions: Conditions
  ) => Effect.Effect<ReadonlyArray<WorldName>, OverwriteError | WorldNotFound>
  /** takes away for good what the machine itself has written, and nobody can miss */
  readonly evict: (name: WorldName) => Effect.Effect<void, Overloaded | StorageFailure>
  /** a plugin's state (C10.1); what it serves follows from that (services/PluginRegistry.ts) */
  readonly setState: (
    caller: Caller,
    command: SetState
  ) => Effect.Effect<Receipt, Forbidden | PreconditionFailed | WorldNotFound | StorageFailure>
  /** an event of the machine's own, that leaves the world as it is; a log world is made when it is not there (C5.2) */
  readonly record: (
    name: WorldName,
    type: EventType,
    details: Readonly<Record<string, string | number>>
  ) => Effect.Effect<void, Overloaded | StorageFailure>
  readonly verify: (caller: Caller, name: WorldName) => Effect.Effect<Verdict, ReadError>
}

export class Worlds extends Context.Tag("elastik/Worlds")<Worlds, WorldsShape>() {
  static readonly layer: Layer.Layer<Worlds, never, Storage | Catalog | Changes | Access | EventChain> = Layer.effect(
    Worlds,
    Effect.suspend(() => make)
  )
}

/** Writes that may be under way at a time, most of them waiting for their turn. */
const waitingCommits = 1024

const operationOf: Readonly<Record<Command["_tag"], Operation>> = {
  Overwrite: "put",
  Append: "append",
  SetState: "state",
  Remark: "state",
  Delete: "delete"
}

const make = Effect.gen(function* () {
  const storage = yield* Storage
  const catalog = yield* Catalog
  const changes = yield* Changes
  const access = yield* Access
  const chain = yield* EventChain
  const mutex = KeyedMutex.make<WorldName>()
  const shared = SharedReads.make(catalog.get)
  /** how many events of the machine's own are on their way to a world */
  const recording = new Map<WorldName, number>()
  let waiting = 0

  /** Catalog first, then the watchers: whoever is woken finds the new state. */
  const settle = (command: Command, receipt: Receipt) => {
    if (receipt.replayed) return
    if (command._tag === "Delete") catalog.remove(command.name)
    else catalog.put(entryOf(receipt))
    changes.publish({ name: command.name, version: receipt.version, op: operationOf[command._tag] })
  }

  /** After a failure nobody knows how far it came; the catalog follows what the storage says now. */
  const reconsider = (name: WorldName) =>
    Effect.ignoreLogged(
      Effect.map(
        storage.head(name),
        Option.match({ onNone: () => catalog.remove(name), onSome: (head) => catalog.put(entryOf(head)) })
      )
    )

  /** One world, one writer at a time; nothing interrupts it once it waits for its turn. */
  const commit = (command: Command): Effect.Effect<Receipt, WriteError> =>
    storage.execute(command).pipe(
      Effect.tap((receipt) => Effect.sync(() => settle(command, receipt))),
      Effect.tapErrorTag("StorageFailure", () => reconsider(command.name)),
      mutex.lock(command.name),
      Effect.uninterruptible
    )

  /** Lets so many in and no more: whoever comes on top is better told to come back. */
  const admitted = <A, E>(work: Effect.Effect<A, E>): Effect.Effect<A, E | Overloaded> =>
    Effect.acquireUseRelease(
      Effect.suspend((): Effect.Effect<void, Overloaded> => {
        if (waiting >= waitingCommits) {
          return new Overloaded({ message: "too many writes are waiting; try again in a moment", retryAfter: 1 })
        }
        waiting++
        return Effect.void
      }),
      () => work,
      () =>
        Effect.sync(() => {
          waiting--
        })
    )

  /** Who causes such an event need not wait for it; whoever looks afterwards does, and finds it. */
  const recorded = <A, E>(name: WorldName, look: () => Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.suspend(() =>
      recording.has(name) ? Effect.zipRight(mutex.lock(name)(Effect.void), Effect.suspend(look)) : look()
    )

  const countingRecords = <A, E>(name: WorldName, record: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.acquireUseRelease(
      Effect.sync(() => recording.set(name, (recording.get(name) ?? 0) + 1)),
      () => record,
      () =>
        Effect.sync(() => {
          const left = (recording.get(name) ?? 0) - 1
          if (left === 0) recording.delete(name)
          else recording.set(name, left)
        })
    )

  const isCollection = (caller: Caller, path: CanonicalPath) =>
    Effect.map(access.readable(caller), (readable) => {
      if (isWorldNamespace(path)) return true
      for (const _child of catalog.children(`${path}/`, readable)) return true
      return false
    })

  const missing = (caller: Caller, name: WorldName) =>
    Effect.flatMap(
      isCollection(caller, name),
      (collection): Effect.Effect<never, CollectionOnly | WorldNotFound> =>
        collection ? CollectionOnly.at(name) : WorldNotFound.at(name)
    )

  const present =
    <A>(read: (name: WorldName) => Effect.Effect<Option.Option<A>, StorageFailure>) =>
    (caller: Caller, name: WorldName): Effect.Effect<A, ReadError> =>
      Effect.zipRight(
        access.require(caller, "read", name),
        recorded(name, () =>
          catalog.get(name) === undefined
            ? missing(caller, name)
            : Effect.flatMap(
                read(name),
                Option.match({ onNone: () => missing(caller, name), onSome: (found) => Effect.succeed(found) })
              )
        )
      )

  return Worlds.of({
    read: present((name) => {
      const held = shared.get(name)
      return held !== undefined
        ? Effect.succeedSome(held)
        : Effect.tap(storage.read(name), (found) => Effect.sync(() => Option.map(found, shared.keep)))
    }),
    head: present(storage.head),

    list: (caller, collection, after) =>
      Effect.gen(function* () {
        yield* access.require(caller, "list", collection)
        const readable = yield* access.readable(caller)
        const prefix = collection === "" ? "" : `${collection}/`
        const children = catalog.children(prefix, readable, after)
        return (function* () {
          for (const child of children) {
            yield { ...child, entry: child.dir ? undefined : catalog.get(prefix + child.name) }
          }
        })()
      }),

    all: (caller) =>
      Effect.map(access.readable(caller), (readable) =>
        (function* () {
          for (const entry of catalog.entries()) if (readable(entry.name)) yield entry
        })()
      ),

    isCollection,

    mayWrite: (caller, name) => access.require(caller, "write", name),
    overwrite: (caller, command) =>
      Effect.zipRight(access.require(caller, "write", command.name), admitted(commit(command))).pipe(
        Effect.catchTags({ WorldNotFound: Effect.die, IdempotencyConflict: Effect.die })
      ),

    append: (caller, command) =>
      Effect.zipRight(access.require(caller, "write", command.name), admitted(commit(command))).pipe(
        Effect.catchTag("WorldNotFound", Effect.die)
      ),

    remove: (caller, path, conditions) =>
      Effect.gen(function* () {
        yield* access.require(caller, "delete", path)
        const own = catalog.get(path)
        const current = own && { tags: currentTags(own), modified: own.updatedAt }
        if (evaluateWrite(conditions, current) === "failed") {
          return yield* new PreconditionFailed({ message: "a condition of the request does not hold" })
        }
        const below = catalog.below(path)
        if (own === undefined && below.length === 0) return yield* WorldNotFound.at(path)
        const deletion: string = `${yield* Clock.currentTimeMillis}-${randomBytes(6).toString("hex")}`
        const names = [...(own === undefined ? [] : [own.name]), ...below]
        const gone: Array<WorldName> = []
        for (const name of names) {
          // Somebody else may have deleted it since it was listed; then it is theirs to report.
          const command = { _tag: "Delete", name, deletion, conditions: name === path ? conditions : {} } as const
          const deleted = yield* commit(command).pipe(
            Effect.as(true),
            Effect.catchTags({ WorldNotFound: () => Effect.succeed(false), IdempotencyConflict: Effect.die })
          )
          if (deleted) gone.push(name)
        }
        if (gone.length === 0) return yield* WorldNotFound.at(path)
        return gone
      }).pipe(Effect.uninterruptible, admitted),

    evict: (name) =>
      admitted(commit({ _tag: "Delete", name, deletion: undefined, conditions: {} })).pipe(
        Effect.catchTags({
          // Somebody else was faster.
          WorldNotFound: () => Effect.void,
          IdempotencyConflict: Effect.die,
          PreconditionFailed: Effect.die
        }),
        Effect.asVoid
      ),

    setState: (caller, command) =>
      Effect.zipRight(access.require(caller, "activate", command.name), commit(command)).pipe(
        Effect.catchTag("IdempotencyConflict", Effect.die)
      ),

    record: (name, type, details) =>
      countingRecords(name, admitted(commit({ _tag: "Remark", name, type, details }))).pipe(
        Effect.catchTags({
          WorldNotFound: Effect.die,
          IdempotencyConflict: Effect.die,
          PreconditionFailed: Effect.die
        }),
        Effect.asVoid
      ),

    verify: (caller, name) =>
      Effect.zipRight(
        access.require(caller, "operate", name),
        recorded(name, () => verifyWorld(storage, chain, name))
      )
  })
})
