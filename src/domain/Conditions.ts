import * as Either from "effect/Either"
import { parseEntityTag, parseTagCondition, strongMatch, weakMatch } from "./EntityTag.ts"
import { BadRequest } from "./Errors.ts"
import { parseHttpDate } from "./HttpDate.ts"
import { type IfHeader, type IfLists, parseIfHeader, resolveIf, submittedTokens } from "./IfHeader.ts"
import { trimOws } from "./Text.ts"
import type { CanonicalPath } from "./WorldPath.ts"

/** The conditional headers of a request, raw (RFC 9110 13.1). */
export interface Conditions {
  readonly ifMatch?: string
  readonly ifNoneMatch?: string
  readonly ifModifiedSince?: string
  readonly ifUnmodifiedSince?: string
  readonly ifRange?: string
  /** the lock tokens that the request submits, `urn:uuid:...` each (RFC 4918 section 10.4) */
  readonly lockTokens?: ReadonlyArray<string>
  /** what the If header wants of worlds and their locks (RFC 4918 section 10.4); judged at the one door, in its turn */
  readonly states?: IfLists
}

/** What the conditions are judged against: the strong tags of every current representation, without quotes. */
export interface Current {
  readonly tags: ReadonlyArray<string>
  /** epoch milliseconds; HTTP sees whole seconds */
  readonly modified: number
}

const fields = [
  ["ifMatch", "if-match"],
  ["ifNoneMatch", "if-none-match"],
  ["ifModifiedSince", "if-modified-since"],
  ["ifUnmodifiedSince", "if-unmodified-since"],
  ["ifRange", "if-range"]
] as const

/**
 * Picks the conditional headers out of a request's, whose names are lower-case. Of an If header the lock tokens are
 * taken; one that cannot be read submits none.
 */
export const conditionsOf = (headers: Readonly<Record<string, string | undefined>>): Conditions => {
  const conditions: { -readonly [K in keyof Conditions]: Conditions[K] } = {}
  for (const [key, name] of fields) {
    const value = headers[name]
    if (value !== undefined) conditions[key] = value
  }
  return headers.if === undefined ? conditions : withTokens(conditions, parseIfHeader(headers.if) ?? [])
}

const withTokens = (conditions: Conditions, header: IfHeader): Conditions => {
  const lockTokens = submittedTokens(header)
  return lockTokens.length === 0 ? conditions : { ...conditions, lockTokens }
}

/**
 * All conditions of a request for the world path `own`, those of If among them; `authority` is the host, with its port,
 * under which the request came. Who sent an If that cannot be read did not want to write regardless: BadRequest.
 */
export const allConditionsOf = (
  headers: Readonly<Record<string, string | undefined>>,
  own: CanonicalPath,
  authority: string
): Either.Either<Conditions, BadRequest> => {
  if (headers.if === undefined) return Either.right(conditionsOf(headers))
  const header = parseIfHeader(headers.if)
  if (header === undefined) return Either.left(new BadRequest({ message: "the If header cannot be understood" }))
  const conditions = conditionsOf({ ...headers, if: undefined })
  return Either.right({ ...withTokens(conditions, header), states: resolveIf(header, own, authority) })
}

/** Whether a request is conditional; If-Range is not, as it only modifies Range (RFC 9110 13.1.5). */
export const hasConditions = (c: Conditions): boolean =>
  c.ifMatch !== undefined ||
  c.ifNoneMatch !== undefined ||
  c.ifModifiedSince !== undefined ||
  c.ifUnmodifiedSince !== undefined

/**
 * GET and HEAD of an existing representation (RFC 9110 13.2.2, C2.3); `selectedTag` is the one about to be sent. An
 * unreadable If-Match fails, an unreadable If-None-Match or date is ignored. A tag condition overrides its date.
 */
export const evaluateRead = (
  c: Conditions,
  current: Current,
  selectedTag: string
): "proceed" | "notModified" | "failed" => {
  if (!isStillCurrent(c, [selectedTag], current.modified)) return "failed"
  if (c.ifNoneMatch !== undefined) {
    const condition = parseTagCondition(c.ifNoneMatch)
    return condition !== undefined && weakMatch(condition, [selectedTag]) ? "notModified" : "proceed"
  }
  const since = dateOf(c.ifModifiedSince)
  return since !== undefined && toSecond(current.modified) <= since ? "notModified" : "proceed"
}

/**
 * PUT, POST and DELETE (RFC 9110 13.2.2, C4.3); `undefined` = no such world. The tag of any current representation
 * will do. If-Modified-Since means nothing here, and without a world there is no date to compare (13.1.4). A guard
 * that cannot be read fails: who sent it did not want to write regardless.
 */
export const evaluateWrite = (c: Conditions, current: Current | undefined): "proceed" | "failed" => {
  const tags = current === undefined ? [] : current.tags
  if (!isStillCurrent(c, tags, current?.modified)) return "failed"
  if (c.ifNoneMatch === undefined) return "proceed"
  const condition = parseTagCondition(c.ifNoneMatch)
  return condition === undefined || weakMatch(condition, tags) ? "failed" : "proceed"
}

/** Steps 1 and 2 of RFC 9110 13.2.2: If-Match, else If-Unmodified-Since. */
const isStillCurrent = (c: Conditions, tags: ReadonlyArray<string>, modified: number | undefined): boolean => {
  if (c.ifMatch !== undefined) {
    const condition = parseTagCondition(c.ifMatch)
    return condition !== undefined && strongMatch(condition, tags)
  }
  const since = dateOf(c.ifUnmodifiedSince)
  return since === undefined || modified === undefined || toSecond(modified) <= since
}

/**
 * Whether a Range may be honoured (RFC 9110 13.1.5, C2.1): If-Range is absent, or names the current strong tag, or is
 * exactly the modification date. A date is strong only once its second is over (8.8.2.2): until then another version may
 * come to share it. A weak or malformed one does not hold: the whole representation is the safe answer. `modified` and
 * `now` in epoch milliseconds.
 */
export const ifRangeHolds = (ifRange: string | undefined, tag: string, modified: number, now: number): boolean => {
  if (ifRange === undefined) return true
  const value = trimOws(ifRange)
  const named = parseEntityTag(value)
  if (named !== undefined) return strongMatch([named], [tag])
  return parseHttpDate(value) === toSecond(modified) && toSecond(now) > toSecond(modified)
}

const dateOf = (value: string | undefined): number | undefined =>
  value === undefined ? undefined : parseHttpDate(trimOws(value))

const toSecond = (epochMillis: number): number => Math.floor(epochMillis / 1000) * 1000
