import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Scope, TestClock } from "effect"
import type { Operation } from "../../src/domain/Event.ts"
import { Changes, type ChangesShape, type Watcher } from "../../src/services/Changes.ts"
import { world } from "../helpers/Paths.ts"

const test = (name: string, run: (changes: ChangesShape) => Effect.Effect<void, unknown, Scope.Scope>) =>
  it.scoped(name, () => Effect.provide(Effect.flatMap(Changes, run), Layer.fresh(Changes.layer)))

const change = (name: string, op: Operation = "put", version = 1) => ({ name: world(name), version, op })

/** Whether a watcher wakes without anything further happening. */
const wakes = (watcher: Watcher) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(watcher.next)
    for (let i = 0; i < 20; i++) yield* Effect.yieldNow()
    const exit = yield* fiber.poll
    yield* Fiber.interrupt(fiber)
    return exit._tag === "Some" && Exit.isSuccess(exit.value)
  })

describe("watchers (C9)", () => {
  test("look once at the beginning, so that nothing is missed", (changes) =>
    Effect.gen(function* () {
      const watcher = yield* changes.watch("home/x")
      expect(yield* wakes(watcher)).toBe(true)
      expect(yield* wakes(watcher)).toBe(false)
    }))

  const woken = (topic: string, name: string) => (changes: ChangesShape) =>
    Effect.gen(function* () {
      const watcher = yield* changes.watch(topic)
      yield* watcher.next
      changes.publish(change(name))
      return yield* wakes(watcher)
    })

  describe.each([
    ["home/x", "home/x", true],
    ["home/", "home/x", true],
    ["home/", "home/a/b/c", true],
    ["home/a/", "home/a/b/c", true],
    ["home/a/b/", "home/a/b/c", true],
    ["home/a/", "home/a", false],
    ["home/a", "home/a/b", false],
    ["home/a/", "home/ab", false],
    ["home/x", "home/y", false],
    ["etc/", "home/x", false],
    ["lib/", "home/lib/x", false]
  ])("of %s", (topic, name, expected) => {
    test(`${expected ? "wake" : "sleep on"} when ${name} changes`, (changes) =>
      Effect.map(woken(topic, name)(changes), (actual) => {
        expect(actual).toBe(expected)
      }))
  })

  test("all wake, and each only once for what happened before it looked", (changes) =>
    Effect.gen(function* () {
      const watchers = yield* Effect.all([changes.watch("home/x"), changes.watch("home/x"), changes.watch("home/")])
      for (const watcher of watchers) yield* watcher.next
      for (let i = 0; i < 5; i++) changes.publish(change("home/x"))
      for (const watcher of watchers) expect([yield* wakes(watcher), yield* wakes(watcher)]).toEqual([true, false])
    }))

  test("who waits is woken by a commit", (changes) =>
    Effect.gen(function* () {
      const watcher = yield* changes.watch("home/x")
      yield* watcher.next
      const waiting = yield* Effect.fork(watcher.next)
      yield* Effect.yieldNow()
      changes.publish(change("home/x"))
      yield* Fiber.join(waiting)
    }))

  test("what comes while a watcher looks wakes it again", (changes) =>
    Effect.gen(function* () {
      const watcher = yield* changes.watch("home/x")
      yield* watcher.next
      changes.publish(change("home/x"))
      yield* watcher.next
      changes.publish(change("home/x"))
      expect(yield* wakes(watcher)).toBe(true)
    }))

  test("cost nothing when they have gone", (changes) =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const gone = yield* Scope.extend(changes.watch("home/x"), scope)
      yield* gone.next
      yield* Scope.close(scope, Exit.void)
      changes.publish(change("home/x"))
      expect(yield* wakes(gone)).toBe(false)
    }))
})

describe("the heartbeat (C9)", () => {
  test("beats every 15 s and wakes everybody", (changes) =>
    Effect.gen(function* () {
      const watcher = yield* changes.watch("home/x")
      yield* watcher.next
      yield* TestClock.adjust("14999 millis")
      expect([changes.beats(), yield* wakes(watcher)]).toEqual([0, false])
      yield* TestClock.adjust("1 millis")
      expect([changes.beats(), yield* wakes(watcher)]).toEqual([1, true])
      yield* TestClock.adjust("45 seconds")
      expect(changes.beats()).toBe(4)
    }))
})

describe("cursors (C9)", () => {
  test("what came after a number, in order", (changes) =>
    Effect.sync(() => {
      changes.publish(change("home/a"))
      changes.publish(change("home/b", "append", 2))
      changes.publish(change("home/a", "delete", 2))
      expect(changes.newest()).toBe(3)
      expect(changes.since(1)).toEqual([
        { seq: 2, ...change("home/b", "append", 2) },
        { seq: 3, ...change("home/a", "delete", 2) }
      ])
      expect(changes.since(3)).toEqual([])
    }))

  test("a number that was never given out cannot be honoured", (changes) =>
    Effect.sync(() => {
      expect(changes.since(0)).toEqual([])
      changes.publish(change("home/a"))
      expect(changes.since(2)).toBeUndefined()
    }))

  test("nor one that lies too far back: stale rather than incomplete", (changes) =>
    Effect.sync(() => {
      const total = 10_000
      for (let i = 1; i <= total; i++) changes.publish(change("home/a", "put", i))
      const kept = [...Array(total + 1).keys()].filter((seq) => changes.since(seq) !== undefined)
      expect(kept.length).toBeGreaterThan(1000)
      for (const seq of [kept[0] ?? 0, kept[1] ?? 0, total - 1]) {
        const seqs = changes.since(seq)?.map((found) => found.seq)
        expect(seqs).toEqual(Array.from({ length: total - seq }, (_, i) => seq + 1 + i))
      }
      expect(changes.since(0)).toBeUndefined()
    }))

  it.effect("epochs tell runs of the server apart", () =>
    Effect.gen(function* () {
      const epoch = Effect.provide(
        Effect.map(Changes, ({ epoch }) => epoch),
        Layer.fresh(Changes.layer)
      )
      expect(yield* epoch).not.toBe(yield* epoch)
    })
  )
})

describe("listeners", () => {
  test("hear every change at once, before anybody wakes, until their scope closes", (changes) =>
    Effect.gen(function* () {
      const heard: Array<string> = []
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* changes.listen(({ name, op }) => heard.push(`${op} ${name}`))
          changes.publish(change("home/a"))
          changes.publish(change("home/b", "delete"))
          expect(heard).toEqual(["put home/a", "delete home/b"])
        })
      )
      changes.publish(change("home/c"))
      expect(heard).toHaveLength(2)
    }))
})

describe("the end (C9, C17)", () => {
  test("wakes every watcher at once, and says that it is over", (changes) =>
    Effect.gen(function* () {
      const watchers = yield* Effect.all([changes.watch("home/x"), changes.watch("etc/")])
      for (const watcher of watchers) yield* watcher.next
      expect(changes.ended()).toBe(false)
      const waiting = yield* Effect.forEach(watchers, (watcher) => Effect.fork(watcher.next))
      yield* Effect.yieldNow()
      yield* changes.end
      yield* Fiber.joinAll(waiting)
      expect(changes.ended()).toBe(true)
    }))

  test("who comes after it looks at once, and learns that it is over", (changes) =>
    Effect.gen(function* () {
      yield* changes.end
      const watcher = yield* changes.watch("home/x")
      expect([yield* wakes(watcher), changes.ended()]).toEqual([true, true])
    }))

  it.effect("comes with the scope of the service", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(Layer.fresh(Changes.layer), scope)
      const changes = yield* Effect.provide(Changes, context)
      yield* Scope.close(scope, Exit.void)
      expect(changes.ended()).toBe(true)
    })
  )
})
