import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { parseEntityTag, parseTagCondition, strongMatch, weakMatch } from "../../src/domain/EntityTag.ts"

const strong = (opaque: string) => ({ weak: false, opaque })
const weak = (opaque: string) => ({ weak: true, opaque })

describe("parseTagCondition (RFC 9110 8.8.3, 13.1.1)", () => {
  it.each([
    ["*", "*"],
    [" *\t", "*"],
    ['"a"', [strong("a")]],
    ['W/"a"', [weak("a")]],
    ['""', [strong("")]],
    ['"*"', [strong("*")]],
    ['"a,b", W/"c"', [strong("a,b"), weak("c")]],
    ['"a","b"', [strong("a"), strong("b")]],
    [', ,"a" ,\t, "b",', [strong("a"), strong("b")]],
    ['"a\\"', [strong("a\\")]],
    ['"\u00e9!~"', [strong("\u00e9!~")]],
    ["", []],
    [" , ", []]
  ])("reads %j", (header, condition) => {
    expect(parseTagCondition(header)).toEqual(condition)
  })

  it.each([
    ...["a", '"a', 'a"', '"a" "b"', '"a""b"', 'w/"a"', 'W/ "a"', "W/a", '"a b"', '"a\tb"', '"\u007f"', '"\u0100"'],
    ...['*, "a"', '"a", *', "**", '"a", b', "'a'", '"a"x', '"a\n"']
  ])("refuses %j", (header) => {
    expect(parseTagCondition(header)).toBeUndefined()
  })

  const opaque = fc.stringOf(fc.constantFrom(..."!#azAZ09,\\/*~ÿ"))
  const tag = fc.record({ weak: fc.boolean(), opaque })
  const write = (t: { weak: boolean; opaque: string }) => `${t.weak ? "W/" : ""}"${t.opaque}"`

  it("reads back any list of tags", () => {
    fc.assert(
      fc.property(fc.array(tag), fc.constantFrom(",", ", ", " ,,\t"), (tags, separator) => {
        expect(parseTagCondition(tags.map(write).join(separator))).toEqual(tags)
      })
    )
  })

  it("parseEntityTag reads exactly one (13.1.5)", () => {
    fc.assert(
      fc.property(tag, (t) => {
        expect(parseEntityTag(write(t))).toEqual(t)
      })
    )
    expect(['"a",', '"a", "b"', ' "a"', "*", "", "a"].map(parseEntityTag)).toEqual(Array(6).fill(undefined))
  })

  it.each([
    ["commas", ",".repeat(16384)],
    ["quotes", '"'.repeat(16383)],
    ["an open tag", `"${"a".repeat(16384)}`],
    ["weak marks", "W/".repeat(8192)],
    ["open weak tags", 'W/"'.repeat(5461)],
    ["tags", '"",'.repeat(5461)],
    ["blanks", `"a"${" ".repeat(16384)}x`]
  ])("takes linear time on 16 KB of %s", (_, header) => {
    const start = performance.now()
    for (let i = 0; i < 20; i++) parseTagCondition(header)
    expect(performance.now() - start).toBeLessThan(1000)
  })
})

describe("comparison (RFC 9110 8.8.3.2)", () => {
  it.each([
    ["a strong tag", [strong("1")], ["1"], true, true],
    ["a weak tag", [weak("1")], ["1"], false, true],
    ["another tag", [strong("2")], ["1"], false, false],
    ["the same in another case", [strong("A")], ["a"], false, false],
    ["any of several representations", [strong("3"), strong("2")], ["1", "2"], true, true],
    ["an empty list", [], ["1"], false, false],
    ["a tag where nothing is", [strong("1")], [], false, false],
    ["* where something is", "*", ["1"], true, true],
    ["* where nothing is", "*", [], false, false]
  ] as const)("%s", (_, condition, opaques, strongly, weakly) => {
    expect([strongMatch(condition, opaques), weakMatch(condition, opaques)]).toEqual([strongly, weakly])
  })
})
