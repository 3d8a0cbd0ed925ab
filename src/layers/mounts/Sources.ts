import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ResourceNotFound, type StorageFailure, UpstreamFailed, UpstreamRefused } from "../../domain/Errors.ts"
import { contentType } from "../../domain/MediaType.ts"
import type { MountSource } from "../../services/MountTable.ts"
import { type Found, type FoundFile, type FoundReply, type Reading, urlOf } from "./Adapter.ts"
import { essenceOf, listing, versionOf } from "./Answers.ts"
import { typeOfReply, versionOfReply } from "./ReplyAnswer.ts"

/** What was found as content: at most `limit` bytes of it, and what they are. */
export const sourceOf = (
  reading: Reading,
  found: Found,
  limit: number
): Effect.Effect<MountSource, ResourceNotFound | StorageFailure | UpstreamFailed | UpstreamRefused> => {
  switch (found._tag) {
    case "Directory": {
      const body = listing(reading, found.entries)
      return Effect.succeed({ ...cut(body, limit), contentType: "application/json", version: versionOf(body) })
    }
    case "File":
      return Effect.map(beginning(found, limit), (bytes) => ({
        bytes,
        length: found.length,
        contentType: contentType(essenceOf(reading)),
        version: found.version
      }))
    case "Reply":
      return ofReply(reading, found, limit)
  }
}

const cut = (body: Uint8Array, limit: number) => ({ bytes: body.subarray(0, limit), length: body.length })

const beginning = (file: FoundFile, limit: number): Effect.Effect<Uint8Array, StorageFailure> =>
  Effect.map(Stream.runCollect(file.bytes(0, Math.min(limit, file.length))), (parts) => Buffer.concat([...parts]))

/** Only an answer that succeeded is content; what a server says of its errors is not, but for the status. */
const ofReply = (
  reading: Reading,
  reply: FoundReply,
  limit: number
): Effect.Effect<MountSource, ResourceNotFound | UpstreamFailed | UpstreamRefused> => {
  const { body, status } = reply
  const server = `the server behind ${urlOf(reading)}`
  if (status === 404) {
    return new ResourceNotFound({ message: `${server} has no such thing`, path: urlOf(reading) })
  }
  const message = `${server} answers with status ${status}`
  if (status > 399) return new UpstreamRefused({ message, status })
  if (status > 299) return new UpstreamFailed({ message, cause: `status ${status}` })
  return Effect.succeed({
    ...cut(body, limit),
    contentType: typeOfReply(reply),
    version: `${versionOfReply(reply) ?? versionOf(body)}${reading.search}`
  })
}
