import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Tier } from "../../src/domain/Caller.ts"
import { canBeFound, mostCandidates, narrow, poolSize } from "../../src/domain/RouteCandidates.ts"
import { virtualNamespaces, worldNamespaces } from "../../src/domain/WorldPath.ts"
import { anyWorld } from "../helpers/Paths.ts"

const found = fc.record({ name: anyWorld })
const many = fc.uniqueArray(found, { selector: ({ name }) => name, maxLength: 60 })
const named = (...names: ReadonlyArray<string>) => names.map((name) => ({ name }))
const namesOf = (items: ReadonlyArray<{ readonly name: string }>) => items.map(({ name }) => name)

/** Worlds that have nothing to do with anything. */
const crowd = (count: number) => named(...Array.from({ length: count }, (_, i) => `home/zzz/x${i}`))

describe("C13 which worlds can be found", () => {
  test("T1 finds what is at home, T2 and T3 what is in /etc too, nobody what is elsewhere", () => {
    const namespaces = [...worldNamespaces, ...virtualNamespaces, "usr", "shaped"]
    for (const tier of [1, 2, 3] as const satisfies ReadonlyArray<Tier>) {
      const open = namespaces.filter((namespace) => canBeFound({ tier }, `${namespace}/x`))
      expect(open.sort()).toEqual(tier === 1 ? ["home"] : ["etc", "home"])
    }
    expect(canBeFound({ tier: 3 }, "homes/x")).toBe(false)
  })
})

describe("C13 narrowed to candidates", () => {
  test("all stay when there are not too many, and none is made up or told twice", () => {
    fc.assert(
      fc.property(many, fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 70 }), (pool, path, most) => {
        const names = namesOf(narrow(path, pool, most))
        expect(names).toHaveLength(Math.min(pool.length, most))
        expect(new Set(names).size).toBe(names.length)
        expect(names.every((name) => pool.some((item) => item.name === name))).toBe(true)
      })
    )
  })

  test("the same path and pool give the same candidates; where nothing is alike, the most recent", () => {
    fc.assert(
      fc.property(many, fc.string(), (pool, path) => {
        expect(narrow(path, pool, 5)).toEqual(narrow(path, pool, 5))
      })
    )
    const pool = crowd(80)
    expect(narrow("/我的购物清单", pool)).toEqual(pool.slice(0, mostCandidates))
    expect(narrow("/", pool)).toEqual(pool.slice(0, mostCandidates))
  })

  test("a world is found by its own name in any crowd, in upper case and decomposed too", () => {
    fc.assert(
      fc.property(fc.constantFrom("shopping-list", "été/plan", "购物清单", "a1b2", "проект"), (name) => {
        const pool = [...crowd(400), { name: `home/${name}` }]
        for (const path of [`/${name}`, `/${name.toUpperCase()}`, `/x/${name.normalize("NFD")}`]) {
          expect(namesOf(narrow(path, pool))[0]).toBe(`home/${name}`)
        }
      })
    )
  })

  test.each([
    ["a typing error", "/hom/shoping-lst", "home/shopping-list"],
    ["no separators", "/shoppinglist", "home/shopping-list"],
    ["other separators", "/shopping%20list/", "home/shopping_list"],
    ["words around it", "/where-is-my-shopping-list-please", "home/shopping-list"],
    ["another order", "/list/of/shopping", "home/shopping-list"],
    ["an abbreviation", "/config", "etc/configuration"],
    ["a longer word", "/meetings-of-march", "home/meeting-march"],
    ["Chinese around it", "/我的购物清单", "home/购物清单"],
    ["part of a Chinese name", "/清单", "home/2024购物清单"],
    ["Japanese", "/買い物のリスト", "home/買い物リスト"]
  ])("%s", (_, path, name) => {
    const pool = [...crowd(450), { name }]
    expect(namesOf(narrow(path, pool))[0]).toBe(name)
  })

  test("the closer name comes first", () => {
    const pool = named("home/notes-of-the-meeting-in-march", "home/notes", "home/note-taking")
    expect(namesOf(narrow("/notes", pool))[0]).toBe("home/notes")
  })

  test("the longest names and paths there can be cost little", () => {
    const words = (seed: number) =>
      Array.from({ length: 8 }, (_, i) => String.fromCharCode(97 + ((seed + i) % 26)).repeat(30)).join("-")
    const pool = Array.from({ length: poolSize }, (_, i) => ({ name: `home/${words(i)}` }))
    const path = `/${Array.from({ length: 130 }, (_, i) => words(i)).join("/")}`
    const started = performance.now()
    narrow(path, pool)
    // About 10 ms; the plain algorithm on all words takes seconds.
    expect(performance.now() - started).toBeLessThan(500)
  })
})
