import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { formatHttpDate, parseHttpDate } from "../../src/domain/HttpDate.ts"

const example = Date.UTC(1994, 10, 6, 8, 49, 37)
const now = Date.UTC(2026, 6, 1)
const anyInstant = fc.integer({ min: -62_167_219_200, max: 253_402_300_799 }).map((seconds) => seconds * 1000)

describe("formatHttpDate (RFC 9110 5.6.7: IMF-fixdate)", () => {
  it("writes the RFC's example, rounded down to the second", () => {
    expect(formatHttpDate(example + 999)).toBe("Sun, 06 Nov 1994 08:49:37 GMT")
    expect(formatHttpDate(-1)).toBe("Wed, 31 Dec 1969 23:59:59 GMT")
  })

  it.each([
    [Number.NaN, "Thu, 01 Jan 1970 00:00:00 GMT"],
    [Number.POSITIVE_INFINITY, "Fri, 31 Dec 9999 23:59:59 GMT"],
    [Number.NEGATIVE_INFINITY, "Sat, 01 Jan 0000 00:00:00 GMT"],
    [1e300, "Fri, 31 Dec 9999 23:59:59 GMT"]
  ])("is total: %d", (millis, text) => {
    expect(formatHttpDate(millis)).toBe(text)
  })

  it("agrees with the platform for four-digit years", () => {
    const instant = fc.date({ min: new Date("1000-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59Z") })
    fc.assert(fc.property(instant, (date) => formatHttpDate(date.getTime()) === date.toUTCString()))
  })
})

describe("parseHttpDate (RFC 9110 5.6.7)", () => {
  it.each([
    ["IMF-fixdate", "Sun, 06 Nov 1994 08:49:37 GMT", example],
    ["RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT", example],
    ["asctime", "Sun Nov  6 08:49:37 1994", example],
    ["asctime, two-digit day", "Wed Nov 16 08:49:37 1994", Date.UTC(1994, 10, 16, 8, 49, 37)],
    ["a leap day", "Thu, 29 Feb 2024 00:00:00 GMT", Date.UTC(2024, 1, 29)],
    ["a leap second", "Sat, 31 Dec 2016 23:59:60 GMT", Date.UTC(2017, 0, 1)]
  ])("reads %s", (_, text, millis) => {
    expect(parseHttpDate(text, now)).toBe(millis)
  })

  it.each([
    ...["", "Sun, 06 Nov 1994", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "1994-11-06T08:49:37Z"],
    ...["Sun, 6 Nov 1994 08:49:37 GMT", "sun, 06 nov 1994 08:49:37 gmt", "Sun,  06 Nov 1994 08:49:37 GMT"],
    ...["Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:60 GMT"],
    ...["Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT"],
    ...["Sun Nov 6 08:49:37 1994", "Sun Nov  6 08:49:37 1994 GMT", "Sun, 06 Nov 1994 08:49:37 GMT\n", "784111777"],
    ...["Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT", "Sun, ٠٦ Nov 1994 08:49:37 GMT"]
  ])("refuses %j", (text) => {
    expect(parseHttpDate(text, now)).toBeUndefined()
  })

  it.each(["Mon, 06 Nov 1994 08:49:37 GMT", "Monday, 06-Nov-94 08:49:37 GMT", "Mon Nov  6 08:49:37 1994"])(
    "refuses a weekday that does not fit: %s",
    (text) => {
      expect(parseHttpDate(text, now)).toBeUndefined()
    }
  )

  it.each(["Fri, 31 Feb 2023 00:00:00 GMT", "Wed, 29 Feb 2023 00:00:00 GMT", "Mon, 00 Jan 2024 00:00:00 GMT"])(
    "refuses a day that does not exist: %s",
    (text) => {
      expect(parseHttpDate(text, now)).toBeUndefined()
    }
  )

  it("reads back what formatHttpDate writes, over all years of four digits", () => {
    fc.assert(fc.property(anyInstant, (millis) => parseHttpDate(formatHttpDate(millis)) === millis))
  })

  it.each([
    ["Friday, 01-Jan-27 00:00:00 GMT", 2027],
    ["Wednesday, 01-Jan-76 00:00:00 GMT", 2076],
    ["Saturday, 01-Jan-77 00:00:00 GMT", 1977],
    ["Friday, 01-Jan-99 00:00:00 GMT", 1999]
  ])("a two-digit year over 50 years ahead is of the century before: %s", (text, year) => {
    expect(parseHttpDate(text, now)).toBe(Date.UTC(year, 0, 1))
  })

  it("a two-digit year late in a century may be of the next one", () => {
    expect(parseHttpDate("Wednesday, 01-Jan-10 00:00:00 GMT", Date.UTC(2090, 0, 1))).toBe(Date.UTC(2110, 0, 1))
  })

  it("refuses a hostile 16 KB header in linear time", () => {
    const start = performance.now()
    for (const text of ["Sun, ".repeat(3277), " ".repeat(16384), "0".repeat(16384)]) parseHttpDate(text, now)
    expect(performance.now() - start).toBeLessThan(200)
  })
})
