import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { encodeMeta, metaFromRequest, metaFromStored } from "../../src/domain/MetaHeaders.ts"

const legalName = /^x-meta-[!#$%&'*+.^_`|~0-9a-z-]+$/
const legalValue = /^(?:[!-~](?:[\t -~]*[!-~])?)?$/

describe("metaFromRequest (C6)", () => {
  it("keeps X-Meta-* alone, names lower-cased, repeats and order kept", () => {
    const raw = ["Host", "x", "X-Meta-Author", "a", "x-meta-intent", "b\tc d", "X-META-AUTHOR", "e", "X-Metadata", "f"]
    expect(metaFromRequest(raw)).toEqual([
      ["x-meta-author", "a"],
      ["x-meta-intent", "b\tc d"],
      ["x-meta-author", "e"]
    ])
  })

  it.each(["X-Meta-", "X-Meta", "X-Meta-a b", "X-Meta-é", "X-Meta-a:", "X-Meta-a\n", " X-Meta-a", "X-Meta-\u212a"])(
    "drops the name %j",
    (name) => {
      expect(metaFromRequest([name, "v", "x-meta-kept", "v"])).toEqual([["x-meta-kept", "v"]])
    }
  )

  it.each(["caf\u00e9", "a\u007fb", "a\rb", "a\r\nSet-Cookie: x", "a\nb", "a\u0000b", "\u2028"])(
    "drops the value %j",
    (value) => {
      expect(metaFromRequest(["x-meta-a", value, "x-meta-kept", "v"])).toEqual([["x-meta-kept", "v"]])
    }
  )

  it("trims optional whitespace, and keeps an empty value", () => {
    expect(metaFromRequest(["x-meta-a", " \tv\t ", "x-meta-b", ""])).toEqual([
      ["x-meta-a", "v"],
      ["x-meta-b", ""]
    ])
  })

  it("drops a value over 1024 bytes, and that alone", () => {
    const raw = ["x-meta-fits", "v".repeat(1024), "x-meta-long", "v".repeat(1025)]
    expect(metaFromRequest(raw).map(([name]) => name)).toEqual(["x-meta-fits"])
  })

  it("drops all when their JSON is over 8192 bytes", () => {
    // 8 entries of `["x-meta-a","..."],` and two brackets: the last value fills up to the limit exactly
    const overhead = encodeMeta(Array.from({ length: 9 }, () => ["x-meta-a", ""] as const)).length
    const raw = (total: number) => {
      const rest = total - overhead - 8 * 900
      return [...Array.from({ length: 8 }, () => ["x-meta-a", "v".repeat(900)]), ["x-meta-a", "v".repeat(rest)]].flat()
    }
    expect(encodeMeta(metaFromRequest(raw(8192)))).toHaveLength(8192)
    expect(metaFromRequest(raw(8193))).toEqual([])
  })

  it("counts what JSON escapes", () => {
    const raw = Array.from({ length: 5 }, () => ["x-meta-a", '"'.repeat(1000)]).flat()
    expect(metaFromRequest(raw)).toEqual([])
  })

  it("ignores a name without a value at the end", () => {
    expect(metaFromRequest(["x-meta-a", "v", "x-meta-b"])).toEqual([["x-meta-a", "v"]])
  })

  it("takes linear time on 16 KB of blanks", () => {
    const start = performance.now()
    for (let i = 0; i < 20; i++) metaFromRequest(["x-meta-a", `a${" \t".repeat(8192)}\u0000`])
    expect(performance.now() - start).toBeLessThan(1000)
  })
})

describe("metaFromStored (C6: re-validated on the way out)", () => {
  const stringish = fc.oneof(
    fc.constantFrom("x-meta-a", "X-Meta-B", "x-meta-", "set-cookie"),
    fc.string(),
    fc.fullUnicodeString()
  )

  it("gives back what was stored, as text or parsed", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(stringish, stringish)), (pairs) => {
        const meta = metaFromRequest(pairs.flat())
        expect(metaFromStored(encodeMeta(meta))).toEqual(meta)
        expect(metaFromStored(meta)).toEqual(meta)
      })
    )
  })

  it("drops a hand-edited entry, and that alone", () => {
    const edited = [
      ["set-cookie", "a=b"],
      ["x-meta-a", "b\r\nset-cookie: a=b"],
      ["x-meta-a"],
      ["x-meta-a", "b", "c"],
      ["x-meta-a", 1],
      [["x-meta-a"], "b"],
      "x-meta-a",
      null,
      { 0: "x-meta-a", 1: "b", length: 2 },
      ["X-Meta-Kept", "v"]
    ]
    expect(metaFromStored(JSON.stringify(edited))).toEqual([["x-meta-kept", "v"]])
  })

  it.each([
    "",
    "{",
    "null",
    "1",
    '"x"',
    '{"x-meta-a":"b"}',
    "[".repeat(100_000),
    undefined,
    null,
    7,
    {},
    new Uint8Array(2)
  ])("is empty, and does not throw, for what is no list (%#)", (json) => {
    expect(metaFromStored(json)).toEqual([])
  })

  it("applies the same limits", () => {
    const long = ["x-meta-a", "v".repeat(1025)]
    expect(metaFromStored([long, ["x-meta-b", "v"]])).toEqual([["x-meta-b", "v"]])
    expect(metaFromStored(Array.from({ length: 9 }, () => ["x-meta-a", "v".repeat(1000)]))).toEqual([])
  })

  it("lets nothing but legal headers out, whatever is stored", () => {
    const anything = fc.oneof(fc.json(), fc.anything(), fc.array(fc.tuple(stringish, stringish)))
    fc.assert(
      fc.property(anything, (json) =>
        metaFromStored(json).every(([name, value]) => legalName.test(name) && legalValue.test(value))
      )
    )
  })
})
