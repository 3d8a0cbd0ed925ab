import { describe, expect, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Option, Scope, Stream, TestClock } from "effect"
import * as Device from "../../../src/layers/gpu/Device.ts"
import { GpuDevice } from "../../../src/services/GpuDevice.ts"
import { Storage } from "../../../src/services/Storage.ts"
import { Worlds } from "../../../src/services/Worlds.ts"
import { machine, memoryWith, operator, user } from "../../helpers/Machine.ts"
import { calls, configure, configured } from "../../helpers/models/Device.ts"
import { path, world } from "../../helpers/Paths.ts"
import { eventsOf } from "../../helpers/Storages.ts"

const log = world("var/log/gpu")
const generate = Effect.flatMap(GpuDevice, (gpu) => gpu.generate(user(2), "x"))

/** A machine whose disk takes no event of its own before it is told to, and the order in which it is asked. */
const slow = (disk: Deferred.Deferred<void>, asked: Array<string> = []) =>
  machine(
    { gpu: configured },
    memoryWith((storage) => ({
      execute: (command) => {
        asked.push(command._tag)
        const execute = storage.execute(command)
        return command._tag === "Annotate" ? Effect.zipRight(Deferred.await(disk), execute) : execute
      }
    }))
  )

describe("C11.1, C5.2 the event of a call", () => {
  const withSlowDisk = (
    name: string,
    run: (
      disk: Deferred.Deferred<void>,
      asked: ReadonlyArray<string>
    ) => Effect.Effect<void, unknown, Scope.Scope | GpuDevice | Layer.Layer.Success<ReturnType<typeof machine>>>
  ) =>
    it.scoped(name, () =>
      Effect.gen(function* () {
        const disk = yield* Deferred.make<void>()
        const asked: Array<string> = []
        yield* Effect.addFinalizer(() => Deferred.succeed(disk, undefined))
        const test = Effect.zipRight(configure("fake://"), run(disk, asked))
        yield* Effect.provide(
          Effect.ensuring(test, Deferred.succeed(disk, undefined)),
          Layer.provideMerge(Device.layer, slow(disk, asked))
        )
      })
    )

  withSlowDisk("is on its way when the answer is there, and nobody waits for the disk", (disk) =>
    Effect.gen(function* () {
      yield* generate
      const answer = yield* (yield* GpuDevice).stream(user(2), "x")
      yield* Stream.runDrain(answer)
      expect(yield* eventsOf(yield* Storage, log)).toEqual([])
      yield* Deferred.succeed(disk, undefined)
      expect(yield* calls).toMatchObject([{ type: "gpu_call" }, { type: "gpu_stream_call" }])
    })
  )

  withSlowDisk("is found by whoever looks after the answer, also when several are on their way", (disk) =>
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* Effect.replicateEffect(generate, 5, { concurrency: "unbounded" })
      const looks = yield* Effect.fork(
        Effect.all([worlds.verify(operator, log), worlds.head(operator, log), worlds.read(operator, log)], {
          concurrency: "unbounded"
        })
      )
      yield* Effect.repeatN(Effect.yieldNow(), 100)
      expect(Option.isNone(yield* Fiber.poll(looks))).toBe(true)
      yield* Deferred.succeed(disk, undefined)
      const [verdict, head, read] = yield* Fiber.join(looks)
      expect([verdict.events, head.eventId, read.eventId]).toEqual([5, 5, 5])
    })
  )

  withSlowDisk("is moved with the log, and does not make it anew", (disk) =>
    Effect.gen(function* () {
      yield* Deferred.succeed(disk, undefined)
      const worlds = yield* Worlds
      yield* generate
      const relocated = { from: log, to: path("home/log"), depth: "infinity", overwrite: true, conditions: {} } as const
      expect(yield* worlds.move(operator, relocated)).toMatchObject({ failures: [] })
      expect(yield* Effect.flip(worlds.head(operator, log))).toMatchObject({ _tag: "WorldNotFound" })
      yield* TestClock.adjust("10 millis")
      expect(yield* Effect.flip(worlds.head(operator, log))).toMatchObject({ _tag: "WorldNotFound" })
    })
  )

  withSlowDisk("is there for whoever asks what there is", (disk) =>
    Effect.gen(function* () {
      yield* Deferred.succeed(disk, undefined)
      yield* generate
      expect(yield* (yield* Worlds).find(operator, log)).toMatchObject({ entry: { eventId: 1 } })
    })
  )

  withSlowDisk(
    "is written in a moment when nobody looks, with those that come meanwhile, in one chain",
    (disk, asked) =>
      Effect.gen(function* () {
        yield* Deferred.succeed(disk, undefined)
        yield* Effect.replicateEffect(generate, 5)
        expect(asked).not.toContain("Annotate")
        yield* TestClock.adjust("10 millis")
        expect(asked.filter((command) => command === "Annotate")).toHaveLength(1)
        const { chain, events } = yield* (yield* Worlds).verify(operator, log)
        expect([chain.ok, events]).toEqual([true, 5])
      })
  )

  withSlowDisk("makes the caller wait for the disk when too many are on their way", (disk) =>
    Effect.gen(function* () {
      yield* Effect.replicateEffect(generate, 64, { concurrency: "unbounded" })
      const last = yield* Effect.fork(generate)
      yield* Effect.repeatN(Effect.yieldNow(), 1000)
      expect(Option.isNone(yield* Fiber.poll(last))).toBe(true)
      yield* Deferred.succeed(disk, undefined)
      yield* Fiber.join(last)
      expect(yield* calls).toHaveLength(65)
    })
  )

  it.scoped("is waited for by the device when it closes", () =>
    Effect.gen(function* () {
      const disk = yield* Deferred.make<void>()
      yield* Effect.provide(
        Effect.gen(function* () {
          yield* configure("fake://")
          const life = yield* Scope.make()
          const device = yield* Scope.extend(Layer.build(Device.layer), life)
          yield* Context.get(device, GpuDevice).generate(user(2), "x")
          const closing = yield* Effect.fork(Scope.close(life, Exit.void))
          yield* Effect.repeatN(Effect.yieldNow(), 100)
          expect(Option.isNone(yield* Fiber.poll(closing))).toBe(true)
          yield* Deferred.succeed(disk, undefined)
          yield* Fiber.join(closing)
          expect(yield* calls).toHaveLength(1)
        }),
        slow(disk)
      )
    })
  )
})
