import * as Http from "node:http"
import * as Net from "node:net"
import { Deferred, Effect, type Scope } from "effect"

/** Another server, on loopback, that does what a test tells it and remembers what it was asked. */
export interface Upstream {
  readonly url: string
  /** `GET /path`, in the order of arrival */
  readonly asked: ReadonlyArray<string>
  /** the headers of each request */
  readonly headers: ReadonlyArray<Http.IncomingHttpHeaders>
  /** connections that are open now */
  readonly open: () => number
  /** when no connection is open any more */
  readonly idle: Effect.Effect<void>
}

type Handler = (request: Http.IncomingMessage, response: Http.ServerResponse) => void

type Listening = Omit<Upstream, "asked" | "headers">

const listening = (server: Net.Server): Effect.Effect<Listening, never, Scope.Scope> =>
  Effect.gen(function* () {
    const sockets = new Set<Net.Socket>()
    const waiting: Array<() => void> = []
    server.on("connection", (socket: Net.Socket) => {
      sockets.add(socket)
      // What a client breaks off is no error of the test.
      socket.on("error", () => {})
      socket.on("close", () => {
        sockets.delete(socket)
        if (sockets.size === 0) for (const proceed of waiting.splice(0)) proceed()
      })
    })
    const idle = Effect.async<void>((resume) => {
      if (sockets.size === 0) resume(Effect.void)
      else waiting.push(() => resume(Effect.void))
    })
    yield* Effect.acquireRelease(
      Effect.async<void>((resume) => {
        server.listen(0, "127.0.0.1", () => resume(Effect.void))
      }),
      () =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          for (const socket of sockets) socket.destroy()
        })
    )
    // A TCP server's address is never a string.
    const { port } = server.address() as Net.AddressInfo
    return { url: `http://127.0.0.1:${port}`, open: () => sockets.size, idle }
  })

/** A server that speaks HTTP, until the scope closes. */
export const upstream = (handler: Handler): Effect.Effect<Upstream, never, Scope.Scope> =>
  Effect.suspend(() => {
    const asked: Array<string> = []
    const headers: Array<Http.IncomingHttpHeaders> = []
    const server = Http.createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      headers.push(request.headers)
      handler(request, response)
    })
    return Effect.map(listening(server), (at) => ({ ...at, asked, headers }))
  })

/** A server that answers each connection, once something has arrived on it, with bytes of its own choice. */
export const rawUpstream = (answer: (socket: Net.Socket) => void): Effect.Effect<Upstream, never, Scope.Scope> =>
  Effect.suspend(() => {
    const asked: Array<string> = []
    const server = Net.createServer((socket) => {
      socket.once("data", (data) => {
        asked.push(data.toString("latin1").split("\r\n", 1)[0] ?? "")
        answer(socket)
      })
    })
    return Effect.map(listening(server), (at) => ({ ...at, asked, headers: [] }))
  })

/** Where nobody listens. */
export const nowhere: Effect.Effect<string> = Effect.map(Effect.scoped(rawUpstream(() => {})), ({ url }) => url)

/** A handler that lets a test know of its first request. */
export const announced = (handler: Handler) =>
  Effect.map(Deferred.make<void>(), (arrived) => ({
    arrived: Deferred.await(arrived),
    handler: (request: Http.IncomingMessage, response: Http.ServerResponse) => {
      Deferred.unsafeDone(arrived, Effect.void)
      handler(request, response)
    }
  }))
