import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import * as FairCap from "../../src/domain/FairCap.ts"

type Cap = ReturnType<typeof FairCap.make>

/** A cap with a clock of its own. */
const clocked = (limits: FairCap.Limits) => {
  const cap: Cap = FairCap.make(limits)
  let now = 1_000_000
  return {
    admit: (caller: string) => cap(caller, now),
    admits: (caller: string) => cap(caller, now).admitted,
    after: (milliseconds: number) => {
      now += milliseconds
      return now
    }
  }
}

describe("C12.4 a cap over a sliding minute", () => {
  test("one caller alone may take all of it, and no more", () => {
    const cap = clocked({ overall: 3, perCaller: 3 })
    expect(cap.admit("a")).toEqual({ admitted: true, remaining: 2, reset: 60 })
    cap.after(10_000)
    expect(cap.admit("a")).toEqual({ admitted: true, remaining: 1, reset: 50 })
    expect(cap.admit("a")).toEqual({ admitted: true, remaining: 0, reset: 50 })
    expect(cap.admit("a")).toEqual({ admitted: false, remaining: 0, reset: 50 })
  })

  test("the minute slides: each use comes free a minute after it", () => {
    const cap = clocked({ overall: 2, perCaller: 2 })
    cap.admit("a")
    cap.after(30_000)
    cap.admit("a")
    cap.after(29_999)
    expect(cap.admits("a")).toBe(false)
    cap.after(1)
    expect(cap.admits("a")).toBe(true)
    expect(cap.admits("a")).toBe(false)
  })

  test("a caller's own cap leaves the others alone", () => {
    const cap = clocked({ overall: 10, perCaller: 1 })
    expect(cap.admits("a")).toBe(true)
    expect(cap.admits("a")).toBe(false)
    expect(cap.admits("b")).toBe(true)
  })

  test("where nobody waits, nobody is held back for the sake of others", () => {
    const cap = clocked({ overall: 4, perCaller: 4 })
    expect(cap.admits("quiet")).toBe(true)
    for (let n = 0; n < 3; n++) expect(cap.admits("noisy")).toBe(true)
    expect(cap.admits("noisy")).toBe(false)
  })

  test("whoever was turned away gets the next place, however often a noisy one asks for it", () => {
    const cap = clocked({ overall: 4, perCaller: 4 })
    for (let n = 0; n < 4; n++) {
      cap.admits("noisy")
      cap.after(1000)
    }
    expect(cap.admits("quiet")).toBe(false)
    cap.after(56_000)
    for (let n = 0; n < 100; n++) expect(cap.admits("noisy")).toBe(false)
    expect(cap.admits("quiet")).toBe(true)
  })

  test("nothing is to be had of nothing", () => {
    expect(clocked({ overall: 0, perCaller: 5 }).admits("a")).toBe(false)
    expect(clocked({ overall: 5, perCaller: 0 }).admits("a")).toBe(false)
  })

  const traffic = fc.array(fc.record({ caller: fc.constantFrom("a", "b", "c"), after: fc.nat(20_000) }), {
    maxLength: 150
  })

  test("in no minute is more admitted than the caps say, overall or to one caller", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 8 }),
        traffic,
        (overall, perCaller, asks) => {
          const cap = clocked({ overall, perCaller })
          const uses: Array<{ readonly caller: string; readonly at: number }> = []
          for (const { after, caller } of asks) {
            const at = cap.after(after)
            const recent = uses.filter((use) => use.at > at - FairCap.window)
            const own = recent.filter((use) => use.caller === caller)
            const { admitted, remaining, reset } = cap.admit(caller)
            expect(reset).toBeGreaterThanOrEqual(1)
            expect(reset).toBeLessThanOrEqual(60)
            expect(remaining).toBeLessThan(Math.min(overall, perCaller))
            if (!admitted) continue
            expect(recent.length).toBeLessThan(overall)
            expect(own.length).toBeLessThan(perCaller)
            uses.push({ caller, at })
          }
        }
      )
    )
  })

  test("whoever asks every second gets a share, whatever the others do", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 20 }), fc.integer({ min: 1, max: 20 }), (overall, noise) => {
        const cap = clocked({ overall, perCaller: overall })
        let got = 0
        for (let second = 0; second < 300; second++) {
          for (let n = 0; n < noise; n++) cap.admit("noisy")
          if (cap.admits("quiet")) got++
          cap.after(1000)
        }
        // Five minutes, the first of which may be gone before it came.
        expect(got).toBeGreaterThanOrEqual(4 * Math.floor(overall / 2))
      })
    )
  })
})
