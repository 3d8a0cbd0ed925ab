import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { conditionsOf } from "../../src/domain/Conditions.ts"
import { parseDepth } from "../../src/domain/Depth.ts"
import { timeoutText, usualTimeout, wantedTimeout } from "../../src/domain/LockTimeout.ts"

describe("C15 Depth", () => {
  it.each([
    ["0", "0"],
    ["1", "1"],
    ["infinity", "infinity"],
    [" Infinity\t", "infinity"],
    [undefined, "1"]
  ])("%j is %s", (value, depth) => {
    expect(parseDepth(value, "1")).toBe(depth)
  })

  it.each(["", "2", "-1", "0,1", "infinite", "infinity,noroot", "1.0"])("%j is none", (value) => {
    expect(parseDepth(value, "1")).toBeUndefined()
  })
})

describe("C15 Timeout", () => {
  it.each([
    ["Second-60", 60],
    ["second-0", 0],
    ["Infinite", Number.POSITIVE_INFINITY],
    ["Infinite, Second-4100000000", Number.POSITIVE_INFINITY],
    ["Extend-1, Second-10 , Infinite", 10],
    ["Second-999999999999999", 999_999_999_999_999],
    [undefined, usualTimeout],
    ["", usualTimeout],
    ["Second-", usualTimeout],
    ["Second--1", usualTimeout],
    ["Second-1.5", usualTimeout],
    ["60", usualTimeout],
    ["Second-9999999999999999999999", usualTimeout]
  ])("%j asks for %d seconds", (value, seconds) => {
    expect(wantedTimeout(value)).toBe(seconds)
  })

  it("comes back from its text", () => {
    fc.assert(
      fc.property(fc.nat(), (seconds) => {
        expect(wantedTimeout(timeoutText(seconds))).toBe(seconds)
      })
    )
  })
})

describe("C15 lock tokens", () => {
  it("are submitted by If on every surface", () => {
    expect(conditionsOf({ if: '</dav/home/x> (<urn:uuid:1> ["t"]) (Not <urn:uuid:2>)' })).toEqual({
      lockTokens: ["urn:uuid:1", "urn:uuid:2"]
    })
  })

  it.each(["", "<urn:uuid:1>", "(<urn:uuid:1>", '(["t"])'])("are not by %j", (value) => {
    expect(conditionsOf({ if: value })).toEqual({})
  })
})
