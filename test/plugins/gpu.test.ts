import * as Http from "node:http"
import { NodeContext } from "@effect/platform-node"
import { Context, Effect, Exit, Layer, Logger, LogLevel, Runtime, Scope, Stream } from "effect"
import fc from "fast-check"
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest"
import * as Server from "../../src/http/Server.ts"
import { type Ask, Backends } from "../../src/layers/gpu/Backend.ts"
import * as AllBackends from "../../src/layers/gpu/Backends.ts"
import * as Device from "../../src/layers/gpu/Device.ts"
import { BackendFailed } from "../../src/layers/gpu/Failure.ts"
import { answerTo } from "../../src/layers/gpu/Fake.ts"
import * as Pull from "../../src/layers/gpu/Pull.ts"
import type { Silence } from "../../src/layers/gpu/Silence.ts"
import { Machine, MemoryStorage } from "../../src/layers/Live.ts"
import { AppConfig } from "../../src/services/AppConfig.ts"
import { EventChain } from "../../src/services/EventChain.ts"
import { PluginRegistry } from "../../src/services/PluginRegistry.ts"
import { configured } from "../helpers/models/Device.ts"
import { modelServer } from "../helpers/models/ModelServer.ts"
import { ollama } from "../helpers/models/Wires.ts"
import { people } from "../helpers/People.ts"
import { loader, noDevices, shelve } from "../helpers/Plugins.ts"
import { bearer, config, key, send, T2 } from "../helpers/TestServer.ts"
import { browser } from "../helpers/Zoo.ts"

// In the server the host links a plugin to its own modules; here they are these.
vi.mock("elastik/plugin", () => import("../../src/plugin.ts"))

/** What the backend `fake` says to a prompt that is listed here: its pieces, and "!" for a failure. */
const scripted = new Map<string, ReadonlyArray<string>>()
const failure = new BackendFailed({ why: "broke down", cause: "of the test" })

const backends = Layer.effect(
  Backends,
  Effect.map(Backends, (all) => ({
    ...all,
    fake: {
      ...all.fake,
      answer: (ask: Ask, silence: Silence) => {
        const pieces = scripted.get(ask.prompt)
        if (pieces === undefined) return all.fake.answer(ask, silence)
        return Pull.fromStream(
          Stream.mapEffect(Stream.fromIterable(pieces), (piece) => (piece === "!" ? failure : Effect.succeed(piece)))
        )
      }
    }
  }))
).pipe(Layer.provide(AllBackends.layer))

const layer = Server.layer.pipe(
  Layer.provideMerge(PluginRegistry.layer.pipe(Layer.provide(loader))),
  Layer.provide(Layer.provideMerge(Device.layerWithoutBackends.pipe(Layer.provide(backends)), noDevices)),
  Layer.provideMerge(Machine),
  Layer.provideMerge(MemoryStorage),
  Layer.provide(EventChain.layer(Buffer.from(key))),
  Layer.provide(AppConfig.layerTest(config({ gpu: configured }))),
  Layer.provide(NodeContext.layer),
  // It fails on purpose, most of the time.
  Layer.provide(Logger.minimumLogLevel(LogLevel.None))
)

const scope = Effect.runSync(Scope.make())
const runtime = await Effect.runPromise(Scope.extend(Layer.toRuntime(layer), scope))
const run = Runtime.runPromise(runtime)
const { port } = Context.get(runtime.context, Server.Listening)
const agent = new Http.Agent({ keepAlive: true })
const { anyone, holder, operator, user } = people({
  request: (method, target, options = {}) => send(agent, port, method, target, options)
})
afterAll(async () => {
  agent.destroy()
  await Effect.runPromise(Scope.close(scope, Exit.void))
})

const gpu = await import("../../plugins/gpu.ts")
await user.put("/lib/gpu", shelve(gpu))
expect((await operator.put("/lib/gpu/state", "active")).json()).toMatchObject({ state: "active" })

const configure = async (...lines: ReadonlyArray<string>) => {
  expect((await operator.put("/etc/gpu.conf", lines.join("\n"))).status).toBeLessThan(300)
}
beforeEach(() => configure("fake://"))

/** Server-sent events as a browser reads them (WHATWG HTML section 9.2). */
const eventsIn = (text: string) =>
  text
    .split("\n\n")
    .slice(0, -1)
    .map((block) => {
      const fields = block.split("\n").map((line) => {
        const colon = line.indexOf(":")
        return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")] as const
      })
      const all = (name: string) => fields.filter(([field]) => field === name).map(([, value]) => value)
      return { event: all("event").at(-1) ?? "message", data: all("data").join("\n") }
    })

describe("C11.1 /dev/gpu", () => {
  test("text in, text out", async () => {
    const answer = await user.post("/dev/gpu", "hello")
    expect(answer).toMatchObject({ status: 200, text: answerTo("hello").join("") })
    expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8")
    expect(answer.headers["cache-control"]).toBe("no-cache")
    expect((await user.post("/dev/gpu", "hello")).text).toBe(answer.text)
    expect((await user.post("/bin/dev/gpu", "hello")).text).toBe(answer.text)
  })

  test("an empty answer is 200 and empty", async () => {
    scripted.set("empty", [])
    expect(await user.post("/dev/gpu", "empty")).toMatchObject({ status: 200, text: "" })
  })

  test.each(["", " ", "\n\t \r\n", "\u00a0"])("an empty or blank prompt (%j) is 400 on both routes", async (prompt) => {
    expect((await user.post("/dev/gpu", prompt)).status).toBe(400)
    expect((await user.post("/dev/gpu/stream", prompt)).status).toBe(400)
  })

  test.each(["GET", "HEAD", "PUT", "DELETE", "PATCH"])("%s is 405", async (method) => {
    for (const path of ["/dev/gpu", "/dev/gpu/stream"]) {
      const answer = await user.ask(method, path)
      expect([answer.status, answer.headers.allow]).toEqual([405, expect.stringContaining("POST")])
    }
  })

  test("a browser that navigates there gets the manual", async () => {
    const answer = await user.get("/dev/gpu", { accept: browser, "sec-fetch-mode": "navigate" })
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, expect.stringContaining("text/html")])
  })

  test("nothing else is below it", async () => {
    expect((await user.post("/dev/gpu/other", "x")).status).toBe(404)
    expect((await user.post("/dev/gpu/stream/x", "x")).status).toBe(404)
  })

  test("needs T2 or an rw cap on it", async () => {
    const cap = async (prefix: string, mode: string) => {
      const minted = (await operator.post(`/auth/mint?prefix=${prefix}&mode=${mode}`)).json()
      return holder((minted as { readonly token: string }).token)
    }
    const unasked = await anyone.post("/dev/gpu", "x")
    expect([unasked.status, unasked.headers["www-authenticate"]]).toEqual([401, expect.stringContaining("Basic")])
    for (const path of ["/dev/gpu", "/dev/gpu/stream"]) {
      expect((await anyone.post(path, "x")).status).toBe(401)
      expect((await operator.post(path, "x")).status).toBe(200)
      expect((await (await cap("/dev/gpu", "rw")).post(path, "x")).status).toBe(200)
      expect((await (await cap("/dev", "rw")).post(path, "x")).status).toBe(200)
      expect((await (await cap("/dev/gpu", "r")).post(path, "x")).status).toBe(403)
      expect((await (await cap("/home", "rw")).post(path, "x")).status).toBe(403)
    }
    expect((await (await cap("/dev/gpu/stream", "rw")).post("/dev/gpu", "x")).status).toBe(403)
  })

  test.each([
    ["no /etc/gpu.conf", [], 503, /gpu\.conf/],
    ["a scheme that nobody speaks", ["gemini://x"], 501, /gemini/],
    ["a line that says nothing", ["localhost"], 503, /line 1/],
    ["a backend that is down", ["ollama://127.0.0.1:1"], 502, /ollama:\/\/127\.0\.0\.1:1/]
  ] as const)("%s: a status and a reason, on both routes", async (_, lines, status, reason) => {
    await configure(...lines)
    for (const path of ["/dev/gpu", "/dev/gpu/stream"]) {
      const answer = await user.post(path, "x")
      expect([answer.status, answer.headers["content-type"]]).toEqual([status, "application/problem+json"])
      expect(answer.json()).toMatchObject({ status, detail: expect.stringMatching(reason) })
    }
  })

  test("a failure before the first byte is a 502, also for the stream; after it, too, where all is sent at once", async () => {
    scripted.set("at once", ["!"])
    scripted.set("later", ["a", "!"])
    for (const path of ["/dev/gpu", "/dev/gpu/stream"]) expect((await user.post(path, "at once")).status).toBe(502)
    expect((await user.post("/dev/gpu", "later")).status).toBe(502)
  })

  test("?model= goes to the backend, and an empty one counts as none", async () => {
    const asked: Array<unknown> = []
    await run(
      Effect.scoped(
        Effect.gen(function* () {
          const server = yield* modelServer(ollama.fault, (exchange) => {
            asked.push(ollama.modelOf(exchange.received))
            exchange.open(ollama.contentType)
            exchange.send(ollama.closing)
            exchange.end()
          })
          yield* Effect.promise(() => configure(`ollama://${server.host}`))
          for (const query of ["?model=tiny%3A1b", "?model=", ""]) {
            yield* Effect.promise(() => user.post(`/dev/gpu${query}`, "x"))
          }
        })
      )
    )
    expect(asked).toEqual(["tiny:1b", "llama3.2", "llama3.2"])
  })
})

describe("C11.1 /dev/gpu/stream", () => {
  const streamed = async (prompt: string) => eventsIn((await user.post("/dev/gpu/stream", prompt)).text)

  test("each piece is an event, and then it is done", async () => {
    const answer = await user.post("/dev/gpu/stream", "hello")
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, expect.stringMatching(/^text\/event-stream/)])
    const events = eventsIn(answer.text)
    expect(events).toHaveLength(17)
    expect(events.map(({ data }) => data).join("")).toBe(answerTo("hello").join(""))
    expect(events.at(-1)).toEqual({ event: "done", data: "" })
    expect(events.slice(0, -1).every(({ event }) => event === "message")).toBe(true)
  })

  test("every newline has a data line of its own", async () => {
    scripted.set("lines", ["a\n\nb\n", "\n", " c", "\u2028d"])
    expect((await user.post("/dev/gpu/stream", "lines")).text).toBe(
      "data: a\ndata: \ndata: b\ndata: \n\ndata: \ndata: \n\ndata:  c\n\ndata: \u2028d\n\nevent: done\ndata: \n\n"
    )
  })

  test("an empty answer is done at once", async () => {
    scripted.set("empty", [])
    expect(await streamed("empty")).toEqual([{ event: "done", data: "" }])
  })

  test("a failure after the first byte is an error, and then it is done", async () => {
    scripted.set("fails", ["a", "b\nc", "!"])
    expect(await streamed("fails")).toEqual([
      { event: "message", data: "a" },
      { event: "message", data: "b\nc" },
      { event: "error", data: "fake:// failed in the middle of its answer: it broke down" },
      { event: "done", data: "" }
    ])
  })

  test("any answer arrives as it was, but for its line ends, which are line feeds", async () => {
    const text = fc.string({
      unit: fc.constantFrom("a", " ", "\n", "\r", "\r\n", ":", "data: ", "\u{1F30C}", "\u2029")
    })
    await fc.assert(
      fc.asyncProperty(fc.array(text), async (pieces) => {
        scripted.set("any", pieces)
        const said = (await streamed("any")).filter(({ event }) => event === "message")
        expect(said.map(({ data }) => data).join("")).toBe(pieces.join("").replace(/\r\n?/g, "\n"))
      }),
      { numRuns: 60 }
    )
  })
})

describe("C11.1 when the client goes away", () => {
  /** How long it takes, in milliseconds, until the backend of a client that leaves knows of it. */
  const leaving = (path: string, reads: boolean) =>
    run(
      Effect.scoped(
        Effect.gen(function* () {
          const server = yield* modelServer(ollama.fault)
          yield* Effect.promise(() => configure(`ollama://${server.host}`))
          const request = Http.request({ port, host: "127.0.0.1", method: "POST", path, headers: bearer(T2) })
          request.on("error", () => {})
          request.end("x")
          const exchange = yield* server.next
          if (reads) {
            exchange.open(ollama.contentType)
            exchange.send(ollama.piece("first"))
            yield* Effect.async<void>((resume) => {
              request.once("response", (response: Http.IncomingMessage) => {
                response.on("error", () => {})
                response.once("data", () => resume(Effect.void))
              })
            })
          }
          const left = performance.now()
          request.destroy()
          return (yield* exchange.closed) - left
        })
      )
    )

  test.each([
    ["/dev/gpu", false],
    ["/dev/gpu/stream", false],
    ["/dev/gpu/stream", true]
  ])("%s (first byte sent: %s): the backend is left within 100 ms", async (path, reads) => {
    // A busy machine takes its time now and then, a wait in this program every time.
    const times = [await leaving(path, reads), await leaving(path, reads), await leaving(path, reads)]
    expect(Math.min(...times)).toBeLessThan(100)
  })
})
