import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ResourceNotFound, type StorageFailure, UpstreamFailed } from "../../domain/Errors.ts"
import { contentType } from "../../domain/MediaType.ts"
import type { MountSource } from "../../services/MountTable.ts"
import { type Found, type FoundFile, type FoundReply, type Target, urlOf } from "./Adapter.ts"
import { essenceOf, listing, versionOf } from "./Answers.ts"
import { typeOfReply, versionOfReply } from "./ReplyAnswer.ts"

/** What was found as content: at most `limit` bytes of it, and what they are. */
export const sourceOf = (
  target: Target,
  found: Found,
  limit: number
): Effect.Effect<MountSource, ResourceNotFound | StorageFailure | UpstreamFailed> => {
  switch (found._tag) {
    case "Directory": {
      const body = listing(target, found.entries)
      return Effect.succeed({ ...cut(body, limit), contentType: "application/json", version: versionOf(body) })
    }
    case "File":
      return Effect.map(beginning(found, limit), (bytes) => ({
        bytes,
        length: found.length,
        contentType: contentType(essenceOf(target)),
        version: found.version
      }))
    case "Reply":
      return ofReply(target, found, limit)
  }
}

const cut = (body: Uint8Array, limit: number) => ({ bytes: body.subarray(0, limit), length: body.length })

const beginning = (file: FoundFile, limit: number): Effect.Effect<Uint8Array, StorageFailure> =>
  Effect.map(Stream.runCollect(file.bytes(0, Math.min(limit, file.length))), (parts) => Buffer.concat([...parts]))

/** Only an answer that succeeded is content; what a server says of its errors is not. */
const ofReply = (
  target: Target,
  reply: FoundReply,
  limit: number
): Effect.Effect<MountSource, ResourceNotFound | UpstreamFailed> => {
  const { body, status } = reply
  if (status === 404 || status === 410) {
    return new ResourceNotFound({
      message: `the server behind ${urlOf(target)} has no such thing`,
      path: urlOf(target)
    })
  }
  if (status > 299) {
    const message = `the server behind ${urlOf(target)} answers with status ${status}`
    return new UpstreamFailed({ message, cause: `status ${status}` })
  }
  return Effect.succeed({
    ...cut(body, limit),
    contentType: typeOfReply(reply),
    version: versionOfReply(reply) ?? versionOf(body)
  })
}
