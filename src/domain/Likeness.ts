/** How alike two names are, as somebody who mistypes or half remembers one would find them (C13). */

/** Scripts that write words without spaces between them; there, pairs of characters are compared instead of words. */
const unspaced = ["Han", "Hiragana", "Katakana", "Hangul", "Thai", "Lao", "Khmer", "Myanmar"]
  .map((script) => `\\p{Script=${script}}`)
  .concat("ー")
  .join("")
const runs = new RegExp(`[${unspaced}][${unspaced}\\p{M}]*|(?:(?![${unspaced}])[\\p{L}\\p{M}\\p{N}])+`, "gu")
const isUnspaced = new RegExp(`^[${unspaced}]`, "u")

/** Bounds on what is compared: of a text, of its words, and of one word, all in UTF-16 units. */
const longestText = 1024
const mostWords = 16
const longestWord = 31

/**
 * The words of a path or name, lower-cased, each once: runs of letters and digits, pairs of characters where a script has
 * no spaces, and the last segment without its separators, for those who leave them out. Bounded, whatever comes.
 */
export const wordsOf = (text: string): ReadonlyArray<string> => {
  const words = new Set<string>()
  const normal = text.slice(0, longestText).normalize("NFC").toLowerCase()
  const last = normal.slice(normal.lastIndexOf("/") + 1).match(runs) ?? []
  if (last.length > 1) words.add(cut(last.join("")))
  for (const [run] of normal.matchAll(runs)) {
    if (words.size >= mostWords) break
    if (!isUnspaced.test(run)) words.add(cut(run))
    else for (const pair of pairsOf(run)) words.add(pair)
  }
  return [...words].slice(0, mostWords)
}

const cut = (word: string): string => word.slice(0, longestWord)

const pairsOf = (run: string): ReadonlyArray<string> => {
  const characters = [...run]
  if (characters.length === 1) return characters
  return characters.slice(1, mostWords + 1).map((character, i) => `${characters[i]}${character}`)
}

/** A word prepared to be compared with many: for each of its characters, the positions where it stands, as bits. */
export interface Pattern {
  readonly word: string
  readonly positions: ReadonlyMap<number, number>
}

export const patternOf = (word: string): Pattern => {
  const positions = new Map<number, number>()
  for (let i = 0; i < Math.min(word.length, longestWord); i++) {
    const unit = word.charCodeAt(i)
    positions.set(unit, (positions.get(unit) ?? 0) | (1 << i))
  }
  return { word: cut(word), positions }
}

/**
 * The edit distance of Levenshtein: the fewest insertions, deletions and replacements that make one word the other. A
 * column of the matrix at a time, its differences held in the bits of two numbers (Myers 1999, Hyyrö 2003).
 */
export const distance = ({ positions, word }: Pattern, other: string): number => {
  if (word === "") return other.length
  const last = 1 << (word.length - 1)
  let distance = word.length
  let more = -1
  let less = 0
  for (let i = 0; i < other.length; i++) {
    const equal = positions.get(other.charCodeAt(i)) ?? 0
    const diagonal = equal | less
    const across = (((equal & more) + more) ^ more) | equal
    const rising = less | ~(across | more)
    const falling = more & across
    if ((rising & last) !== 0) distance++
    else if ((falling & last) !== 0) distance--
    const shifted = (rising << 1) | 1
    more = (falling << 1) | ~(diagonal | shifted)
    less = shifted & diagonal
  }
  return distance
}

/** Shorter words have to be the same. */
const shortest = 3

/** Below this, what two words have in common is chance. */
const leastAlike = 0.5

/** How alike two words are, 0 to 1: by containment, by a shared beginning, or by few edits; whatever says most. */
export const likeness = (pattern: Pattern, other: string): number => {
  const { word } = pattern
  if (word === other) return 1
  const [short, long] = word.length < other.length ? [word, other] : [other, word]
  const contained = short !== "" && long.includes(short)
  // So few letters stand in many words; so few characters of a script without spaces are a word.
  if (short.length < shortest) return contained && isUnspaced.test(short) ? short.length / long.length : 0
  if (contained) return short.length / long.length
  const alike = Math.max(sharedPrefix(short, long), long.length - distance(pattern, other)) / long.length
  return alike < leastAlike ? 0 : alike
}

const sharedPrefix = (a: string, b: string): number => {
  let length = 0
  while (length < a.length && a.charCodeAt(length) === b.charCodeAt(length)) length++
  return length
}
