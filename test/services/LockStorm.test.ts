import { Effect, Layer, Option } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { conflicts, type Lock } from "../../src/domain/Lock.ts"
import * as SqliteResources from "../../src/layers/resources/SqliteResources.ts"
import { Catalog } from "../../src/services/Catalog.ts"
import { decode } from "../../src/services/LockRecords.ts"
import { Locks } from "../../src/services/Locks.ts"
import { ResourceStore } from "../../src/services/ResourceStore.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { asking, collection } from "../helpers/Locking.ts"
import { machine, memoryWith, operator, write } from "../helpers/Machine.ts"
import { path } from "../helpers/Paths.ts"
import { put } from "../helpers/Storages.ts"

const names = ["home/a", "home/c", "home/c/x", "home/c/y", "home/c/d/z", "home/e"] as const

/** One step of somebody's; locks are refreshed and released by whoever finds them. */
const step = fc.record({
  what: fc.constantFrom("lock", "lock", "shared", "deep", "refresh", "release", "write", "erase", "collection", "move"),
  name: fc.constantFrom(...names),
  other: fc.constantFrom(...names)
})
type Step = typeof step extends fc.Arbitrary<infer A> ? A : never

const perform = ({ name, other, what }: Step): Effect.Effect<unknown, unknown, Worlds | Locks> =>
  Effect.gen(function* () {
    const [worlds, locks] = [yield* Worlds, yield* Locks]
    const own = locks.on(name)[0]
    const lockTokens = [...locks.on(name), ...locks.within("home")].map(({ token }) => token)
    switch (what) {
      case "write":
        return yield* write(name, "")
      case "erase":
        return yield* worlds.remove(operator, path(name), { lockTokens })
      case "collection":
        return yield* collection(name)
      case "move":
        return yield* worlds.move(operator, {
          from: path(name),
          to: path(other),
          depth: "infinity",
          overwrite: true,
          conditions: { lockTokens }
        })
      case "refresh":
        return own && (yield* locks.refresh(operator, path(name), own.token, 60))
      case "release":
        return own && (yield* locks.release(operator, path(name), own.token))
      default: {
        const depth = what === "deep" ? "infinity" : "0"
        const asked = asking(name, { depth, scope: what === "shared" ? "shared" : "exclusive" })
        const empty = put(name, "", { conditions: { ifNoneMatch: "*" } })
        return yield* worlds.lock(operator, asked, { lockTokens }, Effect.succeed(empty))
      }
    }
  })

/** Everything takes a few turns of the scheduler, so that steps come between the steps of others. */
const patience = Effect.repeatN(Effect.yieldNow(), 2)
const slow = machine(
  {},
  memoryWith((storage) => ({ execute: (command) => Effect.zipRight(patience, storage.execute(command)) })),
  Layer.effect(
    ResourceStore,
    Effect.map(ResourceStore, (store) => ({
      ...store,
      change: (changes: Parameters<typeof store.change>[0]) => Effect.zipRight(patience, store.change(changes))
    }))
  ).pipe(Layer.provide(SqliteResources.layerMemory))
)

/** What is wrong when all have been done at a time. */
const wrongAfter = (steps: ReadonlyArray<Step>) =>
  Effect.gen(function* () {
    yield* Effect.forEach(steps, (one) => Effect.either(perform(one)), { concurrency: "unbounded" })
    const [locks, catalog, store] = [yield* Locks, yield* Catalog, yield* ResourceStore]
    const live = locks.within("home")
    const kept = (yield* store.load("lock")).flatMap(({ value }) => Option.toArray(decode(value)))
    const byToken = (all: ReadonlyArray<Lock>) => new Map(all.map((lock) => [lock.token, lock]))
    expect(byToken(kept)).toEqual(byToken(live))
    return {
      ofNothing: live.filter(({ root }) => !catalog.isThere(root)),
      conflicting: live.filter((lock) => live.some((other) => other !== lock && conflicts(lock, other)))
    }
  }).pipe(Effect.provide(slow))

describe("C15 whatever is done at a time", () => {
  it("each lock is of something, is kept as it is, and no two are held that cannot be", async () => {
    const steps = fc.array(step, { minLength: 2, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(steps, async (steps) => {
        expect(await Effect.runPromise(wrongAfter(steps))).toEqual({ ofNothing: [], conflicting: [] })
      }),
      { numRuns: 100 }
    )
  })
})
