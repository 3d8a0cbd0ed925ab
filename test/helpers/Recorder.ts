import { execFileSync } from "node:child_process"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { onTestFinished } from "vitest"

/** A request as it came. */
export interface Recorded {
  readonly method: string
  readonly target: string
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
  /** the command lines of everything that ran meanwhile */
  readonly processes: string
}

/** A server that writes down what it is asked, and answers as it is told; it goes with the test. */
export const recorder = async (
  answer: (request: Recorded) => readonly [status: number, text: string],
  host = "127.0.0.1"
) => {
  const requests: Array<Recorded> = []
  const server = Http.createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const recorded = {
        method: request.method ?? "",
        target: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
        processes: execFileSync("ps", ["-eo", "args"], { encoding: "utf8", maxBuffer: 2 ** 26 })
      }
      requests.push(recorded)
      const [status, text] = answer(recorded)
      response.writeHead(status, { "content-type": "text/plain", connection: "close" }).end(text)
    })
  })
  await new Promise<void>((listening) => server.listen(0, host, listening))
  onTestFinished(
    () =>
      new Promise<void>((closed) => {
        server.close(() => closed())
      })
  )
  // A TCP server's address is never a string.
  return { requests, port: (server.address() as AddressInfo).port }
}
