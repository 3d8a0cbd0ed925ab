import { describe, expect } from "@effect/vitest"
import { Effect, Option } from "effect"
import { Catalog } from "../../src/services/Catalog.ts"
import { Changes } from "../../src/services/Changes.ts"
import { Storage } from "../../src/services/Storage.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { machineTest, operator, outcome, write } from "../helpers/Machine.ts"
import { path, world } from "../helpers/Paths.ts"
import { post, put } from "../helpers/Storages.ts"

describe("catalog and watchers follow a commit in the same step", () => {
  machineTest(
    "whoever is told finds the new state",
    Effect.gen(function* () {
      const [worlds, catalog, changes] = [yield* Worlds, yield* Catalog, yield* Changes]
      const heard: Array<unknown> = []
      yield* changes.listen(({ name, op, version }) => heard.push([name, op, version, catalog.get(name)?.version]))
      yield* worlds.overwrite(operator, put("home/x", "a"))
      yield* worlds.append(operator, post("home/x", "b", { idempotencyKey: "k" }))
      yield* worlds.remove(operator, path("home/x"), {})
      expect(heard).toEqual([
        ["home/x", "put", 1, 1],
        ["home/x", "append", 2, 2],
        ["home/x", "delete", 2, undefined]
      ])
      expect(catalog.size()).toBe(0)
    })
  )

  machineTest(
    "C4.4 a replayed append is no news",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      const first = yield* worlds.append(operator, post("home/x", "a", { idempotencyKey: "k" }))
      const { tag } = yield* worlds.append(operator, post("home/x", "b"))
      const before = (yield* Changes).newest()
      const again = yield* worlds.append(operator, post("home/x", "a", { idempotencyKey: "k" }))
      expect(again).toEqual({ ...first, replayed: true })
      expect((yield* Changes).newest()).toBe(before)
      expect((yield* Catalog).get("home/x")?.tag).toBe(tag)
    })
  )

  machineTest(
    "a refused write is no news",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/x", "a")
      const before = [(yield* Changes).newest(), (yield* Catalog).get("home/x")]
      yield* Effect.flip(worlds.overwrite(operator, put("home/x", "b", { conditions: { ifNoneMatch: "*" } })))
      yield* Effect.flip(worlds.overwrite(operator, put("home/y", "b", { conditions: { ifMatch: "*" } })))
      expect([(yield* Changes).newest(), (yield* Catalog).get("home/x")]).toEqual(before)
      expect((yield* Catalog).get("home/y")).toBeUndefined()
    })
  )

  machineTest(
    "the entry is what the head says",
    Effect.gen(function* () {
      yield* write("home/x", "abc")
      const head = Option.getOrThrow(yield* (yield* Storage).head(world("home/x")))
      expect(head).toMatchObject((yield* Catalog).get("home/x") ?? { name: "missing" })
    })
  )
})

describe("C4.5 DELETE", () => {
  machineTest(
    "takes the world and all below it, and nothing beside it",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* Effect.forEach(["home/a", "home/a/b", "home/a/b/c", "home/a-b", "home/ab", "home/A"], (name) =>
        write(name, name)
      )
      expect(yield* worlds.remove(operator, path("home/a"), {})).toEqual({
        names: ["home/a", "home/a/b", "home/a/b/c"],
        failures: []
      })
      expect([...(yield* worlds.all(operator))].map(({ name }) => String(name))).toEqual([
        "home/A",
        "home/a-b",
        "home/ab"
      ])
    })
  )

  machineTest(
    "takes what is below a path that is only a collection",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/a/b", "x")
      expect((yield* worlds.remove(operator, path("home/a"), {})).names).toEqual(["home/a/b"])
    })
  )

  machineTest(
    "of an absent keep.bak leaves keep alone (the original did not)",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/keep", "x")
      for (const name of ["home/keep.bak", "home/kee", "home/keep/x", "home/KEEP"]) {
        expect(yield* outcome(worlds.remove(operator, path(name), {}))).toBe("WorldNotFound")
      }
      expect((yield* Catalog).size()).toBe(1)
    })
  )

  machineTest(
    "of the root, or of no namespace, finds nothing",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/x", "x")
      for (const name of ["", "proc", "hom", "x/y"]) {
        expect(yield* outcome(worlds.remove(operator, path(name), {}))).toBe("WorldNotFound")
      }
    })
  )

  machineTest(
    "C4.3 under a condition that does not hold deletes nothing at all",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* Effect.forEach(["home/a", "home/a/b"], (name) => write(name, name))
      for (const conditions of [
        { ifMatch: '"stale"' },
        { ifNoneMatch: "*" },
        { ifUnmodifiedSince: "Wed, 31 Dec 1969 23:59:59 GMT" }
      ]) {
        expect(yield* outcome(worlds.remove(operator, path("home/a"), conditions))).toBe("PreconditionFailed")
      }
      expect((yield* Catalog).size()).toBe(2)
    })
  )

  machineTest(
    "C4.3 under its own tag deletes the world and what is below it",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      const { tag } = yield* write("home/a", "a")
      yield* write("home/a/b", "b")
      const gone = yield* worlds.remove(operator, path("home/a"), {
        ifMatch: `"${tag}-json"`
      })
      expect(gone.names).toHaveLength(2)
    })
  )
})

describe("C5.4 verification", () => {
  machineTest(
    "is the operator's, and names what is missing as reading does",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/a/b", "b")
      expect(yield* worlds.verify(operator, world("home/a/b"))).toMatchObject({
        ...{ path: "/home/a/b", events: 1, chain: { ok: true }, body: { ok: true } }
      })
      expect(yield* outcome(worlds.verify(operator, world("home/none")))).toBe("WorldNotFound")
    })
  )
})
