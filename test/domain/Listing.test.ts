import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Child, childrenOf, entryOf } from "../../src/domain/Listing.ts"

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
const everything = () => true

/** The listing by its definition: every visible name below the prefix, cut at the next slash. */
const naive = (names: Iterable<string>, prefix: string, visible: (name: string) => boolean): Array<string> => {
  const entries = new Set<string>()
  for (const name of names) {
    if (!name.startsWith(prefix) || !visible(name)) continue
    const rest = name.slice(prefix.length)
    const slash = rest.indexOf("/")
    entries.add(slash < 0 ? rest : rest.slice(0, slash + 1))
  }
  return [...entries].sort(byBytes)
}

const listed = (children: Iterable<Child>) => [...children].map(entryOf)

// Few and mean segments, so that worlds, prefixes and near misses meet: "-" sorts before "/", "0" after it.
const segment = fc.constantFrom("a", "b", "b-", "b-c", "b0", "b!", "é", "\uffff", "😀", "bb")
const tree = fc
  .array(fc.array(segment, { minLength: 1, maxLength: 4 }), { maxLength: 30 })
  .map((paths) => [...new Set(paths.map((parts) => `home/${parts.join("/")}`))].sort(byBytes))
const prefix = fc.constantFrom("", "home/", "home/a/", "home/b/", "home/b/b-/", "home/b", "etc/")

describe("childrenOf (C3.1)", () => {
  it("a name that is both a world and a prefix appears as both, the world first", () => {
    const names = ["home/b", "home/b-c", "home/b/x", "home/b0"]
    expect(listed(childrenOf(names, "home/", everything))).toEqual(["b", "b-c", "b/", "b0"])
  })

  it("an unknown collection is empty", () => {
    expect(listed(childrenOf(["home/b", "home/c/x"], "home/a/", everything))).toEqual([])
    expect(listed(childrenOf([], "", everything))).toEqual([])
  })

  it("agrees with the definition on any tree", () => {
    fc.assert(
      fc.property(tree, prefix, (names, prefix) => {
        fc.pre(prefix === "" || prefix.endsWith("/"))
        expect(listed(childrenOf(names, prefix, everything))).toEqual(naive(names, prefix, everything))
      }),
      { numRuns: 1000 }
    )
  })

  it("C15 a collection that was made is a child like one with worlds below it, and none of its own", () => {
    const names = ["home/b", "home/b-c", "home/b/", "home/b/c/", "home/d/"]
    expect(listed(childrenOf(names, "home/", everything))).toEqual(["b", "b-c", "b/", "d/"])
    expect(listed(childrenOf(names, "home/b/", everything))).toEqual(["c/"])
    expect(listed(childrenOf(names, "home/d/", everything))).toEqual([])
    expect(listed(childrenOf(names, "home/", everything, "b/"))).toEqual(["d/"])
    expect(listed(childrenOf(names, "home/", (name) => !name.startsWith("home/d")))).toEqual(["b", "b-c", "b/"])
  })

  it("C7.1 shows of the invisible neither worlds nor the collections that hold nothing else", () => {
    fc.assert(
      fc.property(tree, prefix, fc.func(fc.boolean()), (names, prefix, coin) => {
        fc.pre(prefix === "" || prefix.endsWith("/"))
        const visible = (name: string) => coin(name)
        expect(listed(childrenOf(names, prefix, visible))).toEqual(naive(names, prefix, visible))
      }),
      { numRuns: 1000 }
    )
  })

  it("is lazy: a page of one does not look at the whole tree", () => {
    const names = Array.from({ length: 1000 }, (_, i) => `home/${String(i).padStart(4, "0")}`)
    let asked = 0
    const [first] = childrenOf(names, "home/", () => ++asked > 0)
    expect(first).toEqual({ name: "0000", dir: false })
    expect(asked).toBe(1)
  })
})

describe("paging by `after` (C3.2)", () => {
  it("concatenates to the whole, whatever the page size", () => {
    fc.assert(
      fc.property(tree, fc.integer({ min: 1, max: 4 }), fc.func(fc.boolean()), (names, size, coin) => {
        const visible = (name: string) => coin(name)
        const pages: Array<string> = []
        let after: string | undefined
        for (;;) {
          const page = listed(childrenOf(names, "home/", visible, after)).slice(0, size)
          pages.push(...page)
          after = page.at(-1)
          if (after === undefined) break
        }
        expect(pages).toEqual(naive(names, "home/", visible))
      }),
      { numRuns: 1000 }
    )
  })

  it("goes on after an entry that was deleted in the meantime", () => {
    fc.assert(
      fc.property(tree, segment, fc.constantFrom("", "/"), (names, name, slash) => {
        const after = name + slash
        const rest = naive(names, "home/", everything).filter((entry) => byBytes(entry, after) > 0)
        expect(listed(childrenOf(names, "home/", everything, after))).toEqual(rest)
      }),
      { numRuns: 1000 }
    )
  })
})
