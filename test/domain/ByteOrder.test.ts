import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { compareBytes, lowerBound } from "../../src/domain/ByteOrder.ts"

// Where UTF-16 and UTF-8 disagree: around the surrogates.
const edges = fc.constantFrom(
  "",
  "a",
  "b",
  "/",
  "0",
  "\u007f",
  "\u0080",
  "\u07ff",
  "\ud7ff",
  "\ue000",
  "\uffff",
  "\u{10000}",
  "\u{10ffff}"
)
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(edges, { maxLength: 4 }).map((parts) => parts.join(""))
)
const oracle = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

describe("compareBytes (C3.1)", () => {
  it("orders as the UTF-8 bytes do", () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(oracle(a, b))
      }),
      { numRuns: 3000 }
    )
  })

  it.each([
    ["\uffff", "\u{10000}"],
    ["\ue000", "\u{1f600}"],
    ["b", "b/"],
    ["b-c", "b/"],
    ["b/", "b0"],
    ["Z", "a"],
    ["z", "é"]
  ])("%j comes before %j", (a, b) => {
    expect(compareBytes(a, b)).toBeLessThan(0)
    expect(compareBytes(b, a)).toBeGreaterThan(0)
  })
})

describe("lowerBound", () => {
  it("is the index of the first element that is not below the key", () => {
    fc.assert(
      fc.property(fc.array(text), text, (texts, key) => {
        const sorted = [...texts].sort(oracle)
        const found = sorted.findIndex((element) => oracle(element, key) >= 0)
        expect(lowerBound(sorted, key)).toBe(found < 0 ? sorted.length : found)
      })
    )
  })
})
