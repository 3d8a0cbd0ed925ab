import { describe, expect, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Scope, Stream, TestClock } from "effect"
import * as Device from "../../../src/layers/gpu/Device.ts"
import { GpuDevice } from "../../../src/services/GpuDevice.ts"
import { machine, user } from "../../helpers/Machine.ts"
import { configure, configured, deviceTest } from "../../helpers/models/Device.ts"
import { type Exchange, modelServer } from "../../helpers/models/ModelServer.ts"
import { claude, compat, ollama, openai, type Wire } from "../../helpers/models/Wires.ts"

const generate = Effect.flatMap(GpuDevice, (gpu) => gpu.generate(user(2), "x"))
const message = Effect.map(Effect.flip(generate), ({ message }) => message)

const begins = (wire: Wire) => (exchange: Exchange) => {
  exchange.open(wire.contentType)
  exchange.send(wire.opening + wire.piece("yes"))
}
/** What ends the answer; the response may go on. */
const closes = (wire: Wire) => (exchange: Exchange) => {
  begins(wire)(exchange)
  exchange.send(wire.closing)
}
const answers = (wire: Wire) => (exchange: Exchange) => {
  closes(wire)(exchange)
  exchange.end()
}
const drops = (exchange: Exchange) => exchange.drop()

/** A server of this wire that treats each request in its own way, the last one as often as it takes. */
const server = (wire: Wire, ...scripts: ReadonlyArray<(exchange: Exchange) => void>) =>
  Effect.gen(function* () {
    const exchanges: Array<Exchange> = []
    const server = yield* modelServer(wire.fault, (exchange) => {
      scripts[Math.min(exchanges.push(exchange), scripts.length) - 1]?.(exchange)
    })
    yield* configure(`${wire.scheme}://${server.host}`)
    return { ...server, exchanges }
  })

/** Asks until a connection has served twice; its end may be a moment behind the answer's. */
const untilKept = ({ connections, requests }: { connections: () => number; requests: () => number }) =>
  Effect.repeat(generate, { until: () => connections() < requests(), times: 50 })

describe.each([ollama, openai, claude, compat])("C11.1 $scheme: a connection that has served a call", (wire) => {
  deviceTest(
    "serves the next, and each of several at once has its own",
    Effect.gen(function* () {
      const asked = yield* server(wire, answers(wire))
      yield* untilKept(asked)
      const before = asked.requests()
      yield* Effect.replicateEffect(generate, 3, { concurrency: "unbounded" })
      expect(asked.requests()).toBe(before + 3)
      expect(asked.connections()).toBeLessThan(asked.requests())
    })
  )

  deviceTest(
    "is kept when the response ends a moment after the answer, and closed when it does not end within a second",
    Effect.gen(function* () {
      const asked = yield* server(wire, closes(wire))
      expect(yield* generate).toBe("yes")
      const [first] = asked.exchanges
      yield* TestClock.adjust("1 second")
      yield* first?.closed ?? Effect.die("nobody asked")
      yield* Effect.repeat(
        Effect.tap(generate, () => Effect.sync(() => asked.exchanges.at(-1)?.end())),
        { until: () => asked.connections() < asked.requests(), times: 50 }
      )
      expect(asked.connections()).toBeLessThan(asked.requests())
    })
  )

  deviceTest(
    "ends within 100 ms when the caller of a later one leaves",
    Effect.gen(function* () {
      const times: Array<number> = []
      for (let i = 0; i < 3; i++) {
        const next = yield* Effect.makeLatch()
        const asked = yield* server(wire, answers(wire), (exchange) => {
          if (!exchange.again) return answers(wire)(exchange)
          begins(wire)(exchange)
          next.unsafeOpen()
        })
        const call = yield* Effect.fork(Effect.forever(generate))
        yield* next.await
        const left = performance.now()
        yield* Fiber.interrupt(call)
        times.push((yield* asked.exchanges.at(-1)?.closed ?? Effect.die("nobody asked")) - left)
      }
      expect(Math.min(...times)).toBeLessThan(100)
    })
  )

  deviceTest(
    "and is gone when the next wants it fails no call, which is asked again",
    Effect.gen(function* () {
      yield* server(wire, (exchange) => {
        if (exchange.again) exchange.drop()
        else answers(wire)(exchange)
      })
      for (let i = 0; i < 20; i++) expect(yield* generate).toBe("yes")
    })
  )

  deviceTest(
    "is not asked a third time",
    Effect.gen(function* () {
      let fails = false
      const asked = yield* server(wire, (exchange) => (fails ? exchange.drop() : answers(wire)(exchange)))
      yield* untilKept(asked)
      fails = true
      const before = asked.requests()
      expect(yield* message).toBe(`${wire.scheme}://${asked.host} broke the connection`)
      expect(asked.requests()).toBeLessThanOrEqual(before + 2)
    })
  )

  deviceTest(
    "is not asked again once it has begun to answer",
    Effect.gen(function* () {
      let fails = false
      const asked = yield* server(wire, (exchange) => {
        if (!fails) return answers(wire)(exchange)
        exchange.open(wire.contentType)
        Effect.runFork(Effect.zipRight(exchange.flushed, Effect.sync(exchange.drop)))
      })
      yield* untilKept(asked)
      fails = true
      const before = asked.requests()
      expect(yield* message).toBe(`${wire.scheme}://${asked.host} broke the connection`)
      expect(asked.requests()).toBe(before + 1)
    })
  )
})

describe("C11.1 connections", () => {
  deviceTest(
    "a new one that breaks is not made again",
    Effect.gen(function* () {
      const asked = yield* server(compat, drops)
      expect(yield* message).toContain("broke the connection")
      expect(asked.requests()).toBe(1)
    })
  )

  deviceTest(
    "one that its server has closed is not used",
    Effect.gen(function* () {
      const asked = yield* server(compat, answers(compat))
      yield* untilKept(asked)
      for (const exchange of asked.exchanges) exchange.drop()
      for (const exchange of asked.exchanges) yield* exchange.closed
      const before = asked.requests()
      expect(yield* generate).toBe("yes")
      expect(asked.requests()).toBe(before + 1)
    })
  )

  deviceTest(
    "one whose answer was not read to its end is not used again",
    Effect.gen(function* () {
      const asked = yield* server(compat, begins(compat), answers(compat))
      const gpu = yield* GpuDevice
      const first = yield* Effect.scoped(Effect.flatMap(gpu.stream(user(2), "x"), (answer) => Stream.runHead(answer)))
      expect(first).toMatchObject({ value: "yes" })
      expect(yield* generate).toBe("yes")
      expect(asked.connections()).toBe(2)
    })
  )

  it.scoped("none outlives the device", () =>
    Effect.gen(function* () {
      const asked = yield* server(compat, answers(compat))
      const life = yield* Scope.make()
      const device = yield* Scope.extend(Layer.build(Device.layer), life)
      yield* untilKept(asked).pipe(Effect.provide(device))
      yield* Scope.close(life, Exit.void)
      for (const exchange of asked.exchanges) yield* exchange.closed
      expect(Context.get(device, GpuDevice)).toBeDefined()
    }).pipe(Effect.provide(machine({ gpu: configured })))
  )
})
