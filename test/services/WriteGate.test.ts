import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { make } from "../../src/services/WriteGate.ts"

/** Work that tells when it begins and ends when it is told to. */
const work = (log: Array<string>, name: string) =>
  Effect.map(Deferred.make<void>(), (end) => ({
    end: Deferred.succeed(end, undefined),
    run: Effect.zipRight(
      Effect.sync(() => log.push(name)),
      Deferred.await(end)
    )
  }))

/** Starts what is given, one after another, each as far as it gets. */
const start = <A, E>(effect: Effect.Effect<A, E>) => Effect.tap(Effect.fork(effect), () => Effect.yieldNow())

const pause = Effect.repeatN(Effect.yieldNow(), 5)

describe("WriteGate", () => {
  it.effect("writes of single worlds pass side by side, the same world's too", () =>
    Effect.gen(function* () {
      const gate = make()
      const log: Array<string> = []
      const [a, b] = [yield* work(log, "a"), yield* work(log, "b")]
      const fibers = [yield* start(gate.one("home/x")(a.run)), yield* start(gate.one("home/x")(b.run))]
      yield* pause
      expect(log).toEqual(["a", "b"])
      yield* Effect.zipRight(a.end, b.end)
      yield* Fiber.joinAll(fibers)
    })
  )

  it.effect("who works on a tree waits for the writes below, and those that come later wait for it", () =>
    Effect.gen(function* () {
      const gate = make()
      const log: Array<string> = []
      const [before, tree, after, beside] = [
        yield* work(log, "before"),
        yield* work(log, "tree"),
        yield* work(log, "after"),
        yield* work(log, "beside")
      ]
      const fibers = [
        yield* start(gate.one("home/a/x")(before.run)),
        yield* start(gate.trees(["home/a"])(tree.run)),
        yield* start(gate.one("home/a/y")(after.run)),
        yield* start(gate.one("home/ab")(beside.run))
      ]
      yield* pause
      expect(log).toEqual(["before", "beside"])
      yield* before.end
      yield* pause
      expect(log).toEqual(["before", "beside", "tree"])
      yield* tree.end
      yield* pause
      expect(log).toEqual(["before", "beside", "tree", "after"])
      yield* Effect.zipRight(after.end, beside.end)
      yield* Fiber.joinAll(fibers)
    })
  )

  it.effect("in a tree that is kept single worlds are written, and nobody is alone, above or below", () =>
    Effect.gen(function* () {
      const gate = make()
      const log: Array<string> = []
      const [copy, write, below, above] = [
        yield* work(log, "copy"),
        yield* work(log, "write"),
        yield* work(log, "below"),
        yield* work(log, "above")
      ]
      const fibers = [
        yield* start(gate.trees(["home/to"], ["home/from"])(copy.run)),
        yield* start(gate.one("home/from/x")(write.run)),
        yield* start(gate.trees(["home/from/sub"])(below.run)),
        yield* start(gate.trees(["home"])(above.run))
      ]
      yield* pause
      expect(log).toEqual(["copy", "write"])
      yield* Effect.all([copy.end, write.end, below.end, above.end])
      yield* Fiber.joinAll(fibers)
      expect(log).toEqual(["copy", "write", "below", "above"])
    })
  )

  it.effect("whoever keeps a tree waits for who has it alone", () =>
    Effect.gen(function* () {
      const gate = make()
      const log: Array<string> = []
      const [deletion, copy] = [yield* work(log, "deletion"), yield* work(log, "copy")]
      const fibers = [
        yield* start(gate.trees(["home/from/x"])(deletion.run)),
        yield* start(gate.trees(["home/to"], ["home/from"])(copy.run))
      ]
      yield* pause
      expect(log).toEqual(["deletion"])
      yield* Effect.all([deletion.end, copy.end])
      yield* Fiber.joinAll(fibers)
    })
  )

  it.effect("trees that overlap take turns, those that do not go side by side; two trees at once cannot lock up", () =>
    Effect.gen(function* () {
      const gate = make()
      const log: Array<string> = []
      const [one, two, three] = [yield* work(log, "ab"), yield* work(log, "ba"), yield* work(log, "c")]
      const fibers = [
        yield* start(gate.trees(["home/a", "home/b"])(one.run)),
        yield* start(gate.trees(["home/b/x", "home/a"])(two.run)),
        yield* start(gate.trees(["home/c"])(three.run))
      ]
      yield* pause
      expect(log).toEqual(["ab", "c"])
      yield* Effect.all([one.end, two.end, three.end])
      yield* Fiber.joinAll(fibers)
      expect(log).toEqual(["ab", "c", "ba"])
    })
  )

  it.effect("who gives up while waiting leaves, and keeps nobody waiting", () =>
    Effect.gen(function* () {
      const gate = make()
      const log: Array<string> = []
      const [first, never, last] = [yield* work(log, "first"), yield* work(log, "never"), yield* work(log, "last")]
      const holding = yield* start(gate.one("home/a")(first.run))
      const leaving = yield* start(gate.trees(["home"])(never.run))
      const waiting = yield* start(gate.one("home/b")(last.run))
      yield* Fiber.interrupt(leaving)
      yield* pause
      expect(log).toEqual(["first", "last"])
      yield* Effect.zipRight(first.end, last.end)
      yield* Fiber.joinAll([holding, waiting])
    })
  )

  it.effect("failed work lets the next one in", () =>
    Effect.gen(function* () {
      const gate = make()
      yield* Effect.flip(gate.trees(["home"])(Effect.fail("no")))
      expect(yield* gate.one("home/a")(Effect.succeed("yes"))).toBe("yes")
    })
  )
})
