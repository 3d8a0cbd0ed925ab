import * as Http from "node:http"
import { onTestFinished } from "vitest"
import { patience } from "./RawSocket.ts"

/** One server-sent event; comments are none. */
export interface SseEvent {
  readonly event: string
  readonly id: string | undefined
  readonly data: string
}

/** An open stream. */
export interface Listener {
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
  /** the next event; undefined when the stream has ended */
  readonly next: () => Promise<SseEvent | undefined>
  /** resolves when the stream has ended, however that came about */
  readonly ended: Promise<void>
  readonly close: () => void
}

/** Opens a stream and resolves when its status is known. */
export const listen = (
  server: { readonly port: number },
  target: string,
  headers: Http.OutgoingHttpHeaders = {}
): Promise<Listener> =>
  new Promise((resolve, reject) => {
    const request = Http.request({ host: "127.0.0.1", port: server.port, path: target, headers, agent: false })
    request.once("error", reject)
    request.once("response", (response) => {
      request.off("error", reject)
      request.on("error", () => {})
      resolve(read(request, response))
    })
    request.end()
  })

const read = (request: Http.ClientRequest, response: Http.IncomingMessage): Listener => {
  const events: Array<SseEvent> = []
  let rest = ""
  let over = false
  let wake = () => {}
  response.setEncoding("utf8")
  response.on("data", (text: string) => {
    const frames = (rest + text).split("\n\n")
    rest = frames.pop() ?? ""
    events.push(...frames.map(parse).filter((event) => event !== undefined))
    wake()
  })
  response.on("error", () => {})
  const ended = new Promise<void>((resolve) => {
    response.once("close", () => {
      over = true
      wake()
      resolve()
    })
  })
  const next = async (): Promise<SseEvent | undefined> => {
    for (;;) {
      const event = events.shift()
      if (event !== undefined || over) return event
      await new Promise<void>((resolve, reject) => {
        const impatient = setTimeout(() => reject(new Error("no event came")), patience)
        wake = () => {
          clearTimeout(impatient)
          resolve()
        }
      })
    }
  }
  return { status: response.statusCode ?? 0, headers: response.headers, next, ended, close: () => request.destroy() }
}

const parse = (frame: string): SseEvent | undefined => {
  const values = (name: string) =>
    frame
      .split("\n")
      .filter((line) => line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).replace(/^ /, ""))
  const data = values("data")
  const event = values("event").at(-1)
  if (data.length === 0 && event === undefined) return undefined
  return { event: event ?? "message", id: values("id").at(-1), data: data.join("\n") }
}

/** Streams that go with the test that opened them, and the next event of one with its data parsed. */
export const listener = (server: { readonly port: number }) => ({
  open: async (target: string, headers: Http.OutgoingHttpHeaders = {}, of = server): Promise<Listener> => {
    const stream = await listen(of, target, headers)
    onTestFinished(stream.close)
    return stream
  },
  heard: async (stream: Listener) => {
    const event = await stream.next()
    return event === undefined ? undefined : { ...event, data: JSON.parse(event.data) }
  }
})
