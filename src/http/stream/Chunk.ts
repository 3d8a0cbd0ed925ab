import type { ServerResponse } from "node:http"

/** Something to say, and the same as a chunk of an answer (RFC 9112 section 7.1): made once, however many hear it. */
export interface Chunk {
  readonly bytes: Uint8Array
  readonly framed: Uint8Array
}

/** An empty one is empty in both forms, because a chunk without bytes would end the answer. */
export const make = (text: string): Chunk => {
  const length = Buffer.byteLength(text)
  if (length === 0) return { bytes: nothing, framed: nothing }
  const size = `${length.toString(16)}\r\n`
  const framed = Buffer.from(`${size}${text}\r\n`)
  return { bytes: framed.subarray(size.length, size.length + length), framed }
}

const nothing = new Uint8Array()

/**
 * Sends it straight to the connection, behind all that was written to the answer, whose head must be among that. The
 * answer itself would make four pieces of it for each who hears it, and hold them back for a turn of their own. False
 * when no more shall be sent until `onTaken` is called.
 */
export const send = ({ chunkedEncoding, socket }: ServerResponse, chunk: Chunk, onTaken: () => void): boolean => {
  // Whoever has left is nobody to wait for: the answer hears of it and closes.
  if (socket === null || !socket.writable) return false
  const more = socket.write(chunkedEncoding ? chunk.framed : chunk.bytes)
  if (!more) socket.once("drain", onTaken)
  return more
}
