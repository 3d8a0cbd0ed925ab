import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { qualityOf } from "../../src/domain/Accept.ts"
import { hintOf, plainTextQuality, readAccept } from "../../src/domain/ShapeRequest.ts"

const wanted = (header: string | undefined) => {
  const read = readAccept(header)
  if (typeof read === "string") throw new Error(read)
  return read
}

describe("C12.2 Accept is a constraint", () => {
  test.each([
    [undefined, "*/*"],
    ["*/*", "*/*"],
    ["text/*", "*/*"],
    ["text/html", "text/html"],
    ["TEXT/HTML", "text/html"],
    ["text/csv, application/json", "text/csv"],
    ["text/csv;q=0.5, application/json", "application/json"],
    ["*/*, text/csv;q=0.1", "text/csv"],
    ["text/html;q=0, */*", "*/*"],
    ["text/html;level=1, text/plain;q=0.1", "text/plain"],
    ["text/html;charset=utf-8", "text/html"],
    ["text/html;q=nonsense, text/css", "text/css"],
    ["text/event-stream, text/html", "text/html"],
    ["text/event-stream, */*;q=0.1", "*/*"]
  ])("%s requires %s", (header, required) => {
    expect(wanted(header).required).toBe(required)
  })

  test.each(["text/event-stream", "text/event-stream, text/event-stream;q=0.5", "text/event-stream, nonsense"])(
    "%s names a transport and nothing to carry",
    (header) => {
      expect(readAccept(header)).toBe("nothing")
    }
  )

  test.each([
    ...["text/html;q=0", "*/*;q=0", "text/html;level=1;q=0", "text/*;level=1;q=0", "text/html;q=0, text/event-stream"]
  ])("%s accepts nothing that there could be", (header) => {
    expect(readAccept(header)).toBe("nothing acceptable")
  })

  test.each([
    ["text/html;level=1", "text/html", "text/html"],
    ["text/*;level=1, text/event-stream", "*/*", "text/*"],
    ["*/*;charset=utf-8", "*/*", '*/*;charset="utf-8"'],
    ["application/json;charset=utf-8", "application/json", 'application/json;charset="utf-8"'],
    ["text/html;level=1, text/plain", "text/plain", 'text/html;level="1", text/plain']
  ])(
    "%s wants %s: parameters that no type has are left out where nothing is acceptable with them",
    (header, required, accept) => {
      expect(wanted(header)).toMatchObject({ required, accept })
    }
  )

  test.each([
    ["text/html", false],
    ["text/html, text/event-stream", true],
    ["text/html, text/event-stream;q=0.001", true],
    ["text/html, text/event-stream;q=0", false]
  ])("%s streams: %s", (header, streams) => {
    expect(wanted(header).streams).toBe(streams)
  })

  test.each([
    ["Text/HTML ; q=1.0,  text/CSS;q=0.50", "text/html, text/css;q=0.5"],
    ["text/html;charset=UTF-8", 'text/html;charset="UTF-8"'],
    ["text/event-stream, *", "*/*"]
  ])("%s has one spelling, %s", (header, accept) => {
    expect(wanted(header).accept).toBe(accept)
    expect(wanted(accept).accept).toBe(accept)
  })

  const essences = ["text/html", "text/plain", "text/csv", "application/json", "image/png"] as const
  const range = fc.record({
    type: fc.constantFrom(...essences, "*/*", "text/*", "text/event-stream"),
    q: fc.constantFrom("", ";q=0", ";q=0.3", ";q=0.5", ";q=1")
  })
  const header = fc.array(range, { minLength: 1, maxLength: 6 }).map((all) => all.map((r) => r.type + r.q).join(", "))

  test("whatever is required is acceptable, and no other type that is named is more so", () => {
    fc.assert(
      fc.property(header, (header) => {
        const read = readAccept(header)
        if (typeof read === "string") {
          const nothing = read === "nothing"
          expect(header.split(", ").every((element) => element.startsWith("text/event-stream"))).toBe(nothing)
          return
        }
        if (read.required === "*/*") return
        const named = essences.filter((name) => header.includes(name))
        const best = Math.max(...named.map((name) => qualityOf(read.ranges, name)))
        expect(qualityOf(read.ranges, read.required)).toBe(best)
        expect(best).toBeGreaterThan(0)
      })
    )
  })
})

describe("C12.4 plain text, where nothing is wanted more,", () => {
  test.each([
    ["text/plain", 1],
    ["*/*", 1],
    ["text/plain, text/html", 1],
    ["text/plain;q=0.5", 0.5],
    ["text/plain;q=0.5, text/html", 0],
    ["text/plain;q=0.5, */*", 0],
    ["text/html", 0],
    ["text/plain;q=0, */*", 0],
    ["text/plain;q=0", 0]
  ])("by %s is wanted this much: %d", (header, expected) => {
    const read = readAccept(header)
    expect(typeof read === "string" ? 0 : plainTextQuality(read)).toBe(expected)
  })
})

describe("C12.2 the hint", () => {
  test.each([
    ["big-font", "curl/8", "big-font"],
    ["  ", " curl/8 ", "curl/8"],
    [undefined, "curl/8", "curl/8"],
    [undefined, undefined, ""],
    [Buffer.from("给奶奶").toString("latin1"), undefined, "给奶奶"],
    ["caf\xe9", undefined, "café"]
  ])("of intent %s and user agent %s is %s", (intent, userAgent, expected) => {
    expect(hintOf(intent, userAgent)).toBe(expected)
  })
})
