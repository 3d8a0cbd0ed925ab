import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { compareBytes, lowerBound } from "../domain/ByteOrder.ts"
import type { StorageFailure } from "../domain/Errors.ts"
import { type Child, childrenOf } from "../domain/Listing.ts"
import type { Entry } from "../domain/World.ts"
import type { WorldName } from "../domain/WorldPath.ts"
import { Storage } from "./Storage.ts"

/**
 * What exists, without opening any world: names in byte order and the little that listings, conditions and caches ask
 * about them. It lives in memory, is filled from the storage at start and follows every commit at once, so its answers
 * are plain values.
 */
export interface CatalogShape {
  readonly get: (name: string) => Entry | undefined
  readonly size: () => number
  /** every world in byte order */
  readonly entries: () => Iterable<Entry>
  /** the worlds below a path, in byte order, the path itself not among them */
  readonly below: (path: string) => ReadonlyArray<WorldName>
  /** the immediate children of a collection; `prefix` ends with a slash */
  readonly children: (prefix: string, visible: (name: string) => boolean, after?: string) => Iterable<Child>
  readonly put: (entry: Entry) => void
  readonly remove: (name: WorldName) => void
}

export class Catalog extends Context.Tag("elastik/Catalog")<Catalog, CatalogShape>() {
  static readonly layer: Layer.Layer<Catalog, StorageFailure, Storage> = Layer.effect(
    Catalog,
    Effect.gen(function* () {
      const storage = yield* Storage
      return make(yield* storage.scan)
    })
  )
}

/** A catalog that starts with the given entries. */
export const make = (initial: ReadonlyArray<Entry>): CatalogShape => {
  const entries = new Map<string, Entry>(initial.map((entry) => [entry.name, entry]))
  const names: Array<string> = [...entries.keys()].sort(compareBytes)

  return {
    get: (name) => entries.get(name),
    size: () => entries.size,
    *entries() {
      for (const name of names) {
        const entry = entries.get(name)
        if (entry !== undefined) yield entry
      }
    },
    below: (path) => {
      const from = lowerBound(names, `${path}/`)
      const to = lowerBound(names, `${path}0`) // "0" follows "/"
      return names.slice(from, to).flatMap((name) => entries.get(name)?.name ?? [])
    },
    children: (prefix, visible, after) => childrenOf(names, prefix, visible, after),
    put: (entry) => {
      if (!entries.has(entry.name)) names.splice(lowerBound(names, entry.name), 0, entry.name)
      entries.set(entry.name, entry)
    },
    remove: (name) => {
      if (entries.delete(name)) names.splice(lowerBound(names, name), 1)
    }
  }
}
