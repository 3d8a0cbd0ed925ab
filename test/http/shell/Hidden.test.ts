import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { countHidden, hides, type Piece, piecesOf, shownLength } from "../../../src/http/shell/app/pure/Hidden.ts"

const labels = (pieces: ReadonlyArray<Piece>) => pieces.map((piece) => ("seen" in piece ? piece.seen : piece.label))

/** The characters that a piece stands for. */
const meant = (piece: Piece): string => {
  if ("seen" in piece) return piece.seen
  const [, hex = "", times = "1"] = /^U\+([0-9A-F]+)(?: ×(\d+))?$/.exec(piece.label) ?? []
  return String.fromCodePoint(Number.parseInt(hex, 16)).repeat(Number(times))
}

const directions = [0x061c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069]
const shapeless = [0x00ad, 0x034f, 0x115f, 0x180e, 0x200b, 0x200c, 0x200d, 0x2060, 0x2800, 0x3164, 0xfe0f, 0xfeff]
const controls = [0x00, 0x07, 0x08, 0x0b, 0x0c, 0x1b, 0x7f, 0x85, 0x2028, 0x2029, 0xe0041, 0xe0100]

describe("C14 what hides in a source", () => {
  it.each([...directions, ...shapeless, ...controls])("C14: %i is named in its place", (code) => {
    const label = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`
    expect(labels(piecesOf(`a${String.fromCodePoint(code)}b`))).toEqual(["a", label, "b"])
  })
  it.each(directions)("C14: of %i it is said that it turns the direction", (code) => {
    expect(piecesOf(String.fromCodePoint(code))).toMatchObject([{ why: expect.stringContaining("direction") }])
  })
  it.each(["\t", "\n", "\r\n", "a\r\nb", " ", "\u00a0", "é", "שלום", "السلام", "漢字", "👩🏽‍🦰", "❤️", "👩‍👩‍👧", "🏳️‍🌈"])(
    "C14: nothing hides in %j",
    (text) => expect(hides(text)).toBe(false)
  )
  it.each([
    ["a carriage return alone", "// a\rrun()", ["// a", "U+000D", "run()"]],
    ["a joiner between letters", "ad\u200dmin", ["ad", "U+200D", "min"]],
    ["a selector after a letter", "a\ufe0f", ["a", "U+FE0F"]],
    ["a second selector after an emoji", "❤\ufe0f\ufe0f", ["❤\ufe0f", "U+FE0F"]],
    ["many of one kind", "\u200b\u200b\u200bx", ["U+200B ×3", "x"]],
    ["one after another", "\u202e\u2066", ["U+202E", "U+2066"]]
  ])("C14: %s", (_, text, expected) => expect(labels(piecesOf(text))).toEqual(expected))

  const text = fc
    .array(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.constantFrom(...directions.map((code) => String.fromCodePoint(code)), "\r", "\n", "\u200d", "❤", "\ufe0f")
      )
    )
    .map((parts) => parts.join(""))
  it("C14: the pieces together mean the text, and what is seen hides nothing", () => {
    fc.assert(
      fc.property(text, (text) => {
        const pieces = piecesOf(text)
        expect(pieces.map(meant).join("")).toBe(text)
        expect(pieces.filter((piece) => !("seen" in piece))).toHaveLength(countHidden(text))
      })
    )
  })

  it("C14: a text with more marks than a page holds is cut where they end", () => {
    expect(shownLength("a\u200b".repeat(10_000))).toBe(20_000)
    expect(shownLength("a\u200b".repeat(10_001))).toBe(20_001)
    expect(shownLength("x".repeat(1_000_000))).toBe(1_000_000)
    expect(shownLength("x".repeat(1_000_001))).toBe(1_000_000)
  })
  it("C14: looking takes no more than a moment, whatever the text", () => {
    for (const unit of ["x", "\u200b", "a\u200b", "❤\ufe0f\u200d", "\r", "\u200d❤"]) {
      const began = performance.now()
      const text = unit.repeat(500_000 / unit.length)
      piecesOf(text.slice(0, shownLength(text)))
      expect(performance.now() - began).toBeLessThan(1000)
    }
  })
})
