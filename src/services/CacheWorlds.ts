import { createHash } from "node:crypto"
import type * as Brand from "effect/Brand"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { system } from "../domain/Caller.ts"
import type { Overwrite } from "../domain/Command.ts"
import type { StorageFailure } from "../domain/Errors.ts"
import type { World } from "../domain/World.ts"
import type { WorldName } from "../domain/WorldPath.ts"
import { Catalog } from "./Catalog.ts"
import * as Errands from "./Errands.ts"
import { type OverwriteError, Worlds } from "./Worlds.ts"

/** Hex digits: with them below the prefixes of this program, any name is a canonical one. */
export type Key = string & Brand.Brand<"CacheKey">

/** What one answer leaves in a cache. */
export type Remembered = Pick<Overwrite, "body" | "ext" | "meta">

/** Answers that can be made again, as worlds below one path; the least recently used one goes first (C12.5, C13). */
export interface CacheWorlds {
  readonly get: (key: Key) => Effect.Effect<Option.Option<World>, StorageFailure>
  /** from now on others get the answer, as soon as it is written; that it could not be kept is logged */
  readonly put: (key: Key, answer: Remembered) => Effect.Effect<void>
}

/** The key of everything that an answer depends on, in its order; no two lists have the same. */
export const keyOf = (parts: ReadonlyArray<string>): Key =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex") as Key

/** Answers that may be on their way to the disk before somebody waits for theirs. */
const mostUnderWay = 64

/** A cache below `prefix` of at most `capacity` worlds. After a start, those written last count as used last. */
export const make = (options: {
  readonly prefix: "var/cache/semantic" | "var/cache/router"
  readonly type: NonNullable<Overwrite["type"]>
  readonly capacity: number
}): Effect.Effect<CacheWorlds, never, Worlds | Catalog | Scope.Scope> =>
  Effect.gen(function* () {
    const { capacity, prefix, type } = options
    const worlds = yield* Worlds
    const catalog = yield* Catalog
    const nameOf = (key: Key) => `${prefix}/${key}` as WorldName
    /** least recently used first */
    const kept = new Set<WorldName>(
      catalog
        .below(prefix)
        .flatMap((name) => catalog.get(name) ?? [])
        .sort((a, b) => a.updatedAt - b.updatedAt)
        .map(({ name }) => name)
    )
    const use = (name: WorldName) => {
      kept.delete(name)
      kept.add(name)
    }

    const errands = yield* Errands.make(mostUnderWay)
    const quietly = (work: Effect.Effect<void, OverwriteError>) =>
      errands.send(
        Effect.catchAll(work, (error) => Effect.logError(`an answer could not be kept below /${prefix}`, error))
      )

    return {
      get: (key) =>
        Effect.suspend(() => {
          const name = nameOf(key)
          if (!kept.has(name)) return Effect.succeedNone
          return Effect.matchEffect(worlds.read(system, name), {
            onFailure: (error) => {
              if (error._tag === "StorageFailure") return error
              kept.delete(name)
              return Effect.succeedNone
            },
            onSuccess: (world) => {
              use(name)
              return Effect.succeedSome(world)
            }
          })
        }),

      put: (key, answer) =>
        Effect.suspend(() => {
          if (capacity === 0) return Effect.void
          const name = nameOf(key)
          use(name)
          const surplus: Array<WorldName> = []
          for (const old of kept) {
            if (kept.size <= capacity) break
            kept.delete(old)
            surplus.push(old)
          }
          const written = worlds.remember({ _tag: "Overwrite", name, conditions: {}, type, ...answer })
          return Effect.zipRight(
            quietly(written),
            Effect.forEach(surplus, (old) => quietly(worlds.evict(old)), { discard: true })
          )
        })
    }
  })
