import { existsSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Option, TestClock } from "effect"
import { anonymous } from "../../src/domain/Caller.ts"
import * as CacheWorlds from "../../src/services/CacheWorlds.ts"
import { Catalog } from "../../src/services/Catalog.ts"
import { Storage } from "../../src/services/Storage.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { machine, machineTest, operator, user } from "../helpers/Machine.ts"
import { path, world } from "../helpers/Paths.ts"
import { bytes, directories, eventsOf, files, payloadsOf, temporary, textOf } from "../helpers/Storages.ts"

const prefix = "var/cache/semantic"
const cacheOf = (capacity: number) => CacheWorlds.make({ prefix, type: "semantic_cache_write", capacity })
const key = (name: string) => CacheWorlds.keyOf([name])
const put = (cache: CacheWorlds.CacheWorlds, name: string) =>
  cache.put(key(name), { body: bytes(`of ${name}`), ext: "html", meta: [["x-meta-shape", "s"]] })
const get = (cache: CacheWorlds.CacheWorlds, name: string) =>
  Effect.map(cache.get(key(name)), (found) => Option.getOrUndefined(Option.map(found, ({ body }) => textOf(body))))
const kept = Effect.map(Catalog, (catalog) => catalog.below(prefix).length)

describe("C12.5 answers as worlds", () => {
  machineTest(
    "are there for whoever has the key, with an event of their own",
    Effect.gen(function* () {
      const cache = yield* cacheOf(3)
      expect(yield* get(cache, "a")).toBe(undefined)
      yield* put(cache, "a")
      expect(yield* get(cache, "a")).toBe("of a")
      const name = `${prefix}/${key("a")}`
      expect(key("a")).toMatch(/^[0-9a-f]{64}$/)
      const events = payloadsOf(yield* eventsOf(yield* Storage, name))
      expect(events).toMatchObject([{ op: "put", type: "semantic_cache_write", ext: "html", version_after: 1 }])
    })
  )

  machineTest(
    "are for nobody without credentials to read: they tell of what may be private",
    Effect.gen(function* () {
      const cache = yield* cacheOf(3)
      yield* put(cache, "a")
      const worlds = yield* Worlds
      const name = world(`${prefix}/${key("a")}`)
      expect(yield* Effect.flip(worlds.read(anonymous, name))).toMatchObject({ _tag: "Forbidden" })
      expect([...(yield* worlds.list(anonymous, path("var/cache")))]).toEqual([])
      expect(yield* worlds.read(user(2), name)).toMatchObject({ len: 4 })
    })
  )

  machineTest(
    "go when there are too many, the one that was not used for longest first",
    Effect.gen(function* () {
      const cache = yield* cacheOf(2)
      yield* put(cache, "a")
      yield* put(cache, "b")
      yield* get(cache, "a")
      yield* put(cache, "c")
      expect([yield* get(cache, "a"), yield* get(cache, "b"), yield* get(cache, "c")]).toEqual([
        "of a",
        undefined,
        "of c"
      ])
      expect(yield* kept).toBe(2)
    })
  )

  machineTest(
    "of an earlier run count from when they were written",
    Effect.gen(function* () {
      const before = yield* cacheOf(3)
      for (const name of ["b", "a", "c"]) {
        yield* put(before, name)
        yield* TestClock.adjust(1000)
      }
      const after = yield* cacheOf(2)
      yield* put(after, "d")
      expect([yield* get(after, "a"), yield* get(after, "b"), yield* get(after, "c")]).toEqual([
        undefined,
        undefined,
        "of c"
      ])
    })
  )

  machineTest(
    "that an operator has deleted are made again",
    Effect.gen(function* () {
      const cache = yield* cacheOf(2)
      yield* put(cache, "a")
      yield* (yield* Worlds).remove(operator, path("var/cache"), {})
      expect(yield* get(cache, "a")).toBe(undefined)
      yield* put(cache, "a")
      expect(yield* get(cache, "a")).toBe("of a")
    })
  )

  machineTest(
    "nobody waits for the disk but who looks at them: in a listing, in the list of all, or by their name",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      const looks = [
        Effect.map(worlds.list(user(2), path(prefix)), (children) => [...children].length),
        Effect.map(worlds.all(user(2)), (all) => [...all].length),
        Effect.map(worlds.read(user(2), world(`${prefix}/${key("2")}`)), () => 1)
      ]
      for (const [n, look] of looks.entries()) {
        const cache = yield* cacheOf(1)
        yield* put(cache, String(n))
        expect(yield* look).toBe(1)
      }
    })
  )

  machineTest(
    "are not kept where none may be",
    Effect.gen(function* () {
      const cache = yield* cacheOf(0)
      yield* put(cache, "a")
      expect([yield* get(cache, "a"), yield* kept]).toEqual([undefined, 0])
    })
  )

  it.scoped("that go leave nothing on the disk, not in the trash either", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      // What is under way is done before the cache closes.
      yield* Effect.provide(
        Effect.scoped(
          Effect.gen(function* () {
            const cache = yield* cacheOf(1)
            yield* put(cache, "a")
            yield* put(cache, "b")
          })
        ),
        machine({}, Layer.orDie(files(data)))
      )
      expect(directories(data)).toEqual([`var%2Fcache%2Fsemantic%2F${key("b")}`])
      expect(existsSync(`${data}/.trash`)).toBe(false)
    })
  )
})
