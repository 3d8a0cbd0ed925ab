import { existsSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import * as SqliteResources from "../../src/layers/resources/SqliteResources.ts"
import { type ResourceChange, type ResourceKind, ResourceStore } from "../../src/services/ResourceStore.ts"
import { temporary, threads, withDatabase } from "../helpers/Storages.ts"

const kinds = [
  ["in memory", SqliteResources.layerMemory],
  ["in a file", Layer.unwrapScoped(Effect.map(temporary, SqliteResources.layer))],
  ["in a thread", Layer.unwrapScoped(Effect.map(temporary, (data) => threads(data)))]
] as const

const put = (kind: ResourceKind, key: string, value = ""): ResourceChange => ({ kind, key, value })
const drop = (kind: ResourceKind, key: string): ResourceChange => ({ kind, key, value: undefined })

describe.each(kinds)("C15 what is kept of resources, %s", (_, layer) => {
  const test = (name: string, run: Effect.Effect<void, unknown, ResourceStore | Scope.Scope>) =>
    it.scoped(name, () => Effect.provide(run, layer))

  test(
    "nothing at first",
    Effect.gen(function* () {
      const store = yield* ResourceStore
      for (const kind of ["lock", "properties", "collection"] as const) expect(yield* store.load(kind)).toEqual([])
    })
  )

  test(
    "each kind by itself, in the order of its keys, the newest value of each",
    Effect.gen(function* () {
      const store = yield* ResourceStore
      yield* store.change([put("lock", "b", "1"), put("lock", "a", "2"), put("collection", "a", "3")])
      yield* store.change([put("lock", "b", "é \u0000 😀")])
      expect(yield* store.load("lock")).toEqual([
        { key: "a", value: "2" },
        { key: "b", value: "é \u0000 😀" }
      ])
      expect(yield* store.load("collection")).toEqual([{ key: "a", value: "3" }])
    })
  )

  test(
    "what goes is gone, and nothing else; that it was not there is no error",
    Effect.gen(function* () {
      const store = yield* ResourceStore
      yield* store.change([put("lock", "a"), put("properties", "a"), put("lock", "b")])
      yield* store.change([drop("lock", "a"), drop("lock", "none")])
      expect((yield* store.load("lock")).map(({ key }) => key)).toEqual(["b"])
      expect(yield* store.load("properties")).toHaveLength(1)
    })
  )

  test(
    "changes that come at a time all happen",
    Effect.gen(function* () {
      const store = yield* ResourceStore
      const many = Array.from({ length: 50 }, (_, i) => `key ${i}`)
      yield* Effect.forEach(many, (key) => store.change([put("lock", key), put("properties", key)]), {
        concurrency: "unbounded"
      })
      expect(yield* store.load("lock")).toHaveLength(50)
      expect(yield* store.load("properties")).toHaveLength(50)
    })
  )
})

/** One life of a store in a directory. */
const session = <A, E>(data: string, use: (store: typeof ResourceStore.Service) => Effect.Effect<A, E>) =>
  Effect.provide(Effect.flatMap(ResourceStore, use), SqliteResources.layer(data))

describe("C15 the file .dav.db", () => {
  it.scoped("is not there until there is something to keep, and survives a restart", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (store) => store.load("lock"))
      expect(existsSync(join(data, ".dav.db"))).toBe(false)
      yield* session(data, (store) => store.change([put("lock", "a", "1")]))
      expect(yield* session(data, (store) => store.load("lock"))).toEqual([{ key: "a", value: "1" }])
    })
  )

  it.scoped("is the same whichever thread writes it", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* Effect.provide(
        Effect.flatMap(ResourceStore, (store) => store.change([put("lock", "a", "1")])),
        threads(data)
      )
      expect(yield* session(data, (store) => store.load("lock"))).toEqual([{ key: "a", value: "1" }])
    })
  )

  it.scoped("that somebody removed is an empty one", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (store) => store.change([put("lock", "a", "1")]))
      rmSync(join(data, ".dav.db"))
      expect(yield* session(data, (store) => store.load("lock"))).toEqual([])
    })
  )

  it.scoped("that is damaged is an error that says what to do, and stays as it is", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      const file = join(data, ".dav.db")
      writeFileSync(file, "this is no database, but long enough to be looked at".repeat(100))
      const failure = yield* Effect.flip(session(data, (store) => store.load("lock")))
      expect(failure.message).toContain(".dav.db in the data directory cannot be read")
      expect(existsSync(file)).toBe(true)
    })
  )

  it.scoped("all of a change or nothing of it", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (store) => store.change([put("lock", "a", "1")]))
      yield* withDatabase(join(data, ".dav.db"), (db) =>
        db.exec(
          "CREATE TRIGGER refuse BEFORE INSERT ON resources WHEN new.key = 'bad' BEGIN SELECT raise(ABORT, 'no'); END"
        )
      )
      const kept = yield* session(data, (store) =>
        Effect.gen(function* () {
          const failure = yield* Effect.flip(store.change([drop("lock", "a"), put("lock", "b"), put("lock", "bad")]))
          expect(failure._tag).toBe("StorageFailure")
          return yield* store.load("lock")
        })
      )
      expect(kept).toEqual([{ key: "a", value: "1" }])
    })
  )
})
