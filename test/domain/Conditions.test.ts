import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Conditions } from "../../src/domain/Conditions.ts"
import { conditionsOf, evaluateRead, evaluateWrite, hasConditions, ifRangeHolds } from "../../src/domain/Conditions.ts"
import { formatHttpDate } from "../../src/domain/HttpDate.ts"

const modified = Date.UTC(2026, 0, 15, 12, 0, 0) + 789
const at = formatHttpDate(modified)
const before = formatHttpDate(modified - 1000)
const after = formatHttpDate(modified + 1000)
const current = { tags: ["raw", "json"], modified }
const read = (c: Conditions) => evaluateRead(c, current, "raw")
const write = (c: Conditions) => evaluateWrite(c, current)

describe("conditionsOf, hasConditions (RFC 9110 13.1)", () => {
  it("picks the five headers and leaves out the absent ones", () => {
    expect(conditionsOf({ "if-match": "*", "if-none-match": undefined, "if-range": at, host: "x" })).toEqual({
      ifMatch: "*",
      ifRange: at
    })
    expect(conditionsOf({ "if-none-match": "1", "if-modified-since": "2", "if-unmodified-since": "3" })).toEqual({
      ifNoneMatch: "1",
      ifModifiedSince: "2",
      ifUnmodifiedSince: "3"
    })
  })

  it("If-Range alone does not make a request conditional (13.1.5)", () => {
    expect(hasConditions({ ifRange: at })).toBe(false)
    expect(hasConditions({})).toBe(false)
  })

  it.each([{ ifMatch: "" }, { ifNoneMatch: "" }, { ifModifiedSince: "" }, { ifUnmodifiedSince: "" }])(
    "%j does",
    (c) => {
      expect(hasConditions(c)).toBe(true)
    }
  )
})

describe("evaluateRead (C2.3, RFC 9110 13.2.2)", () => {
  it.each([
    [{}, "proceed"],
    [{ ifMatch: '"raw"' }, "proceed"],
    [{ ifMatch: "*" }, "proceed"],
    [{ ifMatch: '"other"' }, "failed"],
    [{ ifMatch: '"json"' }, "failed"], // a tag of another representation than the selected one
    [{ ifMatch: 'W/"raw"' }, "failed"],
    [{ ifMatch: "raw" }, "failed"],
    [{ ifMatch: "" }, "failed"]
  ] as const)("If-Match compares strongly with the selected tag: %j", (c, outcome) => {
    expect(read(c)).toBe(outcome)
  })

  it.each([
    [{ ifNoneMatch: '"raw"' }, "notModified"],
    [{ ifNoneMatch: 'W/"raw"' }, "notModified"],
    [{ ifNoneMatch: '"x", "raw"' }, "notModified"],
    [{ ifNoneMatch: "*" }, "notModified"],
    [{ ifNoneMatch: '"json"' }, "proceed"],
    [{ ifNoneMatch: "raw" }, "proceed"]
  ] as const)("If-None-Match compares weakly with the selected tag: %j", (c, outcome) => {
    expect(read(c)).toBe(outcome)
  })

  it.each([
    [{ ifModifiedSince: before }, "proceed"],
    [{ ifModifiedSince: at }, "notModified"],
    [{ ifModifiedSince: ` ${after} ` }, "notModified"],
    [{ ifModifiedSince: "yesterday" }, "proceed"],
    [{ ifUnmodifiedSince: before }, "failed"],
    [{ ifUnmodifiedSince: at }, "proceed"],
    [{ ifUnmodifiedSince: after }, "proceed"],
    [{ ifUnmodifiedSince: "yesterday" }, "proceed"]
  ] as const)("dates are compared by the second, invalid ones ignored: %j", (c, outcome) => {
    expect(read(c)).toBe(outcome)
  })

  it.each([
    ["If-Match overrides If-Unmodified-Since", { ifMatch: '"raw"', ifUnmodifiedSince: before }, "proceed"],
    ["If-None-Match overrides If-Modified-Since", { ifNoneMatch: '"x"', ifModifiedSince: after }, "proceed"],
    ["even a malformed one does", { ifNoneMatch: "x", ifModifiedSince: after }, "proceed"],
    ["If-Match comes before If-None-Match", { ifMatch: '"x"', ifNoneMatch: '"raw"' }, "failed"],
    ["a held If-Match leaves If-None-Match to decide", { ifMatch: '"raw"', ifNoneMatch: '"raw"' }, "notModified"],
    ["If-Unmodified-Since comes before If-None-Match", { ifUnmodifiedSince: before, ifNoneMatch: '"raw"' }, "failed"],
    [
      "If-Unmodified-Since comes before If-Modified-Since",
      { ifUnmodifiedSince: at, ifModifiedSince: at },
      "notModified"
    ]
  ] as const)("order: %s", (_, c, outcome) => {
    expect(read(c)).toBe(outcome)
  })
})

describe("evaluateWrite (C4.3, RFC 9110 13.2.2)", () => {
  it.each([
    [{}, "proceed"],
    [{ ifMatch: '"raw"' }, "proceed"],
    [{ ifMatch: '"json"' }, "proceed"],
    [{ ifMatch: "*" }, "proceed"],
    [{ ifMatch: 'W/"raw"' }, "failed"],
    [{ ifMatch: '"old"' }, "failed"],
    [{ ifMatch: "raw" }, "failed"],
    [{ ifNoneMatch: "*" }, "failed"],
    [{ ifNoneMatch: 'W/"json"' }, "failed"],
    [{ ifNoneMatch: '"old"' }, "proceed"],
    [{ ifNoneMatch: "raw" }, "failed"],
    [{ ifUnmodifiedSince: at }, "proceed"],
    [{ ifUnmodifiedSince: before }, "failed"],
    [{ ifUnmodifiedSince: "yesterday" }, "proceed"],
    [{ ifModifiedSince: after }, "proceed"],
    [{ ifMatch: '"raw"', ifUnmodifiedSince: before }, "proceed"],
    [{ ifMatch: '"raw"', ifNoneMatch: '"raw"' }, "failed"]
  ] as const)("of an existing world: %j", (c, outcome) => {
    expect(write(c)).toBe(outcome)
  })

  it.each([
    [{}, "proceed"],
    [{ ifNoneMatch: "*" }, "proceed"],
    [{ ifNoneMatch: '"raw"' }, "proceed"],
    [{ ifMatch: "*" }, "failed"],
    [{ ifMatch: '"raw"' }, "failed"],
    [{ ifUnmodifiedSince: before }, "proceed"],
    [{ ifMatch: "*", ifUnmodifiedSince: after }, "failed"]
  ] as const)("of no world: %j", (c, outcome) => {
    expect(evaluateWrite(c, undefined)).toBe(outcome)
  })

  it("If-Match: * and If-None-Match: * are never both held", () => {
    fc.assert(
      fc.property(fc.option(fc.array(fc.hexaString(), { minLength: 1 }), { nil: undefined }), (tags) => {
        const world = tags === undefined ? undefined : { tags, modified }
        const outcomes = [evaluateWrite({ ifMatch: "*" }, world), evaluateWrite({ ifNoneMatch: "*" }, world)]
        expect(outcomes.filter((outcome) => outcome === "proceed")).toHaveLength(1)
      })
    )
  })
})

describe("ifRangeHolds (C2.1, RFC 9110 13.1.5)", () => {
  it.each([
    [undefined, true],
    ['"raw"', true],
    [' "raw" ', true],
    [at, true],
    ['W/"raw"', false],
    ['"old"', false],
    ['"raw", "old"', false],
    ["*", false],
    [before, false],
    [after, false],
    ["", false],
    ["raw", false]
  ])("%s: %s", (ifRange, holds) => {
    expect(ifRangeHolds(ifRange, "raw", modified, modified + 60_000)).toBe(holds)
  })
})
