import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Option, type Scope } from "effect"
import { anonymous, type Caller } from "../../src/domain/Caller.ts"
import { entryOf } from "../../src/domain/Listing.ts"
import type { WorldName } from "../../src/domain/WorldPath.ts"
import { Catalog } from "../../src/services/Catalog.ts"
import { Changes } from "../../src/services/Changes.ts"
import { Storage } from "../../src/services/Storage.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { cap, machine, operator, user, write } from "../helpers/Machine.ts"
import { path, world } from "../helpers/Paths.ts"
import { eventsOf, post, put, textOf } from "../helpers/Storages.ts"

const test = (
  name: string,
  run: Effect.Effect<void, unknown, Layer.Layer.Success<ReturnType<typeof machine>> | Scope.Scope>
) => it.scoped(name, () => Effect.provide(run, Layer.fresh(machine())))

const tagOf = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.match(effect, { onFailure: ({ _tag }) => _tag, onSuccess: () => "allowed" })

const listed = (caller: Caller, collection: string) =>
  Effect.gen(function* () {
    const children = yield* (yield* Worlds).list(caller, path(collection))
    return [...children].map(entryOf)
  })

describe("C7.5 the policy is asked before anything is looked at", () => {
  test(
    "who may not read a world does not learn whether it exists",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("boot/env", "x")
      yield* write("home/secret/x", "x")
      yield* write("etc/private", "/home/secret")
      for (const name of ["boot/env", "boot/none", "home/secret", "home/secret/x", "home/secret/none"]) {
        for (const ask of [worlds.read, worlds.head]) {
          expect(`${name} ${yield* tagOf(ask(anonymous, world(name)))}`).toBe(`${name} Forbidden`)
        }
      }
      for (const name of ["home/x", "home/none"]) expect(yield* tagOf(worlds.verify(user(2), world(name)))).toBe("Forbidden")
    })
  )

  test(
    "who may not write leaves no trace, and does not learn whether conditions hold",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      const { tag } = yield* write("etc/x", "x")
      for (const [name, conditions] of [
        ["etc/x", {}],
        ["etc/x", { ifMatch: `"${tag}"` }],
        ["etc/x", { ifMatch: '"stale"' }],
        ["etc/none", { ifMatch: "*" }]
      ] as const) {
        expect(yield* tagOf(worlds.overwrite(user(2), put(name, "y", { conditions })))).toBe("Forbidden")
        expect(yield* tagOf(worlds.append(user(2), post(name, "y", { conditions })))).toBe("Forbidden")
        expect(yield* tagOf(worlds.remove(user(2), path(name), conditions))).toBe("Forbidden")
        expect(yield* tagOf(worlds.mayWrite(user(2), world(name)))).toBe("Forbidden")
      }
      expect(textOf((yield* worlds.read(operator, world("etc/x"))).body)).toBe("x")
      expect(yield* eventsOf(yield* Storage, "etc/x")).toHaveLength(1)
      expect((yield* Catalog).size()).toBe(1)
    })
  )

  test(
    "C7.4 a cap reads and writes in its scope only",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/a/x", "x")
      yield* write("home/ab", "x")
      const [rw, r] = [cap("home/a", "rw"), cap("home/a", "r")]
      expect(yield* tagOf(worlds.read(r, world("home/a/x")))).toBe("allowed")
      expect(yield* tagOf(worlds.read(rw, world("home/ab")))).toBe("Forbidden")
      expect(yield* tagOf(worlds.overwrite(rw, put("home/a/y", "y")))).toBe("allowed")
      expect(yield* tagOf(worlds.overwrite(rw, put("home/b", "y")))).toBe("Forbidden")
      expect(yield* tagOf(worlds.append(r, post("home/a/x", "y")))).toBe("Forbidden")
      expect(yield* tagOf(worlds.remove(rw, path("home/a/x"), {}))).toBe("Forbidden")
    })
  )
})

describe("C2.5 what is missing", () => {
  test(
    "a path with worlds below it is a collection, others are not found",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/a/b/c", "x")
      expect(yield* tagOf(worlds.read(anonymous, world("home/a")))).toBe("CollectionOnly")
      expect(yield* tagOf(worlds.head(anonymous, world("home/a/b")))).toBe("CollectionOnly")
      expect(yield* tagOf(worlds.read(anonymous, world("home/a/b/c/d")))).toBe("WorldNotFound")
      expect(yield* tagOf(worlds.read(anonymous, world("home/a/")))).toBe("CollectionOnly")
      expect(yield* Effect.flip(worlds.read(anonymous, world("home/a")))).toMatchObject({ collection: "/home/a/" })
    })
  )

  test(
    "C7.1 a collection of which the caller may know nothing is not there",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/a/secret/x", "x")
      yield* write("etc/private", "/home/a/secret")
      expect(yield* tagOf(worlds.read(anonymous, world("home/a")))).toBe("WorldNotFound")
      expect(yield* tagOf(worlds.read(user(1), world("home/a")))).toBe("CollectionOnly")
      expect(yield* worlds.isCollection(anonymous, path("home/a"))).toBe(false)
      expect(yield* worlds.isCollection(user(1), path("home/a"))).toBe(true)
      expect(yield* worlds.isCollection(anonymous, path("home"))).toBe(true)
    })
  )
})

describe("C3.1, C7.1 listings", () => {
  const tree = Effect.forEach(["home/b", "home/b-c", "home/b/x", "home/p/s", "boot/env", "etc/shadow", "etc/hosts"], (name) =>
    write(name, name)
  )

  test(
    "name what the caller may read, worlds with their entries",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* tree
      yield* write("etc/private", "/home/p")
      expect(yield* listed(anonymous, "home")).toEqual(["b", "b-c", "b/"])
      expect(yield* listed(user(1), "home")).toEqual(["b", "b-c", "b/", "p/"])
      expect(yield* listed(anonymous, "etc")).toEqual(["hosts", "private"])
      expect(yield* listed(operator, "etc")).toEqual(["hosts", "private", "shadow"])
      expect(yield* listed(anonymous, "boot")).toEqual([])
      expect(yield* listed(anonymous, "")).toEqual(["etc/", "home/"])
      expect(yield* listed(operator, "")).toEqual(["boot/", "etc/", "home/"])
      expect([...(yield* worlds.list(anonymous, path("home")))][0]).toMatchObject({ entry: { name: "home/b", len: 6 } })
    })
  )

  test(
    "a cap sees its own part of the tree and is refused the rest",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* tree
      expect(yield* listed(cap("home/b", "r"), "home/b")).toEqual(["x"])
      for (const outside of ["home", "etc", "", "home/p"]) {
        expect(yield* tagOf(worlds.list(cap("home/b", "r"), path(outside)))).toBe("Forbidden")
      }
      expect([...(yield* worlds.all(cap("home/b", "r")))].map(({ name }) => name)).toEqual(["home/b", "home/b/x"])
    })
  )

  test(
    "all worlds come in byte order",
    Effect.gen(function* () {
      yield* Effect.forEach(["home/\u{1f600}", "home/\uffff", "home/é", "home/z", "home/Z", "home/a/b", "home/a"], (name) => write(name, ""))
      const names = [...(yield* (yield* Worlds).all(anonymous))].map(({ name }) => String(name))
      expect(names).toEqual(["home/Z", "home/a", "home/a/b", "home/z", "home/é", "home/\uffff", "home/\u{1f600}"])
    })
  )
})

describe("catalog and watchers follow a commit in the same step", () => {
  test(
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

  test(
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

  test(
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

  test(
    "the entry is what the head says",
    Effect.gen(function* () {
      yield* write("home/x", "abc")
      const head = Option.getOrThrow(yield* (yield* Storage).head(world("home/x")))
      expect(head).toMatchObject((yield* Catalog).get("home/x") ?? { name: "missing" })
    })
  )
})

describe("C4.5 DELETE", () => {
  test(
    "takes the world and all below it, and nothing beside it",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* Effect.forEach(["home/a", "home/a/b", "home/a/b/c", "home/a-b", "home/ab", "home/A"], (name) => write(name, name))
      expect(yield* worlds.remove(operator, path("home/a"), {})).toEqual(["home/a", "home/a/b", "home/a/b/c"])
      expect([...(yield* worlds.all(operator))].map(({ name }) => String(name))).toEqual(["home/A", "home/a-b", "home/ab"])
    })
  )

  test(
    "takes what is below a path that is only a collection",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/a/b", "x")
      expect(yield* worlds.remove(operator, path("home/a"), {})).toEqual(["home/a/b"])
    })
  )

  test(
    "of an absent keep.bak leaves keep alone (the original did not)",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/keep", "x")
      for (const name of ["home/keep.bak", "home/kee", "home/keep/x", "home/KEEP"]) {
        expect(yield* tagOf(worlds.remove(operator, path(name), {}))).toBe("WorldNotFound")
      }
      expect((yield* Catalog).size()).toBe(1)
    })
  )

  test(
    "of the root, or of no namespace, finds nothing",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/x", "x")
      for (const name of ["", "proc", "hom", "x/y"]) {
        expect(yield* tagOf(worlds.remove(operator, path(name), {}))).toBe("WorldNotFound")
      }
    })
  )

  test(
    "C4.3 under a condition that does not hold deletes nothing at all",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* Effect.forEach(["home/a", "home/a/b"], (name) => write(name, name))
      for (const conditions of [{ ifMatch: '"stale"' }, { ifNoneMatch: "*" }, { ifUnmodifiedSince: "Wed, 31 Dec 1969 23:59:59 GMT" }]) {
        expect(yield* tagOf(worlds.remove(operator, path("home/a"), conditions))).toBe("PreconditionFailed")
      }
      expect((yield* Catalog).size()).toBe(2)
    })
  )

  test(
    "C4.3 under its own tag deletes the world and what is below it",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      const { tag } = yield* write("home/a", "a")
      yield* write("home/a/b", "b")
      const gone: ReadonlyArray<WorldName> = yield* worlds.remove(operator, path("home/a"), { ifMatch: `"${tag}-json"` })
      expect(gone).toHaveLength(2)
    })
  )
})

describe("C5.4 verification", () => {
  test(
    "is the operator's, and names what is missing as reading does",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/a/b", "b")
      expect(yield* worlds.verify(operator, world("home/a/b"))).toMatchObject({
        ...{ path: "/home/a/b", events: 1, chain: { ok: true }, body: { ok: true } }
      })
      expect(yield* tagOf(worlds.verify(operator, world("home/none")))).toBe("WorldNotFound")
    })
  )
})
