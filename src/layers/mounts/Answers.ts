import * as Either from "effect/Either"
import { contentRange, resolveRange } from "../../domain/ByteRange.ts"
import { conditionsOf, evaluateRead, ifRangeHolds } from "../../domain/Conditions.ts"
import { PreconditionFailed, RangeNotSatisfiable } from "../../domain/Errors.ts"
import { formatHttpDate } from "../../domain/HttpDate.ts"
import { contentType, extOfName, isActiveMarkup, mediaTypeOf, octetStream } from "../../domain/MediaType.ts"
import { sha256 } from "../../services/EventChain.ts"
import type { MountAnswer } from "../../services/MountTable.ts"
import { type DirectoryEntry, type FoundFile, type Reading, type Target, urlOf } from "./Adapter.ts"

/** The version of content that has none of its own: its length, and the first half of its SHA-256 in hex. */
export const versionOf = (body: Uint8Array): string => `len=${body.length};head=${sha256(body).slice(0, 32)}`

/** Markup from elsewhere never runs with this origin's authority (C2.1); some browsers take multipart for pages too. */
export const sandboxed = (essence: string): Record<string, string> =>
  isActiveMarkup(essence) || essence.startsWith("multipart/")
    ? { "content-security-policy": "sandbox allow-scripts" }
    : {}

/** What the name of a file says about its bytes. */
export const essenceOf = ({ path }: Pick<Target, "path">): string => {
  const ext = extOfName(path)
  return ext === undefined ? octetStream : mediaTypeOf(ext)
}

/** A directory as JSON, in UTF-8. */
export const listing = (target: Target, entries: ReadonlyArray<DirectoryEntry>): Uint8Array => {
  const { mode, name } = target.mount
  return Buffer.from(JSON.stringify({ path: urlOf(target), mount: name, mode, entries }))
}

/** The answer to a GET or HEAD of a directory. */
export const directoryAnswer = (reading: Reading, entries: ReadonlyArray<DirectoryEntry>): MountAnswer => {
  const body = listing(reading, entries)
  return {
    status: 200,
    headers: {
      "content-type": "application/json",
      "content-length": String(body.length),
      "cache-control": "no-cache",
      "x-mount-version": versionOf(body)
    },
    body: reading.method === "HEAD" ? undefined : body
  }
}

/** The answer to a GET or HEAD of a file: all of it, one part, or that nothing has changed (C2.1, C2.3). */
export const fileAnswer = (
  reading: Reading,
  file: FoundFile,
  now: number
): Either.Either<MountAnswer, PreconditionFailed | RangeNotSatisfiable> => {
  const { length, modified, tag } = file
  const conditions = conditionsOf(reading.headers)
  const essence = essenceOf(reading)
  const validators = {
    etag: file.settled ? `"${tag}"` : `W/"${tag}"`,
    "last-modified": formatHttpDate(modified),
    "cache-control": "no-cache",
    "x-mount-version": file.version
  }
  switch (evaluateRead(conditions, { tags: [tag], modified }, tag)) {
    case "failed":
      return Either.left(new PreconditionFailed({ message: "a condition of the request does not hold for this file" }))
    case "notModified":
      return Either.right({ status: 304, headers: validators, body: undefined })
    case "proceed":
  }
  const wanted = ifRangeHolds(conditions.ifRange, tag, modified, now) ? reading.headers.range : undefined
  const range = resolveRange(wanted, length)
  if (range._tag === "Unsatisfiable") {
    return Either.left(new RangeNotSatisfiable({ message: `the file has ${length} bytes`, length }))
  }
  const part = range._tag === "Part"
  const [start, end] = part ? [range.start, range.end + 1] : [0, length]
  return Either.right({
    status: part ? 206 : 200,
    headers: {
      ...validators,
      ...sandboxed(essence),
      "content-type": contentType(essence),
      "content-length": String(end - start),
      "accept-ranges": "bytes",
      ...(part ? { "content-range": contentRange(range, length) } : {})
    },
    body: reading.method === "HEAD" ? undefined : file.bytes(start, end)
  })
}
