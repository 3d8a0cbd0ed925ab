import { randomBytes } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Caller } from "../domain/Caller.ts"
import type { Delete } from "../domain/Command.ts"
import type { Conditions } from "../domain/Conditions.ts"
import {
  AlreadyExists,
  type BadPath,
  Conflict,
  Forbidden,
  type PreconditionFailed,
  type StorageFailure,
  WorldNotFound
} from "../domain/Errors.ts"
import { ancestors } from "../domain/Lock.ts"
import {
  type CanonicalPath,
  isWithin,
  isWorldNamespace,
  namespaceOf,
  type WorldName,
  worldName
} from "../domain/WorldPath.ts"
import { Access } from "./Access.ts"
import { Catalog } from "./Catalog.ts"
import { Collections } from "./Collections.ts"
import type { Commits, OverwriteError } from "./Commits.ts"
import { resourcesOf } from "./LockedPaths.ts"
import { Locks } from "./Locks.ts"
import { Properties } from "./Properties.ts"
import * as TreeSteps from "./TreeSteps.ts"
import { WriteGate } from "./WriteGate.ts"

/** What came of a deletion. */
export interface Removed {
  /** what went, the names of collections with a slash */
  readonly names: ReadonlyArray<string>
  /** what is still there, and with it the collections that it is in (RFC 4918 section 9.6.1) */
  readonly failures: ReadonlyArray<TreeSteps.Failed>
}

/** What is done with a world and all below it: each time for somebody who has the whole tree alone (WriteGate). */
export interface Trees {
  readonly remove: (
    caller: Caller,
    path: CanonicalPath,
    conditions: Conditions
  ) => Effect.Effect<Removed, OverwriteError | BadPath | WorldNotFound>
  readonly makeCollection: (
    caller: Caller,
    path: CanonicalPath,
    conditions: Conditions
  ) => Effect.Effect<void, OverwriteError | BadPath | AlreadyExists | Conflict>
  /** the parts that others are made of; whoever calls these has judged everything, and has the tree */
  /** to whom the parent is none of theirs, as the scope of their token ends below it, this says nothing */
  readonly requireParent: (caller: Caller, path: CanonicalPath) => Effect.Effect<void, Conflict | StorageFailure>
  readonly deletion: Effect.Effect<string>
  /** false when the world was not there any more */
  readonly takeAway: (
    command: Pick<Delete, "name" | "deletion" | "conditions">
  ) => Effect.Effect<boolean, PreconditionFailed | StorageFailure>
  /** drops what is kept of resources that are no longer there, of those given and of what is above `path` */
  readonly forgetGone: (path: string, resources: ReadonlyArray<string>) => Effect.Effect<void, StorageFailure>
  readonly attempt: TreeSteps.TreeSteps["attempt"]
}

export const make = (commits: Commits) =>
  Effect.gen(function* () {
    const access = yield* Access
    const catalog = yield* Catalog
    const collections = yield* Collections
    const gate = yield* WriteGate
    const locks = yield* Locks
    const properties = yield* Properties
    const { attempt } = TreeSteps.make()

    const requireParent: Trees["requireParent"] = (caller, path) => {
      const parent = path.slice(0, Math.max(0, path.lastIndexOf("/")))
      return Effect.flatMap(access.readable(caller), (readable) =>
        !readable(parent) || catalog.isCollection(parent, readable)
          ? Effect.void
          : new Conflict({ message: `/${parent} is no collection` })
      )
    }

    const deletion = Effect.map(Clock.currentTimeMillis, (now): string => `${now}-${randomBytes(6).toString("hex")}`)

    const takeAway: Trees["takeAway"] = (command) =>
      commits
        .commitInside({ _tag: "Delete", ...command })
        .pipe(
          Effect.as(true),
          Effect.catchTags({ WorldNotFound: () => Effect.succeed(false), IdempotencyConflict: Effect.die })
        )

    const forgetGone: Trees["forgetGone"] = (path, resources) =>
      Effect.suspend(() => {
        const gone = [...resources, ...ancestors(path)].filter(catalog.isGone)
        return Effect.zipRight(properties.forget(gone), locks.forget(gone))
      })

    const removeTree = (caller: Caller, path: CanonicalPath, conditions: Conditions) =>
      Effect.gen(function* () {
        yield* locks.judge(caller, path, conditions)
        const own = catalog.get(path)
        const below = catalog.below(path)
        const names: ReadonlyArray<WorldName> = own === undefined ? below : [own.name, ...below]
        const made = catalog.madeWithin(path)
        if (names.length === 0 && made.length === 0) return yield* WorldNotFound.at(path)
        yield* locks.permitRemoval(caller, conditions.lockTokens, path)
        const folder = yield* deletion
        const gone = new Set<string>()
        const takeOne = (name: WorldName, conditions: Conditions) =>
          // What the storage does not find, somebody has taken away by hand.
          Effect.map(takeAway({ name, deletion: folder, conditions }), (wasThere) => {
            if (wasThere) gone.add(name)
          })
        // The conditions are about this one: if it stays, all stay.
        if (own !== undefined) yield* takeOne(own.name, conditions)
        const failures = yield* attempt(
          below.map((name) => ({ path: name, name })),
          ({ name }) => Effect.catchTag(takeOne(name, {}), "PreconditionFailed", Effect.die)
        )
        const unmade = made.filter((collection) => !failures.some((failed) => isWithin(failed.path, collection)))
        yield* collections.forget(unmade)
        yield* forgetGone(path, resourcesOf(path, [...names, ...made]))
        if (gone.size === 0 && unmade.length === 0 && failures.length === 0) return yield* WorldNotFound.at(path)
        const went = [...names.filter((name) => gone.has(name)), ...unmade.map((collection) => `${collection}/`)]
        return { names: went, failures } satisfies Removed
      })

    const makeOne = (caller: Caller, path: CanonicalPath, conditions: Conditions) =>
      Effect.gen(function* () {
        if (catalog.isThere(path)) {
          return yield* new AlreadyExists({ message: `there is something at /${path} already`, path: `/${path}` })
        }
        yield* locks.judge(caller, path, conditions)
        yield* requireParent(caller, path)
        if (!locks.none()) yield* locks.permit(caller, conditions.lockTokens, locks.written(path))
        yield* collections.make([path])
      })

    return {
      remove: (caller, path, conditions) =>
        Effect.gen(function* () {
          yield* access.require(caller, "delete", path)
          if (isWorldNamespace(path)) return yield* new Forbidden({ message: "a whole namespace cannot be deleted" })
          // What lies nowhere is not found; what is too long for a name is none (C1.3).
          if (isWorldNamespace(namespaceOf(path))) yield* worldName(path)
          return yield* gate.trees([path])(Effect.scoped(removeTree(caller, path, conditions)))
        }).pipe(Effect.uninterruptible, commits.admitted.trees([path])),

      makeCollection: (caller, path, conditions) =>
        Effect.gen(function* () {
          yield* access.require(caller, "write", path)
          if (!isWorldNamespace(path)) yield* worldName(path)
          yield* gate.trees([path])(makeOne(caller, path, conditions))
        }).pipe(Effect.uninterruptible, commits.admitted.one(path)),

      requireParent,
      deletion,
      takeAway,
      forgetGone,
      attempt
    } satisfies Trees
  })
