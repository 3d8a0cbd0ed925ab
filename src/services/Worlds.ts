import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Caller } from "../domain/Caller.ts"
import type { Append, Overwrite, Receipt, Remark, SetState } from "../domain/Command.ts"
import type { Conditions } from "../domain/Conditions.ts"
import { type Disclosed, disclose } from "../domain/Disclosure.ts"
import {
  type AlreadyExists,
  type BadPath,
  CollectionOnly,
  type Conflict,
  type Forbidden,
  type IdempotencyConflict,
  type Overloaded,
  type PreconditionFailed,
  type StorageFailure,
  WorldNotFound
} from "../domain/Errors.ts"
import type { Child } from "../domain/Listing.ts"
import type { Entry, Head, World } from "../domain/World.ts"
import type { CanonicalPath, WorldName } from "../domain/WorldPath.ts"
import { Access } from "./Access.ts"
import { Catalog } from "./Catalog.ts"
import type { Changes } from "./Changes.ts"
import type { Collections } from "./Collections.ts"
import type { OverwriteError } from "./Commits.ts"
import * as Commits from "./Commits.ts"
import { EventChain } from "./EventChain.ts"
import * as Journal from "./Journal.ts"
import * as Locking from "./Locking.ts"
import { Locks } from "./Locks.ts"
import type { Properties } from "./Properties.ts"
import * as Relocation from "./Relocation.ts"
import * as SharedReads from "./SharedReads.ts"
import { Storage } from "./Storage.ts"
import * as Trees from "./Trees.ts"
import { type Verdict, verifyWorld } from "./Verification.ts"
import { WriteGate } from "./WriteGate.ts"

/** How reading a world can fail. Policy is judged first, so a refusal tells nothing of what exists. */
export type ReadError = Forbidden | WorldNotFound | CollectionOnly | StorageFailure

export type { OverwriteError } from "./Commits.ts"
export type { Taken } from "./Locking.ts"
export type { Relocated, RelocationError } from "./Relocation.ts"
export type { Removed } from "./Trees.ts"

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
  /** whether a path is a collection that the caller may know of: a made one, or one with worlds below it */
  readonly isCollection: (caller: Caller, path: CanonicalPath) => Effect.Effect<boolean, StorageFailure>
  /** what is at a path, without opening it: a world, and whether it is a collection that the caller may know of */
  readonly find: (
    caller: Caller,
    path: CanonicalPath
  ) => Effect.Effect<{ readonly entry: Entry | undefined; readonly collection: boolean }, Forbidden | StorageFailure>
  /** for who looks at a world by other means: does so when what the machine itself is writing there has arrived */
  readonly settled: <A, E>(path: CanonicalPath, look: () => Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** fails as `write` would for want of permission, before there is anything to write */
  readonly mayWrite: (caller: Caller, name: WorldName) => Effect.Effect<void, Forbidden | StorageFailure>
  readonly overwrite: (caller: Caller, command: Overwrite) => Effect.Effect<Receipt, OverwriteError>
  readonly append: (caller: Caller, command: Append) => Effect.Effect<Receipt, OverwriteError | IdempotencyConflict>
  /** the world and all below it, to the trash (C4.5, C15): all that can go, unless the world itself cannot */
  readonly remove: (
    caller: Caller,
    path: CanonicalPath,
    conditions: Conditions
  ) => Effect.Effect<Trees.Removed, OverwriteError | BadPath | WorldNotFound>
  /**
   * A collection that is there while it is empty (MKCOL, RFC 4918 section 9.3). AlreadyExists: a world or collection is
   * there. Conflict: what is above it is no collection.
   */
  readonly makeCollection: (
    caller: Caller,
    path: CanonicalPath,
    conditions: Conditions
  ) => Effect.Effect<void, OverwriteError | BadPath | AlreadyExists | Conflict>
  /**
   * A world or a whole tree to another place, with its properties: each world is written there by an event that names
   * where it came from. Who copies must may read the source (what they may not, is not there for them) and write the
   * target; what was at the target and goes must be theirs to delete. All this is judged before anything is changed.
   */
  readonly copy: Relocation.Relocate
  /** the same, and then the source is deleted as `remove` would (whose rights it wants); a crash between leaves both */
  readonly move: Relocation.Relocate
  /** a lock, and with it an empty world where there is nothing (RFC 4918 section 7.3); refreshed and released by Locks */
  readonly lock: Locking.TakeLock
  /** a write of the machine's own, which locks do not bind; whoever looks at the world before it is done waits for it */
  readonly remember: (command: Overwrite) => Effect.Effect<void, OverwriteError>
  /** takes away for good what the machine itself has written, and nobody can miss; whoever looks waits for it, too */
  readonly evict: (name: WorldName) => Effect.Effect<void, Overloaded | StorageFailure>
  /** a plugin's state (C10.1); what it serves follows from that (services/PluginRegistry.ts) */
  readonly setState: (
    caller: Caller,
    command: SetState
  ) => Effect.Effect<Receipt, Forbidden | PreconditionFailed | WorldNotFound | StorageFailure>
  /** an event of the machine's own, that leaves the world as it is; a log world is made when it is not there (C5.2) */
  readonly record: (name: WorldName, remark: Remark) => Effect.Effect<void, Overloaded | StorageFailure>
  /** the same for many that nobody waits for; until the scope closes */
  readonly journal: (name: WorldName) => Effect.Effect<Journal.Journal, never, Scope.Scope>
  readonly verify: (caller: Caller, name: WorldName) => Effect.Effect<Verdict, ReadError>
  /**
   * Up to `limit` of a world's events with an id above `after`, oldest first; for whoever may read the world, without what
   * they may not know.
   */
  readonly events: (
    caller: Caller,
    name: WorldName,
    after: number,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Disclosed>, ReadError>
}

export class Worlds extends Context.Tag("elastik/Worlds")<Worlds, WorldsShape>() {
  static readonly layer: Layer.Layer<
    Worlds,
    never,
    Storage | Catalog | Changes | Access | EventChain | WriteGate | Locks | Properties | Collections
  > = Layer.effect(
    Worlds,
    Effect.suspend(() => make)
  )
}

/** What all namespaces lie below. */
const everywhere = "" as CanonicalPath

/** No tag is like this. */
const neverHolds: Conditions = { ifMatch: "" }

const make = Effect.gen(function* () {
  const storage = yield* Storage
  const catalog = yield* Catalog
  const access = yield* Access
  const chain = yield* EventChain
  const gate = yield* WriteGate
  const locks = yield* Locks
  const commits = yield* Commits.make
  const trees = yield* Trees.make(commits)
  const relocation = yield* Relocation.make(commits, trees)
  const { lock } = yield* Locking.make(commits, trees)
  const { admitted, commit, onItsWay, settled } = commits
  const shared = SharedReads.make(catalog.get)

  /** Of the conditions of a write the storage judges all but If, of which it knows nothing. */
  const ifHolds = (caller: Caller, { conditions, name }: Overwrite | Append | SetState) =>
    conditions.states === undefined ? Effect.void : locks.judge(caller, name, conditions)

  /** A write of a caller's, which locks may bind; asked when its turn has come, so that none is taken meanwhile. */
  const commitFor = (caller: Caller, command: Overwrite | Append) =>
    commit(
      command,
      Effect.zipRight(
        ifHolds(caller, command),
        Effect.suspend(() =>
          locks.none() ? Effect.void : locks.permit(caller, command.conditions.lockTokens, locks.written(command.name))
        )
      )
    )

  /** Only the storage knows whether it has answered this before, when If held: then it answers the same again (C4.4). */
  const replayed = (command: Append, failure: PreconditionFailed) =>
    command.conditions.states === undefined || command.idempotencyKey === undefined
      ? failure
      : commit({ ...command, conditions: neverHolds })

  const isCollection = (caller: Caller, path: CanonicalPath) =>
    Effect.map(access.readable(caller), (readable) => catalog.isCollection(path, readable))

  const missing = (caller: Caller, name: WorldName) =>
    Effect.flatMap(
      isCollection(caller, name),
      (collection): Effect.Effect<never, CollectionOnly | WorldNotFound> =>
        collection ? CollectionOnly.at(name) : WorldNotFound.at(name)
    )

  /** Locks and properties of what is gone. In a turn of its own: who locks the name just now makes it anew in theirs. */
  const forget = (name: WorldName) => gate.one(name)(trees.forgetGone(name, [name]))

  /** The storage does not find what the catalog has: it was taken away by hand, unless it is there again by now. */
  const vanished = (name: WorldName) => Effect.zipRight(commits.reconsider(name), Effect.ignoreLogged(forget(name)))

  const present =
    <A>(read: (name: WorldName) => Effect.Effect<Option.Option<A>, StorageFailure>) =>
    (caller: Caller, name: WorldName): Effect.Effect<A, ReadError> =>
      Effect.zipRight(
        access.require(caller, "read", name),
        settled(name, () =>
          catalog.get(name) === undefined
            ? missing(caller, name)
            : Effect.flatMap(
                read(name),
                Option.match({
                  onNone: () => Effect.zipRight(vanished(name), missing(caller, name)),
                  onSome: (found) => Effect.succeed(found)
                })
              )
        )
      )

  const withEntries = function* (children: Iterable<Child>, prefix: string) {
    for (const child of children) yield { ...child, entry: child.dir ? undefined : catalog.get(prefix + child.name) }
  }

  return Worlds.of({
    read: present((name) => {
      const held = shared.get(name)
      return held !== undefined
        ? Effect.succeedSome(held)
        : Effect.tap(storage.read(name), (found) => Effect.sync(() => Option.map(found, shared.keep)))
    }),
    head: present(storage.head),
    events: (caller, name, after, limit) =>
      Effect.zipWith(
        present((name) => Effect.asSome(storage.events(name, after, limit)))(caller, name),
        access.readable(caller),
        (rows, readable) => rows.map((row) => disclose(row, caller, readable))
      ),

    list: Effect.fnUntraced(function* (caller, collection, after) {
      yield* access.require(caller, "list", collection)
      const readable = yield* settled(collection, () => access.readable(caller))
      const prefix = collection === "" ? "" : `${collection}/`
      return withEntries(catalog.children(prefix, readable, after), prefix)
    }),

    all: (caller) =>
      Effect.map(
        settled(everywhere, () => access.readable(caller)),
        (readable) =>
          (function* () {
            for (const entry of catalog.entries()) if (readable(entry.name)) yield entry
          })()
      ),

    isCollection: (caller, path) => settled(path, () => isCollection(caller, path)),
    find: (caller, path) =>
      Effect.zipRight(
        access.require(caller, "read", path),
        settled(path, () =>
          Effect.map(isCollection(caller, path), (collection) => ({ entry: catalog.get(path), collection }))
        )
      ),
    settled,

    mayWrite: (caller, name) => access.require(caller, "write", name),
    overwrite: (caller, command) =>
      Effect.zipRight(
        access.require(caller, "write", command.name),
        admitted.one(command.name)(commitFor(caller, command))
      ).pipe(Effect.catchTags({ WorldNotFound: Effect.die, IdempotencyConflict: Effect.die })),

    append: (caller, command) =>
      Effect.zipRight(
        access.require(caller, "write", command.name),
        admitted.one(command.name)(
          Effect.catchTag(commitFor(caller, command), "PreconditionFailed", (failure) => replayed(command, failure))
        )
      ).pipe(Effect.catchTag("WorldNotFound", Effect.die)),

    remove: (caller, path, conditions) => settled(path, () => trees.remove(caller, path, conditions)),
    makeCollection: trees.makeCollection,
    copy: (caller, relocated) => settled(relocated.from, () => relocation.copy(caller, relocated)),
    move: (caller, relocated) => settled(relocated.from, () => relocation.move(caller, relocated)),
    lock,

    remember: (command) =>
      onItsWay(command.name, admitted.one(command.name)(commit(command))).pipe(
        Effect.catchTags({ WorldNotFound: Effect.die, IdempotencyConflict: Effect.die }),
        Effect.asVoid
      ),

    evict: (name) => Effect.zipRight(onItsWay(name, admitted.one(name)(commits.evict(name))), forget(name)),

    setState: (caller, command) =>
      Effect.zipRight(access.require(caller, "activate", command.name), commit(command, ifHolds(caller, command))).pipe(
        Effect.catchTag("IdempotencyConflict", Effect.die)
      ),

    record: (name, remark) =>
      onItsWay(name, admitted.one(name)(commit({ _tag: "Annotate", name, remarks: [remark] }))).pipe(
        Effect.catchTags({
          WorldNotFound: Effect.die,
          IdempotencyConflict: Effect.die,
          PreconditionFailed: Effect.die
        }),
        Effect.asVoid
      ),

    journal: (name) => Journal.make(commits, name),

    verify: (caller, name) =>
      Effect.zipRight(
        access.require(caller, "operate", name),
        settled(name, () => verifyWorld(storage, chain, name))
      )
  })
})
