import type { CanonicalPath } from "./WorldPath.ts"
import { isWithin } from "./WorldPath.ts"

/** Where what lies at `path`, which is within `from`, comes to lie when `from` goes to `to`. */
export const relocated = (path: string, from: CanonicalPath, to: CanonicalPath): CanonicalPath =>
  // Two canonical paths put together at a slash, or a canonical one alone.
  `${to}${path.slice(from.length)}` as CanonicalPath

/** Whether one of two paths holds the other, or is it: nothing can be copied or moved between them. */
export const isEntangled = (a: string, b: string): boolean => isWithin(a, b) || isWithin(b, a)

/** What is at a path and below it. */
export interface Content<Name extends string> {
  readonly worlds: ReadonlyArray<Name>
  readonly collections: ReadonlyArray<CanonicalPath>
}

/** What of a target goes when other things come to lie there: whatever is not replaced by one of its kind. */
export const surplus = <Name extends string>(before: Content<Name>, after: Content<string>): Content<Name> => {
  const worlds = new Set<string>(after.worlds)
  const collections = new Set<string>(after.collections)
  return {
    worlds: before.worlds.filter((name) => !worlds.has(name)),
    collections: before.collections.filter((path) => !collections.has(path))
  }
}
