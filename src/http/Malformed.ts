import { STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"

/** What node's parser says of bytes that are not a request. */
interface ParseError extends Error {
  readonly code?: string
  readonly rawPacket?: Buffer
}

const statusOf = (error: ParseError): { readonly status: number; readonly detail: string } => {
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      // When not even the first line ended, it was the target that was too long.
      return error.rawPacket !== undefined && !error.rawPacket.includes("\r\n")
        ? { status: 414, detail: "the request target is too long" }
        : { status: 431, detail: "the header fields are too large" }
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return { status: 408, detail: "the request took too long to arrive" }
    default:
      return { status: 400, detail: "this is not an HTTP request" }
  }
}

/** Answers what the parser refused (C16), before there is a request to speak of, and closes the connection. */
export const onClientError = (error: ParseError, socket: Duplex): void => {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy()
    return
  }
  const { detail, status } = statusOf(error)
  const title = STATUS_CODES[status] ?? ""
  const body = JSON.stringify({ type: "about:blank", title, status, detail, error: detail })
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nConnection: close\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
}
