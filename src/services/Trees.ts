import { randomBytes } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Caller } from "../domain/Caller.ts"
import type { Delete } from "../domain/Command.ts"
import { type Conditions, evaluateWrite } from "../domain/Conditions.ts"
import {
  AlreadyExists,
  type BadPath,
  Conflict,
  Forbidden,
  PreconditionFailed,
  type StorageFailure,
  WorldNotFound
} from "../domain/Errors.ts"
import { ancestors } from "../domain/Lock.ts"
import { currentTags } from "../domain/World.ts"
import { type CanonicalPath, isWorldNamespace, type WorldName, worldName } from "../domain/WorldPath.ts"
import { Access } from "./Access.ts"
import { Catalog } from "./Catalog.ts"
import { Collections } from "./Collections.ts"
import type { Commits, OverwriteError } from "./Commits.ts"
import { removed, resourcesOf, written } from "./LockedPaths.ts"
import { Locks } from "./Locks.ts"
import { Properties } from "./Properties.ts"
import { WriteGate } from "./WriteGate.ts"

/** What is done with a world and all below it: each time for somebody who has the whole tree alone (WriteGate). */
export interface Trees {
  readonly remove: (
    caller: Caller,
    path: CanonicalPath,
    conditions: Conditions
  ) => Effect.Effect<ReadonlyArray<string>, OverwriteError | WorldNotFound>
  readonly makeCollection: (
    caller: Caller,
    path: CanonicalPath,
    conditions: Conditions
  ) => Effect.Effect<void, OverwriteError | BadPath | AlreadyExists | Conflict>
  /** the parts that others are made of; whoever calls these has judged everything, and has the tree */
  readonly judge: (path: CanonicalPath, conditions: Conditions) => Effect.Effect<void, PreconditionFailed>
  readonly requireParent: (path: CanonicalPath) => Effect.Effect<void, Conflict>
  readonly deletion: Effect.Effect<string>
  /** false when the world was not there any more */
  readonly takeAway: (
    command: Pick<Delete, "name" | "deletion" | "conditions">
  ) => Effect.Effect<boolean, PreconditionFailed | StorageFailure>
  /** drops what is kept of resources that are no longer there, of those given and of what is above `path` */
  readonly forgetGone: (path: string, resources: ReadonlyArray<string>) => Effect.Effect<void, StorageFailure>
}

/** Worlds that are on their way to the trash at a time: each waits for the disk, and they can wait for it together. */
export const deletionsAtOnce = 16

export const make = (commits: Commits) =>
  Effect.gen(function* () {
    const access = yield* Access
    const catalog = yield* Catalog
    const collections = yield* Collections
    const gate = yield* WriteGate
    const locks = yield* Locks
    const properties = yield* Properties

    const judge: Trees["judge"] = (path, conditions) => {
      const own = catalog.get(path)
      const current = own && { tags: currentTags(own), modified: own.updatedAt }
      return evaluateWrite(conditions, current) === "proceed"
        ? Effect.void
        : new PreconditionFailed({ message: "a condition of the request does not hold" })
    }

    const requireParent: Trees["requireParent"] = (path) => {
      const parent = path.slice(0, Math.max(0, path.lastIndexOf("/")))
      return catalog.isCollection(parent) ? Effect.void : new Conflict({ message: `/${parent} is no collection` })
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
        const gone = [...resources, ...ancestors(path)].filter((resource) => !catalog.isThere(resource))
        return Effect.zipRight(properties.forget(gone), locks.forget(gone))
      })

    const removeTree = (caller: Caller, path: CanonicalPath, conditions: Conditions) =>
      Effect.gen(function* () {
        yield* judge(path, conditions)
        const own = catalog.get(path)
        const below = catalog.below(path)
        const names: ReadonlyArray<WorldName> = own === undefined ? below : [own.name, ...below]
        const made = catalog.madeWithin(path)
        if (names.length === 0 && made.length === 0) return yield* WorldNotFound.at(path)
        if (!locks.none()) yield* locks.permit(caller, conditions.lockTokens, removed(catalog, locks, path))
        const folder = yield* deletion
        const gone = new Set<string>()
        const takeOne = (name: WorldName) =>
          // What the storage does not find, somebody has taken away by hand.
          Effect.map(takeAway({ name, deletion: folder, conditions: name === path ? conditions : {} }), (wasThere) => {
            if (wasThere) gone.add(name)
          })
        // The conditions are about the first: if it stays, all stay.
        const deleted = yield* Effect.forEach(names.slice(0, 1), takeOne).pipe(
          Effect.zipRight(Effect.forEach(names.slice(1), takeOne, { concurrency: deletionsAtOnce, discard: true })),
          Effect.zipRight(collections.forget(made)),
          Effect.either
        )
        yield* forgetGone(path, resourcesOf(path, [...names, ...made]))
        if (Either.isLeft(deleted)) return yield* deleted.left
        if (gone.size === 0 && made.length === 0) return yield* WorldNotFound.at(path)
        return [...names.filter((name) => gone.has(name)), ...made.map((collection) => `${collection}/`)]
      })

    const makeOne = (caller: Caller, path: CanonicalPath, conditions: Conditions) =>
      Effect.gen(function* () {
        if (catalog.isThere(path)) {
          return yield* new AlreadyExists({ message: `there is something at /${path} already`, path: `/${path}` })
        }
        yield* judge(path, conditions)
        yield* requireParent(path)
        if (!locks.none()) yield* locks.permit(caller, conditions.lockTokens, written(catalog, path))
        yield* collections.make([path])
      })

    return {
      remove: (caller, path, conditions) =>
        Effect.gen(function* () {
          yield* access.require(caller, "delete", path)
          if (isWorldNamespace(path)) return yield* new Forbidden({ message: "a whole namespace cannot be deleted" })
          return yield* gate.trees([path])(removeTree(caller, path, conditions))
        }).pipe(Effect.uninterruptible, commits.admitted),

      makeCollection: (caller, path, conditions) =>
        Effect.gen(function* () {
          yield* access.require(caller, "write", path)
          if (!isWorldNamespace(path)) yield* worldName(path)
          yield* gate.trees([path])(makeOne(caller, path, conditions))
        }).pipe(Effect.uninterruptible, commits.admitted),

      judge,
      requireParent,
      deletion,
      takeAway,
      forgetGone
    } satisfies Trees
  })
