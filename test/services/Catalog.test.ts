import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as fc from "fast-check"
import { entryOf } from "../../src/domain/Listing.ts"
import type { Entry } from "../../src/domain/World.ts"
import { Catalog, make } from "../../src/services/Catalog.ts"
import { Storage } from "../../src/services/Storage.ts"
import { world } from "../helpers/Paths.ts"
import { chain, memory, put } from "../helpers/Storages.ts"

const entry = (name: string, version = 1): Entry => ({
  name: world(name),
  version,
  ext: "txt",
  state: "active",
  len: 0,
  updatedAt: 0,
  eventId: version,
  tag: `${name}-${version}`
})
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

const name = fc
  .array(fc.constantFrom("a", "b", "b-", "b0", "é", "\uffff", "😀"), { minLength: 1, maxLength: 3 })
  .map((segments) => `home/${segments.join("/")}`)
const changes = fc.array(fc.record({ name, remove: fc.boolean(), version: fc.nat(9) }), { maxLength: 40 })

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
