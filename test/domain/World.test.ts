import { describe, expect, it } from "vitest"
import { currentTags, initialState, tagOf } from "../../src/domain/World.ts"
import { world } from "../helpers/Paths.ts"

describe("initialState (C10.1)", () => {
  it.each([
    ["lib/x", "pending"],
    ["lib/a/b", "pending"],
    ["home/x", "active"],
    ["home/lib", "active"],
    ["etc/gpu.conf", "active"]
  ])("%s begins %s", (name, state) => {
    expect(initialState(world(name))).toBe(state)
  })
})

describe("tags (C2.3)", () => {
  it("differ for each representation", () => {
    expect(new Set(currentTags({ tag: "t" })).size).toBe(3)
  })

  it("of the bytes is the entry's own", () => {
    expect(tagOf({ tag: "t" }, "raw")).toBe("t")
  })

  it.each(["raw", "json", "text"] as const)("of %s may be named by a condition on a write", (representation) => {
    expect(currentTags({ tag: "t" })).toContain(tagOf({ tag: "t" }, representation))
  })

  it("of different worlds never meet, whatever the representation", () => {
    const [a, b] = [
      currentTags({ tag: "0123456789abcdef0123deadbeef" }),
      currentTags({ tag: "0123456789abcdef0123deadbeee" })
    ]
    expect(a.filter((tag) => b.includes(tag))).toEqual([])
  })
})
