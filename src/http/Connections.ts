import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"

type Listener = (request: IncomingMessage, response: ServerResponse) => void

/** What node's parser says of bytes that are not a request. */
interface ParseError extends Error {
  readonly code?: string
  readonly rawPacket?: Buffer
}

interface Refusal {
  readonly status: number
  readonly detail: string
}

/** What there is to say to a connection whose bytes are no request (C16), and the listeners that say it. */
export interface Connections {
  readonly onRequest: Listener
  readonly onConnect: (request: IncomingMessage, socket: Duplex) => void
  readonly onExpectation: (request: IncomingMessage) => void
  readonly onClientError: (error: ParseError, socket: Duplex) => unknown
}

/**
 * Keeps each connection in order, around the handler of its requests. Pipelined requests are answered one after
 * another: a later answer that has no socket yet would not notice when the client leaves, and a read behind a write must
 * see it (RFC 9112 section 9.3.2). What the parser refuses is answered only where no other answer is under way.
 */
export const make = (handler: Listener): Connections => {
  const underWay = new WeakMap<Duplex, Exchange | undefined>()

  const start: Listener = (request, response) => {
    const count = hosts(request.rawHeaders)
    if (count > 1 || (count === 0 && request.httpVersion === "1.1")) {
      refuse(request.socket, { status: 400, detail: "a request has one Host" })
    } else handler(request, response)
  }

  return {
    onRequest: (request, response) => {
      const { socket } = request
      const before = underWay.get(socket)
      const exchange = { request, response }
      underWay.set(socket, exchange)
      response.once("close", () => {
        if (underWay.get(socket) === exchange) underWay.set(socket, undefined)
      })
      if (before === undefined) return start(request, response)
      before.response.once("close", () => {
        if (!socket.destroyed) start(request, response)
      })
    },
    onConnect: (_request, socket) => refuse(socket, { status: 405, detail: "this server is no proxy" }),
    onExpectation: (request) => refuse(request.socket, { status: 417, detail: "only 100-continue can be expected" }),
    onClientError: (error, socket) => {
      if (error.code === "ECONNRESET" || !socket.writable) return socket.destroy()
      const pending = underWay.get(socket)
      const refusal = refusalOf(error)
      // Its own body is what cannot be read, and it has no answer yet: this is the answer.
      if (pending === undefined || !(pending.request.complete || pending.response.headersSent)) {
        return refuse(socket, refusal)
      }
      // Whatever stands behind a request waits for its answer; nothing is written into the middle of one.
      if (pending.response.headersSent && !pending.response.writableEnded) return socket.destroy()
      pending.response.once("close", () => refuse(socket, refusal))
    }
  }
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** How many Host fields a request has; node would silently take the first (RFC 9112 section 3.2). */
const hosts = (rawHeaders: ReadonlyArray<string>): number => {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length === 4 && name.toLowerCase() === "host") count++
  }
  return count
}

const refusalOf = (error: ParseError): Refusal => {
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

/** Answers before there is a request to speak of, and closes the connection. */
const refuse = (socket: Duplex, { detail, status }: Refusal): void => {
  if (!socket.writable) return
  const title = STATUS_CODES[status] ?? ""
  const body = JSON.stringify({ type: "about:blank", title, status, detail, error: detail })
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nConnection: close\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
}
