import type { IncomingMessage } from "node:http"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { BadRequest, BodyTooLarge } from "../domain/Errors.ts"

/**
 * Reads a request body whole (C4.1). A body over `limit` bytes is refused as soon as that is known, by its declared
 * length or by the first byte too many; a client that leaves interrupts the fiber, and nothing was done yet.
 */
export const readBody = (
  message: IncomingMessage,
  limit: number
): Effect.Effect<Uint8Array, BodyTooLarge | BadRequest> =>
  Effect.async((resume) => {
    const tooLarge = () => new BodyTooLarge({ message: `the body is over ${limit} bytes`, limit })
    if (Number(message.headers["content-length"] ?? 0) > limit) return resume(tooLarge())

    const chunks: Array<Buffer> = []
    let length = 0
    const stop = () => {
      message.off("data", onData).off("end", onEnd).off("error", onError).off("close", onClose)
    }
    const finish = (result: Effect.Effect<Uint8Array, BodyTooLarge | BadRequest>) => {
      stop()
      resume(result)
    }
    const onData = (chunk: Buffer) => {
      length += chunk.length
      // node reads and forgets the rest, so that the client gets to hear the answer
      if (length > limit) return finish(tooLarge())
      chunks.push(chunk)
    }
    const onEnd = () => finish(Effect.succeed(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)))
    const onError = () => finish(new BadRequest({ message: "the body could not be read to its end" }))
    const onClose = () => finish(new BadRequest({ message: "the body ended early" }))
    message.on("data", onData).on("end", onEnd).on("error", onError).on("close", onClose)
    return Effect.sync(stop)
  })

/**
 * A request body as it arrives. Whoever stops reading it has still an answer to give, and the connection its next
 * request to bring: what is left is read and forgotten.
 */
export const streamBody = (message: IncomingMessage): Stream.Stream<Uint8Array, BadRequest> =>
  NodeStream.fromReadable<BadRequest, Uint8Array>(
    () => message,
    () => new BadRequest({ message: "the body could not be read to its end" }),
    { closeOnDone: false }
  ).pipe(Stream.ensuring(Effect.sync(() => message.resume())))
