import { readdirSync, readlinkSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Either, Fiber, Option } from "effect"
import type { WorldName } from "../../src/domain/WorldPath.ts"
import * as Handles from "../../src/layers/sqlite/Handles.ts"
import * as MemoryVolume from "../../src/layers/sqlite/MemoryVolume.ts"
import { Storage } from "../../src/services/Storage.ts"
import { world } from "../helpers/Paths.ts"
import { chain, files, put, readText, temporary } from "../helpers/Storages.ts"

const names = (count: number) => Array.from({ length: count }, (_, i) => world(`home/w${i}`))

const entryNamed = (name: WorldName) => ({
  name,
  version: 1,
  ext: "txt",
  state: "active",
  len: 0,
  createdAt: 0,
  updatedAt: 0,
  eventId: 1,
  tag: "t"
})

/** Handles over worlds in memory that exist already, and how many of them are open. */
const counted = (capacity: number, worlds: number) =>
  Effect.gen(function* () {
    const memory = yield* MemoryVolume.make
    const count = { open: 0, most: 0, opened: 0 }
    yield* Effect.forEach(names(worlds), (name) => memory.create(name, () => Either.right(entryNamed(name))))
    const handles = yield* Handles.make(
      {
        ...memory,
        open: (name) =>
          Effect.zipRight(
            Effect.acquireRelease(
              Effect.sync(() => {
                count.open++
                count.opened++
                count.most = Math.max(count.most, count.open)
              }),
              () =>
                Effect.sync(() => {
                  count.open--
                })
            ),
            memory.open(name)
          )
      },
      capacity
    )
    return { handles, count }
  })

/** Lets go what waits for its turn: whoever used a world has left. */
const leave = Effect.yieldNow()

describe("a bounded set of open databases", () => {
  it.scoped("stays within its capacity, one use after another", () =>
    Effect.gen(function* () {
      const { count, handles } = yield* counted(4, 20)
      for (const name of names(20))
        yield* Effect.zipRight(
          handles.use(name, () => Effect.void),
          leave
        )
      expect(count.open).toBeLessThanOrEqual(4)
      expect(count.most).toBeLessThanOrEqual(5)
    })
  )

  it.scoped("closes a world only when who used another has left, while there are not too many", () =>
    Effect.gen(function* () {
      const { count, handles } = yield* counted(4, 40)
      for (const name of names(12)) yield* handles.use(name, () => Effect.void)
      expect(count.open).toBe(12)
      for (const name of names(40)) yield* handles.use(name, () => Effect.void)
      expect(count.most).toBeLessThanOrEqual(4 + 8 + 1)
      yield* leave
      expect(count.open).toBe(4)
    })
  )

  it.scoped("keeps what was used last", () =>
    Effect.gen(function* () {
      const { count, handles } = yield* counted(2, 3)
      const touch = (n: number) => handles.use(world(`home/w${n}`), () => Effect.void)
      for (const n of [0, 1, 0, 2]) yield* touch(n)
      yield* leave
      const before = count.opened
      for (const n of [0, 2]) yield* touch(n)
      expect(count.opened).toBe(before)
      yield* touch(1)
      expect(count.opened).toBe(before + 1)
    })
  )

  it.scoped("a use that fails counts too: refused writes leave no more open than others", () =>
    Effect.gen(function* () {
      const { count, handles } = yield* counted(4, 20)
      for (const name of names(20)) yield* Effect.exit(handles.use(name, () => Effect.fail("refused")))
      yield* leave
      expect(count.open).toBeLessThanOrEqual(4)
    })
  )

  it.scoped("a use that is interrupted counts too: readers who leave", () =>
    Effect.gen(function* () {
      const { count, handles } = yield* counted(4, 20)
      for (const name of names(20)) {
        const reading = yield* Deferred.make<void>()
        const reader = yield* Effect.fork(
          handles.use(name, () => Effect.zipRight(Deferred.succeed(reading, undefined), Effect.never))
        )
        yield* Deferred.await(reading)
        yield* Fiber.interrupt(reader)
      }
      yield* leave
      expect(count.open).toBeLessThanOrEqual(4)
    })
  )

  it.scoped("many at once go over it only while they last", () =>
    Effect.gen(function* () {
      const { count, handles } = yield* counted(4, 40)
      const uses = Array.from({ length: 400 }, (_, i) =>
        handles.use(world(`home/w${(i * 7) % 40}`), () =>
          Effect.forEach(Array.from({ length: i % 5 }), () => Effect.yieldNow(), { discard: true })
        )
      )
      for (let round = 0; round < 5; round++) yield* Effect.all(uses, { concurrency: 12, discard: true })
      yield* leave
      expect(count.open).toBeLessThanOrEqual(4)
    })
  )

  it.scoped("everything closes with the scope", () =>
    Effect.gen(function* () {
      const { count } = yield* Effect.scoped(
        Effect.tap(counted(4, 10), ({ handles }) =>
          Effect.forEach(names(10), (name) => handles.use(name, () => Effect.void), { discard: true })
        )
      )
      expect(count.open).toBe(0)
    })
  )

  it.scoped("a world has one user at a time", () =>
    Effect.gen(function* () {
      const { handles } = yield* counted(2, 1)
      let inside = 0
      let most = 0
      const use = handles.use(world("home/w0"), () =>
        Effect.gen(function* () {
          most = Math.max(most, ++inside)
          yield* Effect.yieldNow()
          inside--
        })
      )
      yield* Effect.all(
        Array.from({ length: 10 }, () => use),
        { concurrency: "unbounded", discard: true }
      )
      expect(most).toBe(1)
    })
  )
})

// /proc is Linux; elsewhere the counting above has to do.
describe.runIf(process.platform === "linux")("more worlds than open databases", () => {
  const targetOf = (fd: string) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return "" // it was closed since it was listed
    }
  }
  const descriptors = (data: string) =>
    Effect.sync(
      () =>
        readdirSync("/proc/self/fd")
          .map(targetOf)
          .filter((target) => target.startsWith(data)).length
    )

  it.scoped("200 worlds keep at most three descriptors for each of 64", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* Effect.gen(function* () {
        const storage = yield* Storage
        const all = names(200)
        yield* Effect.forEach(all, (name) => storage.execute(put(name, name)), { concurrency: 8, discard: true })
        for (const name of all) expect(yield* readText(storage, name)).toEqual(Option.some(name))
        yield* leave
        expect(yield* descriptors(data)).toBeLessThanOrEqual(64 * 3 + 3)
        const stale = { ifMatch: '"stale"' }
        for (const name of all) yield* Effect.flip(storage.execute(put(name, "no", { conditions: stale })))
        yield* leave
        expect(yield* descriptors(data)).toBeLessThanOrEqual(64 * 3 + 3)
      }).pipe(Effect.provide(files(data)), Effect.provide(chain))
      expect(yield* descriptors(data)).toBe(0)
    })
  )
})
