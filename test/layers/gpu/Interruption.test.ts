import { createServer, type Server } from "node:net"
import { describe, expect } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, Scope, Stream, TestClock } from "effect"
import { GpuDevice } from "../../../src/services/GpuDevice.ts"
import { user } from "../../helpers/Machine.ts"
import { calls, configure, configured, deviceTest } from "../../helpers/models/Device.ts"
import { modelServer } from "../../helpers/models/ModelServer.ts"
import { claude, compat, ollama, openai, type Wire } from "../../helpers/models/Wires.ts"

const T2 = user(2)

/**
 * A backend must notice within 100 ms that its caller has left (C11.1). A wait in this program is there every time, one
 * for a busy machine is not: of three times the shortest counts.
 */
const soon = <E, R>(milliseconds: Effect.Effect<number, E, R | Scope.Scope>) =>
  Effect.map(Effect.replicateEffect(Effect.scoped(milliseconds), 3), (all) => {
    expect(Math.min(...all)).toBeLessThan(100)
  })

const serverOf = (wire: Wire) =>
  Effect.tap(modelServer(wire.fault), ({ host }) => configure(`${wire.scheme}://${host}`))

describe.each([ollama, openai, claude, compat])("C11.1 $scheme: whoever leaves ends the call", (wire) => {
  deviceTest(
    "before the backend has answered at all",
    Effect.gen(function* () {
      const server = yield* serverOf(wire)
      const call = yield* Effect.fork((yield* GpuDevice).generate(T2, "x"))
      const exchange = yield* server.next
      const left = performance.now()
      yield* Fiber.interrupt(call)
      const took = (yield* exchange.closed) - left
      expect((yield* calls).at(-1)).toMatchObject({ errored: 1, reply_len: 0, type: "gpu_call" })
      return took
    }).pipe(soon)
  )

  deviceTest(
    "between its first bytes and the first piece",
    Effect.gen(function* () {
      const server = yield* serverOf(wire)
      const call = yield* Effect.fork(Effect.scoped((yield* GpuDevice).stream(T2, "x")))
      const exchange = yield* server.next
      exchange.open(wire.contentType)
      exchange.send(wire.opening + wire.thinking)
      yield* exchange.flushed
      const left = performance.now()
      yield* Fiber.interrupt(call)
      return (yield* exchange.closed) - left
    }).pipe(soon)
  )

  deviceTest(
    "in the middle of the answer, with the event saying how far it came",
    Effect.gen(function* () {
      const server = yield* serverOf(wire)
      const gpu = yield* GpuDevice
      const read = yield* Effect.makeLatch()
      const call = yield* Effect.fork(
        Effect.scoped(
          Effect.flatMap(
            gpu.stream(T2, "hällo"),
            Stream.runForEach(() => read.open)
          )
        )
      )
      const exchange = yield* server.next
      exchange.open(wire.contentType)
      exchange.send(wire.opening + wire.piece("é"))
      yield* read.await
      const left = performance.now()
      yield* Fiber.interrupt(call)
      const took = (yield* exchange.closed) - left
      const counted = { errored: 1, prompt_len: 6, reply_len: 2, caller: T2.id }
      expect((yield* calls).at(-1)).toMatchObject({ type: "gpu_stream_call", ...counted })
      return took
    }).pipe(soon)
  )

  deviceTest(
    "by closing the scope, though nobody reads",
    Effect.gen(function* () {
      const server = yield* serverOf(wire)
      const scope = yield* Scope.make()
      const call = yield* Effect.fork(Scope.extend((yield* GpuDevice).stream(T2, "x"), scope))
      const exchange = yield* server.next
      exchange.open(wire.contentType)
      exchange.send(wire.opening + wire.piece("é"))
      yield* Effect.asVoid(Fiber.join(call))
      const left = performance.now()
      yield* Scope.close(scope, Exit.void)
      const took = (yield* exchange.closed) - left
      expect((yield* calls).at(-1)).toMatchObject({ errored: 1, type: "gpu_stream_call" })
      return took
    }).pipe(soon)
  )

  deviceTest(
    "by reading no further, with the scope still open",
    Effect.gen(function* () {
      const server = yield* serverOf(wire)
      const call = yield* Effect.fork((yield* GpuDevice).stream(T2, "x"))
      const exchange = yield* server.next
      exchange.open(wire.contentType)
      exchange.send(wire.opening + wire.piece("a") + wire.piece("b"))
      const answer = yield* Fiber.join(call)
      const first = yield* Stream.runCollect(Stream.take(answer, 1))
      const left = performance.now()
      expect([...first]).toEqual(["a"])
      return (yield* exchange.closed) - left
    }).pipe(soon)
  )

  deviceTest(
    "by failing at another piece of the program",
    Effect.gen(function* () {
      const server = yield* serverOf(wire)
      const call = yield* Effect.fork((yield* GpuDevice).stream(T2, "x"))
      const exchange = yield* server.next
      exchange.open(wire.contentType)
      exchange.send(wire.opening + wire.piece("a"))
      const answer = yield* Fiber.join(call)
      expect(yield* Effect.flip(Stream.runForEach(answer, () => Effect.fail("mine")))).toBe("mine")
      yield* exchange.closed
    })
  )
})

describe("C11.1 patience", () => {
  const silent = (wire: Wire, ...sent: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const server = yield* serverOf(wire)
      const call = yield* Effect.fork(Effect.flip((yield* GpuDevice).generate(T2, "x")))
      const exchange = yield* server.next
      if (sent.length > 0) exchange.open(wire.contentType)
      for (const frame of sent) exchange.send(frame)
      return { server, call, exchange }
    })

  for (const wire of [ollama, openai, claude, compat]) {
    deviceTest(
      `${wire.scheme}: a backend that takes the question and says nothing has failed after ELASTIK_GPU_FIRST_BYTE_TIMEOUT`,
      Effect.gen(function* () {
        const { call, exchange, server } = yield* silent(wire)
        yield* TestClock.adjust("119 seconds")
        expect(yield* Fiber.poll(call)).toMatchObject({ _tag: "None" })
        yield* TestClock.adjust("1 second")
        expect(yield* Fiber.join(call)).toMatchObject({
          _tag: "UpstreamFailed",
          message: `${wire.scheme}://${server.host} was silent for 120 seconds`
        })
        yield* exchange.closed
      })
    )
  }

  for (const wire of [openai, claude, compat]) {
    deviceTest(
      `${wire.scheme}: what only keeps the connection open is silence`,
      Effect.gen(function* () {
        const { call, exchange, server } = yield* silent(wire, wire.opening)
        yield* Effect.fork(
          Effect.gen(function* () {
            for (;;) {
              yield* TestClock.adjust("10 seconds")
              exchange.send(wire.keepAlive ?? "")
              yield* Effect.yieldNow()
            }
          })
        )
        expect((yield* Fiber.join(call)).message).toBe(`${wire.scheme}://${server.host} was silent for 120 seconds`)
      })
    )
  }

  deviceTest(
    "the body of a refusal is not waited for, only its status",
    Effect.gen(function* () {
      const { call, exchange, server } = yield* silent(ollama)
      exchange.open("application/json", 500)
      const turn = Effect.async<void>((resume) => {
        setImmediate(() => resume(Effect.void))
      })
      for (let seconds = 0; seconds < 100 && Option.isNone(yield* Fiber.poll(call)); seconds++) {
        yield* Effect.zipRight(turn, TestClock.adjust("1 second"))
      }
      expect(yield* Fiber.poll(call)).toMatchObject({ value: { _tag: "Success" } })
      expect((yield* Fiber.join(call)).message).toBe(`ollama://${server.host} answered 500`)
    })
  )

  deviceTest(
    "a backend that falls silent in the middle has failed too",
    Effect.gen(function* () {
      const server = yield* serverOf(ollama)
      const opened = yield* Effect.fork((yield* GpuDevice).stream(T2, "x"))
      const exchange = yield* server.next
      exchange.open(ollama.contentType)
      exchange.send(ollama.piece("a"))
      const rest = yield* Effect.fork(Effect.flip(Stream.runDrain(yield* Fiber.join(opened))))
      yield* Effect.repeatN(Effect.yieldNow(), 20)
      yield* TestClock.adjust("120 seconds")
      expect((yield* Fiber.join(rest)).message).toContain("was silent for 120 seconds")
      yield* exchange.closed
    })
  )

  deviceTest(
    "a reader may take its time: only waiting for the backend counts",
    Effect.gen(function* () {
      const server = yield* serverOf(ollama)
      const opened = yield* Effect.fork((yield* GpuDevice).stream(T2, "x"))
      const exchange = yield* server.next
      exchange.open(ollama.contentType)
      exchange.send(ollama.piece("a"))
      const answer = yield* Fiber.join(opened)
      yield* TestClock.adjust("1 hour")
      exchange.send(ollama.piece("b") + ollama.closing)
      exchange.end()
      expect([...(yield* Stream.runCollect(answer))].join("")).toBe("ab")
    })
  )

  const hushed = { ...configured, connectTimeout: 0.3 }
  deviceTest(
    "a connection that does not come about is given up after ELASTIK_GPU_CONNECT_TIMEOUT",
    Effect.gen(function* () {
      // Takes the connection, and never says its part of the TLS handshake.
      const deaf = yield* Effect.acquireRelease(
        Effect.async<Server>((resume) => {
          const server = createServer().listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      )
      const address = deaf.address()
      const port = typeof address === "object" ? address?.port : 0
      yield* configure(`compat://https://127.0.0.1:${port}`)
      expect(yield* Effect.flip((yield* GpuDevice).generate(T2, "x"))).toMatchObject({
        _tag: "UpstreamFailed",
        message: `compat://127.0.0.1:${port} did not take the connection in time`
      })
    }),
    hushed
  )

  deviceTest(
    "who leaves while the connection comes about leaves nothing behind",
    Effect.gen(function* () {
      const connected = yield* Effect.makeLatch()
      const gone = yield* Effect.makeLatch()
      const deaf = yield* Effect.acquireRelease(
        Effect.async<Server>((resume) => {
          const server = createServer((socket) => {
            connected.unsafeOpen()
            socket.on("error", () => {})
            socket.once("close", () => gone.unsafeOpen())
            socket.resume()
          }).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      )
      const address = deaf.address()
      const port = typeof address === "object" ? address?.port : 0
      yield* configure(`compat://https://127.0.0.1:${port}`)
      const call = yield* Effect.fork((yield* GpuDevice).generate(T2, "x"))
      yield* connected.await
      const left = performance.now()
      yield* Fiber.interrupt(call)
      yield* gone.await
      return performance.now() - left
    }).pipe(soon)
  )

  deviceTest(
    "nobody listens",
    Effect.gen(function* () {
      const server = yield* Effect.scoped(modelServer(() => undefined))
      yield* configure(`ollama://${server.host}`)
      expect((yield* Effect.flip((yield* GpuDevice).generate(T2, "x"))).message).toBe(
        `ollama://${server.host} refused the connection`
      )
    })
  )
})
