import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { Conditions } from "../../src/domain/Conditions.ts"
import { Conflict, StorageFailure } from "../../src/domain/Errors.ts"
import type { LockRequest } from "../../src/domain/Lock.ts"
import { Catalog } from "../../src/services/Catalog.ts"
import { Locks } from "../../src/services/Locks.ts"
import { Storage } from "../../src/services/Storage.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { asking, collection, everything } from "../helpers/Locking.ts"
import { erase, machine, machineTest, memoryWith, operator, outcome, write } from "../helpers/Machine.ts"
import { path, world } from "../helpers/Paths.ts"
import { eventsOf, put } from "../helpers/Storages.ts"

/** Asks for a lock as WebDAV does: where nothing is, an empty world takes the name. */
const take = (root: string, given: Partial<LockRequest> = {}, conditions: Conditions = {}) =>
  Effect.flatMap(Worlds, (worlds) =>
    worlds.lock(
      operator,
      asking(root, given),
      conditions,
      Effect.succeed(put(root, "", { conditions: { ifNoneMatch: "*" } }))
    )
  )

const noDisk = new StorageFailure({ message: "the write failed", cause: "no disk" })

const locked = Effect.map(Locks, ({ within }) => within("home").map(({ root }) => root))

describe("C15 a lock under a name", () => {
  machineTest(
    "of a world, of a collection, of nothing: then a world takes the name",
    Effect.gen(function* () {
      yield* write("home/a", "")
      yield* collection("home/c")
      expect(yield* take("home/a")).toMatchObject({ created: false, collection: false })
      expect(yield* take("home/c")).toMatchObject({ created: false, collection: true })
      expect(yield* take("home/new")).toMatchObject({ created: true, collection: false, lock: { root: "home/new" } })
      expect(yield* everything).toEqual(["home/a", "home/c/", "home/new"])
    })
  )

  machineTest(
    "is refused with its conditions, and leaves nothing",
    Effect.gen(function* () {
      const { tag } = yield* write("home/a", "")
      for (const [root, conditions] of [
        ["home/a", { ifMatch: '"other"' }],
        ["home/a", { ifNoneMatch: "*" }],
        ["home/new", { ifMatch: "*" }],
        ["home/new", { ifMatch: `"${tag}"` }]
      ] as const) {
        expect(yield* outcome(take(root, {}, conditions))).toBe("PreconditionFailed")
      }
      expect([yield* locked, yield* everything]).toEqual([[], ["home/a"]])
      expect(yield* outcome(take("home/a", {}, { ifMatch: `"${tag}"` }))).toBe("allowed")
    })
  )

  machineTest(
    "is refused where there can be no world, or no member",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/plain", "")
      const never = new Conflict({ message: "no" })
      expect(yield* outcome(worlds.lock(operator, asking("home/x"), {}, never))).toBe("Conflict")
      expect(yield* outcome(take("home/plain/x"))).toBe("Conflict")
      expect(yield* outcome(take("home/nothing/x"))).toBe("Conflict")
      expect(yield* locked).toEqual([])
    })
  )

  machineTest(
    "needs the token of the collection that gets a member by it, and says so",
    Effect.gen(function* () {
      yield* collection("home/c")
      const { lock } = yield* take("home/c")
      expect(yield* Effect.flip(take("home/c/x"))).toMatchObject({ _tag: "Locked", conflict: false, roots: ["home/c"] })
      expect(yield* locked).toEqual(["home/c"])
      expect(yield* outcome(take("home/c/x", {}, { lockTokens: [lock.token] }))).toBe("allowed")
      expect(yield* Effect.flip(take("home/c/x"))).toMatchObject({ _tag: "Locked", conflict: true })
    })
  )

  it.scoped("is not there when its world cannot be made", () =>
    Effect.gen(function* () {
      expect(yield* outcome(take("home/x"))).toBe("StorageFailure")
      expect(yield* locked).toEqual([])
    }).pipe(
      Effect.provide(
        machine(
          {},
          memoryWith(() => ({ execute: () => noDisk }))
        )
      )
    )
  )

  machineTest(
    "where somebody has put a world by hand, is one of that world",
    Effect.gen(function* () {
      yield* (yield* Storage).execute(put("home/byhand", "theirs"))
      expect(yield* take("home/byhand")).toMatchObject({ created: false })
      expect((yield* Catalog).get("home/byhand")?.version).toBe(1)
    })
  )
})

describe("C15 what a lock is judged by is what is there when its turn has come", () => {
  /** What comes of a lock that is asked for while something else is under way. */
  const during = <A, E>(
    before: Effect.Effect<A, E, Worlds>,
    work: Effect.Effect<unknown, { readonly _tag: string }, Worlds>,
    locking: (before: A) => Effect.Effect<unknown, { readonly _tag: string }, Worlds>
  ) =>
    Effect.gen(function* () {
      const latch = yield* Effect.makeLatch(true)
      const begun = yield* Effect.makeLatch(false)
      const held = Effect.zipRight(begun.open, latch.await)
      const storage = memoryWith((storage) => ({
        execute: (command) => Effect.zipRight(held, storage.execute(command)),
        evict: (name) => Effect.zipRight(held, storage.evict(name))
      }))
      return yield* Effect.gen(function* () {
        const made = yield* before
        yield* latch.close
        yield* begun.close
        const first = yield* Effect.fork(outcome(work))
        yield* begun.await
        const second = yield* Effect.fork(outcome(locking(made)))
        yield* Effect.yieldNow()
        yield* latch.open
        const outcomes = [yield* Fiber.join(first), yield* Fiber.join(second)]
        const events = yield* eventsOf(yield* Storage, "home/a")
        return { outcomes, locked: yield* locked, events: events.map(({ event_type }) => event_type) }
      }).pipe(Effect.provide(machine({}, storage)))
    })

  it.scoped("a tag that is written over meanwhile does not hold", () =>
    Effect.gen(function* () {
      const locking = ({ tag }: { readonly tag: string }) => take("home/a", {}, { ifMatch: `"${tag}"` })
      expect(yield* during(write("home/a", "1"), write("home/a", "2"), locking)).toMatchObject({
        outcomes: ["allowed", "PreconditionFailed"],
        locked: []
      })
    })
  )

  it.scoped("a tag in If does not either", () =>
    Effect.gen(function* () {
      const locking = ({ tag }: { readonly tag: string }) => {
        const condition = { _tag: "Tag", negated: false, tag: { weak: false, opaque: tag } } as const
        return take("home/a", {}, { states: [{ resource: path("home/a"), lists: [[condition]] }] })
      }
      expect(yield* during(write("home/a", "1"), write("home/a", "2"), locking)).toMatchObject({
        outcomes: ["allowed", "PreconditionFailed"],
        locked: []
      })
    })
  )

  it.scoped("what is made meanwhile is not made again", () =>
    Effect.gen(function* () {
      expect(yield* during(Effect.void, write("home/a", "theirs"), () => take("home/a"))).toEqual({
        outcomes: ["allowed", "allowed"],
        locked: ["home/a"],
        events: ["stage_written"]
      })
    })
  )

  it.scoped("what is deleted meanwhile is made anew: no lock is of nothing", () =>
    Effect.gen(function* () {
      expect(yield* during(write("home/a", "1"), erase("home/a"), () => take("home/a"))).toEqual({
        outcomes: ["allowed", "allowed"],
        locked: ["home/a"],
        events: ["stage_written"]
      })
    })
  )

  it.scoped("what the machine takes out of its cache meanwhile is made anew too, and its lock stays", () =>
    Effect.gen(function* () {
      const evict = Effect.flatMap(Worlds, (worlds) => worlds.evict(world("home/a")))
      expect(yield* during(write("home/a", "1"), evict, () => take("home/a"))).toEqual({
        outcomes: ["allowed", "allowed"],
        locked: ["home/a"],
        events: ["stage_written"]
      })
    })
  )
})

describe("C15 more time, and none, under conditions", () => {
  machineTest(
    "that do not hold leave the lock as it is",
    Effect.gen(function* () {
      const locks = yield* Locks
      const { lock } = yield* take("home/a")
      const other = { ifMatch: '"other"' }
      const refreshing = locks.refresh(operator, path("home/a"), lock.token, 99, other)
      expect(yield* outcome(refreshing)).toBe("PreconditionFailed")
      expect(yield* outcome(locks.release(operator, path("home/a"), lock.token, other))).toBe("PreconditionFailed")
      expect(locks.on("home/a")).toEqual([lock])
    })
  )

  machineTest(
    "C10.1 of If, a plugin's state knows, too",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("lib/p", "source")
      const condition = { _tag: "Tag", negated: false, tag: { weak: false, opaque: "other" } } as const
      const states = [{ resource: path("lib/p"), lists: [[condition]] }]
      const setting = worlds.setState(operator, {
        _tag: "SetState",
        name: world("lib/p"),
        to: "disabled",
        conditions: { states }
      })
      expect(yield* outcome(setting)).toBe("PreconditionFailed")
    })
  )
})
