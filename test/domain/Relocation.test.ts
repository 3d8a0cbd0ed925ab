import { describe, expect, it } from "vitest"
import { isEntangled, relocated, surplus } from "../../src/domain/Relocation.ts"
import { path } from "../helpers/Paths.ts"

describe("C15 copies and moves", () => {
  it.each([
    ["home/a", "home/b"],
    ["home/a/x", "home/b/x"],
    ["home/a/x/y", "home/b/x/y"]
  ])("%s goes to %s with what it lies in", (from, to) => {
    expect(relocated(from, path("home/a"), path("home/b"))).toBe(to)
  })

  it.each([
    ["home/a", "home/a", true],
    ["home/a", "home/a/b", true],
    ["home/a/b", "home/a", true],
    ["home/a", "home/ab", false],
    ["home/a", "home/b", false]
  ])("%s and %s are entangled: %s", (a, b, expected) => {
    expect(isEntangled(a, b)).toBe(expected)
  })

  it("what is not replaced by one of its kind is surplus", () => {
    const before = { worlds: ["home/b", "home/b/x", "home/b/y"], collections: [path("home/b/c"), path("home/b/x")] }
    const after = { worlds: ["home/b/x", "home/b/c"], collections: [path("home/b/x")] }
    expect(surplus(before, after)).toEqual({ worlds: ["home/b", "home/b/y"], collections: ["home/b/c"] })
  })
})
