import { ancestors } from "../domain/Lock.ts"
import type { CatalogShape } from "./Catalog.ts"
import type { LocksShape } from "./Locks.ts"

/** How many names a path and what is below it have in the catalog. */
const countWithin = (catalog: CatalogShape, path: string): number =>
  catalog.countBelow(path) + (catalog.isMade(path) ? 1 : 0) + (catalog.get(path) === undefined ? 0 : 1)

/**
 * The resources that writing a path changes: itself, and when it comes to be, the collections that get a member by that
 * (RFC 4918 section 7.4): all that come to be with it, and the nearest that is there.
 */
export function* written(catalog: CatalogShape, path: string): Generator<string> {
  yield path
  if (catalog.isThere(path)) return
  for (const above of ancestors(path)) {
    yield above
    if (catalog.isThere(above)) return
  }
}

/**
 * The resources that removing a path and all below it changes: all that are locked in there, and the collections that
 * lose a member, which are several when the last member of a collection that nobody made takes it along.
 */
export function* removed(catalog: CatalogShape, locks: LocksShape, path: string): Generator<string> {
  yield path
  for (const { root } of locks.within(path)) yield root
  const going = countWithin(catalog, path)
  for (const above of ancestors(path)) {
    yield above
    if (countWithin(catalog, above) > going) return
  }
}

/** Everything that names stand for, from a path down: worlds, and the collections on the way to them. */
export const resourcesOf = (path: string, names: Iterable<string>): ReadonlyArray<string> => {
  const resources = new Set<string>([path])
  for (const name of names) {
    resources.add(name)
    for (const above of ancestors(name)) {
      if (above.length <= path.length || resources.has(above)) break
      resources.add(above)
    }
  }
  return [...resources]
}
