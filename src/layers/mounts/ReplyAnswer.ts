import { parseEntityTag } from "../../domain/EntityTag.ts"
import { formatHttpDate, parseHttpDate } from "../../domain/HttpDate.ts"
import { essence, octetStream, parseMediaType } from "../../domain/MediaType.ts"
import { isVisibleAscii } from "../../domain/Text.ts"
import type { MountAnswer } from "../../services/MountTable.ts"
import type { FoundReply, Reading } from "./Adapter.ts"
import { sandboxed, versionOf } from "./Answers.ts"

type Headers = Readonly<Record<string, string>>

/** Statuses whose answers have no body, and say nothing of one (RFC 9110 sections 15.3.5, 15.3.6, 15.4.5). */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304])

/**
 * What is passed on of another server's answer: its status, its body, and of its headers those that say what the body is
 * or when to ask again. Nothing that it says about itself, its users or our origin gets through.
 */
export const replyAnswer = (reply: FoundReply, method: Reading["method"]): MountAnswer => {
  const { body, status } = reply
  const whole = method === "GET" && !bodiless.has(status)
  return {
    status,
    headers: {
      "cache-control": "no-cache",
      ...(bodiless.has(status) ? {} : { ...type(reply), ...length(reply, method) }),
      ...validators(reply),
      ...present("retry-after", said(reply, "retry-after")),
      ...present("x-mount-version", versionOfReply(reply, whole))
    },
    body: whole ? body : undefined
  }
}

/** What a reply says it is, as a header would; bytes when it says nothing that can be read. */
export const typeOfReply = (reply: FoundReply): string => type(reply)["content-type"] ?? octetStream

/** X-Mount-Version: the server's own tag, else what the bytes say; without either there is none. */
export const versionOfReply = (reply: FoundReply, whole = true): string | undefined => {
  const tag = said(reply, "etag")
  if (tag !== undefined && parseEntityTag(tag) !== undefined) return `etag:${tag}`
  return whole ? versionOf(reply.body) : undefined
}

/** A header that can be passed on without surprises. */
const said = ({ headers }: FoundReply, name: string): string | undefined => {
  const value = headers[name]
  return value !== undefined && isVisibleAscii(value) ? value : undefined
}

const present = (name: string, value: string | undefined): Headers => (value === undefined ? {} : { [name]: value })

const type = (reply: FoundReply): Headers => {
  const value = said(reply, "content-type")
  const parsed = value === undefined ? undefined : parseMediaType(value)
  if (value === undefined || parsed === undefined) return { "content-type": octetStream }
  return { "content-type": value, ...sandboxed(essence(parsed)) }
}

/** HEAD repeats what the server says of a body that would come as it is. */
const length = ({ body, decoded, headers }: FoundReply, method: Reading["method"]): Headers => {
  if (method === "GET") return { "content-length": String(body.length) }
  const told = headers["content-length"]
  return !decoded && told !== undefined && /^\d+$/.test(told) ? { "content-length": told } : {}
}

const validators = (reply: FoundReply): Headers => {
  const tag = parseEntityTag(said(reply, "etag") ?? "")
  const modified = parseHttpDate(said(reply, "last-modified") ?? "")
  // What was decoded is not, byte for byte, what the tag was given to.
  const etag = tag && `${tag.weak || reply.decoded ? "W/" : ""}"${tag.opaque}"`
  return {
    ...present("etag", etag),
    ...present("last-modified", modified === undefined ? undefined : formatHttpDate(modified))
  }
}
