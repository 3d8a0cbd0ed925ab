import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { contentRange, resolveRange, unsatisfiedRange } from "../../src/domain/ByteRange.ts"

const whole = { _tag: "Whole" }
const unsatisfiable = { _tag: "Unsatisfiable" }
const part = (start: number, end: number) => ({ _tag: "Part", start, end })
const huge = "9".repeat(400)

describe("resolveRange (C2.1, RFC 9110 14)", () => {
  it.each([
    ["bytes=0-0", part(0, 0)],
    ["bytes=0-9", part(0, 9)],
    ["bytes=2-5", part(2, 5)],
    ["bytes=9-9", part(9, 9)],
    ["bytes=5-", part(5, 9)],
    ["bytes=5-100", part(5, 9)],
    ["bytes=-3", part(7, 9)],
    ["bytes=-100", part(0, 9)],
    ["BYTES=0-1", part(0, 1)],
    [" bytes=0-1 ", part(0, 1)],
    ["bytes=,0-1 , ,", part(0, 1)],
    ["bytes=0000000000000000000001-00000000000000000002", part(1, 2)],
    [`bytes=0-${huge}`, part(0, 9)],
    [`bytes=-${huge}`, part(0, 9)]
  ])("%s of ten bytes is one part", (header, outcome) => {
    expect(resolveRange(header, 10)).toEqual(outcome)
  })

  it.each([
    ...["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=-000", `bytes=${huge}-`, `bytes=${huge}-${huge}`],
    "bytes=9007199254740993-9007199254740994"
  ])("%s of ten bytes cannot be satisfied", (header) => {
    expect(resolveRange(header, 10)).toEqual(unsatisfiable)
  })

  it.each([
    ...["", "bytes", "bytes=", "bytes=-", "bytes=,", "bytes=a-b", "bytes=0", "bytes=0-1-2", "bytes=--1", "bytes=0x0-1"],
    ...["bytes= 0-1", "bytes=0 -1", "bytes=0- 1", "bytes =0-1", "bytes=+0-1", "bytes=1.0-2", "0-1", "octets=0-1"],
    ...["bytes=0-1\n", "bytes=٠-١", "bytes=5-4", "bytes=9007199254740993-9007199254740992", `bytes=${huge}-1`]
  ])("%j is malformed, and ignored", (header) => {
    expect(resolveRange(header, 10)).toEqual(whole)
  })

  it.each(["bytes=0-1,3-4", "bytes=0-1,-1", "bytes=0-1, 0-1", "items=0-1"])(
    "%s: several ranges, or another unit, are ignored",
    (header) => {
      expect(resolveRange(header, 10)).toEqual(whole)
    }
  )

  it("no header: the whole", () => {
    expect(resolveRange(undefined, 10)).toEqual(whole)
  })

  it.each([
    ["bytes=0-", unsatisfiable],
    ["bytes=0-0", unsatisfiable],
    ["bytes=-0", unsatisfiable],
    ["bytes=-5", whole]
  ])("%s of an empty body", (header, outcome) => {
    expect(resolveRange(header, 0)).toEqual(outcome)
  })

  it("cuts what slicing an array by the RFC's definitions would", () => {
    const position = fc.option(fc.nat(30), { nil: undefined })
    fc.assert(
      fc.property(position, position, fc.nat(20), (first, last, length) => {
        const body = Array.from({ length }, (_, i) => i)
        const expected =
          first === undefined
            ? body.slice(Math.max(0, length - (last ?? 0)))
            : body.filter((i) => i >= first && i <= (last ?? length))
        const outcome = resolveRange(`bytes=${first ?? ""}-${last ?? ""}`, length)
        const isValid = first === undefined ? last !== undefined : last === undefined || first <= last
        if (!isValid) expect(outcome).toEqual(whole)
        else if (outcome._tag === "Part") expect(body.slice(outcome.start, outcome.end + 1)).toEqual(expected)
        else expect(expected).toEqual([])
      }),
      { numRuns: 1000 }
    )
  })

  it("a part lies within the body, whatever the header", () => {
    const header = fc.stringOf(fc.constantFrom("bytes=", "0", "1", "9", "-", ",", " ", huge))
    fc.assert(
      fc.property(header, fc.nat(100), (value, length) => {
        const outcome = resolveRange(value, length)
        return outcome._tag !== "Part" || (0 <= outcome.start && outcome.start <= outcome.end && outcome.end < length)
      }),
      { numRuns: 1000 }
    )
  })
})

describe("Content-Range (RFC 9110 14.4)", () => {
  it("names a part and the complete length", () => {
    expect(contentRange({ _tag: "Part", start: 0, end: 1 }, 10)).toBe("bytes 0-1/10")
  })

  it("names only the length of what cannot be satisfied (C2.1)", () => {
    expect(unsatisfiedRange(10)).toBe("bytes */10")
  })
})

describe("hostile 16 KB headers", () => {
  it.each([
    ["digits", `bytes=${"9".repeat(16384)}-${"9".repeat(16384)}`],
    ["zeros", `bytes=${"0".repeat(16384)}`],
    ["commas", `bytes=${",".repeat(16384)}`],
    ["ranges", `bytes=${"0-0,".repeat(4096)}`],
    ["dashes", `bytes=${"-".repeat(16384)}`],
    ["blanks", `bytes=0-0${" \t".repeat(8192)}x`]
  ])("take linear time: %s", (_, header) => {
    const start = performance.now()
    for (let i = 0; i < 20; i++) resolveRange(header, 10)
    expect(performance.now() - start).toBeLessThan(1000)
  })
})
