import * as Either from "effect/Either"
import { resolveWorld } from "./DavReference.ts"
import { type EntityTag, strongMatch } from "./EntityTag.ts"
import type { CanonicalPath } from "./WorldPath.ts"

/** One demand on the state of a resource: that a lock token is one of its, or that a tag is its current one. */
export type StateCondition =
  | { readonly _tag: "Token"; readonly negated: boolean; readonly token: string }
  | { readonly _tag: "Tag"; readonly negated: boolean; readonly tag: EntityTag }

/** The lists about one resource: each wants all of its conditions, and one list that holds is enough. */
export interface StateLists<Resource> {
  readonly resource: Resource
  readonly lists: ReadonlyArray<ReadonlyArray<StateCondition>>
}

/**
 * The If header of WebDAV (RFC 4918 section 10.4), its resources as it names them, percent escapes and all; undefined is
 * the one that the request is for.
 */
export type IfHeader = ReadonlyArray<StateLists<string | undefined>>

/** The same with the paths behind the resources; what is not ours has none. */
export type IfLists = ReadonlyArray<StateLists<CanonicalPath | undefined>>

/** What the conditions are judged against; what does not exist has neither. */
export interface ResourceState {
  /** the strong tags of its current representations, without quotes */
  readonly tags: ReadonlyArray<string>
  /** the tokens of the locks that bind it */
  readonly tokens: ReadonlyArray<string>
}

// Each of them takes the white space that may stand before it, and is read where the one before it ended.
const space = "[ \\t]*"
const piece = (source: string) => new RegExp(`${space}${source}`, "y")
const open = piece("\\(")
const close = piece("\\)")
const angle = piece("<([^<>\\s]*)>")
const bracket = piece('\\[(W/)?"([!#-~\\x80-\\xff]*)"\\]')
const end = piece("$")
const startsList = /^[ \t]*\(/
// Literals of this grammar are of any case.
const not = new RegExp(`${space}not(?=[ \\t<[])`, "iy")
const absoluteUri = /^[A-Za-z][A-Za-z0-9+.-]*:./

/** Reads an If header; `undefined` when it is none. Linear. */
export const parseIfHeader = (value: string): IfHeader | undefined => {
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const match = pattern.exec(value)
    if (match !== null) at = pattern.lastIndex
    return match
  }

  const condition = (): StateCondition | undefined => {
    const negated = take(not) !== null
    const token = take(angle)?.[1]
    if (token !== undefined) return absoluteUri.test(token) ? { _tag: "Token", negated, token } : undefined
    const tag = take(bracket)
    if (tag === null) return undefined
    return { _tag: "Tag", negated, tag: { weak: tag[1] !== undefined, opaque: tag[2] ?? "" } }
  }

  const list = (): ReadonlyArray<StateCondition> | undefined => {
    const conditions: Array<StateCondition> = []
    do {
      const next = condition()
      if (next === undefined) return undefined
      conditions.push(next)
    } while (take(close) === null)
    return conditions
  }

  const lists = (): StateLists<unknown>["lists"] | undefined => {
    const found: Array<ReadonlyArray<StateCondition>> = []
    while (take(open) !== null) {
      const next = list()
      if (next === undefined) return undefined
      found.push(next)
    }
    return found.length === 0 ? undefined : found
  }

  if (startsList.test(value)) {
    const untagged = lists()
    return untagged === undefined || take(end) === null ? undefined : [{ resource: undefined, lists: untagged }]
  }
  const groups: Array<StateLists<string>> = []
  do {
    const resource = take(angle)?.[1]
    if (resource === undefined || !isReference(resource)) return undefined
    const tagged = lists()
    if (tagged === undefined) return undefined
    groups.push({ resource, lists: tagged })
  } while (take(end) === null)
  return groups
}

/** Simple-ref: an absolute URI or an absolute path (RFC 4918 section 8.3). */
const isReference = (text: string): boolean => absoluteUri.test(text) || /^\/(?!\/)/.test(text)

/**
 * The paths that a header speaks of: `own` is that of the request, `authority` the host, with its port, under which it
 * came.
 */
export const resolveIf = (header: IfHeader, own: CanonicalPath, authority: string): IfLists =>
  header.map(({ lists, resource }) => ({
    resource: resource === undefined ? own : Either.getOrUndefined(resolveWorld(resource, authority))?.path,
    lists
  }))

/** Whether the header holds: one list about one resource does (RFC 4918 section 10.4.3). */
export const holds = <Resource>(
  header: ReadonlyArray<StateLists<Resource>>,
  stateOf: (resource: Resource) => ResourceState
): boolean =>
  header.some(({ lists, resource }) => {
    const state = stateOf(resource)
    return lists.some((conditions) => conditions.every((condition) => isMet(condition, state) !== condition.negated))
  })

const isMet = (condition: StateCondition, { tags, tokens }: ResourceState): boolean =>
  condition._tag === "Token" ? tokens.includes(condition.token) : strongMatch([condition.tag], tags)

/** The tokens that the header submits: all that it names, wherever (RFC 4918 section 10.4.1). */
export const submittedTokens = (header: IfHeader): ReadonlyArray<string> => [
  ...new Set(
    header.flatMap(({ lists }) =>
      lists.flat().flatMap((condition) => (condition._tag === "Token" ? condition.token : []))
    )
  )
]
