import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as fc from "fast-check"
import { entryOf } from "../../src/domain/Listing.ts"
import type { Entry } from "../../src/domain/World.ts"
import { Catalog, make } from "../../src/services/Catalog.ts"
import { Storage } from "../../src/services/Storage.ts"
import { path, world } from "../helpers/Paths.ts"
import { chain, memory, put } from "../helpers/Storages.ts"

const entry = (name: string, version = 1): Entry => ({
  name: world(name),
  version,
  ext: "txt",
  state: "active",
  len: 0,
  createdAt: 0,
  updatedAt: 0,
  eventId: version,
  tag: `${name}-${version}`
})
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

const name = fc
  .array(fc.constantFrom("a", "b", "b-", "b0", "é", "\uffff", "😀"), { minLength: 1, maxLength: 3 })
  .map((segments) => `home/${segments.join("/")}`)
const changes = fc.array(fc.record({ name, remove: fc.boolean(), version: fc.nat(9) }), { maxLength: 40 })
const makings = fc.array(fc.record({ name, unmake: fc.boolean() }), { maxLength: 10 })

describe("Catalog", () => {
  it("holds what a sorted Map would, through any puts and removals", () => {
    fc.assert(
      fc.property(fc.uniqueArray(name), changes, (initial, changes) => {
        const catalog = make(initial.map((name) => entry(name)))
        const model = new Map(initial.map((name) => [name, entry(name)]))
        for (const { name, remove, version } of changes) {
          if (remove) catalog.remove(world(name))
          else catalog.put(entry(name, version))
          if (remove) model.delete(name)
          else model.set(name, entry(name, version))
        }
        const names = [...model.keys()].sort(byBytes)
        expect([...catalog.entries()]).toEqual(names.map((name) => model.get(name)))
        expect(catalog.size()).toBe(names.length)
        for (const path of ["home", "home/a", "home/b", "home/b-/é", "hom"]) {
          expect(catalog.below(path)).toEqual(names.filter((name) => name.startsWith(`${path}/`)))
          expect(catalog.get(path)).toEqual(model.get(path))
        }
      })
    )
  })

  it("C15 knows which collections were made, and which there are, beside any worlds", () => {
    fc.assert(
      fc.property(fc.uniqueArray(name), makings, (worlds, makings) => {
        const catalog = make(worlds.map((name) => entry(name)))
        const made = new Set<string>()
        for (const { name, unmake } of makings) {
          if (unmake) catalog.unmake(name)
          else catalog.make(path(name))
          if (unmake) made.delete(name)
          else made.add(name)
        }
        expect([...catalog.entries()].map(({ name }) => name)).toEqual([...worlds].sort(byBytes))
        expect(catalog.size()).toBe(worlds.length)
        for (const at of ["home", "home/a", "home/b", "home/b-", "home/b/b", "home/none", "proc"]) {
          const below = [...worlds, ...made].filter((name) => name.startsWith(`${at}/`))
          expect(catalog.isMade(at)).toBe(made.has(at))
          expect(catalog.madeWithin(at)).toEqual(
            [...made]
              .filter((name) => name === at || name.startsWith(`${at}/`))
              .sort((a, b) => byBytes(`${a}/`, `${b}/`))
          )
          expect(catalog.countBelow(at)).toBe(below.length)
          expect(catalog.below(at)).toEqual(worlds.filter((name) => name.startsWith(`${at}/`)).sort(byBytes))
          expect(catalog.isCollection(at)).toBe(at === "home" || made.has(at) || below.length > 0)
        }
      })
    )
  })

  it("lists the children of a collection", () => {
    const catalog = make(["home/b", "home/b/x", "home/a", "etc/x"].map((name) => entry(name)))
    expect([...catalog.children("home/", () => true)].map(entryOf)).toEqual(["a", "b", "b/"])
    expect([...catalog.children("home/", () => true, "b")].map(entryOf)).toEqual(["b/"])
  })

  it.effect("is filled from the storage at start", () =>
    Effect.gen(function* () {
      const storage = yield* Storage
      for (const name of ["home/b", "home/a"]) yield* storage.execute(put(name, name))
      const catalog = yield* Effect.provide(Catalog, Layer.fresh(Catalog.layer))
      expect([...catalog.entries()].map(({ len, name }) => [name, len])).toEqual([
        ["home/a", 6],
        ["home/b", 6]
      ])
    }).pipe(Effect.provide(memory), Effect.provide(chain))
  )
})
