import { it } from "@effect/vitest"
import { Chunk, Effect, Layer, Stream } from "effect"
import * as fc from "fast-check"
import { describe, expect } from "vitest"
import { system } from "../../../src/domain/Caller.ts"
import type { Entry } from "../../../src/domain/World.ts"
import { membersOf } from "../../../src/http/dav/Members.ts"
import { hrefOf } from "../../../src/http/dav/Resource.ts"
import * as Catalog from "../../../src/services/Catalog.ts"
import { Worlds } from "../../../src/services/Worlds.ts"
import { path, world } from "../../helpers/Paths.ts"

const entry = (name: string): Entry => ({
  name: world(name),
  ...{ version: 1, ext: "txt", state: "active", len: 0, createdAt: 0, updatedAt: 0, eventId: 1, tag: name }
})

/** Worlds that know these names, and how many children of collections were asked of them. */
const machineWith = (names: ReadonlyArray<string>) => {
  const catalog = Catalog.make(names.map(entry))
  const asked = { children: 0 }
  const layer = Layer.mock(Worlds, {
    list: (_, collection, after) =>
      Effect.sync(function* () {
        for (const child of catalog.children(`${collection}/`, () => true, after)) {
          asked.children++
          yield { ...child, entry: child.dir ? undefined : catalog.get(`${collection}/${child.name}`) }
        }
      }),
    isCollection: (_, path) => Effect.sync(() => catalog.isCollection(path))
  })
  return { asked, catalog, layer }
}

const hrefs = (collection: string, deep: boolean) =>
  Effect.map(Stream.runCollect(membersOf(system, path(collection), deep)), (found) =>
    Chunk.toReadonlyArray(found).map(hrefOf)
  )

const thousands = Array.from({ length: 5000 }, (_, n) => `home/big/${n % 7}/${n % 11}/${n}`)

describe("C15 members", () => {
  it.effect("all that is below is there once, and its collections before it", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(fc.constantFrom("a", "b", "b-c", "ü"), { minLength: 1, maxLength: 4 }), { maxLength: 30 }),
          async (paths) => {
            const names = [...new Set(paths.map((segments) => `home/x/${segments.join("/")}`))]
            const { layer } = machineWith(names)
            const found = await Effect.runPromise(Effect.provide(hrefs("home/x", true), layer))
            const collections = new Set(
              names.flatMap((name) =>
                name
                  .split("/")
                  .flatMap((_, i, parts) => (i > 2 && i < parts.length ? [parts.slice(0, i).join("/")] : []))
              )
            )
            const worlds = names.filter((name) => !collections.has(name))
            const expected = [
              ...worlds.map((name) => hrefOf({ path: name, collection: false })),
              ...[...collections].map((name) => hrefOf({ path: name, collection: true }))
            ]
            expect([...found].sort()).toEqual(expected.sort())
            for (const href of found) {
              const parent = href.replace(/[^/]+\/?$/, "")
              if (parent !== "/dav/home/x/") expect(found.indexOf(parent)).toBeLessThan(found.indexOf(href))
            }
          }
        )
      )
    )
  )

  it.effect("five thousand worlds are five thousand answers, and collections besides", () =>
    Effect.gen(function* () {
      const found = yield* hrefs("home/big", true)
      expect(found).toHaveLength(5000 + 7 + 77)
      expect(new Set(found).size).toBe(found.length)
    }).pipe(Effect.provide(machineWith(thousands).layer))
  )

  it.effect("a world whose members are on the next page is their collection all the same", () => {
    const between = Array.from({ length: 1500 }, (_, n) => `home/big/m-${n}`)
    const { layer } = machineWith(["home/big/m", ...between, "home/big/m/below"])
    return Effect.gen(function* () {
      const found = yield* hrefs("home/big", false)
      expect(found).toHaveLength(1501)
      expect(found.filter((href) => /m\/?$/.test(href))).toEqual(["/dav/home/big/m/"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("who reads slowly makes nobody fetch more than the page in hand", () => {
    const { asked, layer } = machineWith(Array.from({ length: 5000 }, (_, n) => `home/big/${n}`))
    return Effect.gen(function* () {
      yield* Stream.runDrain(Stream.take(membersOf(system, path("home/big"), true), 10))
      expect(asked.children).toBeLessThanOrEqual(1001)
    }).pipe(Effect.provide(layer))
  })

  it.effect("what is written and deleted on the way makes no other be missed or told twice", () => {
    const { catalog, layer } = machineWith(Array.from({ length: 3000 }, (_, n) => `home/big/m${n}`))
    return Effect.gen(function* () {
      let pages = 0
      const found = yield* membersOf(system, path("home/big"), false).pipe(
        Stream.mapChunks((page) => {
          catalog.put(entry(`home/big/a${pages}`))
          catalog.put(entry(`home/big/z${pages++}`))
          catalog.remove(world("home/big/m1000"))
          return page
        }),
        Stream.runCollect
      )
      const names = Chunk.toReadonlyArray(found).map(({ path }) => path.slice("home/big/".length))
      expect(new Set(names).size).toBe(names.length)
      const constant = names.filter((name) => name.startsWith("m") && name !== "m1000")
      expect(constant).toHaveLength(2999)
    }).pipe(Effect.provide(layer))
  })
})
