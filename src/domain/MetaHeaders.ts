import { isToken, isVisibleAscii, trimOws } from "./Text.ts"

/** A world's X-Meta-* headers (C6): lower-case names, order and repeats as they came. */
export type MetaHeaders = ReadonlyArray<readonly [name: string, value: string]>

const prefix = "x-meta-"
const maxValueBytes = 1024
const maxTotalBytes = 8192

/**
 * The X-Meta-* of a request, from node's flat `[name, value, name, value...]` (C6). Drops a header whose name is no
 * token, whose value is not visible ASCII (node shows other bytes as Latin-1) or over 1024 bytes; drops all when
 * their JSON is over 8192 bytes.
 */
export const metaFromRequest = (rawHeaders: ReadonlyArray<string>): MetaHeaders => {
  const meta: Array<readonly [string, string]> = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const header = checked(rawHeaders[i], rawHeaders[i + 1])
    if (header !== undefined) meta.push(header)
  }
  return withinLimit(meta)
}

/**
 * The headers of a stored world, judged again by the same rules, since anyone with sqlite3 can edit them (C6). Takes
 * the column's text or its parsed JSON; malformed entries are dropped one by one. Never throws.
 */
export const metaFromStored = (json: unknown): MetaHeaders => {
  const entries = typeof json === "string" ? parseJson(json) : json
  if (!Array.isArray(entries)) return []
  const meta: Array<readonly [string, string]> = []
  for (const entry of entries as ReadonlyArray<unknown> /* from any[]: narrower, not wider */) {
    const header = Array.isArray(entry) && entry.length === 2 ? checked(entry[0], entry[1]) : undefined
    if (header !== undefined) meta.push(header)
  }
  return withinLimit(meta)
}

/** The stored form: a JSON list of pairs (C1.5). */
export const encodeMeta = (meta: MetaHeaders): string => JSON.stringify(meta)

const checked = (name: unknown, value: unknown): readonly [string, string] | undefined => {
  if (typeof name !== "string" || typeof value !== "string") return undefined
  // a token is ASCII, so that its lower case is too (that of U+212A, for one, would come out as a k)
  if (name.length <= prefix.length || !isToken(name)) return undefined
  const key = name.toLowerCase()
  if (!key.startsWith(prefix)) return undefined
  const content = trimOws(value)
  return content.length <= maxValueBytes && isVisibleAscii(content) ? [key, content] : undefined
}

/** Names and values are ASCII by now, so length is bytes. */
const withinLimit = (meta: MetaHeaders): MetaHeaders =>
  meta.length > 0 && encodeMeta(meta).length > maxTotalBytes ? [] : meta

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
