import { describe, expect } from "@effect/vitest"
import { Effect } from "effect"
import { anonymous, type Caller } from "../../src/domain/Caller.ts"
import { entryOf } from "../../src/domain/Listing.ts"
import { Catalog } from "../../src/services/Catalog.ts"
import { Storage } from "../../src/services/Storage.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { cap, machineTest, operator, outcome, user, write } from "../helpers/Machine.ts"
import { path, world } from "../helpers/Paths.ts"
import { eventsOf, post, put, textOf } from "../helpers/Storages.ts"

const listed = (caller: Caller, collection: string) =>
  Effect.gen(function* () {
    const children = yield* (yield* Worlds).list(caller, path(collection))
    return [...children].map(entryOf)
  })

describe("C7.5 the policy is asked before anything is looked at", () => {
  machineTest(
    "who may not read a world does not learn whether it exists",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("boot/env", "x")
      yield* write("home/secret/x", "x")
      yield* write("etc/private", "/home/secret")
      for (const name of ["boot/env", "boot/none", "home/secret", "home/secret/x", "home/secret/none"]) {
        for (const ask of [worlds.read, worlds.head]) {
          expect(`${name} ${yield* outcome(ask(anonymous, world(name)))}`).toBe(`${name} Forbidden`)
        }
      }
      for (const name of ["home/x", "home/none"])
        expect(yield* outcome(worlds.verify(user(2), world(name)))).toBe("Forbidden")
    })
  )

  machineTest(
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
        expect(yield* outcome(worlds.overwrite(user(2), put(name, "y", { conditions })))).toBe("Forbidden")
        expect(yield* outcome(worlds.append(user(2), post(name, "y", { conditions })))).toBe("Forbidden")
        expect(yield* outcome(worlds.remove(user(2), path(name), conditions))).toBe("Forbidden")
        expect(yield* outcome(worlds.mayWrite(user(2), world(name)))).toBe("Forbidden")
      }
      expect(textOf((yield* worlds.read(operator, world("etc/x"))).body)).toBe("x")
      expect(yield* eventsOf(yield* Storage, "etc/x")).toHaveLength(1)
      expect((yield* Catalog).size()).toBe(1)
    })
  )

  machineTest(
    "C7.4 a cap reads and writes in its scope only",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/a/x", "x")
      yield* write("home/ab", "x")
      const [rw, r] = [cap("home/a", "rw"), cap("home/a", "r")]
      expect(yield* outcome(worlds.read(r, world("home/a/x")))).toBe("allowed")
      expect(yield* outcome(worlds.read(rw, world("home/ab")))).toBe("Forbidden")
      expect(yield* outcome(worlds.overwrite(rw, put("home/a/y", "y")))).toBe("allowed")
      expect(yield* outcome(worlds.overwrite(rw, put("home/b", "y")))).toBe("Forbidden")
      expect(yield* outcome(worlds.append(r, post("home/a/x", "y")))).toBe("Forbidden")
      expect(yield* outcome(worlds.remove(rw, path("home/a/x"), {}))).toBe("Forbidden")
    })
  )
})

describe("C2.5 what is missing", () => {
  machineTest(
    "a path with worlds below it is a collection, others are not found",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/a/b/c", "x")
      expect(yield* outcome(worlds.read(anonymous, world("home/a")))).toBe("CollectionOnly")
      expect(yield* outcome(worlds.head(anonymous, world("home/a/b")))).toBe("CollectionOnly")
      expect(yield* outcome(worlds.read(anonymous, world("home/a/b/c/d")))).toBe("WorldNotFound")
      expect(yield* outcome(worlds.read(anonymous, world("home/a/")))).toBe("CollectionOnly")
      expect(yield* Effect.flip(worlds.read(anonymous, world("home/a")))).toMatchObject({ collection: "/home/a/" })
    })
  )

  machineTest(
    "C7.1 a collection of which the caller may know nothing is not there",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/a/secret/x", "x")
      yield* write("etc/private", "/home/a/secret")
      expect(yield* outcome(worlds.read(anonymous, world("home/a")))).toBe("WorldNotFound")
      expect(yield* outcome(worlds.read(user(1), world("home/a")))).toBe("CollectionOnly")
      expect(yield* worlds.isCollection(anonymous, path("home/a"))).toBe(false)
      expect(yield* worlds.isCollection(user(1), path("home/a"))).toBe(true)
      expect(yield* worlds.isCollection(anonymous, path("home"))).toBe(true)
    })
  )
})

describe("C3.1, C7.1 listings", () => {
  const tree = Effect.forEach(
    ["home/b", "home/b-c", "home/b/x", "home/p/s", "boot/env", "etc/shadow", "etc/hosts"],
    (name) => write(name, name)
  )

  machineTest(
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

  machineTest(
    "a cap sees its own part of the tree and is refused the rest",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* tree
      expect(yield* listed(cap("home/b", "r"), "home/b")).toEqual(["x"])
      for (const outside of ["home", "etc", "", "home/p"]) {
        expect(yield* outcome(worlds.list(cap("home/b", "r"), path(outside)))).toBe("Forbidden")
      }
      expect([...(yield* worlds.all(cap("home/b", "r")))].map(({ name }) => name)).toEqual(["home/b", "home/b/x"])
    })
  )

  machineTest(
    "all worlds come in byte order",
    Effect.gen(function* () {
      yield* Effect.forEach(
        ["home/\u{1f600}", "home/\uffff", "home/é", "home/z", "home/Z", "home/a/b", "home/a"],
        (name) => write(name, "")
      )
      const names = [...(yield* (yield* Worlds).all(anonymous))].map(({ name }) => String(name))
      expect(names).toEqual(["home/Z", "home/a", "home/a/b", "home/z", "home/é", "home/\uffff", "home/\u{1f600}"])
    })
  )
})
