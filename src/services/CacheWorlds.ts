import { createHash } from "node:crypto"
import type * as Brand from "effect/Brand"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import { system } from "../domain/Caller.ts"
import type { Overwrite } from "../domain/Command.ts"
import type { StorageFailure } from "../domain/Errors.ts"
import type { World } from "../domain/World.ts"
import type { WorldName } from "../domain/WorldPath.ts"
import { Catalog } from "./Catalog.ts"
import { Worlds } from "./Worlds.ts"

/** Hex digits: with them below the prefixes of this program, any name is a canonical one. */
export type Key = string & Brand.Brand<"CacheKey">

/** What one answer leaves in a cache. */
export type Remembered = Pick<Overwrite, "body" | "ext" | "meta">

/** Answers that can be made again, as worlds below one path; the least recently used one goes first (C12.5, C13). */
export interface CacheWorlds {
  readonly get: (key: Key) => Effect.Effect<Option.Option<World>, StorageFailure>
  /** the answer is there for others as soon as this is done; that it could not be kept is logged */
  readonly put: (key: Key, answer: Remembered) => Effect.Effect<void>
}

/** The key of everything that an answer depends on, in its order; no two lists have the same. */
export const keyOf = (parts: ReadonlyArray<string>): Key =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex") as Key

/** A cache below `prefix` of at most `capacity` worlds. After a start, those written last count as used last. */
export const make = (options: {
  readonly prefix: "var/cache/semantic" | "var/cache/router"
  readonly type: NonNullable<Overwrite["type"]>
  readonly capacity: number
}): Effect.Effect<CacheWorlds, never, Worlds | Catalog> =>
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

    const evict = Effect.suspend(() => {
      const surplus = [...kept].slice(0, Math.max(0, kept.size - capacity))
      for (const name of surplus) kept.delete(name)
      return Effect.forEach(surplus, worlds.evict, { discard: true })
    })

    return {
      get: (key) => {
        const name = nameOf(key)
        return Effect.matchEffect(worlds.read(system, name), {
          onFailure: (error) => (error._tag === "StorageFailure" ? error : Effect.succeedNone),
          onSuccess: (world) => {
            use(name)
            return Effect.succeedSome(world)
          }
        })
      },

      put: (key, answer) =>
        Effect.suspend(() => {
          if (capacity === 0) return Effect.void
          const name = nameOf(key)
          const written = worlds.overwrite(system, { _tag: "Overwrite", name, conditions: {}, type, ...answer })
          return written.pipe(
            Effect.zipRight(
              Effect.suspend(() => {
                use(name)
                return evict
              })
            ),
            Effect.catchAll((error) => Effect.logError(`an answer could not be kept below /${prefix}`, error))
          )
        })
    }
  })
