import * as Http from "node:http"
import { NodeContext } from "@effect/platform-node"
import { Context, Effect, Exit, Layer, Option, Redacted, Scope } from "effect"
import * as Server from "../../src/http/Server.ts"
import { Listening } from "../../src/http/Server.ts"
import { FileStorage, Machine, MemoryStorage } from "../../src/layers/Live.ts"
import { AppConfig, type AppConfigShape } from "../../src/services/AppConfig.ts"
import { EventChain } from "../../src/services/EventChain.ts"
import { registry } from "./Plugins.ts"

/** The tokens and the key of every test server. */
export const T2 = "user-token"
export const T3 = "operator.token"
export const key = "test key"

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** An answer, as the wire had it. */
export interface Answer {
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
  readonly rawHeaders: ReadonlyArray<string>
  readonly bytes: Buffer
  readonly text: string
  readonly json: () => unknown
}

export interface TestServer {
  readonly url: string
  readonly port: number
  /** one request whose target goes out exactly as given */
  readonly request: (
    method: string,
    target: string,
    options?: { readonly headers?: Http.OutgoingHttpHeaders; readonly body?: Uint8Array | string }
  ) => Promise<Answer>
  readonly stop: () => Promise<void>
}

/** A configuration with tokens, on a free port. */
export const config = (given: Partial<AppConfigShape> = {}): Partial<AppConfigShape> => ({
  port: 0,
  token: Option.some(Redacted.make(T2)),
  approveToken: Option.some(Redacted.make(T3)),
  key: Option.some(Redacted.make(key)),
  ...given
})

/** A real server on an ephemeral port: in memory, or in a directory when `data` names one. */
export const start = async (given: Partial<AppConfigShape> = {}): Promise<TestServer> => {
  const storage = given.data === undefined ? MemoryStorage : FileStorage
  const layer = Server.layer.pipe(
    Layer.provideMerge(registry),
    Layer.provideMerge(Machine),
    Layer.provide(storage),
    Layer.provide(EventChain.layer(Buffer.from(key))),
    Layer.provide(AppConfig.layerTest(config(given))),
    Layer.provide(NodeContext.layer)
  )
  const scope = Effect.runSync(Scope.make())
  const context = await Effect.runPromise(Scope.extend(Layer.build(layer), scope))
  const { port, url } = Context.get(context, Listening)
  const agent = new Http.Agent({ keepAlive: true })
  return {
    url,
    port,
    request: (method, target, options = {}) => send(agent, port, method, target, options),
    stop: async () => {
      agent.destroy()
      await Effect.runPromise(Scope.close(scope, Exit.void))
    }
  }
}

/** One request over an agent, whose target goes out exactly as given. */
export const send = (
  agent: Http.Agent,
  port: number,
  method: string,
  path: string,
  options: { readonly headers?: Http.OutgoingHttpHeaders; readonly body?: Uint8Array | string }
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const request = Http.request({ agent, port, host: "127.0.0.1", method, path, headers: options.headers ?? {} })
    request.on("error", reject)
    request.on("response", (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("error", reject)
      response.on("end", () => {
        const bytes = Buffer.concat(chunks)
        const text = bytes.toString("utf8")
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          rawHeaders: response.rawHeaders,
          bytes,
          text,
          json: () => JSON.parse(text)
        })
      })
    })
    request.end(options.body)
  })
