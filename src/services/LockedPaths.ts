import { ancestors } from "../domain/Lock.ts"
import { isWithin, isWorldNamespace } from "../domain/WorldPath.ts"
import type { CatalogShape } from "./Catalog.ts"

/** How many names a path and what is below it have in the catalog. */
const countWithin = (catalog: CatalogShape, path: string): number =>
  catalog.countBelow(path) + (catalog.isMade(path) ? 1 : 0) + (catalog.get(path) === undefined ? 0 : 1)

/**
 * Whether there will still be something at a path when all that is `leaving` has gone. Those who remove trees have them
 * alone, so what is leaving lies side by side.
 */
const isStaying = (catalog: CatalogShape, leaving: ReadonlySet<string>, path: string): boolean => {
  if (isWorldNamespace(path)) return true
  let count = countWithin(catalog, path)
  for (const gone of leaving) if (count > 0 && isWithin(gone, path)) count -= countWithin(catalog, gone)
  return count > 0
}

/**
 * The resources that writing a path changes: itself, and when it comes to be, the collections that get a member by that
 * (RFC 4918 section 7.4): all that come to be with it, and the nearest that is there, and not about to go.
 */
export function* written(catalog: CatalogShape, leaving: ReadonlySet<string>, path: string): Generator<string> {
  yield path
  if (isStaying(catalog, leaving, path)) return
  for (const above of ancestors(path)) {
    yield above
    if (isStaying(catalog, leaving, above)) return
  }
}

/**
 * The collections that lose a member when a path, which is `leaving`, goes with all below it: several when the last
 * member of a collection that nobody made takes it along. `arriving` is what comes to be by the same request.
 */
export function* robbed(
  catalog: CatalogShape,
  leaving: ReadonlySet<string>,
  path: string,
  arriving: string | undefined
): Generator<string> {
  for (const above of ancestors(path)) {
    yield above
    if (isStaying(catalog, leaving, above) || (arriving !== undefined && isWithin(arriving, above))) return
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
