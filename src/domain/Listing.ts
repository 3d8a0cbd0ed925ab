import { lowerBound } from "./ByteOrder.ts"

/** An immediate child of a collection: `b` for a world, `b/` for what has worlds below it (C3.1). */
export interface Child {
  /** one path segment, without a slash */
  readonly name: string
  readonly dir: boolean
}

/** A child as a listing writes it and as `?after=` takes it back. */
export const entryOf = (child: Child): string => (child.dir ? `${child.name}/` : child.name)

/**
 * The immediate children of a collection in byte order of their entries, lazily: the caller takes a page and stops.
 *
 * `names` are all world names in byte order, and those of made collections with a slash behind them (C15); `prefix` is
 * the collection with its trailing slash ("" for everything), `after` an entry as listed. A child collection appears when
 * at least one name in it is `visible`, so a listing never tells that something unreadable exists. Each step is a binary
 * search, whatever the subtrees hold.
 */
export function* childrenOf(
  names: ReadonlyArray<string>,
  prefix: string,
  visible: (name: string) => boolean,
  after?: string
): Generator<Child> {
  // "b" < "b-c" < "b/..." < "b0" in byte order: a world and the worlds below it need not be neighbours, but the
  // entries "b", "b-c", "b/" come in exactly the order of the names that produce them.
  let at = lowerBound(names, prefix + (after ?? ""))
  while (at < names.length) {
    const name = names[at] as string
    if (!name.startsWith(prefix)) return
    const rest = name.slice(prefix.length)
    if (rest === "") {
      // The collection itself, which was made.
      at++
      continue
    }
    const slash = rest.indexOf("/")
    const segment = slash < 0 ? rest : rest.slice(0, slash)
    const dir = slash >= 0
    const entry = dir ? `${segment}/` : segment
    if (dir) {
      const past = lowerBound(names, `${prefix}${segment}0`) // "0" follows "/"
      if (entry !== after && someVisible(names, at, past, visible)) yield { name: segment, dir: true }
      at = past
    } else {
      if (entry !== after && visible(name)) yield { name: segment, dir: false }
      at++
    }
  }
}

const someVisible = (
  names: ReadonlyArray<string>,
  from: number,
  to: number,
  visible: (name: string) => boolean
): boolean => {
  for (let i = from; i < to; i++) if (visible(names[i] as string)) return true
  return false
}
