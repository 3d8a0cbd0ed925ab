import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Layer, Scope } from "effect"
import type { Operation } from "../../src/domain/Event.ts"
import { Changes, type ChangesShape } from "../../src/services/Changes.ts"
import { world } from "../helpers/Paths.ts"

const test = (name: string, run: (changes: ChangesShape) => Effect.Effect<void, unknown, Scope.Scope>) =>
  it.scoped(name, () => Effect.provide(Effect.flatMap(Changes, run), Layer.fresh(Changes.layer)))

const change = (name: string, op: Operation = "put", version = 1) => ({ name: world(name), version, op })

/** How often somebody was woken. */
const counted = (changes: ChangesShape, topic: string) => {
  const count = { woken: 0, unsubscribe: () => {} }
  count.unsubscribe = changes.subscribe(topic, () => {
    count.woken++
  })
  return count
}

describe("subscribers (C9)", () => {
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
    ["lib/", "home/lib/x", false],
    ["", "home/x", true]
  ])("of %j", (topic, name, expected) => {
    test(`are ${expected ? "" : "not "}woken when ${name} changes`, (changes) =>
      Effect.sync(() => {
        const subscriber = counted(changes, topic)
        changes.publish(change(name))
        expect(subscriber.woken).toBe(expected ? 1 : 0)
      }))
  })

  test("are woken once by a collection, whoever follows it or what it is in; who listens is not", (changes) =>
    Effect.gen(function* () {
      const topics = ["", "home/", "home/c/", "home/c", "home/d/"]
      const subscribers = topics.map((topic) => counted(changes, topic))
      let commits = 0
      yield* changes.listen(() => commits++)
      changes.tell({ name: "home/c/", version: 0, op: "put" })
      expect(subscribers.map(({ woken }) => woken)).toEqual([1, 1, 1, 0, 0])
      expect(commits).toBe(0)
    }))

  test("are all woken by each commit, in the same step", (changes) =>
    Effect.sync(() => {
      const subscribers = ["home/x", "home/x", "home/"].map((topic) => counted(changes, topic))
      for (let i = 0; i < 5; i++) changes.publish(change("home/x"))
      expect(subscribers.map(({ woken }) => woken)).toEqual([5, 5, 5])
    }))

  test("find the change when they look", (changes) =>
    Effect.sync(() => {
      const found: Array<number> = []
      changes.subscribe("home/x", () => found.push(changes.newest()))
      changes.publish(change("home/x"))
      changes.publish(change("home/x"))
      expect(found).toEqual([1, 2])
    }))

  test("hear nothing more when they have gone, and others still do", (changes) =>
    Effect.sync(() => {
      const [gone, stays] = [counted(changes, "home/x"), counted(changes, "home/x")]
      gone.unsubscribe()
      gone.unsubscribe()
      changes.publish(change("home/x"))
      expect([gone.woken, stays.woken]).toEqual([0, 1])
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
  test("wakes every subscriber at once, and says that it is over", (changes) =>
    Effect.gen(function* () {
      const subscribers = ["home/x", "etc/"].map((topic) => counted(changes, topic))
      expect(changes.ended()).toBe(false)
      yield* changes.end
      expect(subscribers.map(({ woken }) => woken)).toEqual([1, 1])
      expect(changes.ended()).toBe(true)
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
