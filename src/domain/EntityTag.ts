import { trimOws } from "./Text.ts"

/** An entity tag (RFC 9110 8.8.3): `W/"x"` is weak; `opaque` is what stands between the quotes. */
export interface EntityTag {
  readonly weak: boolean
  readonly opaque: string
}

/** What If-Match or If-None-Match asks for: any representation, or one of these (possibly none). */
export type TagCondition = "*" | ReadonlyArray<EntityTag>

// etagc: visible ASCII but the quote, and obs-text; no escapes. Sticky, so that a list is read in one linear pass.
const tagPattern = /(W\/)?"([!#-~\x80-\xff]*)"/y

/** One entity tag and nothing else, or `undefined` (RFC 9110 8.8.3; for If-Range). */
export const parseEntityTag = (value: string): EntityTag | undefined => {
  tagPattern.lastIndex = 0
  const match = tagPattern.exec(value)
  return match === null || match[0].length < value.length ? undefined : toTag(match)
}

const toTag = (match: RegExpExecArray): EntityTag => ({ weak: match[1] !== undefined, opaque: match[2] ?? "" })

/**
 * Reads an If-Match or If-None-Match value (RFC 9110 13.1.1, 13.1.2): `*` alone, or a list whose empty elements do
 * not count. Commas may stand inside a tag. `undefined` when malformed. Linear.
 */
export const parseTagCondition = (header: string): TagCondition | undefined => {
  const value = trimOws(header)
  if (value === "*") return "*"
  const tags: Array<EntityTag> = []
  let expectsTag = true // a tag may only follow a comma or the start
  let at = 0
  while (at < value.length) {
    const char = value[at]
    if (char === ",") expectsTag = true
    if (char === "," || char === " " || char === "\t") {
      at++
      continue
    }
    tagPattern.lastIndex = at
    const match = expectsTag ? tagPattern.exec(value) : null
    if (match === null) return undefined
    tags.push(toTag(match))
    at += match[0].length
    expectsTag = false
  }
  return tags
}

/**
 * Strong comparison, for If-Match (RFC 9110 8.8.3.2): a weak tag matches nothing. `opaques` are the current strong
 * tags without quotes, `[]` when there is no current representation; `*` matches whenever there is one.
 */
export const strongMatch = (condition: TagCondition, opaques: ReadonlyArray<string>): boolean =>
  condition === "*" ? opaques.length > 0 : condition.some((tag) => !tag.weak && opaques.includes(tag.opaque))

/** Weak comparison, for If-None-Match (RFC 9110 8.8.3.2): as `strongMatch`, but weak tags count too. */
export const weakMatch = (condition: TagCondition, opaques: ReadonlyArray<string>): boolean =>
  condition === "*" ? opaques.length > 0 : condition.some((tag) => opaques.includes(tag.opaque))
