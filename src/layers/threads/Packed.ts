import type { Entry } from "../../domain/World.ts"
import type { WorldName } from "../../domain/WorldPath.ts"

/**
 * Entries as they are posted. Objects are posted with the names of their fields, each with its own, and what they have in
 * common arrives as often as it was sent: here all fields come in one list, and what most worlds share comes once.
 */
export interface Packed {
  readonly names: ReadonlyArray<WorldName>
  readonly tags: ReadonlyArray<string>
  /** the pairs of extension and state that there are */
  readonly kinds: ReadonlyArray<Kind>
  /** `width` for each name: the place of its kind, then its numbers */
  readonly numbers: ReadonlyArray<number>
}

type Kind = Pick<Entry, "ext" | "state">

const width = 6

export const pack = (entries: ReadonlyArray<Entry>): Packed => {
  const kinds: Array<Kind> = []
  const places = new Map<string, number>()
  const placeOf = ({ ext, state }: Kind): number => {
    // The length tells where one ends, whatever is in it.
    const key = `${ext.length} ${ext}${state}`
    const place = places.get(key) ?? kinds.push({ ext, state }) - 1
    places.set(key, place)
    return place
  }

  const numbers: Array<number> = []
  for (const entry of entries) {
    numbers.push(placeOf(entry), entry.version, entry.len, entry.createdAt, entry.updatedAt, entry.eventId)
  }
  return { names: entries.map(({ name }) => name), tags: entries.map(({ tag }) => tag), kinds, numbers }
}

export const unpack = ({ kinds, names, numbers, tags }: Packed): ReadonlyArray<Entry> =>
  names.map((name, index) => {
    // What `pack` has put there: each name has a tag, `width` numbers, and the first of them is the place of a kind.
    const number = (column: number) => numbers[index * width + column] as number
    const { ext, state } = kinds[number(0)] as Kind
    return {
      name,
      version: number(1),
      ext,
      state,
      len: number(2),
      createdAt: number(3),
      updatedAt: number(4),
      eventId: number(5),
      tag: tags[index] as string
    }
  })
