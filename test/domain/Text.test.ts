import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  decodeText,
  isToken,
  isVisibleAscii,
  jsonStringLength,
  looksLikeMarkup,
  splitOutsideQuotes,
  trimOws,
  unquote
} from "../../src/domain/Text.ts"

const encoder = new TextEncoder()
const bytes = (...values: ReadonlyArray<number>) => Uint8Array.from(values)

describe("decodeText (C2.2: bytes that are text)", () => {
  it("gives back every NUL-free well-formed text, BOM included", () => {
    const text = fc.fullUnicodeString().filter((s) => !s.includes("\0"))
    fc.assert(fc.property(text, (s) => decodeText(encoder.encode(s)) === s))
    expect(decodeText(bytes(0xef, 0xbb, 0xbf, 0x61))).toBe("\uFEFFa")
  })

  it.each([
    ["a NUL", bytes(0x61, 0, 0x62)],
    ["a stray continuation byte", bytes(0x80)],
    ["a truncated sequence", bytes(0xe2, 0x82)],
    ["an overlong form", bytes(0xc0, 0xaf)],
    ["an encoded surrogate", bytes(0xed, 0xa0, 0x80)],
    ["Latin-1", bytes(0x63, 0x61, 0x66, 0xe9)]
  ])("refuses %s", (_, input) => {
    expect(decodeText(input)).toBeUndefined()
  })

  it("keeps no state from a failure", () => {
    decodeText(bytes(0xe2, 0x82))
    expect(decodeText(bytes(0xac, 0x61))).toBeUndefined()
    expect(decodeText(encoder.encode("é"))).toBe("é")
  })

  it("takes the empty body for text", () => {
    expect(decodeText(bytes())).toBe("")
  })
})

describe("looksLikeMarkup (C4.2)", () => {
  it.each(["<p>", "<!DOCTYPE html>", "<?xml?>", " \r\n\t<A>", "\uFEFF<a", "\uFEFF \n<a"])("accepts %j", (text) => {
    expect(looksLikeMarkup(text)).toBe(true)
  })

  it.each(["", "<", "< a", "<1", "</p>", "a<b>", "x", "<3 you"])("refuses %j", (text) => {
    expect(looksLikeMarkup(text)).toBe(false)
  })

  it("is linear on a megabyte of blanks", () => {
    expect(looksLikeMarkup(" ".repeat(1 << 20))).toBe(false)
  })
})

describe("jsonStringLength (C2.2: the envelope's length without its text)", () => {
  it("is the UTF-8 length of JSON.stringify, for any UTF-16, lone surrogates too", () => {
    const unit = fc.oneof(
      fc.integer({ min: 0, max: 0xffff }),
      fc.integer({ min: 0, max: 0x7f }),
      fc.integer({ min: 0xd7f0, max: 0xe010 })
    )
    const text = fc.array(unit).map((units) => String.fromCharCode(...units))
    fc.assert(fc.property(text, (s) => jsonStringLength(s) === encoder.encode(JSON.stringify(s)).length))
  })

  it("is right for each single unit", () => {
    const wrong = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).filter(
      (s) => jsonStringLength(s) !== encoder.encode(JSON.stringify(s)).length
    )
    expect(wrong).toEqual([])
  })
})

describe("header lexis (RFC 9110 5.6)", () => {
  it("isToken knows exactly the 77 characters of 5.6.2", () => {
    const tokens = Array.from({ length: 0x180 }, (_, code) => String.fromCharCode(code)).filter(isToken)
    expect(tokens.join("")).toBe("!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~")
    expect(isToken("")).toBe(false)
    expect(isToken("a\n")).toBe(false)
  })

  it("isVisibleAscii knows exactly tab, space and the 94 visible characters (C6)", () => {
    const legal = Array.from({ length: 0x180 }, (_, code) => code).filter((c) => isVisibleAscii(String.fromCharCode(c)))
    expect(legal).toEqual([9, ...Array.from({ length: 95 }, (_, i) => 0x20 + i)])
    expect(isVisibleAscii("a\n")).toBe(false)
  })

  it("trimOws takes spaces and tabs, and nothing else (5.6.3)", () => {
    expect(trimOws(" \t a b\t ")).toBe("a b")
    expect(trimOws("\u00a0a\n")).toBe("\u00a0a\n")
    expect(trimOws(" \t ")).toBe("")
  })

  it("splitOutsideQuotes respects quoted strings and their escapes (5.6.4)", () => {
    expect(splitOutsideQuotes("a,b", ",")).toEqual(["a", "b"])
    expect(splitOutsideQuotes('a="x,y",b', ",")).toEqual(['a="x,y"', "b"])
    expect(splitOutsideQuotes('"\\",",b', ",")).toEqual(['"\\","', "b"])
    expect(splitOutsideQuotes('a,"b,c', ",")).toEqual(["a", '"b,c'])
    expect(splitOutsideQuotes("", ",")).toEqual([""])
  })

  it("splitOutsideQuotes loses nothing", () => {
    const header = fc.stringOf(fc.constantFrom("a", ",", ";", '"', "\\", " "))
    fc.assert(fc.property(header, (s) => splitOutsideQuotes(s, ",").join(",") === s))
  })

  it("unquote reverses quoting (5.6.4)", () => {
    const char = fc.oneof(fc.constantFrom('"', "\\", "\t", ",", ";", "é"), fc.char())
    fc.assert(fc.property(fc.stringOf(char), (s) => unquote(`"${s.replace(/["\\]/g, "\\$&")}"`) === s))
    expect(unquote('"\\a"')).toBe("a")
  })

  it.each(["", '"', "a", '"a', 'a"', '"a"b"', '"\\"', '"\u0000"', '"\\\n"', '"\u007f"'])("unquote refuses %j", (s) => {
    expect(unquote(s)).toBeUndefined()
  })
})
