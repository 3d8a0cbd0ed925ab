import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Runtime } from "effect"
import { anonymous, type Caller, system } from "../../../src/domain/Caller.ts"
import * as Chunk from "../../../src/http/stream/Chunk.ts"
import type { Line } from "../../../src/http/stream/Line.ts"
import * as Topic from "../../../src/http/stream/Topic.ts"

/** What a line says from now on. */
const listen = (line: Line<number>) => {
  const heard: Array<string> = []
  line.on("data", (bytes: Buffer) => heard.push(bytes.toString()))
  return heard
}

const first = Chunk.make("first")

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

/** A topic whose state is a number, which is found out when the test lets it be. */
const numbered = Effect.gen(function* () {
  const run = Runtime.runFork(yield* Effect.runtime())
  const looks: Array<{ readonly caller: Caller; readonly find: (state: number) => Effect.Effect<void> }> = []
  const topic = Topic.make<number>(
    (caller) =>
      Effect.gen(function* () {
        const found = yield* Deferred.make<number>()
        looks.push({ caller, find: (state) => Effect.zipRight(Deferred.succeed(found, state), turn) })
        const state = yield* Deferred.await(found)
        return (place: number) => (place === state ? undefined : { said: Chunk.make(`${state}`), place: state })
      }),
    (work) => {
      fibers.push(run(work))
    },
    () => undefined
  )
  const fibers: Array<Fiber.Fiber<void>> = []
  yield* Effect.addFinalizer(() => Fiber.interruptAll(fibers))
  /** Lets looks find a state, from one of them on until nobody looks any more. */
  const settle = (from: number, state: number) =>
    Effect.gen(function* () {
      for (let n = from; n < looks.length; n++) yield* looks[n]?.find(state) ?? Effect.void
    })
  return { topic, looks, settle }
})

describe("C9 a topic", () => {
  it.scoped("C9: who joins while it is found out what there is to say does not hear what is older than they", () =>
    Effect.gen(function* () {
      const { looks, settle, topic } = yield* numbered
      const early = listen(topic.join(anonymous, 1, first))
      yield* turn
      yield* looks[0]?.find(1) ?? Effect.void
      topic.wake()
      expect(looks.length).toBe(2)
      topic.wake()
      const late = listen(topic.join(anonymous, 3, first))
      yield* turn
      yield* looks[1]?.find(2) ?? Effect.void
      yield* settle(2, 3)
      expect(early).toEqual(["first", "2", "3"])
      expect(late).toEqual(["first"])
    })
  )

  it.scoped("C9: a look is taken once for each caller, for all of their lines and all that happened", () =>
    Effect.gen(function* () {
      const { looks, settle, topic } = yield* numbered
      const callers = [anonymous, system, anonymous, system, anonymous]
      const heard = callers.map((caller) => listen(topic.join(caller, 1, first)))
      yield* turn
      yield* settle(0, 1)
      const before = looks.length
      topic.wake()
      topic.wake()
      topic.wake()
      yield* settle(before, 4)
      const later = looks.slice(before).map(({ caller }) => caller)
      expect(heard).toEqual(callers.map(() => ["first", "4"]))
      // What happened while the first look was under way is worth another.
      expect(later).toEqual([anonymous, system, anonymous, system])
    })
  )

  it.scoped("C9: who has not taken the last word is told what is true when they have", () =>
    Effect.gen(function* () {
      const { looks, settle, topic } = yield* numbered
      const line = topic.join(anonymous, 1, first)
      topic.wake()
      expect(looks).toEqual([])
      const heard = listen(line)
      yield* turn
      yield* settle(0, 2)
      expect(heard).toEqual(["first", "2"])
    })
  )

  it.scoped("C9: who has left is told nothing, also while others are", () =>
    Effect.gen(function* () {
      const { settle, topic } = yield* numbered
      const lines = [1, 2].map((place) => topic.join(anonymous, place, first))
      const heard = lines.map(listen)
      yield* turn
      lines[0]?.destroy()
      yield* settle(0, 3)
      expect(heard).toEqual([["first"], ["first", "3"]])
    })
  )
})
