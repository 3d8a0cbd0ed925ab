import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Caller } from "../domain/Caller.ts"
import type { Overwrite } from "../domain/Command.ts"
import type { Conditions } from "../domain/Conditions.ts"
import {
  type BadPath,
  type Conflict,
  Forbidden,
  PreconditionFailed,
  StorageFailure,
  WorldNotFound
} from "../domain/Errors.ts"
import { type Content, isEntangled, relocated, surplus } from "../domain/Relocation.ts"
import { type CanonicalPath, isWorldNamespace, type WorldName, worldName } from "../domain/WorldPath.ts"
import { Access } from "./Access.ts"
import { Catalog } from "./Catalog.ts"
import { Collections } from "./Collections.ts"
import type { Commits, OverwriteError } from "./Commits.ts"
import { removed, resourcesOf, written } from "./LockedPaths.ts"
import { Locks } from "./Locks.ts"
import { Properties } from "./Properties.ts"
import { Storage } from "./Storage.ts"
import { deletionsAtOnce, type Trees } from "./Trees.ts"
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

/** What could not be done, by the path in question. */
export interface Failed {
  readonly path: string
  readonly error: StorageFailure
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

/** Worlds that are copied at a time. Each is in memory meanwhile, so it is fewer of the large ones, in bytes. */
const copiesAtOnce = { small: 16, large: 2 }
const large = 1024 * 1024

/** Copies and moves of worlds and trees (C15). Everything is judged first, by who has both trees alone. */
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

    function* changedBy({ created }: Plan, { from, to }: Relocation, op: "copy" | "move"): Generator<string> {
      yield* written(catalog, to)
      if (!created) for (const { root } of locks.within(to)) yield root
      if (op === "move") yield* removed(catalog, locks, from)
    }

    const copyWorld = ({ from, to }: Pair<WorldName>, op: "copy" | "move") =>
      Effect.gen(function* () {
        const found = yield* storage.read(from)
        if (Option.isNone(found)) {
          return yield* new StorageFailure({ message: `/${from} is gone`, cause: "it was in the catalog" })
        }
        const { body, ext, meta } = found.value
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
      }).pipe(
        Effect.catchTags({
          WorldNotFound: Effect.die,
          IdempotencyConflict: Effect.die,
          PreconditionFailed: Effect.die
        })
      )

    /** Does all it can; what fails is told, by its path. */
    const attempt = <A extends { readonly path: string }>(
      steps: ReadonlyArray<A>,
      concurrency: number,
      run: (step: A) => Effect.Effect<unknown, StorageFailure>
    ) =>
      Effect.forEach(
        steps,
        (step) =>
          Effect.match(run(step), {
            onFailure: (error): ReadonlyArray<Failed> => [{ path: step.path, error }],
            onSuccess: () => []
          }),
        { concurrency }
      ).pipe(Effect.map((failures) => failures.flat()))

    const takeAway = (names: ReadonlyArray<WorldName>) =>
      Effect.flatMap(trees.deletion, (deletion) =>
        attempt(
          names.map((name) => ({ path: name, name })),
          deletionsAtOnce,
          ({ name }) =>
            Effect.catchTag(trees.takeAway({ name, deletion, conditions: {} }), "PreconditionFailed", Effect.die)
        )
      )

    const perform = (plan: Plan, { from, to }: Relocation, op: "copy" | "move") =>
      Effect.gen(function* () {
        const isLarge = ({ from }: Pair<WorldName>) => (catalog.get(from)?.len ?? 0) > large
        const copies = (pairs: ReadonlyArray<Pair<WorldName>>, concurrency: number) =>
          attempt(
            pairs.map((pair) => ({ ...pair, path: pair.from })),
            concurrency,
            (pair) => copyWorld(pair, op)
          )
        const failures = [
          ...(yield* copies(
            plan.worlds.filter((pair) => !isLarge(pair)),
            copiesAtOnce.small
          )),
          ...(yield* copies(plan.worlds.filter(isLarge), copiesAtOnce.large))
        ]
        const failed = new Set(failures.map(({ path }) => path))
        const copied = plan.worlds.filter((pair) => !failed.has(pair.from))
        yield* collections.make(plan.collections.map((pair) => pair.to))
        const sources = resourcesOf(
          from,
          [...copied, ...plan.collections].map((pair) => pair.from)
        )
        yield* properties.copy(sources.map((path) => ({ from: path, to: relocated(path, from, to) })))
        if (failures.length > 0) return failures

        const targets = resourcesOf(to, [...plan.surplus.worlds, ...plan.surplus.collections])
        failures.push(...(yield* takeAway(plan.surplus.worlds)))
        yield* collections.forget(plan.surplus.collections)
        yield* trees.forgetGone(to, targets)
        if (op === "copy") return failures

        failures.push(...(yield* takeAway(plan.worlds.map((pair) => pair.from))))
        yield* collections.forget(plan.collections.map((pair) => pair.from))
        yield* trees.forgetGone(from, sources)
        return failures
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
          return yield* gate.trees([from, to])(
            Effect.gen(function* () {
              const plan = yield* planOf(caller, relocation)
              yield* requireAll(caller, plan, op)
              yield* trees.judge(from, conditions)
              if (!plan.created && !overwrite) {
                return yield* new PreconditionFailed({ message: "there is something at the destination" })
              }
              yield* trees.requireParent(to)
              if (!locks.none()) {
                yield* locks.permit(caller, conditions.lockTokens, changedBy(plan, relocation, op))
              }
              const failures = yield* perform(plan, relocation, op)
              // A single world that could not be copied is a failure like any other write's.
              const [failure] = failures
              if (failure !== undefined && plan.worlds.length === 1 && failure.path === from)
                return yield* failure.error
              return { created: plan.created, failures }
            })
          )
        }).pipe(Effect.uninterruptible, commits.admitted)

    return { copy: relocate("copy"), move: relocate("move") }
  })
