import { describe, expect } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { UpstreamFailed } from "../../../src/domain/Errors.ts"
import { GpuDevice } from "../../../src/services/GpuDevice.ts"
import { user } from "../../helpers/Machine.ts"
import { calls, configure, deviceTest } from "../../helpers/models/Device.ts"
import { type Exchange, modelServer } from "../../helpers/models/ModelServer.ts"
import { claude, compat, deepseek, key, ollama, openai, vast, type Wire } from "../../helpers/models/Wires.ts"

const T2 = user(2)
const prompt = "Why is the sky blue? \u{1F30C}"

/** A server of this wire that answers each request in the same way, and the device that asks it. */
const answering = (wire: Wire, script: (exchange: Exchange) => void) =>
  Effect.gen(function* () {
    const server = yield* modelServer(wire.fault, script)
    yield* configure(`${wire.scheme}://${server.host}`)
    return server
  })

const sends = (wire: Wire, ...frames: ReadonlyArray<string | Uint8Array>) =>
  answering(wire, (exchange) => {
    exchange.open(wire.contentType)
    for (const frame of frames) exchange.send(frame)
    exchange.end()
  })

const generate = (options?: { readonly model: string }) =>
  Effect.flatMap(GpuDevice, (gpu) => gpu.generate(T2, prompt, options))

/** The pieces that come, and how it ends. */
const streamed = Effect.scoped(
  Effect.gen(function* () {
    const got: Array<string> = []
    const answer = yield* (yield* GpuDevice).stream(T2, prompt)
    const end = yield* Effect.either(Stream.runForEach(answer, (piece) => Effect.sync(() => got.push(piece))))
    return { got, end }
  })
)

const frames = ({ closing, opening, piece }: Wire, ...pieces: ReadonlyArray<string>) =>
  `${opening}${pieces.map(piece).join("")}${closing}`

const failure = <A, R>(effect: Effect.Effect<A, unknown, R>) =>
  Effect.map(Effect.flip(effect), (error) => {
    expect(error).toBeInstanceOf(UpstreamFailed)
    return (error as UpstreamFailed).message
  })

// deepseek and vast are asked as compat is.
describe.each([ollama, openai, claude, compat])("C11.1 $scheme", (wire) => {
  deviceTest(
    "is asked as its reference wants it, and its pieces make the answer",
    Effect.gen(function* () {
      const server = yield* sends(wire, frames(wire, "Because ", "of\n", "Rayleigh."))
      expect(yield* generate()).toBe("Because of\nRayleigh.")
      expect(server.faults).toEqual([])
    })
  )

  deviceTest(
    "?model= wins over the configured one",
    Effect.gen(function* () {
      const asked: Array<unknown> = []
      yield* answering(wire, (exchange) => {
        asked.push(wire.modelOf(exchange.received))
        exchange.open(wire.contentType)
        exchange.send(frames(wire, "x"))
        exchange.end()
      })
      yield* generate({ model: "named" })
      expect(asked).toEqual(["named"])
      expect(yield* calls).toMatchObject([{ model: "named", scheme: wire.scheme }])
    })
  )

  deviceTest(
    "the bytes may arrive one by one, in the middle of characters and line ends",
    Effect.gen(function* () {
      yield* answering(wire, (exchange) => {
        exchange.open(wire.contentType)
        const bytes = Buffer.from(frames(wire, "é\u{1F30C}", "中", "\r\n"))
        const next = (at: number) => {
          if (at === bytes.length) return exchange.end()
          exchange.send(bytes.subarray(at, at + 1))
          setImmediate(next, at + 1)
        }
        next(0)
      })
      expect(yield* generate()).toBe("é\u{1F30C}中\r\n")
    })
  )

  deviceTest(
    "lines may end in CR LF, wherever they are cut",
    Effect.gen(function* () {
      const text = frames(wire, "a", "b").replaceAll("\n", "\r\n")
      yield* answering(wire, (exchange) => {
        exchange.open(wire.contentType)
        const next = (at: number) => {
          if (at >= text.length) return exchange.end()
          const cut = text.indexOf("\r", at) + 1 || text.length
          exchange.send(text.slice(at, cut))
          setImmediate(next, cut)
        }
        next(0)
      })
      expect(yield* generate()).toBe("ab")
    })
  )

  deviceTest(
    "what keeps the connection open and what the model thinks are not in the answer",
    Effect.gen(function* () {
      const { closing, keepAlive = "", opening, piece, thinking } = wire
      yield* sends(wire, keepAlive, opening, thinking, piece("a"), keepAlive, thinking, piece("b"), closing)
      expect(yield* streamed).toMatchObject({ got: ["a", "b"], end: { _tag: "Right" } })
    })
  )

  deviceTest(
    "what a flood of empty lines costs grows with its length, and not with its square",
    Effect.gen(function* () {
      yield* sends(wire, "\n".repeat(2 * 1024 * 1024), frames(wire, "a"))
      expect(yield* generate()).toBe("a")
    })
  )

  deviceTest(
    "as many frames as come at once are read at once",
    Effect.gen(function* () {
      yield* sends(wire, wire.opening + wire.piece("a").repeat(5_000) + wire.closing)
      expect(yield* generate()).toBe("a".repeat(5_000))
    })
  )

  deviceTest(
    "a frame that cannot be read is a failure after what came before it, not a gap",
    Effect.gen(function* () {
      const broken = wire === ollama ? "{\n" : "data: {\n\n"
      yield* sends(wire, wire.opening, wire.piece("a"), broken, wire.piece("b"), wire.closing)
      expect(yield* streamed).toMatchObject({
        got: ["a"],
        end: { _tag: "Left", left: { message: expect.stringContaining("it sent what cannot be read") } }
      })
    })
  )

  if (wire !== ollama) {
    deviceTest(
      "a retry time, names and empty data are nothing to the answer",
      Effect.gen(function* () {
        const nothings = "retry: 86400000\n\nid: 1\nevent: x\n\ndata:\n\n"
        yield* sends(wire, nothings, wire.opening, wire.piece("a"), nothings, wire.piece("b"), wire.closing)
        expect(yield* generate()).toBe("ab")
      })
    )
  }

  deviceTest(
    "an empty answer is an answer",
    Effect.gen(function* () {
      yield* sends(wire, frames(wire))
      expect(yield* generate()).toBe("")
      expect(yield* streamed).toMatchObject({ got: [], end: { _tag: "Right" } })
      expect(yield* calls).toMatchObject([
        { errored: 0, reply_len: 0 },
        { errored: 0, reply_len: 0 }
      ])
    })
  )

  deviceTest(
    "half of a surrogate pair waits for the other half",
    Effect.gen(function* () {
      yield* sends(wire, frames(wire, "a\ud83c", "\udf0cb", "c\ud83c"))
      expect(yield* streamed).toMatchObject({ got: ["a", "\u{1F30C}b", "c"], end: { _tag: "Right" } })
    })
  )

  deviceTest(
    "an error in mid-stream ends the answer after what came before it, and says no more than its kind",
    Effect.gen(function* () {
      yield* sends(wire, wire.opening, wire.piece("a"), wire.failing)
      const { end, got } = yield* streamed
      expect(got).toEqual(["a"])
      expect(end).toMatchObject({ _tag: "Left", left: { _tag: "UpstreamFailed" } })
      const said = JSON.stringify(end)
      expect(said).not.toContain(key)
      expect(said).toContain(`${wire.scheme}://127.0.0.1:`)
      if (wire.failingCode !== undefined) expect(said).toContain(wire.failingCode)
      expect(yield* calls).toMatchObject([{ errored: 1, reply_len: 1, type: "gpu_stream_call" }])
    })
  )

  deviceTest(
    "an error before the first piece is a failure of the whole call",
    Effect.gen(function* () {
      yield* sends(wire, wire.opening, wire.failing)
      expect(yield* failure(streamed)).not.toContain(key)
    })
  )

  for (const status of [400, 401, 404, 429, 500, 503]) {
    deviceTest(
      `${status} is a failure that names the backend, the status and nothing that was written with it`,
      Effect.gen(function* () {
        const server = yield* answering(wire, (exchange) => {
          exchange.open("application/json", status)
          exchange.send(wire.refusal(key))
          exchange.end()
        })
        const code = wire.refusalCode === undefined ? "" : ` (${wire.refusalCode})`
        expect(yield* failure(generate())).toBe(`${wire.scheme}://${server.host} answered ${status}${code}`)
        expect(yield* calls).toMatchObject([{ errored: 1, reply_len: 0, type: "gpu_call" }])
      })
    )
  }

  deviceTest(
    "a redirect is not followed, and the key goes nowhere else",
    Effect.gen(function* () {
      const elsewhere = yield* modelServer(() => undefined)
      yield* answering(wire, (exchange) => {
        exchange.redirect(`http://${elsewhere.host}/`)
      })
      expect(yield* failure(generate())).toContain("answered 307")
      expect(elsewhere.requests()).toBe(0)
    })
  )

  deviceTest(
    "a connection that drops before the answer is a failure",
    Effect.gen(function* () {
      const server = yield* answering(wire, (exchange) => exchange.drop())
      expect(yield* failure(generate())).toBe(`${wire.scheme}://${server.host} broke the connection`)
    })
  )

  deviceTest(
    "a connection that drops in the middle, even of a frame, is a failure after what came before it",
    Effect.gen(function* () {
      const server = yield* modelServer(wire.fault)
      yield* configure(`${wire.scheme}://${server.host}`)
      const dropping = yield* Effect.fork(
        Effect.gen(function* () {
          const exchange = yield* server.next
          exchange.open(wire.contentType)
          exchange.send(wire.opening + wire.piece("a") + wire.piece("b").slice(0, -9))
          return exchange
        })
      )
      const answer = yield* (yield* GpuDevice).stream(T2, prompt)
      ;(yield* Fiber.join(dropping)).drop()
      expect(yield* Effect.flip(Stream.runDrain(answer))).toMatchObject({
        message: `${wire.scheme}://${server.host} failed in the middle of its answer: it broke the connection`
      })
      expect(yield* calls).toMatchObject([{ errored: 1, reply_len: 1 }])
    })
  )

  deviceTest(
    "an answer that ends before it is whole is a failure, however politely it ends",
    Effect.gen(function* () {
      yield* sends(wire, wire.opening, wire.piece("a"))
      const { end, got } = yield* streamed
      expect(got).toEqual(["a"])
      expect(end).toMatchObject({ _tag: "Left", left: { message: expect.stringContaining("ended before") } })
    })
  )

  deviceTest(
    "200 with something else entirely is a failure",
    Effect.gen(function* () {
      yield* answering(wire, (exchange) => {
        exchange.open("text/html")
        exchange.send("<!doctype html><title>Sign in to the hotel network</title>")
        exchange.end()
      })
      expect(yield* failure(generate())).toMatch(/sent what cannot be read|ended before/)
    })
  )

  deviceTest(
    "a frame without end is a failure, and not read for ever",
    Effect.gen(function* () {
      const server = yield* answering(wire, (exchange) => {
        exchange.open(wire.contentType)
        const start = wire.piece("#").split("#")[0] ?? ""
        exchange.send(start)
        for (let i = 0; i < 11; i++) exchange.send("x".repeat(1024 * 1024))
      })
      expect(yield* failure(generate())).toBe(`${wire.scheme}://${server.host} sent a frame without end`)
    })
  )
})

describe.each([deepseek, vast])("C11.1 $scheme", (wire) => {
  deviceTest(
    "is asked as its reference wants it, and its pieces make the answer",
    Effect.gen(function* () {
      const server = yield* sends(wire, frames(wire, "Because ", "of\n", "Rayleigh."))
      expect(yield* generate()).toBe("Because of\nRayleigh.")
      expect(server.faults).toEqual([])
    })
  )
})
