import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { distance, likeness, patternOf, wordsOf } from "../../src/domain/Likeness.ts"

/** The distance as textbooks have it: the whole matrix. */
const textbook = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced))
    }
    row = next
  }
  return row[b.length] ?? 0
}

const word = fc.string({ unit: fc.constantFrom("a", "b", "c", "é", "清", "\u{20000}"), maxLength: 31 })
const shortened = word.map((text) => text.slice(0, 31))
const like = (a: string, b: string) => likeness(patternOf(a), b)

describe("C13 words of a path", () => {
  test.each([
    ["/Shopping_List-2024", ["shoppinglist2024", "shopping", "list", "2024"]],
    ["home/notes", ["home", "notes"]],
    ["/我的购物清单", ["我的", "的购", "购物", "物清", "清单"]],
    ["/书", ["书"]],
    ["/购物list", ["购物list", "购物", "list"]],
    ["/カフェー", ["カフ", "フェ", "ェー"]],
    ["/E\u0301tude", ["\u00e9tude"]],
    ["/", []],
    ["/-- !", []]
  ])("%s", (text, words) => {
    expect(wordsOf(text)).toEqual(words)
  })

  test("are few and short, whatever comes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 3000 }), (text) => {
        const words = wordsOf(text)
        expect(words.length).toBeLessThanOrEqual(16)
        expect(words.every(({ length }) => length > 0 && length <= 31)).toBe(true)
        expect(new Set(words).size).toBe(words.length)
      })
    )
  })
})

describe("C13 edit distance", () => {
  test("is that of the textbook", () => {
    fc.assert(
      fc.property(shortened, word, (a, b) => {
        expect(distance(patternOf(a), b)).toBe(textbook(a, b))
      }),
      { numRuns: 1000 }
    )
  })
})

describe("C13 likeness of words", () => {
  test("is between 0 and 1, 1 for equals alone, and the same from both sides", () => {
    fc.assert(
      fc.property(shortened, shortened, (a, b) => {
        const alike = like(a, b)
        expect(alike).toBeGreaterThanOrEqual(0)
        expect(alike).toBeLessThanOrEqual(1)
        expect(alike === 1).toBe(a === b)
        expect(like(b, a)).toBe(alike)
      }),
      { numRuns: 1000, examples: [["aa", "清a"]] }
    )
  })

  test.each([
    ["shopping", "shoping", 7 / 8],
    ["shoppinglist", "shopping", 8 / 12],
    ["meetings", "meeting", 7 / 8],
    ["清", "清单", 1 / 2],
    ["a", "banana", 0],
    ["notes", "tree", 0]
  ])("%s and %s", (a, b, alike) => {
    expect(like(a, b)).toBe(alike)
  })
})
