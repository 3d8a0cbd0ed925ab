import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"
import { type ParseError, tooLong, type UnknownMethod, unknownMethod } from "./Unreadable.ts"

type Listener = (request: IncomingMessage, response: ServerResponse) => void

/** An answer for a connection that is closed then. Its body is JSON. */
export interface Refusal {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
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
 * `refusalOf` answers requests whose method the parser does not know (C4.6).
 */
export const make = (handler: Listener, refusalOf: (line: UnknownMethod) => Refusal): Connections => {
  const underWay = new WeakMap<Duplex, Exchange | undefined>()
  /** requests that wait behind another */
  const queued = new WeakMap<Duplex, number>()
  /** how often more had to come, to tell what is too long */
  const waiting = new WeakMap<Duplex, number>()
  /** of whom the parser says the same with whatever still comes */
  const judged = new WeakSet<Duplex>()

  const start: Listener = (request, response) => {
    const count = hosts(request.rawHeaders)
    if (count > 1 || (count === 0 && request.httpVersion === "1.1")) {
      refuse(request.socket, plain(400, "a request has one Host"))
    } else handler(request, response)
  }

  /** What there is to say of what the parser could not read; undefined when more has to come before. */
  const judge = (error: ParseError, socket: Duplex): Refusal | undefined => {
    if (error.code === "HPE_HEADER_OVERFLOW") {
      const packets = waiting.get(socket) ?? 0
      const what = tooLong(error, packets === 0)
      if (what === "fields") return plain(431, "the header fields are too large")
      if (what === "target" || packets === mostPackets) return plain(414, "the request target is too long")
      waiting.set(socket, packets + 1)
      return undefined
    }
    if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") return plain(408, "the request took too long to arrive")
    const line = unknownMethod(error)
    return line === undefined ? plain(400, "this is not an HTTP request") : refusalOf(line)
  }

  /** Behind the answer that is under way, if there is one. */
  const refuseInTurn = (socket: Duplex, refusal: Refusal): void => {
    const pending = underWay.get(socket)
    if (pending === undefined) refuse(socket, refusal)
    else pending.response.once("close", () => refuse(socket, refusal))
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
      const behind = (queued.get(socket) ?? 0) + 1
      if (behind > mostQueued) return socket.destroy()
      queued.set(socket, behind)
      before.response.once("close", () => {
        queued.set(socket, (queued.get(socket) ?? 0) - 1)
        if (!socket.destroyed) start(request, response)
      })
    },
    onConnect: (_request, socket) => {
      // node has let go of it: nobody else hears of its errors, reads on, or closes it.
      socket.on("error", () => socket.destroy())
      socket.once("finish", () => socket.destroy())
      socket.resume()
      refuseInTurn(socket, plain(405, "this server is no proxy"))
    },
    onExpectation: (request) => refuseInTurn(request.socket, plain(417, "only 100-continue can be expected")),
    onClientError: (error, socket) => {
      if (error.code === "ECONNRESET") return socket.destroy()
      if (judged.has(socket)) return
      if (!socket.writable) return socket.destroy()
      const refusal = judge(error, socket)
      if (refusal === undefined) return
      judged.add(socket)
      const pending = underWay.get(socket)
      // Its own body is what cannot be read, and it has no answer yet: this is the answer.
      if (pending === undefined || !(pending.request.complete || pending.response.headersSent)) {
        return refuse(socket, refusal)
      }
      // Whatever stands behind a request waits for its answer; nothing is written into the middle of one.
      if (pending.response.headersSent && !pending.response.writableEnded) return socket.destroy()
      refuseInTurn(socket, refusal)
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

/** Requests of one connection that may wait for their turn: nothing else holds back who does not wait for answers. */
const mostQueued = 1024

/** Packets that are looked through for the end of what is too long: 64 KiB each. */
const mostPackets = 256

/** A refusal that needs no more words than these. */
const plain = (status: number, detail: string): Refusal => ({
  status,
  body: JSON.stringify({ type: "about:blank", title: STATUS_CODES[status] ?? "", status, detail, error: detail })
})

/**
 * How long the connection of somebody who was refused is read on, in milliseconds: whoever is cut off while they send
 * may lose what they were told (RFC 9112 section 9.6).
 */
const lingering = 3000

/** Answers before there is a request to speak of, and closes the connection. */
const refuse = (socket: Duplex, { body, headers = {}, status }: Refusal): void => {
  if (!socket.writable) return
  const fields = {
    ...headers,
    "content-type": "application/problem+json",
    "content-length": String(Buffer.byteLength(body)),
    "x-content-type-options": "nosniff",
    connection: "close"
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n${body}`)
  const cut = setTimeout(() => socket.destroy(), lingering).unref()
  socket.once("close", () => clearTimeout(cut))
}
