import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { contentRange, resolveRange } from "../../domain/ByteRange.ts"
import { type Conditions, evaluateRead, ifRangeHolds } from "../../domain/Conditions.ts"
import { envelope, envelopeLength } from "../../domain/Envelope.ts"
import { PreconditionFailed, RangeNotSatisfiable } from "../../domain/Errors.ts"
import { formatHttpDate } from "../../domain/HttpDate.ts"
import { contentType, isActiveMarkup, mediaTypeOf } from "../../domain/MediaType.ts"
import { currentTags, type Head, type Representation, tagOf, type World } from "../../domain/World.ts"
import { bytes, headOnly, notModified, withRepeated } from "../Response.ts"

/** A world as it was read: whole for GET, its head alone for HEAD (C2.4). */
export type Found = World | Head

/** What the request says about the representation it wants, whichever that is. */
export interface Selection {
  readonly conditions: Conditions
  readonly range: string | undefined
  /** `?v=` */
  readonly version: string | undefined
  /** epoch milliseconds */
  readonly now: number
}

type Answer = HttpServerResponse.HttpServerResponse | PreconditionFailed | RangeNotSatisfiable

/** The media types that a world can be had as, in the server's order of preference (C2.2). */
export const offersOf = (head: Head): ReadonlyArray<string> => {
  const own = mediaTypeOf(head.ext)
  const offers = ["application/json", "text/html"]
  if (head.jsonLength !== undefined) offers.push("text/plain")
  if (!offers.includes(own)) offers.push(own)
  return offers
}

/** The bytes with all that can be said of them (C2.1). */
export const rawAnswer = (found: Found, selection: Selection): Answer =>
  answer(found, selection, "raw", (headers) => {
    const type = mediaTypeOf(found.ext)
    const common = {
      ...headers,
      "accept-ranges": "bytes",
      "repr-digest": `sha-256=:${Buffer.from(found.sha256, "hex").toString("base64")}:`,
      ...sandboxed(type)
    }
    const { etag = "" } = headers
    const wanted = ifRangeHolds(selection.conditions.ifRange, etag.slice(1, -1), found.updatedAt, selection.now)
      ? selection.range
      : undefined
    const range = resolveRange(wanted, found.len)
    switch (range._tag) {
      case "Whole":
        return body(found, contentType(type), common)
      case "Unsatisfiable":
        return new RangeNotSatisfiable({ message: `the world has ${found.len} bytes`, length: found.len })
      case "Part": {
        const partial = { ...common, "content-range": contentRange(range, found.len) }
        return "body" in found
          ? bytes(found.body.subarray(range.start, range.end + 1), contentType(type), partial, 206)
          : headOnly(range.end - range.start + 1, contentType(type), partial, 206)
      }
    }
  })

/** The JSON envelope (C2.2). */
export const jsonAnswer = (found: Found, selection: Selection): Answer =>
  answer(found, selection, "json", (headers) =>
    "body" in found
      ? bytes(envelope(found), "application/json", { ...headers, ...negotiated })
      : headOnly(envelopeLength(found), "application/json", { ...headers, ...negotiated })
  )

/** The bytes as text/plain, or as the world's own type (C2.2). */
export const bytesAnswer = (found: Found, type: string, selection: Selection): Answer =>
  answer(found, selection, type === mediaTypeOf(found.ext) ? "raw" : "text", (headers) =>
    body(found, contentType(type), { ...headers, ...negotiated, ...sandboxed(type) })
  )

const negotiated = { vary: "Accept" }

/** Stored markup never runs with this origin's authority (C2.1): its scripts get an origin of their own. */
const sandboxed = (type: string): Record<string, string> =>
  isActiveMarkup(type) ? { "content-security-policy": "sandbox allow-scripts" } : {}

const body = (found: Found, type: string, headers: Record<string, string>): HttpServerResponse.HttpServerResponse =>
  "body" in found ? bytes(found.body, type, headers) : headOnly(found.len, type, headers)

/** Judges the conditions for one representation and builds the answer with its validators and metadata. */
const answer = (
  found: Found,
  selection: Selection,
  representation: Representation,
  build: (headers: Record<string, string>) => Answer
): Answer => {
  const tag = tagOf(found, representation)
  const validators = {
    etag: `"${tag}"`,
    "last-modified": formatHttpDate(found.updatedAt),
    "cache-control": "no-cache"
  }
  const current = { tags: currentTags(found), modified: found.updatedAt }
  const outcome = evaluateRead(selection.conditions, current, tag)
  if (outcome === "failed") {
    return new PreconditionFailed({ message: "a condition of the request does not hold for this representation" })
  }
  if (outcome === "notModified" || selection.version === String(found.version)) {
    const vary = representation === "raw" ? {} : negotiated
    return withRepeated(notModified({ ...validators, ...vary }), found.meta)
  }
  const response = build(validators)
  return "status" in response ? withRepeated(response, found.meta) : response
}
