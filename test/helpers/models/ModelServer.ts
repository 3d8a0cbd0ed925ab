import * as Http from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { Deferred, Effect, FiberId, Queue, type Scope } from "effect"

/** A request as a model's server got it. */
export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: Http.IncomingHttpHeaders
  /** parsed JSON; undefined when it is none */
  readonly body: unknown
}

/** One request and the hand that answers it. */
export interface Exchange {
  readonly received: Received
  /** whether its connection has served another before */
  readonly again: boolean
  readonly open: (contentType: string, status?: number) => void
  readonly send: (bytes: string | Uint8Array) => void
  /** when what was sent has left this process */
  readonly flushed: Effect.Effect<void>
  readonly end: () => void
  readonly redirect: (location: string) => void
  /** resets the connection */
  readonly drop: () => void
  /** when the connection is gone, in milliseconds of `performance.now` */
  readonly closed: Effect.Effect<number>
}

export interface ModelServer {
  /** host and port */
  readonly host: string
  /** requests that were as the wire's reference wants them, in their order */
  readonly next: Effect.Effect<Exchange>
  /** what was wrong with the others, which got a 400 */
  readonly faults: ReadonlyArray<string>
  readonly requests: () => number
  /** how many connections there were */
  readonly connections: () => number
}

/** A server on a free port of this machine that takes only what `faultOf` finds no fault with, and waits to be told. */
export const modelServer = (
  faultOf: (received: Received) => string | undefined,
  onExchange?: (exchange: Exchange) => void
): Effect.Effect<ModelServer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const exchanges = yield* Queue.unbounded<Exchange>()
    const faults: Array<string> = []
    const sockets = new Set<Socket>()
    /** when each is gone */
    const ends = new WeakMap<Socket, Deferred.Deferred<number>>()
    const used = new WeakSet<Socket>()
    let count = 0
    let connections = 0

    const server = Http.createServer((request, response) => {
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("error", () => {})
      response.on("error", () => {})
      request.on("end", () => {
        count++
        const received: Received = {
          method: request.method ?? "",
          path: request.url ?? "",
          headers: request.headers,
          body: parsed(Buffer.concat(chunks).toString("utf8"))
        }
        const fault = faultOf(received)
        if (fault !== undefined) {
          faults.push(fault)
          response.writeHead(400, { "content-type": "application/json" }).end("{}")
          return
        }
        const again = used.has(request.socket)
        used.add(request.socket)
        const exchange: Exchange = {
          received,
          again,
          open: (contentType, status = 200) => {
            response.writeHead(status, { "content-type": contentType })
            response.flushHeaders()
          },
          send: (bytes) => {
            response.write(bytes)
          },
          flushed: Effect.async<void>((resume) => {
            response.write("", () => resume(Effect.void))
          }),
          end: () => {
            response.end()
          },
          redirect: (location) => {
            response.writeHead(307, { location }).end()
          },
          drop: () => {
            request.socket.resetAndDestroy()
          },
          closed: Effect.flatMap(Effect.fromNullable(ends.get(request.socket)), Deferred.await).pipe(Effect.orDie)
        }
        if (onExchange === undefined) Queue.unsafeOffer(exchanges, exchange)
        else onExchange(exchange)
      })
    })
    server.on("connection", (socket) => {
      connections++
      sockets.add(socket)
      socket.setNoDelay(true)
      const end = Deferred.unsafeMake<number>(FiberId.none)
      ends.set(socket, end)
      socket.once("close", () => {
        sockets.delete(socket)
        Deferred.unsafeDone(end, Effect.succeed(performance.now()))
      })
    })
    yield* Effect.acquireRelease(
      Effect.async<void>((resume) => {
        server.listen(0, "127.0.0.1", () => resume(Effect.void))
      }),
      () =>
        Effect.async<void>((resume) => {
          for (const socket of sockets) socket.destroy()
          server.close(() => resume(Effect.void))
        })
    )
    const { port } = server.address() as AddressInfo
    return {
      host: `127.0.0.1:${port}`,
      next: Queue.take(exchanges),
      faults,
      requests: () => count,
      connections: () => connections
    }
  })

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
