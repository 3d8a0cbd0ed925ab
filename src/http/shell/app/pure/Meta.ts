/** The metadata of a world: names in lower case, in the order of its writer, repeats and all (C6). */
export type Meta = ReadonlyArray<readonly [name: string, value: string]>

/** A header longer than that is not kept (C6), in bytes. */
const longest = 1024

/** As fetch shows and sends headers: those of one name are one, joined by commas. */
export const joined = (meta: Meta): ReadonlyMap<string, string> => {
  const all = new Map<string, string>()
  for (const [name, value] of meta) {
    const before = all.get(name)
    all.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return all
}

/** Whether headers as fetch shows them may be several that it has joined. */
export const mayBeJoined = (headers: Meta): boolean => headers.some(([, value]) => value.includes(", "))

/** What was signed, if it is what fetch has joined; else the headers themselves. */
export const separated = (headers: Meta, signed: Meta | undefined): Meta => {
  if (signed === undefined) return headers
  const [shown, said] = [joined(headers), joined(signed)]
  const agree = shown.size === said.size && [...shown].every(([name, value]) => said.get(name) === value)
  return agree ? signed : headers
}

/** What a browser that writes a world anew does to metadata that stands there more than once; in words. */
export const harmOf = (meta: Meta): string | undefined => {
  const names = [...new Set(meta.map(([name]) => name))].filter(
    (name) => meta.filter(([other]) => other === name).length > 1
  )
  if (names.length === 0) return undefined
  const lost = names.some((name) => (joined(meta).get(name)?.length ?? 0) > longest)
  return lost
    ? `${names.join(", ")} stands there more than once; a browser sends it joined, and that is too long to be kept.`
    : `${names.join(", ")} stands there more than once; a browser sends it joined by commas.`
}
