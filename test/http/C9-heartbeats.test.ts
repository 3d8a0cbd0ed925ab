import type { Readable } from "node:stream"
import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Layer, Logger, TestClock } from "effect"

import { LiveUpdates } from "../../src/http/stream/LiveUpdates.ts"
import { machine, operator, write } from "../helpers/Machine.ts"
import { path, world } from "../helpers/Paths.ts"

const updates = LiveUpdates.Default.pipe(Layer.provideMerge(machine()))

/** What a line says from now on. */
const listen = (line: Readable) => {
  const heard: Array<string> = []
  line.on("data", (bytes: Buffer) => heard.push(bytes.toString()))
  line.on("end", () => heard.push("the end"))
  return heard
}

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

/** Lets so many seconds pass, one by one, and those who follow hear what there is to hear in each. */
const pass = (seconds: number) =>
  Effect.forEach(Array.from({ length: seconds }), () => Effect.zipRight(TestClock.adjust("1 second"), turn), {
    discard: true
  })

const heartbeats = (heard: ReadonlyArray<string>) => heard.filter((said) => said.startsWith(":")).length

describe("C9 heartbeats", () => {
  it.scoped("C9: who follows a world hears a comment every 15 seconds, for as long as they follow", () =>
    Effect.gen(function* () {
      yield* write("home/a", "x")
      const heard = listen(yield* (yield* LiveUpdates).world(operator, world("home/a"), undefined))
      yield* turn
      for (const minute of [1, 2, 3]) {
        yield* pass(60)
        expect(heartbeats(heard)).toBe(4 * minute)
      }
    }).pipe(Effect.provide(updates))
  )

  it.scoped("C9: the first comes within 15 seconds, whenever somebody begins to follow", () =>
    Effect.gen(function* () {
      yield* write("home/a", "x")
      const live = yield* LiveUpdates
      for (let late = 0; late < 15; late++) {
        const heard = listen(yield* live.world(operator, world("home/a"), undefined))
        yield* turn
        yield* pass(15)
        expect(heartbeats(heard), `${late} seconds after the start`).toBe(1)
        yield* pass(1)
      }
    }).pipe(Effect.provide(updates))
  )

  it.scoped("C9: who follows a collection hears them too, and no sooner than 10 seconds after a change", () =>
    Effect.gen(function* () {
      const heard = listen(yield* (yield* LiveUpdates).collection(operator, path("home"), undefined))
      yield* pass(9)
      const before = heartbeats(heard)
      yield* write("home/a", "x")
      yield* turn
      expect(heard.at(-1)).toContain("event: change")
      yield* pass(9)
      expect(heartbeats(heard)).toBe(before)
      yield* pass(6)
      expect(heartbeats(heard)).toBe(before + 1)
    }).pipe(Effect.provide(updates))
  )

  it.scoped("C9: a stream ends after its credentials have, however long it has been open", () => {
    const logged: Array<unknown> = []
    const logger = Logger.make(({ cause, message }) => logged.push(message, cause))
    return Effect.gen(function* () {
      yield* write("home/a", "x")
      const expiring = { ...operator, expires: 60 }
      const heard = listen(yield* (yield* LiveUpdates).world(expiring, world("home/a"), undefined))
      yield* pass(59)
      expect({ heard, logged, now: yield* Clock.currentTimeMillis }).toEqual({
        heard: [expect.stringContaining("event: update"), ": heartbeat\n\n", ": heartbeat\n\n", ": heartbeat\n\n"],
        logged: [],
        now: 59_000
      })
      yield* pass(16)
      expect(heard.at(-1)).toBe("the end")
    }).pipe(Effect.provide(updates.pipe(Layer.provide(Logger.add(logger)))))
  })
})
