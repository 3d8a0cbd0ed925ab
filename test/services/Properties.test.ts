import { readFileSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { anonymous } from "../../src/domain/Caller.ts"
import { largestProperties, mostProperties, type Property, type PropertyChange } from "../../src/domain/Property.ts"
import * as SqliteResources from "../../src/layers/resources/SqliteResources.ts"
import { Catalog } from "../../src/services/Catalog.ts"
import { Properties } from "../../src/services/Properties.ts"
import { ResourceStore } from "../../src/services/ResourceStore.ts"
import { Storage } from "../../src/services/Storage.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { collection } from "../helpers/Locking.ts"
import { cap, erase, machine, machineTest, operator, outcome, user, write } from "../helpers/Machine.ts"
import { path, world } from "../helpers/Paths.ts"
import { databaseOf, eventsOf, files, temporary } from "../helpers/Storages.ts"

const property = (name: string, xml = `<${name} xmlns="urn:x"/>`): Property => ({ namespace: "urn:x", name, xml })
const set = (name: string, xml?: string): PropertyChange => ({ _tag: "Set", ...property(name, xml) })
const remove = (name: string): PropertyChange => ({ _tag: "Remove", namespace: "urn:x", name })

/** Changes properties as the operator. */
const patch = (name: string, ...changes: ReadonlyArray<PropertyChange>) =>
  Effect.flatMap(Properties, (properties) => properties.patch(operator, path(name), changes, {}))
const propertiesOf = (name: string) => Effect.map(Properties, (properties) => properties.get(name))

describe("C15 dead properties", () => {
  machineTest(
    "are what was set, in its order; those of a collection too",
    Effect.gen(function* () {
      yield* write("home/a", "")
      yield* collection("home/c")
      yield* patch("home/a", set("one"), set("two"))
      yield* patch("home/a", remove("one"), set("one", "<one>again</one>"))
      yield* patch("home/c", set("one"))
      expect(yield* propertiesOf("home/a")).toEqual([property("two"), property("one", "<one>again</one>")])
      expect(yield* propertiesOf("home/c")).toEqual([property("one")])
      expect(yield* propertiesOf("home/none")).toEqual([])
    })
  )

  machineTest(
    "are for who may write there, on what is there",
    Effect.gen(function* () {
      const properties = yield* Properties
      yield* write("home/a", "")
      yield* write("etc/a", "")
      const ask = (caller: typeof anonymous, name: string) =>
        outcome(properties.patch(caller, path(name), [set("x")], {}))
      expect(yield* ask(anonymous, "home/a")).toBe("Forbidden")
      expect(yield* ask(user(2), "etc/a")).toBe("Forbidden")
      expect(yield* ask(user(2), "etc/none")).toBe("Forbidden")
      expect(yield* ask(cap("home/b", "rw"), "home/a")).toBe("Forbidden")
      expect(yield* ask(user(2), "home/none")).toBe("WorldNotFound")
      expect(yield* ask(user(2), "home/a")).toBe("allowed")
    })
  )

  machineTest(
    "leave the world as it is: no event, the same tag",
    Effect.gen(function* () {
      const { tag } = yield* write("home/a", "")
      yield* patch("home/a", set("x"))
      expect((yield* Catalog).get("home/a")?.tag).toBe(tag)
      expect(yield* eventsOf(yield* Storage, "home/a")).toHaveLength(1)
    })
  )

  machineTest(
    "a condition that does not hold changes nothing",
    Effect.gen(function* () {
      const properties = yield* Properties
      const { tag } = yield* write("home/a", "")
      const ask = (ifMatch: string) => outcome(properties.patch(operator, path("home/a"), [set("x")], { ifMatch }))
      expect(yield* ask('"stale"')).toBe("PreconditionFailed")
      expect(yield* propertiesOf("home/a")).toEqual([])
      expect(yield* ask(`"${tag}"`)).toBe("allowed")
    })
  )

  machineTest(
    "too many or too large are refused as a whole",
    Effect.gen(function* () {
      yield* write("home/a", "")
      const many = (count: number) => Array.from({ length: count }, (_, i) => set(`p${i}`, ""))
      yield* patch("home/a", ...many(mostProperties))
      for (const changes of [
        [set("more")],
        [remove("p0"), set("a"), set("b")],
        [set("p0", "x".repeat(largestProperties))]
      ]) {
        expect(yield* outcome(patch("home/a", ...changes))).toBe("InsufficientStorage")
      }
      expect(yield* propertiesOf("home/a")).toHaveLength(mostProperties)
      expect(yield* outcome(patch("home/a", remove("p0"), set("a", "")))).toBe("allowed")
    })
  )

  machineTest(
    "all changes that come at a time are made",
    Effect.gen(function* () {
      yield* write("home/a", "")
      yield* Effect.all(
        Array.from({ length: 50 }, (_, i) => patch("home/a", set(`p${i}`))),
        { concurrency: "unbounded" }
      )
      expect(yield* propertiesOf("home/a")).toHaveLength(50)
    })
  )

  it.effect("what cannot be kept is not there", () =>
    Effect.gen(function* () {
      yield* write("home/a", "")
      yield* Effect.exit(patch("home/a", set("x")))
      expect(yield* propertiesOf("home/a")).toEqual([])
    }).pipe(
      Effect.provide(
        machine(
          {},
          undefined,
          Layer.succeed(ResourceStore, { load: () => Effect.succeed([]), change: () => Effect.dieMessage("no disk") })
        )
      )
    )
  )
})

describe("C15 dead properties go with what has them", () => {
  machineTest(
    "they are gone when it was deleted, and all below it, and collections that were there for its sake",
    Effect.gen(function* () {
      yield* Effect.forEach(["home/t/a/x", "home/t/b", "home/ab"], (name) => write(name, ""))
      yield* collection("home/t/c")
      const all = ["home/t", "home/t/a", "home/t/a/x", "home/t/b", "home/t/c", "home/ab"]
      yield* Effect.forEach(all, (name) => patch(name, set("x")))
      const left = Effect.map(Properties, ({ get }) => all.filter((name) => get(name).length > 0))
      yield* erase("home/t/a/x")
      expect(yield* left).toEqual(["home/t", "home/t/b", "home/t/c", "home/ab"])
      yield* erase("home/t")
      expect(yield* left).toEqual(["home/ab"])
    })
  )

  machineTest(
    "what is made anew in its place has none",
    Effect.gen(function* () {
      yield* write("home/a", "")
      yield* patch("home/a", set("x"))
      yield* erase("home/a")
      yield* write("home/a", "")
      expect(yield* propertiesOf("home/a")).toEqual([])
    })
  )

  machineTest(
    "overwriting it keeps them",
    Effect.gen(function* () {
      yield* write("home/a", "")
      yield* patch("home/a", set("x"))
      yield* write("home/a", "other")
      expect(yield* propertiesOf("home/a")).toHaveLength(1)
    })
  )

  machineTest(
    "the machine's own evictions take them along",
    Effect.gen(function* () {
      yield* write("var/cache/x", "")
      yield* patch("var/cache/x", set("x"))
      yield* (yield* Worlds).evict(world("var/cache/x"))
      expect(yield* propertiesOf("var/cache/x")).toEqual([])
    })
  )

  it.scoped("they survive a restart, except those of what somebody took away by hand", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      const life = <A, E>(run: Effect.Effect<A, E, Properties | Worlds | Storage>) =>
        Effect.provide(run, machine({}, Layer.orDie(files(data)), SqliteResources.layer(data)))
      yield* life(
        Effect.gen(function* () {
          yield* write("home/a", "")
          yield* write("home/gone", "")
          yield* collection("home/c")
          yield* Effect.forEach(["home/a", "home/gone", "home/c"], (name) => patch(name, set("x", "é")))
          yield* (yield* Storage).execute({ _tag: "Delete", name: world("home/gone"), conditions: {}, deletion: "x" })
        })
      )
      yield* life(
        Effect.gen(function* () {
          for (const name of ["home/a", "home/c"]) expect(yield* propertiesOf(name)).toEqual([property("x", "é")])
          yield* write("home/gone", "")
          expect(yield* propertiesOf("home/gone")).toEqual([])
        })
      )
    })
  )

  it.scoped("they outlive a start at which the world, or all of a collection, could not be read", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      const life = <A, E>(run: Effect.Effect<A, E, Properties | Worlds>) =>
        Effect.provide(run, machine({}, Layer.orDie(files(data)), SqliteResources.layer(data)))
      const all = ["home/t", "home/t/x"]
      yield* life(
        Effect.gen(function* () {
          yield* write("home/t/x", "kept")
          yield* Effect.forEach(all, (name) => patch(name, set("x")))
        })
      )
      const file = databaseOf(data, "home/t/x")
      const healthy = readFileSync(file)
      writeFileSync(file, "for a while this is no database")
      yield* life(
        Effect.gen(function* () {
          expect(yield* outcome(patch("home/t/x", set("y")))).toBe("WorldNotFound")
        })
      )
      writeFileSync(file, healthy)
      yield* life(
        Effect.gen(function* () {
          for (const name of all) expect(yield* propertiesOf(name)).toEqual([property("x")])
        })
      )
    })
  )

  it.scoped("those of a collection stay while something in it could not be read, whatever else in it is deleted", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      const life = <A, E>(run: Effect.Effect<A, E, Properties | Worlds>) =>
        Effect.provide(run, machine({}, Layer.orDie(files(data)), SqliteResources.layer(data)))
      yield* life(
        Effect.gen(function* () {
          yield* write("home/t/x", "")
          yield* write("home/t/y", "")
          yield* patch("home/t", set("x"))
        })
      )
      writeFileSync(databaseOf(data, "home/t/x"), "this is no database")
      yield* life(
        Effect.gen(function* () {
          yield* erase("home/t/y")
          expect(yield* propertiesOf("home/t")).toEqual([property("x")])
        })
      )
    })
  )
})
