import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { compareBytes, lowerBound } from "../domain/ByteOrder.ts"
import type { StorageFailure } from "../domain/Errors.ts"
import { type Child, childrenOf } from "../domain/Listing.ts"
import type { Entry } from "../domain/World.ts"
import { type CanonicalPath, isWithin, isWorldNamespace, type WorldName } from "../domain/WorldPath.ts"
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
  /** whether a collection was made at the path, so that it is there without worlds below it (C15) */
  readonly isMade: (path: string) => boolean
  /** the made collections at a path and below it, in byte order */
  readonly madeWithin: (path: string) => ReadonlyArray<CanonicalPath>
  readonly make: (path: CanonicalPath) => void
  readonly unmake: (path: string) => void
  /** how many worlds and made collections there are below a path */
  readonly countBelow: (path: string) => number
  /** whether a path is a collection: a namespace, a made one, or one with something below it, of what is `visible` */
  readonly isCollection: (path: string, visible?: (name: string) => boolean) => boolean
  /** whether there is anything at a path: a world or a collection */
  readonly isThere: (path: string) => boolean
  /** whether a path is known to have nothing: it is not there, and no world at it or below could not be read */
  readonly isGone: (path: string) => boolean
}

export class Catalog extends Context.Tag("elastik/Catalog")<Catalog, CatalogShape>() {
  static readonly layer: Layer.Layer<Catalog, StorageFailure, Storage> = Layer.effect(
    Catalog,
    Effect.gen(function* () {
      const storage = yield* Storage
      const entries: Array<Entry> = []
      yield* storage.scan((part) => {
        for (const entry of part) entries.push(entry)
      })
      return make(entries, yield* storage.unread)
    })
  )
}

/** A catalog that starts with the given entries; of what is `unread` it knows nothing but that it is there. */
export const make = (initial: ReadonlyArray<Entry>, unread: ReadonlyArray<WorldName> = []): CatalogShape => {
  const entries = new Map<string, Entry>()
  for (const entry of initial) entries.set(entry.name, entry)
  // A made collection stands among the names with a slash behind it: as if there were a world below it without a name.
  const names: Array<string> = [...entries.keys()].sort(compareBytes)
  const made = new Map<string, CanonicalPath>()
  const unknown = new Set(unread)

  /** the part of the names that begins behind `path/`, whatever that is */
  const range = (path: string): readonly [number, number] => [
    lowerBound(names, `${path}/`),
    lowerBound(names, `${path}0`) // "0" follows "/"
  ]
  const insert = (name: string) => names.splice(lowerBound(names, name), 0, name)
  const drop = (name: string) => names.splice(lowerBound(names, name), 1)

  const countBelow = (path: string) => {
    const [from, to] = range(path)
    return to - from - (made.has(path) ? 1 : 0)
  }
  const isCollection: CatalogShape["isCollection"] = (path, visible) => {
    if (isWorldNamespace(path)) return true
    if (visible === undefined) return made.has(path) || countBelow(path) > 0
    if (made.has(path) && visible(path)) return true
    for (const _child of childrenOf(names, `${path}/`, visible)) return true
    return false
  }
  const isThere = (path: string) => entries.has(path) || isCollection(path)

  return {
    get: (name) => entries.get(name),
    size: () => entries.size,
    *entries() {
      for (const name of names) {
        const entry = entries.get(name)
        if (entry !== undefined) yield entry
      }
    },
    below: (path) => names.slice(...range(path)).flatMap((name) => entries.get(name)?.name ?? []),
    children: (prefix, visible, after) => childrenOf(names, prefix, visible, after),
    put: (entry) => {
      if (!entries.has(entry.name)) insert(entry.name)
      entries.set(entry.name, entry)
      unknown.delete(entry.name)
    },
    remove: (name) => {
      if (entries.delete(name)) drop(name)
    },
    isMade: (path) => made.has(path),
    madeWithin: (path) => (made.size === 0 ? [] : names.slice(...range(path)).flatMap((name) => madeAt(made, name))),
    make: (path) => {
      if (!made.has(path)) insert(`${path}/`)
      made.set(path, path)
    },
    unmake: (path) => {
      if (made.delete(path)) drop(`${path}/`)
    },
    countBelow,
    isCollection,
    isThere,
    isGone: (path) => !isThere(path) && ![...unknown].some((name) => isWithin(name, path))
  }
}

const madeAt = (made: ReadonlyMap<string, CanonicalPath>, name: string): CanonicalPath | [] =>
  (name.endsWith("/") ? made.get(name.slice(0, -1)) : undefined) ?? []
