import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { harmOf, joined, type Meta, mayBeJoined, separated } from "../../../src/http/shell/app/pure/Meta.ts"

/** What a browser makes of headers: one of each name, in order of the names. */
const fetched = (meta: Meta): Meta => {
  const headers = new Headers()
  for (const [name, value] of meta) headers.append(name, value)
  const pairs: Array<readonly [string, string]> = []
  headers.forEach((value, name) => {
    pairs.push([name, value])
  })
  return pairs
}

const meta = fc.array(
  fc.tuple(fc.constantFrom("x-meta-a", "x-meta-b", "x-meta-c"), fc.constantFrom("", "one", "two, three", ",", "a,b")),
  { maxLength: 6 }
)

describe("C14 metadata as fetch shows it", () => {
  it("C14: headers are joined as fetch does it", () => {
    fc.assert(
      fc.property(meta, (meta) => {
        expect([...joined(meta)].sort()).toEqual([...fetched(meta)].sort())
      })
    )
  })
  it("C14: what was signed is shown when it is what fetch has joined", () => {
    fc.assert(
      fc.property(meta, (meta) => {
        expect(separated(fetched(meta), meta)).toEqual(meta)
      })
    )
  })
  it("C14: headers that cannot have been joined are as their writer sent them", () => {
    fc.assert(
      fc.property(meta, (meta) => {
        if (mayBeJoined(fetched(meta))) return
        expect([...fetched(meta)].sort()).toEqual(meta.toSorted())
      })
    )
  })
  it.each<readonly [string, Meta, Meta | undefined]>([
    ["nothing known", [["x-meta-a", "1, 2"]], undefined],
    ["another value", [["x-meta-a", "1, 2"]], [["x-meta-a", "1"]]],
    ["another name", [["x-meta-a", "1"]], [["x-meta-b", "1"]]],
    [
      "more",
      [["x-meta-a", "1"]],
      [
        ["x-meta-a", "1"],
        ["x-meta-b", "1"]
      ]
    ]
  ])("C14: where receipts say otherwise, the headers are shown: %s", (_, headers, signed) =>
    expect(separated(headers, signed)).toBe(headers)
  )
  it("C14: what a browser would do to repeats is said, and only of them", () => {
    expect(harmOf([["x-meta-a", "1, 2"]])).toBeUndefined()
    expect(
      harmOf([
        ["x-meta-a", "1"],
        ["x-meta-b", "1"],
        ["x-meta-a", "2"]
      ])
    ).toMatch(/^x-meta-a stands .* joined by commas/)
    expect(
      harmOf([
        ["x-meta-a", "x".repeat(600)],
        ["x-meta-a", "x".repeat(600)]
      ])
    ).toMatch(/too long to be kept/)
  })
})
