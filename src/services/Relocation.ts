import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Caller } from "../domain/Caller.ts"
import type { Overwrite } from "../domain/Command.ts"
import { type Conditions, evaluateWrite } from "../domain/Conditions.ts"
import {
  type BadPath,
  type Conflict,
  Forbidden,
  PreconditionFailed,
  type StorageFailure,
  WorldNotFound
} from "../domain/Errors.ts"
import { type Content, isEntangled, relocated, surplus } from "../domain/Relocation.ts"
import { currentTags } from "../domain/World.ts"
import { type CanonicalPath, isWorldNamespace, type WorldName, worldName } from "../domain/WorldPath.ts"
import { Access } from "./Access.ts"
import { Catalog } from "./Catalog.ts"
import { Collections } from "./Collections.ts"
import type { Commits, OverwriteError } from "./Commits.ts"
import { resourcesOf } from "./LockedPaths.ts"
import { Locks } from "./Locks.ts"
import { Properties } from "./Properties.ts"
import { Storage } from "./Storage.ts"
import type { Failed } from "./TreeSteps.ts"
import type { Trees } from "./Trees.ts"
import { WriteGate } from "./WriteGate.ts"

/** How a copy or move can be refused; then nothing has changed. */
export type RelocationError = OverwriteError | BadPath | Conflict | WorldNotFound

/** A copy or move of what is at one path, and below it, to another (RFC 4918 sections 9.8 and 9.9). */
export interface Relocation {
  readonly from: CanonicalPath
  readonly to: CanonicalPath
  /** "0" copies a collection without its members; a move has no choice */
  readonly depth: "0" | "infinity"
  /** whether what is at the target may be replaced; if not, that it is there is PreconditionFailed */
  readonly overwrite: boolean
  /** judged of the source; the lock tokens count for both sides */
  readonly conditions: Conditions
}

/** What came of a copy or move. */
export interface Relocated {
  /** whether there was nothing at the target before */
  readonly created: boolean
  /** the source of what was not copied is still there, and so is what was to go from the target */
  readonly failures: ReadonlyArray<Failed>
}

export type Relocate = (caller: Caller, relocation: Relocation) => Effect.Effect<Relocated, RelocationError>

/** One thing of the source and its place at the target. */
interface Pair<Name extends CanonicalPath> {
  readonly from: Name
  readonly to: Name
}

/** All that will be done, before any of it is. */
interface Plan {
  readonly worlds: ReadonlyArray<Pair<WorldName>>
  readonly collections: ReadonlyArray<Pair<CanonicalPath>>
  /** of the target, what goes */
  readonly surplus: Content<WorldName>
  readonly created: boolean
}

/** Worlds from so many bytes on are copied a few at a time: each is in memory meanwhile. */
const large = 1024 * 1024

const failed = (message: string) => new PreconditionFailed({ message })

/**
 * Copies and moves of worlds and trees (C15). Everything is judged first, by who has the trees that change alone; in the
 * source of a copy worlds may be written meanwhile, and are copied as they are when it is their turn.
 */
export const make = (commits: Commits, trees: Trees) =>
  Effect.gen(function* () {
    const access = yield* Access
    const catalog = yield* Catalog
    const collections = yield* Collections
    const gate = yield* WriteGate
    const locks = yield* Locks
    const properties = yield* Properties
    const storage = yield* Storage

    const contentOf = (path: CanonicalPath, deep: boolean): Content<WorldName> => {
      const own = catalog.get(path)
      return {
        worlds: [...(own === undefined ? [] : [own.name]), ...(deep ? catalog.below(path) : [])],
        collections: deep ? catalog.madeWithin(path) : catalog.isCollection(path) ? [path] : []
      }
    }

    const planOf = (caller: Caller, { depth, from, to }: Relocation) =>
      Effect.gen(function* () {
        const readable = yield* access.readable(caller)
        const source = contentOf(from, depth === "infinity")
        const worlds = yield* Effect.forEach(source.worlds.filter(readable), (name) =>
          Effect.map(worldName(relocated(name, from, to)), (target) => ({ from: name, to: target }))
        )
        const made = yield* Effect.forEach(source.collections.filter(readable), (path) =>
          Effect.map(worldName(relocated(path, from, to)), (target) => ({ from: path, to: target }))
        )
        if (worlds.length === 0 && made.length === 0) return yield* WorldNotFound.at(from)
        const after = { worlds: worlds.map((pair) => pair.to), collections: made.map((pair) => pair.to) }
        return {
          worlds,
          collections: made,
          surplus: surplus(contentOf(to, true), after),
          created: !catalog.isThere(to)
        } satisfies Plan
      })

    /** The policy on every member; on the two paths themselves it has been asked before anything was looked at. */
    const requireAll = (caller: Caller, plan: Plan, op: "copy" | "move") =>
      Effect.gen(function* () {
        for (const { from, to } of [...plan.worlds, ...plan.collections]) {
          yield* access.require(caller, "write", to)
          if (op === "move") yield* access.require(caller, "delete", from)
        }
        for (const path of [...plan.surplus.worlds, ...plan.surplus.collections]) {
          yield* access.require(caller, "delete", path)
        }
      })

    function* replaced({ created }: Plan, to: CanonicalPath): Generator<string> {
      yield* locks.written(to)
      if (!created) for (const { root } of locks.within(to)) yield root
    }

    /** False when the world was not there any more: somebody has taken it away by hand. */
    const copyWorld = (
      { from, to }: Pair<WorldName>,
      op: "copy" | "move",
      conditions: Conditions
    ): Effect.Effect<boolean, PreconditionFailed | StorageFailure> =>
      Effect.gen(function* () {
        const found = yield* storage.read(from)
        if (Option.isNone(found)) return yield* Effect.as(commits.reconsider(from), false)
        const { body, ext, meta, updatedAt } = found.value
        if (evaluateWrite(conditions, { tags: currentTags(found.value), modified: updatedAt }) === "failed") {
          return yield* failed("a condition of the request does not hold")
        }
        const command: Overwrite = {
          _tag: "Overwrite",
          name: to,
          body,
          ext,
          meta,
          conditions: {},
          origin: { op, from }
        }
        yield* commits.commitInside(command)
        return true
      }).pipe(Effect.catchTags({ WorldNotFound: Effect.die, IdempotencyConflict: Effect.die }))

    const takeAway = (names: ReadonlyArray<WorldName>) =>
      Effect.flatMap(trees.deletion, (deletion) =>
        trees.attempt(
          names.map((name) => ({ path: name, name })),
          ({ name }) =>
            Effect.catchTag(trees.takeAway({ name, deletion, conditions: {} }), "PreconditionFailed", Effect.die)
        )
      )

    /** Copies the worlds: what failed, and those that had gone. */
    const copyWorlds = (plan: Plan, { conditions, from }: Relocation, op: "copy" | "move") =>
      Effect.gen(function* () {
        const gone = new Set<string>()
        const copyOne = (pair: Pair<WorldName>, conditions: Conditions) =>
          Effect.map(copyWorld(pair, op, conditions), (wasThere) => {
            if (!wasThere) gone.add(pair.from)
          })
        // The conditions are about this one: if it is not copied, nothing is.
        const own = plan.worlds.find((pair) => pair.from === from)
        if (own !== undefined) yield* copyOne(own, conditions)
        const members = plan.worlds.filter((pair) => pair !== own).map((pair) => ({ ...pair, path: pair.from }))
        const isLarge = ({ from }: Pair<WorldName>) => (catalog.get(from)?.len ?? 0) > large
        const copyMember = (pair: Pair<WorldName>) =>
          Effect.catchTag(copyOne(pair, {}), "PreconditionFailed", Effect.die)
        const failures = [
          ...(yield* trees.attempt(
            members.filter((pair) => !isLarge(pair)),
            copyMember
          )),
          ...(yield* trees.attempt(members.filter(isLarge), copyMember, true))
        ]
        return { failures, gone }
      })

    const mayDelete = (caller: Caller, name: WorldName) =>
      access.require(caller, "delete", name).pipe(
        Effect.as(true),
        Effect.catchTag("Forbidden", () => Effect.succeed(false))
      )

    const perform = (caller: Caller, plan: Plan, relocation: Relocation, op: "copy" | "move") =>
      Effect.gen(function* () {
        const { from, to } = relocation
        const { failures, gone } = yield* copyWorlds(plan, relocation, op)
        const missed = new Set([...gone, ...failures.map(({ path }) => path)])
        const copied = plan.worlds.filter((pair) => !missed.has(pair.from))
        if (copied.length === 0 && failures.length === 0 && plan.collections.length === 0) {
          return yield* WorldNotFound.at(from)
        }
        yield* collections.make(plan.collections.map((pair) => pair.to))
        const sources = resourcesOf(
          from,
          [...copied, ...plan.collections].map((pair) => pair.from)
        )
        yield* properties.copy(sources.map((path) => ({ from: path, to: relocated(path, from, to) })))
        if (failures.length > 0) return failures

        // What a world that has gone would have replaced is surplus too: to replace a world is another right than to delete it.
        const unreplaced = plan.worlds.flatMap((pair) =>
          gone.has(pair.from) ? (catalog.get(pair.to)?.name ?? []) : []
        )
        const surplus = [
          ...plan.surplus.worlds,
          ...(yield* Effect.filter(unreplaced, (name) => mayDelete(caller, name)))
        ]
        const targets = resourcesOf(to, [...surplus, ...plan.surplus.collections])
        const left = [...(yield* takeAway(surplus))]
        yield* collections.forget(plan.surplus.collections)
        yield* trees.forgetGone(to, targets)
        if (op === "copy") return left

        left.push(...(yield* takeAway(plan.worlds.map((pair) => pair.from))))
        yield* collections.forget(plan.collections.map((pair) => pair.from))
        yield* trees.forgetGone(from, sources)
        return left
      })

    const relocate =
      (op: "copy" | "move"): Relocate =>
      (caller, given) =>
        Effect.gen(function* () {
          const relocation: Relocation = op === "move" ? { ...given, depth: "infinity" } : given
          const { conditions, from, overwrite, to } = relocation
          yield* access.require(caller, "read", from)
          if (op === "move") yield* access.require(caller, "delete", from)
          yield* access.require(caller, "write", to)
          if (isEntangled(from, to)) {
            return yield* new Forbidden({ message: "source and destination are the same, or one is within the other" })
          }
          if (op === "move" && isWorldNamespace(from)) {
            return yield* new Forbidden({ message: "a whole namespace cannot be moved" })
          }
          yield* worldName(to)
          return yield* (op === "move" ? gate.trees([from, to]) : gate.trees([to], [from]))(
            Effect.gen(function* () {
              const plan = yield* planOf(caller, relocation)
              yield* requireAll(caller, plan, op)
              const held = yield* locks.judge(caller, from, conditions)
              if (!plan.created && !overwrite) {
                return yield* failed("there is something at the destination")
              }
              yield* trees.requireParent(caller, to)
              if (!locks.none()) {
                yield* locks.permit(caller, conditions.lockTokens, replaced(plan, to))
                if (op === "move") yield* locks.permitRemoval(caller, conditions.lockTokens, from, to)
              }
              const failures = yield* perform(caller, plan, { ...relocation, conditions: held }, op)
              // A single world that could not be copied is a failure like any other write's.
              const [failure] = failures
              if (failure !== undefined && plan.worlds.length === 1 && failure.path === from) {
                return yield* failure.error
              }
              return { created: plan.created, failures }
            }).pipe(Effect.scoped)
          )
        }).pipe(Effect.uninterruptible, commits.admitted.trees(op === "move" ? [given.from, given.to] : [given.to]))

    return { copy: relocate("copy"), move: relocate("move") }
  })
