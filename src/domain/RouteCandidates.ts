import type { Caller } from "./Caller.ts"
import { likeness, type Pattern, patternOf, wordsOf } from "./Likeness.ts"
import { namespaceOf } from "./WorldPath.ts"

/** Among how many of the most recent worlds somebody looks for what was meant (C13). */
export const poolSize = 500
/** How many of those a model gets to choose from. */
export const mostCandidates = 50

/** Of all namespaces those that people fill and look into: nothing else is ever found. */
export const findable: ReadonlySet<string> = new Set(["home", "etc"])

/**
 * Whether a world, which the caller may read, is one that they can find: /etc is not for those without a name. What a
 * capability does not cover is unreadable anyway.
 */
export const canBeFound = (caller: Pick<Caller, "tier">, name: string): boolean => {
  const namespace = namespaceOf(name)
  return findable.has(namespace) && (namespace === "home" || caller.tier > 1)
}

/**
 * The worlds of a pool whose names are most like the path, at most `most`, best first; where they are equally alike, in
 * the order of the pool. All stay when there are not more. The same path and pool give the same answer. `words` may
 * remember the words of names.
 */
export const narrow = <A extends { readonly name: string }>(
  path: string,
  pool: ReadonlyArray<A>,
  most = mostCandidates,
  words: (name: string) => ReadonlyArray<string> = wordsOf
): ReadonlyArray<A> => {
  const asked = wordsOf(path).map(patternOf)
  // Names share words: each is compared once.
  const compared = new Map<string, ReadonlyArray<number>>()
  const likenesses = (word: string) => {
    const known = compared.get(word) ?? asked.map((pattern) => likeness(pattern, word))
    compared.set(word, known)
    return known
  }
  return pool
    .map((item) => ({ item, score: resemblance(asked, words(item.name), likenesses) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, most)
    .map(({ item }) => item)
}

/** What a name has that nobody asked for counts less than what it lacks. */
const excess = 0.25

/** How much of what was asked for is in the name, and a little of how much of the name was asked for. */
const resemblance = (
  asked: ReadonlyArray<Pattern>,
  name: ReadonlyArray<string>,
  likenesses: (word: string) => ReadonlyArray<number>
): number => {
  const best = asked.map(() => 0)
  let covered = 0
  let length = 0
  for (const word of name) {
    let most = 0
    let i = 0
    for (const alike of likenesses(word)) {
      if (alike > (best[i] ?? 0)) best[i] = alike
      if (alike > most) most = alike
      i++
    }
    covered += most * word.length
    length += word.length
  }
  let found = 0
  let wanted = 0
  for (const [i, { word }] of asked.entries()) {
    found += (best[i] ?? 0) * word.length
    wanted += word.length
  }
  return found / Math.max(1, wanted) + (excess * covered) / Math.max(1, length)
}
