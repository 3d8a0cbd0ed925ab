import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { Conditions } from "../../src/domain/Conditions.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { machine, machineTest, memoryWith, operator, outcome, write } from "../helpers/Machine.ts"
import { path } from "../helpers/Paths.ts"
import { post, put } from "../helpers/Storages.ts"

/** What If says that wants a world to have a tag. */
const ifTag = (name: string, opaque: string): Conditions => ({
  states: [{ resource: path(name), lists: [[{ _tag: "Tag", negated: false, tag: { weak: false, opaque } }]] }]
})

describe("C15 If is judged in the turn in which it is acted upon", () => {
  it.scoped("of many writes that name the same tag exactly one is done", () =>
    Effect.gen(function* () {
      const worlds = yield* Worlds
      const { tag } = yield* write("home/a", "")
      const conditions = ifTag("home/a", tag)
      const writes = Array.from({ length: 10 }, (_, i) =>
        i % 2 === 0
          ? outcome(worlds.overwrite(operator, put("home/a", `${i}`, { conditions })))
          : outcome(worlds.append(operator, post("home/a", `${i}`, { conditions })))
      )
      const outcomes = yield* Effect.all(writes, { concurrency: "unbounded" })
      expect(outcomes.sort()).toEqual([...Array.from({ length: 9 }, () => "PreconditionFailed"), "allowed"])
    }).pipe(
      Effect.provide(
        machine(
          {},
          memoryWith((storage) => ({
            execute: (command) => Effect.zipRight(Effect.yieldNow(), storage.execute(command))
          }))
        )
      )
    )
  )

  machineTest(
    "C4.4 a retry with the same key gets the first answer, as the world is not what it was because of that",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      const { tag } = yield* write("home/a", "")
      const append = (text: string, idempotencyKey: string) =>
        worlds.append(operator, post("home/a", text, { conditions: ifTag("home/a", tag), idempotencyKey }))
      const first = yield* append("x", "k")
      expect(yield* append("x", "k")).toEqual({ ...first, replayed: true })
      expect(yield* outcome(append("y", "k"))).toBe("IdempotencyConflict")
      expect(yield* outcome(append("x", "other"))).toBe("PreconditionFailed")
    })
  )

  it.scoped("of a world that is written while it is copied, the copy is of what was named, or is not", () =>
    Effect.gen(function* () {
      const latch = yield* Effect.makeLatch(false)
      const reading = yield* Effect.makeLatch(false)
      const slow = memoryWith((storage) => ({
        read: (name) => Effect.zipRight(Effect.zipRight(reading.open, latch.await), storage.read(name))
      }))
      yield* Effect.gen(function* () {
        const worlds = yield* Worlds
        const { tag } = yield* write("home/a", "1")
        const conditions = ifTag("home/a", tag)
        const copying = yield* Effect.fork(
          outcome(
            worlds.copy(operator, { from: path("home/a"), to: path("home/b"), depth: "0", overwrite: true, conditions })
          )
        )
        yield* reading.await
        yield* write("home/a", "2")
        yield* latch.open
        expect(yield* Fiber.join(copying)).toBe("PreconditionFailed")
      }).pipe(Effect.provide(machine({}, slow)))
    })
  )
})
