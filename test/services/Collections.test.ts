import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { anonymous, type Caller } from "../../src/domain/Caller.ts"
import { entryOf } from "../../src/domain/Listing.ts"
import * as SqliteResources from "../../src/layers/resources/SqliteResources.ts"
import { Changes } from "../../src/services/Changes.ts"
import { Collections } from "../../src/services/Collections.ts"
import type { Storage } from "../../src/services/Storage.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { collection, everything } from "../helpers/Locking.ts"
import { cap, erase, machine, machineTest, operator, outcome, user, write } from "../helpers/Machine.ts"
import { path, world } from "../helpers/Paths.ts"
import { files, temporary } from "../helpers/Storages.ts"

const listed = (caller: Caller, at: string) =>
  Effect.flatMap(Worlds, (worlds) =>
    Effect.map(worlds.list(caller, path(at)), (children) => [...children].map(entryOf))
  )

describe("C15 made collections", () => {
  machineTest(
    "are there while they are empty: listed, and no worlds",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* collection("home/c")
      yield* collection("home/c/d")
      expect(yield* listed(anonymous, "home")).toEqual(["c/"])
      expect(yield* listed(anonymous, "home/c")).toEqual(["d/"])
      expect(yield* listed(anonymous, "home/c/d")).toEqual([])
      expect(yield* worlds.isCollection(anonymous, path("home/c/d"))).toBe(true)
      expect(yield* outcome(worlds.read(anonymous, world("home/c/d")))).toBe("CollectionOnly")
      expect([...(yield* worlds.all(anonymous))]).toEqual([])
    })
  )

  machineTest(
    "C9 are told to watchers when they are made and when they are gone, and are no commits",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      const changes = yield* Changes
      yield* changes.listen(({ name }) => commits.push(name))
      const commits: Array<string> = []
      const heard = (since: number) => (changes.since(since) ?? []).map(({ name, op, version }) => [op, name, version])
      yield* collection("home/c")
      yield* collection("home/c/d")
      expect(heard(0)).toEqual([
        ["put", "home/c/", 0],
        ["put", "home/c/d/", 0]
      ])
      const made = changes.newest()
      yield* worlds.move(operator, {
        from: path("home/c"),
        to: path("home/e"),
        depth: "infinity",
        overwrite: true,
        conditions: {}
      })
      expect(heard(made)).toEqual([
        ["put", "home/e/", 0],
        ["put", "home/e/d/", 0],
        ["delete", "home/c/", 0],
        ["delete", "home/c/d/", 0]
      ])
      expect(commits).toEqual([])
    })
  )

  machineTest(
    "C9 are not gone as long as something is below them",
    Effect.gen(function* () {
      const changes = yield* Changes
      yield* collection("home/c")
      yield* write("home/c/x", "")
      const before = changes.newest()
      yield* (yield* Collections).forget(["home/c"])
      expect(changes.newest()).toBe(before)
    })
  )

  machineTest(
    "stay when their last member goes; others do not",
    Effect.gen(function* () {
      yield* collection("home/made")
      yield* write("home/made/x", "")
      yield* write("home/grown/x", "")
      yield* erase("home/made/x")
      yield* erase("home/grown/x")
      expect(yield* listed(anonymous, "home")).toEqual(["made/"])
    })
  )

  machineTest(
    "are deleted with all below them, by their name with a slash",
    Effect.gen(function* () {
      yield* collection("home/c")
      yield* collection("home/c/d")
      yield* write("home/c/x", "")
      expect((yield* erase("home/c")).names).toEqual(["home/c/x", "home/c/", "home/c/d/"])
      expect(yield* everything).toEqual([])
      yield* collection("home/c")
      expect((yield* erase("home/c")).names).toEqual(["home/c/"])
      expect(yield* outcome(erase("home/c"))).toBe("WorldNotFound")
    })
  )

  machineTest(
    "cannot be made where something is, or in what is no collection",
    Effect.gen(function* () {
      yield* write("home/w", "")
      yield* write("home/grown/x", "")
      yield* collection("home/made")
      for (const there of ["home/w", "home/grown", "home/made", "home"]) {
        expect(`${there} ${yield* outcome(collection(there))}`).toBe(`${there} AlreadyExists`)
      }
      for (const nowhere of ["home/w/c", "home/none/c"]) {
        expect(`${nowhere} ${yield* outcome(collection(nowhere))}`).toBe(`${nowhere} Conflict`)
      }
      expect(yield* outcome(collection("home/grown/c"))).toBe("allowed")
    })
  )

  machineTest(
    "are for who may write there, under names that worlds can have",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      const make = (caller: Caller, name: string) => outcome(worlds.makeCollection(caller, path(name), {}))
      for (const [caller, name] of [
        [anonymous, "home/c"],
        [user(2), "etc/c"],
        [cap("home/c", "r"), "home/c"],
        [cap("home/c", "rw"), "home/d"],
        [operator, "dav/c"],
        [operator, "nowhere/c"]
      ] as const) {
        expect(`${name} ${yield* make(caller, name)}`).toBe(`${name} Forbidden`)
      }
      yield* collection("lib/x")
      for (const name of ["lib/x/state", `home/${"x".repeat(300)}`]) expect(yield* make(operator, name)).toBe("BadPath")
      expect(yield* make(cap("home/c", "rw"), "home/c")).toBe("allowed")
    })
  )

  machineTest(
    "C7.1 are not there for who may not read them",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* collection("home/p")
      yield* collection("home/p/q")
      yield* write("etc/private", "/home/p")
      expect([yield* listed(anonymous, "home"), yield* listed(user(1), "home")]).toEqual([[], ["p/"]])
      expect(yield* worlds.isCollection(anonymous, path("home/p"))).toBe(false)
      yield* write("etc/private", "/home/p/q")
      expect([yield* listed(anonymous, "home"), yield* listed(anonymous, "home/p")]).toEqual([["p/"], []])
    })
  )

  machineTest(
    "a world can stand at the same path",
    Effect.gen(function* () {
      yield* collection("home/c")
      yield* write("home/c", "")
      expect(yield* listed(anonymous, "home")).toEqual(["c", "c/"])
    })
  )

  machineTest(
    "of many that are made at the same moment, one is; the others find it there",
    Effect.gen(function* () {
      const outcomes = yield* Effect.all(
        Array.from({ length: 20 }, () => outcome(collection("home/c"))),
        {
          concurrency: "unbounded"
        }
      )
      expect(outcomes.filter((one) => one === "allowed")).toHaveLength(1)
      expect(outcomes.filter((one) => one === "AlreadyExists")).toHaveLength(19)
    })
  )

  it.scoped("survive a restart", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      const life = <A, E>(run: Effect.Effect<A, E, Worlds | Storage>) =>
        Effect.provide(run, machine({}, Layer.orDie(files(data)), SqliteResources.layer(data)))
      yield* life(Effect.all([collection("home/c"), collection("home/gone")]))
      yield* life(erase("home/gone"))
      expect(yield* life(listed(anonymous, "home"))).toEqual(["c/"])
    })
  )
})
