import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  acceptsOnlyText,
  isNavigation,
  negotiate,
  parseAccept,
  prefersHtml,
  qualityOf
} from "../../src/domain/Accept.ts"

const chrome =
  "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
const firefox = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
const offers = ["application/json", "text/html", "text/plain"]
const quality = (header: string | undefined, essence: string) => qualityOf(parseAccept(header), essence)

describe("parseAccept (RFC 9110 12.5.1, C3.3)", () => {
  const everything = [{ type: "*", subtype: "*", parameters: [], q: 1 }]

  it.each([
    [undefined],
    [""],
    [" \t"],
    [","],
    ["*"],
    ["*/*"],
    ["*/*;q=1"],
    ["nonsense"],
    ["text/html;q=2"],
    ["*/html"]
  ])("%j accepts everything", (header) => {
    expect(parseAccept(header)).toEqual(everything)
  })

  it("reads ranges in order, parameters without q, quoted separators kept", () => {
    expect(parseAccept('Text/HTML ; Level="1,2;\\"3\\"";q=0.5 , a/*,, *;q=0')).toEqual([
      { type: "text", subtype: "html", parameters: [["level", '1,2;"3"']], q: 0.5 },
      { type: "a", subtype: "*", parameters: [], q: 1 },
      { type: "*", subtype: "*", parameters: [], q: 0 }
    ])
  })

  it.each([
    ["0", 0],
    ["0.", 0],
    ["0.5", 0.5],
    ["0.123", 0.123],
    ["1", 1],
    ["1.", 1],
    ["1.000", 1]
  ])("takes q=%s", (q, value) => {
    expect(parseAccept(`a/b;q=${q}`)[0]?.q).toBe(value)
  })

  it.each(["", "2", "1.1", "1.001", "-0", "+1", ".5", "0.1234", "1e0", "x", "NaN", " 1", "0x1", "00"])(
    "ignores an element with q=%s",
    (q) => {
      expect(parseAccept(`a/b;q=${q},c/d`).map((range) => range.type)).not.toContain("a")
    }
  )

  it("takes q wherever it stands, in either case", () => {
    expect(parseAccept("a/b;Q=0.5;x=1")).toEqual([{ type: "a", subtype: "b", parameters: [["x", "1"]], q: 0.5 }])
  })
})

describe("qualityOf: the most specific range decides (RFC 9110 12.5.1)", () => {
  it("agrees with the RFC's own example", () => {
    const header = "text/*;q=0.3, text/plain;q=0.7, text/plain;charset=utf-8, text/plain;format=fixed;q=0.4, */*;q=0.5"
    expect(quality(header, "text/plain")).toBe(1)
    expect(quality(header, "text/html")).toBe(0.3)
    expect(quality(header, "image/jpeg")).toBe(0.5)
  })

  it.each([
    ["text/html;q=0, */*", "text/html", 0],
    ["*/*, text/html;q=0", "text/html", 0],
    ["text/*;q=0, */*;q=0.1", "text/plain", 0],
    ["text/*;q=0, text/plain", "text/plain", 1],
    ["text/html;charset=utf-8", "text/html", 1],
    ['text/html;charset="UTF-8"', "text/html", 1],
    ["text/html;charset=utf-8;q=0.2, text/html", "text/html", 0.2],
    ["text/html;charset=latin1", "text/html", 0],
    ["text/html;charset=utf-8;level=1", "text/html", 0],
    ["text/html;level=1, */*;q=0.1", "text/html", 0.1],
    ["application/json;charset=utf-8", "application/json", 1],
    ["application/json;charset=latin1", "application/json", 0],
    ["application/json;version=1", "application/json", 0],
    ["text/*;charset=utf-8;q=0.3, text/*;q=0.9", "text/html", 0.3],
    ["*/*;charset=utf-8", "application/json", 1],
    ["text/html;q=0.1, text/html;q=0.9", "text/html", 0.9],
    ["image/png", "text/html", 0]
  ])("%s gives %s %d", (header, essence, q) => {
    expect(quality(header, essence)).toBe(q)
  })
})

describe("negotiate (C3.3)", () => {
  it.each([
    [undefined, "application/json"],
    ["*/*", "application/json"],
    ["text/*", "text/html"],
    ["text/plain", "text/plain"],
    ["text/plain;q=0.5, text/html;q=0.5", "text/html"],
    ["text/plain, */*;q=0.9", "text/plain"],
    ["application/json;q=0, */*", "text/html"],
    [chrome, "text/html"],
    ["image/png", undefined],
    ["*/*;q=0", undefined],
    ["text/*;q=0.0, application/json;q=0.000", undefined],
    // parameters that nothing has count only where something fits without them
    ["application/json; charset=utf-8", "application/json"],
    ["application/json;odata=verbose", "application/json"],
    ["text/plain;format=flowed", "text/plain"],
    ["application/json;version=2, text/plain", "text/plain"],
    ["application/json;version=2;q=0.1, text/plain;format=flowed", "text/plain"],
    ["text/plain;format=flowed;q=0", undefined],
    ["image/png;x=1", undefined],
    ["text/plain;charset=latin1", undefined],
    ["text/plain;format=flowed;charset=utf-8", "text/plain"]
  ])("%s gets %s", (header, chosen) => {
    expect(negotiate(header, offers)).toBe(chosen)
  })

  it("has nothing to give where nothing is offered", () => {
    expect(negotiate("*/*", [])).toBeUndefined()
  })
})

describe("who is asking (C3.3, C16)", () => {
  it.each([
    [chrome, true],
    [firefox, true],
    ["text/html", true],
    ["text/html;q=0.2, */*;q=0.1", true],
    [undefined, false],
    ["*/*", false],
    ["text/*", false],
    ["text/html, application/json", false],
    ["text/html;q=0, */*", false],
    ["image/png", false]
  ])("prefersHtml(%s) is %s", (header, expected) => {
    expect(prefersHtml(header, offers)).toBe(expected)
  })

  it.each([
    [chrome, undefined, true],
    [firefox, undefined, true],
    ["*/*", "navigate", true],
    [undefined, " Navigate ", true],
    [firefox, "cors", true],
    ["*/*", "cors", false],
    [undefined, undefined, false],
    ["text/html", undefined, false],
    ["text/html, application/xhtml+xml;q=0", undefined, false],
    ["text/html;q=0.9, application/xhtml+xml", undefined, false],
    ["application/xhtml+xml, */*", undefined, false],
    ["text/html;q=0, application/xhtml+xml;q=0", undefined, false]
  ])("isNavigation(%s, %s) is %s", (accept, mode, expected) => {
    expect(isNavigation(accept, mode)).toBe(expected)
  })

  it.each([
    ["text/plain", true],
    ["text/*", true],
    ["text/plain, application/json;q=0, */*;q=0", true],
    [undefined, false],
    ["*/*", false],
    ["text/plain, application/json;q=0.1", false],
    ["text/plain, application/problem+json", false],
    ["text/plain, application/*;q=0.1", false],
    ["text/html", false],
    ["text/plain;q=0", false],
    ["text/plain;format=flowed", true],
    ["text/plain;format=flowed, application/json;charset=utf-8", false]
  ])("acceptsOnlyText(%s) is %s", (header, expected) => {
    expect(acceptsOnlyText(header)).toBe(expected)
  })
})

/**
 * The oracle: RFC 9110 12.5.1 read naively, as a character machine that yields ranges as flat strings, and one table
 * of the four precedence levels tried from the top. It shares neither code nor structure with the source.
 */
const oracle = (header: string | undefined, essence: string, exactly = true): number => {
  const elements: Array<Array<string>> = [[""]]
  let inString = false
  let escaped = false
  for (const char of header ?? "") {
    const element = elements[elements.length - 1] as Array<string> // never empty: it starts with one, and only grows
    if (!inString && char === ",") elements.push([""])
    else if (!inString && char === ";") element.push("")
    else element.push((element.pop() ?? "") + char)
    if (inString && escaped) escaped = false
    else if (inString && char === "\\") escaped = true
    else if (char === '"') inString = !inString
  }
  const token = "[\\w!#$%&'*+.^`|~-]+"
  const value = `(?:${token}|"(?:[\\t !#-\\[\\]-~\\x80-\\uffff]|\\\\[\\t -~\\x80-\\uffff])*")`
  const strip = (s: string) => s.replace(/^[ \t]+/, "").replace(/[ \t]+$/, "")
  const table: Array<{ key: string; q: number }> = []
  for (const element of elements) {
    const [head = "", ...tail] = element.map(strip)
    const range = head === "*" ? "*/*" : head.toLowerCase()
    const parameters = tail.filter((p) => p !== "")
    if (!new RegExp(`^${token}/${token}$`).test(range) || /^\*\/(?!\*$)/.test(range)) continue
    if (!parameters.every((p) => new RegExp(`^${token}=${value}$`, "s").test(p))) continue
    const plain = (p: string) =>
      p
        .replace(/^[^=]*="?/, "")
        .replace(/"$/, "")
        .replace(/\\(.)/gs, "$1")
    const weights = parameters.filter((p) => /^q=/i.test(p)).map(plain)
    const weight = weights[0] ?? "1"
    if (!/^(0|0\.|0\.\d|0\.\d\d|0\.\d\d\d|1|1\.|1\.0|1\.00|1\.000)$/.test(weight)) continue
    const others = parameters.filter((p) => !/^q=/i.test(p) && (exactly || /^charset=/i.test(p)))
    const fits = others.every((p) => /^charset=/i.test(p) && plain(p).toLowerCase() === "utf-8")
    table.push({
      key: others.length === 0 ? range : fits ? `${range};utf-8` : "never",
      q: Number.parseFloat(weight)
    })
  }
  if (table.length === 0) return 1
  const any = essence.replace(/\/.*/, "/*")
  const levels = [essence, any, "*/*"].flatMap((r) => [`${r};utf-8`, r])
  const level = levels.find((l) => table.some((row) => row.key === l))
  return Math.max(0, ...table.filter((row) => row.key === level).map((row) => row.q))
}

const types = ["text/html", "text/plain", "application/json", "application/problem+json", "image/png"]
const blank = fc.constantFrom("", "", "", " ", "\t ")
const weight = fc.constantFrom("0", "1", "0.5", "0.25", "0.9", "1.000", "0.001", "2", "", "x", '"0.5"', "0.0001")
const parameter = fc.oneof(
  weight.map((q) => `q=${q}`),
  weight.map((q) => `Q=${q}`),
  fc.constantFrom(
    "charset=utf-8",
    'Charset="UTF-8"',
    'charset="\\u\\tf-8"',
    "charset=x",
    "level=1",
    "",
    "x",
    'a="b,c;q=0"'
  )
)
const range = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...types) },
  { weight: 2, arbitrary: fc.constantFrom("text/*", "application/*", "*/*", "*", "image/*") },
  { weight: 1, arbitrary: fc.constantFrom("*/html", "text", "text/", "TEXT/Html", "te xt/html", '"', "", "a/b/c") }
)
const element = fc
  .tuple(range, fc.array(fc.tuple(blank, blank, parameter), { maxLength: 3 }))
  .map(([head, tail]) => head + tail.map(([a, b, p]) => `${a};${b}${p}`).join(""))
const header = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .array(fc.tuple(blank, element, blank), { maxLength: 6 })
      .map((list) => list.map((parts) => parts.join("")).join(","))
  },
  { weight: 1, arbitrary: fc.stringOf(fc.constantFrom(...'at/*;,=q01. "\\', "text/html", ";q=0", "charset=utf-8")) }
)

describe("against an independent reading of RFC 9110 12.5.1", () => {
  it("qualityOf agrees for every type and any header", () => {
    fc.assert(
      fc.property(header, fc.constantFrom(...types), (accept, type) => {
        expect(quality(accept, type)).toBe(oracle(accept, type))
      }),
      { numRuns: 5000 }
    )
  })

  it("negotiate is the first of the best; parameters count only where something is the best with them", () => {
    fc.assert(
      fc.property(header, fc.shuffledSubarray(types), (accept, offered) => {
        const exact = offered.map((type) => oracle(accept, type))
        const ranked = exact.some((q) => q > 0) ? exact : offered.map((type) => oracle(accept, type, false))
        const best = Math.max(0, ...ranked)
        expect(negotiate(accept, offered)).toBe(best === 0 ? undefined : offered[ranked.indexOf(best)])
      }),
      { numRuns: 2000 }
    )
  })

  it("prefersHtml is a strict lead", () => {
    fc.assert(
      fc.property(header, (accept) => {
        const [html = 0, ...others] = types.map((type) => oracle(accept, type))
        expect(prefersHtml(accept, types)).toBe(html > Math.max(0, ...others))
      }),
      { numRuns: 2000 }
    )
  })
})

describe("hostile 16 KB headers", () => {
  it.each([
    ["commas", ",".repeat(16384)],
    ["short ranges", "a/b,".repeat(4096)],
    ["bare stars", "*;".repeat(8192)],
    ["parameters", `text/html${";a=b".repeat(4096)}`],
    ["open quotes", '"'.repeat(16383)],
    ["escapes", `a/b;x="${"\\".repeat(16384)}`],
    ["blanks", `a/b${" \t".repeat(8192)}x`],
    ["a star and blanks", `*${" ".repeat(16384)}x`],
    ["digits", `a/b;q=0.${"0".repeat(16384)}`]
  ])("take linear time: %s", (_, accept) => {
    const start = performance.now()
    for (let i = 0; i < 20; i++) negotiate(accept, offers)
    expect(performance.now() - start).toBeLessThan(1000)
  })
})
