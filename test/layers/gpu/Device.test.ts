import { inspect } from "node:util"
import { describe, expect, it } from "@effect/vitest"
import { Cause, Context, Effect, Exit, Fiber, HashMap, Layer, Logger, LogLevel, Scope, Stream } from "effect"
import { StorageFailure } from "../../../src/domain/Errors.ts"
import type { Ask } from "../../../src/layers/gpu/Backend.ts"
import * as Device from "../../../src/layers/gpu/Device.ts"
import { BackendFailed } from "../../../src/layers/gpu/Failure.ts"
import { answerTo } from "../../../src/layers/gpu/Fake.ts"
import * as Pull from "../../../src/layers/gpu/Pull.ts"
import { defaults } from "../../../src/services/AppConfig.ts"
import { GpuDevice } from "../../../src/services/GpuDevice.ts"
import { Storage } from "../../../src/services/Storage.ts"
import { Worlds } from "../../../src/services/Worlds.ts"
import { sha256 } from "../../helpers/Chains.ts"
import { erase, machine, memoryWith, operator, user } from "../../helpers/Machine.ts"
import { calls, configure, configured, deviceTest, machineWithGpu } from "../../helpers/models/Device.ts"
import { type Exchange, modelServer } from "../../helpers/models/ModelServer.ts"
import { claude, compat, key, ollama, openai, type Wire } from "../../helpers/models/Wires.ts"
import { world } from "../../helpers/Paths.ts"
import { eventsOf, verdict } from "../../helpers/Storages.ts"

const T2 = user(2)
const generate = (prompt = "x") => Effect.flatMap(GpuDevice, (gpu) => gpu.generate(T2, prompt))
const failing = Effect.flip(generate())

const says = (wire: Wire, text: string) =>
  modelServer(wire.fault, (exchange) => {
    exchange.open(wire.contentType)
    exchange.send(`${wire.opening}${wire.piece(text)}${wire.closing}`)
    exchange.end()
  })
const refuses = (wire: Wire, status = 500) =>
  modelServer(wire.fault, (exchange) => {
    exchange.open("application/json", status)
    exchange.end()
  })
const nobody = Effect.scoped(modelServer(() => undefined))

describe("C11.1 what /etc/gpu.conf says", () => {
  deviceTest(
    "without it the device is not configured, and the message names it",
    Effect.gen(function* () {
      expect(yield* failing).toMatchObject({ _tag: "NotConfigured", message: expect.stringContaining("/etc/gpu.conf") })
      expect(yield* (yield* GpuDevice).configuration).toBeUndefined()
      yield* configure("# nothing", "")
      expect(yield* failing).toMatchObject({ _tag: "NotConfigured" })
      expect(yield* calls).toEqual([])
    })
  )

  deviceTest(
    "it counts from the next call on, also after it has gone",
    Effect.gen(function* () {
      const [one, two] = [yield* says(ollama, "one"), yield* says(compat, "two")]
      yield* configure(`ollama://${one.host}`)
      expect(yield* generate()).toBe("one")
      yield* configure(`compat://${two.host}`)
      expect(yield* generate()).toBe("two")
      yield* erase("etc/gpu.conf")
      expect(yield* failing).toMatchObject({ _tag: "NotConfigured" })
    })
  )

  deviceTest(
    "localhost is this machine, whichever of its addresses the backend listens on",
    Effect.gen(function* () {
      const server = yield* says(ollama, "here")
      yield* configure(`ollama://${server.host.replace("127.0.0.1", "localhost")}/`)
      expect(yield* generate()).toBe("here")
    })
  )

  deviceTest(
    "a scheme that nothing speaks",
    Effect.gen(function* () {
      yield* configure("gemini://x")
      expect(yield* failing).toMatchObject({ _tag: "UnsupportedScheme", scheme: "gemini" })
      expect(yield* calls).toEqual([])
    })
  )

  deviceTest(
    "a line that names no backend is told by its number, not by what stands in it",
    Effect.gen(function* () {
      yield* configure("# a comment", `compat://user:${key}@127.0.0.1:9`)
      const error = yield* failing
      expect(error).toMatchObject({
        _tag: "NotConfigured",
        message: expect.stringContaining("line 2 of /etc/gpu.conf")
      })
      expect(error.message).not.toContain(key)
    })
  )

  const keys: ReadonlyArray<readonly [scheme: string, variable: string]> = [
    ["openai", "OPENAI_API_KEY"],
    ["claude", "ANTHROPIC_API_KEY"],
    ["deepseek", "DEEPSEEK_API_KEY"],
    ["vast", "VAST_API_KEY"]
  ]
  it.effect.each(keys)("%s without its key: the message names %s, and nobody is asked", ([scheme, variable]) =>
    Effect.gen(function* () {
      const server = yield* modelServer(() => undefined)
      yield* configure(`${scheme}://${server.host}`)
      expect(yield* failing).toMatchObject({ _tag: "NotConfigured", message: expect.stringContaining(variable) })
      expect(server.requests()).toBe(0)
      expect(yield* calls).toEqual([])
    }).pipe(Effect.scoped, Effect.provide(machineWithGpu(defaults.gpu)))
  )

  deviceTest(
    "its fingerprint is that of the lines that count, and it is local when all of them are",
    Effect.gen(function* () {
      const gpu = yield* GpuDevice
      yield* configure("  # comment", "fake://", "", "ollama://localhost:11434  ")
      const fingerprint = sha256("fake://\nollama://localhost:11434").slice(0, 8)
      expect(yield* gpu.configuration).toEqual({ fingerprint, local: true })
      yield* configure("fake://", "ollama://localhost:11434")
      expect(yield* gpu.configuration).toEqual({ fingerprint, local: true })
      yield* configure("fake://", "openai://")
      expect(yield* gpu.configuration).toMatchObject({ local: false })
    })
  )
})

describe("C11.1 fallbacks", () => {
  deviceTest(
    "are asked in order, until one answers",
    Effect.gen(function* () {
      const [down, broken, good] = [yield* nobody, yield* refuses(openai), yield* says(claude, "good")]
      const never = yield* says(ollama, "never")
      yield* configure(
        ...[`ollama://${down.host}`, `openai://${broken.host}`, `claude://${good.host}`, `ollama://${never.host}`]
      )
      expect(yield* generate()).toBe("good")
      expect([broken.requests(), good.requests(), never.requests()]).toEqual([1, 1, 0])
      expect(yield* calls).toMatchObject([{ scheme: "claude", model: "claude-sonnet-5-5", errored: 0, reply_len: 4 }])
    })
  )

  deviceTest(
    "one that breaks off before its first piece is followed by the next, and its connection closed",
    Effect.gen(function* () {
      const closed: Array<Exchange["closed"]> = []
      const broken = yield* modelServer(compat.fault, (exchange) => {
        closed.push(exchange.closed)
        exchange.open(compat.contentType)
        exchange.send(compat.opening + compat.thinking + compat.failing)
      })
      const good = yield* says(ollama, "good")
      yield* configure(`compat://${broken.host}`, `ollama://${good.host}`)
      expect(yield* generate()).toBe("good")
      yield* Effect.all(closed)
    })
  )

  deviceTest(
    "an empty answer is an answer, and not followed by another",
    Effect.gen(function* () {
      const [empty, never] = [yield* says(ollama, ""), yield* says(ollama, "never")]
      yield* configure(`ollama://${empty.host}`, `ollama://${never.host}`)
      expect(yield* generate()).toBe("")
      expect(never.requests()).toBe(0)
    })
  )

  deviceTest(
    "there are none after the first piece",
    Effect.gen(function* () {
      const broken = yield* modelServer(ollama.fault, (exchange) => {
        exchange.open(ollama.contentType)
        exchange.send(ollama.piece("a") + ollama.failing)
        exchange.end()
      })
      const never = yield* says(ollama, "never")
      yield* configure(`ollama://${broken.host}`, `ollama://${never.host}`)
      expect(yield* failing).toMatchObject({
        _tag: "UpstreamFailed",
        message: `ollama://${broken.host} failed in the middle of its answer: it reported an error`
      })
      expect(never.requests()).toBe(0)
      expect(yield* calls).toMatchObject([{ errored: 1, reply_len: 1 }])
    })
  )

  deviceTest(
    "when all have failed the message names each, and the event the last",
    Effect.gen(function* () {
      const [down, broken] = [yield* nobody, yield* refuses(openai, 503)]
      yield* configure(`ollama://${down.host}`, "gemini://x", `openai://${broken.host}`)
      expect(yield* failing).toMatchObject({
        _tag: "UpstreamFailed",
        message:
          `no backend answered: ollama://${down.host} refused the connection; ` +
          "/etc/gpu.conf names the scheme gemini; there are ollama, openai, claude, deepseek, vast, compat, fake; " +
          `openai://${broken.host} answered 503`
      })
      expect(yield* calls).toMatchObject([{ scheme: "openai", errored: 1, reply_len: 0 }])
    })
  )

  it.effect("one without a key is passed over, and named only when nothing else answers", () =>
    Effect.gen(function* () {
      const good = yield* says(ollama, "good")
      yield* configure("openai://", `ollama://${good.host}`)
      expect(yield* generate()).toBe("good")
      const down = yield* nobody
      yield* configure(`ollama://${down.host}`, "openai://")
      expect(yield* failing).toMatchObject({
        _tag: "UpstreamFailed",
        message: expect.stringContaining("OPENAI_API_KEY")
      })
      yield* configure("openai://", "claude://")
      expect(yield* failing).toMatchObject({
        _tag: "NotConfigured",
        message: expect.stringMatching(/OPENAI_API_KEY.*ANTHROPIC_API_KEY/)
      })
    }).pipe(Effect.scoped, Effect.provide(machineWithGpu(defaults.gpu)))
  )
})

describe("C11.1, C5.2 every call that asked a backend leaves one event in var/log/gpu", () => {
  deviceTest(
    "with lengths in bytes, the caller and whether it failed, in a chain that holds",
    Effect.gen(function* () {
      const server = yield* says(ollama, "häll\u{1F30C}")
      yield* configure(`ollama://${server.host}`)
      const gpu = yield* GpuDevice
      yield* generate("é")
      yield* Effect.scoped(Effect.flatMap(gpu.stream(T2, "éé"), Stream.runDrain))
      const common = { scheme: "ollama", model: "llama3.2", reply_len: 9, caller: T2.id, errored: 0 }
      expect(yield* calls).toEqual([
        { type: "gpu_call", prompt_len: 2, ...common },
        { type: "gpu_stream_call", prompt_len: 4, ...common }
      ])
      expect(yield* verdict(yield* Storage, "var/log/gpu")).toMatchObject({ chain: { ok: true }, body: { ok: true } })
      const said = JSON.stringify(yield* eventsOf(yield* Storage, "var/log/gpu"))
      expect(said).not.toMatch(/häll|éé/)
    })
  )

  deviceTest(
    "which is on its way before the answer's end is told",
    Effect.gen(function* () {
      yield* configure("fake://")
      const answer = yield* (yield* GpuDevice).stream(T2, "x")
      yield* Stream.runDrain(answer)
      // The scope is still open.
      expect(yield* calls).toMatchObject([{ scheme: "fake", errored: 0 }])
    })
  )

  deviceTest(
    "also when its pieces are handed over one by one, and when whoever gets them wants no more",
    Effect.gen(function* () {
      yield* configure("fake://")
      const gpu = yield* GpuDevice
      const pieces: Array<string> = []
      const take = (piece: string) => Effect.sync(() => pieces.push(piece)).pipe(Effect.asVoid)
      yield* gpu.forEach(T2, "x", take)
      expect(pieces).toEqual(answerTo("x"))
      const enough = gpu.forEach(T2, "x", (piece) => Effect.zipRight(take(piece), Effect.fail("enough")))
      expect(yield* Effect.flip(enough)).toBe("enough")
      expect(pieces).toHaveLength(answerTo("x").length + 1)
      expect(yield* calls).toMatchObject([{ errored: 0 }, { type: "gpu_stream_call", errored: 1 }])
    })
  )

  it.scoped("also when the server stops in the middle of it", () =>
    Effect.gen(function* () {
      const server = yield* modelServer(ollama.fault)
      yield* configure(`ollama://${server.host}`)
      const life = yield* Scope.make()
      const device = yield* Scope.extend(Layer.build(Device.layer), life)
      const call = yield* Effect.fork(Context.get(device, GpuDevice).generate(T2, "x"))
      yield* server.next
      yield* Scope.close(life, Exit.void)
      expect(yield* calls).toMatchObject([{ errored: 1, reply_len: 0 }])
      yield* Fiber.interrupt(call)
      expect(yield* calls).toHaveLength(1)
    }).pipe(Effect.provide(machine({ gpu: configured })))
  )

  const broken = machine(
    { gpu: configured },
    memoryWith((storage) => ({
      execute: (command) =>
        command._tag === "Annotate"
          ? new StorageFailure({ message: "the disk is full", cause: "ENOSPC" })
          : storage.execute(command)
    }))
  )
  it.effect("an event that cannot be written is logged, and the call has its answer", () => {
    const logged: Array<string> = []
    const logger = Logger.make(({ message }) => logged.push(String(message)))
    return Effect.gen(function* () {
      yield* configure("fake://")
      expect(yield* generate()).toBe(answerTo("x").join(""))
      expect(yield* calls).toEqual([])
      expect(logged.join()).toContain("events of /var/log/gpu are lost: 1")
    }).pipe(
      Effect.provide(Layer.provideMerge(Device.layer, broken)),
      Effect.provide(Logger.replace(Logger.defaultLogger, logger))
    )
  })
})

describe("C11.1 secrets", () => {
  deviceTest(
    "no key is in what is logged or said, however the backend fails",
    Effect.gen(function* () {
      const said: Array<string> = []
      const logger = Logger.make((entry) => {
        said.push(Logger.logfmtLogger.log(entry), Logger.jsonLogger.log(entry), Logger.stringLogger.log(entry))
        for (const [name, value] of HashMap.entries(entry.annotations)) said.push(`${name}${String(value)}`)
      })
      const scripts: ReadonlyArray<(wire: Wire) => (exchange: Exchange) => void> = [
        () => (exchange) => exchange.drop(),
        (wire) => (exchange) => {
          exchange.open("application/json", 401)
          exchange.send(wire.refusal(key))
          exchange.end()
        },
        (wire) => (exchange) => {
          exchange.open(wire.contentType)
          exchange.send(wire.opening + wire.failing)
        },
        (wire) => (exchange) => {
          exchange.open(wire.contentType)
          exchange.send(wire.opening + wire.piece("a") + wire.failing)
        },
        (wire) => (exchange) => {
          exchange.open(wire.contentType)
          exchange.send(`${wire.opening}data: ${key}\n\n`)
          exchange.end()
        }
      ]
      for (const wire of [ollama, openai, claude, compat]) {
        for (const script of scripts) {
          const server = yield* modelServer(wire.fault, script(wire))
          yield* configure(`${wire.scheme}://${server.host}`)
          const error = yield* failing.pipe(
            Effect.tap((error) => Effect.logError("failed", Cause.fail(error))),
            Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
            Logger.withMinimumLogLevel(LogLevel.Info)
          )
          said.push(JSON.stringify(error), String(error), inspect(error, { depth: 20, showHidden: true }))
        }
      }
      expect(said.length).toBeGreaterThanOrEqual(4 * 5 * 6)
      expect(said.filter((text) => text.includes(key))).toEqual([])
    })
  )
})

describe("GpuDevice.layerBackend", () => {
  const asked: Array<Ask> = []
  const device = Device.layerBackend({
    missing: undefined,
    model: "tiny",
    answer: (ask) => {
      asked.push(ask)
      return Pull.fromStream(
        Stream.concat(Stream.make("a", "", "b"), ask.prompt === "x" ? Stream.empty : Stream.fail(broken))
      )
    }
  })
  const broken = new BackendFailed({ why: "broke", cause: "of the test" })

  it.effect("asks that backend, whatever /etc/gpu.conf says", () =>
    Effect.gen(function* () {
      yield* configure("gemini://x")
      expect(yield* generate()).toBe("ab")
      expect(asked).toEqual([{ url: "", prompt: "x", model: "tiny" }])
      expect(yield* (yield* GpuDevice).configuration).toMatchObject({ local: true })
      expect(yield* Effect.flip(generate("y"))).toMatchObject({ message: expect.stringContaining("it broke") })
      // Whoever asks the door waits for the events that are on their way.
      yield* (yield* Worlds).verify(operator, world("var/log/gpu"))
      expect(yield* calls).toMatchObject([
        { errored: 0, model: "tiny" },
        { errored: 1, reply_len: 2 }
      ])
    }).pipe(Effect.provide(Layer.provideMerge(device, machine())))
  )

  it.effect("an answer for which there is no room is a failure, not a full memory", () =>
    Effect.gen(function* () {
      yield* configure("fake://")
      expect(yield* Effect.flip(generate())).toMatchObject({ _tag: "UpstreamFailed" })
      expect(yield* calls).toMatchObject([{ errored: 1 }])
    }).pipe(Effect.provide(machineWithGpu(configured, 50)))
  )
})
