/** A way to read a value and the names in it; each is tried where those before it found nothing. */
interface Reading {
  readonly value: (value: string) => string
  readonly name: (name: string) => string
  /** whether a name must be all of an item */
  readonly whole: boolean
}

const fold = (text: string): string => text.normalize("NFC").toLowerCase().normalize("NFC")
const readings: ReadonlyArray<Reading> = [
  { value: (value) => value.normalize("NFC"), name: (name) => name, whole: false },
  { value: (value) => unescaped(value).normalize("NFC"), name: (name) => name, whole: false },
  { value: (value) => fold(unescaped(value)), name: fold, whole: false },
  // Without its namespace, as in "notes" for home/notes.
  { value: (value) => fold(unescaped(value)), name: (name) => fold(name.slice(name.indexOf("/") + 1)), whole: true }
]

/** The candidates that a value names, in its order; unknown ones are passed over where `several` may be named. */
export const namesIn = (value: string, candidates: ReadonlyArray<string>, several: boolean): ReadonlyArray<string> => {
  for (const reading of readings) {
    const names = scan(reading.value(value), known(candidates, reading), several, reading.whole)
    if (names.length > 0) return names
  }
  return []
}

/** Candidates by how a reading spells them, the longest first. What two of them share names neither. */
const known = (candidates: ReadonlyArray<string>, reading: Reading): ReadonlyArray<readonly [string, string]> => {
  const spelled = new Map<string, string | undefined>()
  for (const name of candidates) spelled.set(reading.name(name), spelled.has(reading.name(name)) ? undefined : name)
  return [...spelled]
    .flatMap(([spelling, name]) => (name === undefined || spelling === "" ? [] : [[spelling, name] as const]))
    .sort(([a], [b]) => b.length - a.length)
}

/** What may stand before a name: quotes, brackets, bullets, numbers, slashes, and the address of a server. */
const opening = /(?:[\s"'`“‘「『([{<*_•./-]|\d+[.)]\s)*(?:https?:\/\/[^/\s]+\/)?/iy
/** What stands behind a name where it ends; anything else may be the rest of a longer one. */
const closing =
  /\/?(?:["'`”’」』)\]}>*_]*(?:\s*$|\s*[,，、:：。|]|[.;；](?:\s|$)|\s+[([{<#&–—-])|["'`”’」』)\]}>*]+\s)/y
const wholeClosing = /\/?["'`”’」』)\]}>*_]*\.?\s*(?:$|[,，、])/y
/** What is between two names. */
const separator = /[\s"'`”’」』)\]}>*_./]*[,，、;；&|]?/y
const nextItem = /[^,，、]*[,，、]|[^,，、]+/y

/** Where a pattern ends that begins at a place, or that place itself. */
const skip = (pattern: RegExp, value: string, at: number): number => {
  pattern.lastIndex = at
  return pattern.test(value) ? pattern.lastIndex : at
}

const matches = (pattern: RegExp, value: string, at: number): boolean => {
  pattern.lastIndex = at
  return pattern.test(value)
}

const scan = (
  value: string,
  names: ReadonlyArray<readonly [spelling: string, name: string]>,
  several: boolean,
  whole: boolean
): ReadonlyArray<string> => {
  const found: Array<string> = []
  let at = 0
  while (at < value.length) {
    const start = skip(opening, value, at)
    const hit = names.find(
      ([spelling]) =>
        value.startsWith(spelling, start) && matches(whole ? wholeClosing : closing, value, start + spelling.length)
    )
    if (hit !== undefined) {
      found.push(hit[1])
      at = skip(separator, value, start + hit[0].length)
    } else if (several) at = skip(nextItem, value, at)
    else break
  }
  return found
}

/** Text with its percent escapes, and JSON's, read; what is no escape of UTF-8 stays. */
const unescaped = (text: string): string =>
  text
    .replace(/\\u([0-9a-f]{4})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
      try {
        return decodeURIComponent(escapes)
      } catch {
        return escapes
      }
    })
