import { existsSync, readFileSync } from "node:fs"
import { type AddressInfo, createServer, type Server } from "node:net"
import { dirname, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { inspect } from "node:util"
import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Option, Redacted, Stream } from "effect"
import fc from "fast-check"
import ts from "typescript"
import { answerTo, fake } from "../../../src/layers/gpu/Fake.ts"
import * as Pull from "../../../src/layers/gpu/Pull.ts"
import * as Silence from "../../../src/layers/gpu/Silence.ts"
import { defaults } from "../../../src/services/AppConfig.ts"
import { GpuDevice } from "../../../src/services/GpuDevice.ts"
import { user } from "../../helpers/Machine.ts"
import { configure, deviceTest, machineWithGpu } from "../../helpers/models/Device.ts"
import { modelServer, type Received } from "../../helpers/models/ModelServer.ts"
import { compat, compatWithoutKey, key, ollama, type Wire, wires } from "../../helpers/models/Wires.ts"

const generate = Effect.flatMap(GpuDevice, (gpu) => gpu.generate(user(2), "x"))

/** What each request to a server of this wire asked for. */
const recording = (wire: Wire) =>
  Effect.gen(function* () {
    const received: Array<Received> = []
    const server = yield* modelServer(wire.fault, (exchange) => {
      received.push(exchange.received)
      exchange.open(wire.contentType)
      exchange.send(wire.opening + wire.piece("yes") + wire.closing)
      exchange.end()
    })
    yield* configure(`${wire.scheme}://${server.host}`)
    return received
  })

describe("C11.1 models", () => {
  const models = { ollama: "a:1b", openai: "b", claude: "c", deepseek: "d", vast: "e", compat: "f" } as const
  const keys = Option.some(Redacted.make(key))
  const everything = { openai: keys, claude: keys, deepseek: keys, vast: keys, compat: keys }

  it.effect.each(wires.map((wire) => [wire.scheme, wire] as const))("%s asks for the one of its variable", ([, wire]) =>
    Effect.gen(function* () {
      const received = yield* recording(wire)
      expect(yield* generate).toBe("yes")
      expect(received.map(wire.modelOf)).toEqual([models[wire.scheme]])
    }).pipe(
      Effect.scoped,
      Effect.provide(
        machineWithGpu({
          ...defaults.gpu,
          keys: everything,
          models: {
            ollama: Option.some(models.ollama),
            openai: Option.some(models.openai),
            claude: Option.some(models.claude),
            deepseek: Option.some(models.deepseek),
            vast: Option.some(models.vast),
            compat: Option.some(models.compat)
          }
        })
      )
    )
  )

  it.effect("a server of one's own needs neither key nor model", () =>
    Effect.gen(function* () {
      const received = yield* recording(compatWithoutKey)
      expect(yield* generate).toBe("yes")
      expect(received).toMatchObject([{ body: { messages: [{ role: "user", content: "x" }], stream: true } }])
      expect("authorization" in (received[0]?.headers ?? {})).toBe(false)
      expect(Object.keys(Object(received[0]?.body))).not.toContain("model")
    }).pipe(Effect.scoped, Effect.provide(machineWithGpu(defaults.gpu)))
  )
})

describe("C11.1 a key that no header may hold", () => {
  const bad = Option.some(Redacted.make("sk-two\nlines"))
  it.effect.each(["openai", "claude", "deepseek", "vast", "compat"])("%s says so and does not repeat it", (scheme) =>
    Effect.gen(function* () {
      const server = yield* modelServer(() => undefined)
      yield* configure(`${scheme}://${server.host}`)
      const { message } = yield* Effect.flip(generate)
      expect(message).toBe(`${scheme}://${server.host} cannot be asked: its key holds what no header may hold`)
    }).pipe(
      Effect.scoped,
      Effect.provide(
        machineWithGpu({ ...defaults.gpu, keys: { openai: bad, claude: bad, deepseek: bad, vast: bad, compat: bad } })
      )
    )
  )
})

describe("C11.1 a key that is a word", () => {
  const word = "letmein"
  const named = Option.some(Redacted.make(word))
  const keyed = { openai: named, claude: named, deepseek: named, vast: named, compat: named }
  const error = { type: "error", object: "error", code: word, error: { code: word, type: word } }
  const answers = [
    ["refuses", "application/json", 401, JSON.stringify(error)],
    ["fails in its answer", "text/event-stream", 200, `data: ${JSON.stringify(error)}\n\n`]
  ] as const
  const cases = ["openai", "claude", "deepseek", "vast", "compat"].flatMap((scheme) =>
    answers.map(([how, ...answer]) => [scheme, how, answer] as const)
  )
  it.effect.each(cases)("%s that %s does not say it, whatever the server calls its error", ([scheme, , answer]) =>
    Effect.gen(function* () {
      const [contentType, status, body] = answer
      const server = yield* modelServer(
        () => undefined,
        (exchange) => {
          exchange.open(contentType, status)
          exchange.send(body)
          exchange.end()
        }
      )
      yield* configure(`${scheme}://${server.host}`)
      const error = yield* Effect.flip(generate)
      expect(error.message).toBe(`${scheme}://${server.host} failed, and said so with its key`)
      expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(word)
    }).pipe(Effect.scoped, Effect.provide(machineWithGpu({ ...defaults.gpu, keys: keyed })))
  )
})

describe("C11.1 a server that speaks something else", () => {
  const first = (greeting: string | Uint8Array | undefined) =>
    Effect.map(
      Effect.acquireRelease(
        Effect.async<Server>((resume) => {
          const server = createServer((socket) => {
            socket.on("error", () => {})
            socket.once("data", (asked) => socket.end(greeting ?? asked))
          }).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      ),
      // A TCP server's address is never a string.
      (server) => `127.0.0.1:${(server.address() as AddressInfo).port}`
    )

  for (const [name, greeting, line, why] of [
    ["plain http, where https was asked for", "HTTP/1.1 400 Bad Request\r\n\r\n", "https://", "does not speak https"],
    ["TLS, where http was asked for", Uint8Array.of(21, 3, 1, 0, 2, 2, 70), "", "breaks the rules of HTTP"],
    ["TLS, and refuses ours", Uint8Array.of(21, 3, 1, 0, 2, 2, 40), "https://", "does not agree on TLS"],
    ["an echo of what it is asked", undefined, "", "breaks the rules of HTTP"]
  ] as const) {
    deviceTest(
      `${name}: the message says so`,
      Effect.gen(function* () {
        const host = yield* first(greeting)
        yield* configure(`compat://${line}${host}`)
        const error = yield* Effect.flip(generate)
        expect(error.message).toBe(`compat://${host} ${why}`)
        expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(key)
      })
    )
  }
})

describe("C11.1 ollama: what servers do differently", () => {
  for (const [name, lines, expected] of [
    [
      "fields that are null",
      [
        { response: "a", error: null, done: null },
        { response: null, done: true }
      ],
      "a"
    ],
    ["all in one line", [{ response: "a", done: true }], "a"]
  ] as const) {
    deviceTest(
      `${name} make an answer, also without the last line feed`,
      Effect.gen(function* () {
        const server = yield* modelServer(ollama.fault, (exchange) => {
          exchange.open(ollama.contentType)
          exchange.send(`\ufeff${lines.map((line) => JSON.stringify(line)).join("\r\n\r\n")}`)
          exchange.end()
        })
        yield* configure(`ollama://${server.host}`)
        expect(yield* generate).toBe(expected)
      })
    )
  }
})

describe("C11.1 compat: what servers do differently", () => {
  const answered = (contentType: string, body: string) =>
    Effect.gen(function* () {
      const server = yield* modelServer(compat.fault, (exchange) => {
        exchange.open(contentType)
        exchange.send(body)
        exchange.end()
      })
      yield* configure(`compat://${server.host}`)
      return yield* Effect.either(generate)
    })
  const data = (...frames: ReadonlyArray<unknown>) =>
    frames.map((frame) => `data: ${typeof frame === "string" ? frame : JSON.stringify(frame)}\n\n`).join("")
  const delta = (content: string | null, finish_reason?: string | null) => ({
    choices: [{ index: 0, delta: { content }, finish_reason }]
  })
  const sse = "text/event-stream"

  for (const [name, contentType, body, expected] of [
    ["one that does not stream", "application/json", { choices: [{ message: { content: "all" } }] }, "all"],
    ["no [DONE] after the reason", sse, data(delta("a"), delta("b", "stop")), "ab"],
    ["[DONE] without a reason", sse, data(delta("a"), delta("b"), "[DONE]"), "ab"],
    ["[DONE] without an empty line", sse, `${data(delta("a"))}data: [DONE]`, "a"],
    ["a reason with every chunk", sse, data(delta("a", "stop"), delta("b", "stop"), "[DONE]"), "ab"],
    ["cut off for length", sse, data(delta("a"), delta("", "length"), "[DONE]"), "a"],
    ["a refusal", sse, data({ choices: [{ delta: { refusal: "no" } }] }, "[DONE]"), "no"],
    [
      "a refusal beside empty text",
      sse,
      data({ choices: [{ delta: { content: "", refusal: "no" } }] }, "[DONE]"),
      "no"
    ],
    ["an error that is null", sse, data({ ...delta("a"), error: null }, "[DONE]"), "a"],
    ["a retry time and names", sse, `retry: 5\nid: 1\nevent: x\n${data(delta("a"), "[DONE]")}`, "a"],
    [
      "JSON on several data lines",
      sse,
      `data: {"choices":\ndata: [{"delta":{"content":"a"}}]}\n\ndata: [DONE]\n\n`,
      "a"
    ],
    ["a byte order mark", sse, `\ufeff${data(delta("a"), "[DONE]")}`, "a"]
  ] as const) {
    deviceTest(
      `${name} is an answer`,
      Effect.gen(function* () {
        const text = typeof body === "string" ? body : JSON.stringify(body)
        expect(yield* answered(contentType, text)).toMatchObject({ _tag: "Right", right: expected })
      })
    )
  }

  for (const [name, contentType, body, why] of [
    ["an error object as vLLM sends it", sse, data({ object: "error", message: key, code: 500 }), "reported an error"],
    [
      "200 with an error",
      "application/json",
      { error: { message: key, code: "model_not_found" } },
      "(model_not_found)"
    ],
    ["an error that is text", sse, data({ error: key }), "reported an error"],
    ["a frame that is no JSON", sse, data("{"), "sent what cannot be read"],
    ["content that is no text", sse, data({ choices: [{ delta: { content: 7 } }] }), "sent what cannot be read"],
    ["nothing at all", sse, "", "ended before its answer was whole"],
    ["an error after a reason", sse, data(delta("a", "stop"), { error: { type: "server_error" } }), "(server_error)"],
    ["JSON without an answer", "application/json", { status: "ok" }, "ended before its answer was whole"],
    ["JSON that is cut off", "application/json", "{", "sent what cannot be read"]
  ] as const) {
    deviceTest(
      `${name} is a failure`,
      Effect.gen(function* () {
        const text = typeof body === "string" ? body : JSON.stringify(body)
        const outcome = yield* answered(contentType, text)
        expect(outcome).toMatchObject({ _tag: "Left", left: { message: expect.stringContaining(why) } })
        expect(JSON.stringify(outcome)).not.toContain(key)
      })
    )
  }
})

describe("C11.1 fake", () => {
  it("says the same to the same prompt, and something else to others: sixteen words on two lines", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (prompt) => {
        const text = answerTo(prompt).join("")
        expect(answerTo(prompt).join("")).toBe(text)
        expect(text).toMatch(/^[a-z]+(?: [a-z]+){7}\n[a-z]+(?: [a-z]+){7}$/)
        expect(answerTo(`${prompt}.`).join("")).not.toBe(text)
      })
    )
  })

  it("has not changed its words", () => {
    expect(answerTo("hello").join("")).toBe(
      "maple slate north acorn flint quartz delta ocean\ngrain inlet basin kelp fjord zephyr cedar eddy"
    )
  })

  it.effect("streams one word at a time", () =>
    Effect.gen(function* () {
      const answer = Pull.toStream(yield* fake.answer({ url: "", prompt: "x", model: undefined }, Silence.make()))
      const chunks = yield* Stream.runCollect(Stream.chunks(answer))
      expect(Chunk.toReadonlyArray(Chunk.map(chunks, Chunk.size))).toEqual(Array(16).fill(1))
    }).pipe(Effect.scoped)
  )
})

describe("C11.1 memory", () => {
  it("the vendors' libraries are loaded by the first question to them, not by the server", () => {
    const seen = new Set<string>()
    const libraries: Array<string> = []
    const visit = (file: string) => {
      if (seen.has(file) || !existsSync(file)) return
      seen.add(file)
      const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest)
      for (const statement of source.statements) {
        if (!ts.isImportDeclaration(statement) || statement.importClause?.isTypeOnly === true) continue
        const specifier = ts.isStringLiteral(statement.moduleSpecifier) ? statement.moduleSpecifier.text : ""
        if (specifier.startsWith("@effect/ai")) libraries.push(`${file}: ${specifier}`)
        if (specifier.startsWith(".")) visit(resolve(dirname(file), specifier))
      }
    }
    visit(fileURLToPath(new URL("../../../src/layers/gpu/Device.ts", import.meta.url)))
    expect(seen.size).toBeGreaterThan(10)
    expect(libraries).toEqual([])
  })
})
