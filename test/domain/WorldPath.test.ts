import { Either } from "effect"
import { describe, expect, it } from "vitest"
import { canonicalTarget, canonicalText } from "../../src/domain/WorldPath.ts"

const canonical = (raw: string) => Either.getOrUndefined(canonicalTarget(raw))
const why = (raw: string) => Either.getOrThrow(Either.flip(canonicalTarget(raw))).message

describe("C1.2 percent-decoding, exactly once", () => {
  it.each([
    ["/home/a%20b", "home/a b"],
    ["/home/%61", "home/a"],
    ["/h%6Fme/x", "home/x"],
    ["/home/a%252Fb", "home/a%2Fb"],
    ["/home/a%25252Fb", "home/a%252Fb"],
    ["/home/%25", "home/%"],
    ["/home/%252e%252e", "home/%2e%2e"],
    ["/home/a+b", "home/a+b"],
    ["/home/a%2Bb", "home/a+b"],
    ["/home/%c3%a9", "home/é"],
    ["/home/%C3%A9", "home/é"]
  ])("%s is %s", (raw, name) => {
    expect(canonical(raw)).toEqual({ path: name, slash: false })
  })

  it.each(["/home%2Fa", "/%68ome%2fa", "/home/a"])("a decoded %%2F separates: %s", (raw) => {
    expect(canonical(raw)).toEqual({ path: "home/a", slash: false })
  })

  it.each(["/home/a%2F", "/home/a%2f"])("a decoded trailing %%2F asks for the collection: %s", (raw) => {
    expect(canonical(raw)).toEqual({ path: "home/a", slash: true })
  })

  it.each([
    "/home/%",
    "/home/a%2",
    "/%zz",
    "/home/%2g",
    "/home/%g2",
    "/home/% 41",
    "/home/%%41",
    "/home/%u0041",
    "/%0x"
  ])("a malformed escape has no form: %s", (raw) => {
    expect(why(raw)).toContain("escape")
  })
})

describe("C1.2 UTF-8", () => {
  it.each([
    ["a lone continuation", "%80"],
    ["a lead without its continuation", "%C3"],
    ["a lead before ASCII", "%C3a"],
    ["Latin-1", "%E9"],
    ["an overlong slash", "%C0%AF"],
    ["an overlong dot", "%C0%AE"],
    ["an overlong slash in three bytes", "%E0%80%AF"],
    ["a surrogate", "%ED%A0%80"],
    ["a surrogate pair (CESU-8)", "%ED%A0%BD%ED%B8%80"],
    ["above U+10FFFF", "%F4%90%80%80"],
    ["five bytes", "%F8%88%80%80%80"],
    ["0xFF", "%FF"],
    ["a raw Latin-1 byte", "\xe9"],
    ["a raw overlong slash", "\xc0\xaf"]
  ])("%s has no form", (_, bytes) => {
    expect(why(`/home/a${bytes}`)).toContain("UTF-8")
  })

  it.each([
    ["raw bytes, as node shows them", "/home/\xc3\xa9", "home/é"],
    ["a character half raw, half escaped", "/home/\xc3%A9", "home/é"],
    ["four bytes", "/home/%F0%9F%98%80", "home/😀"],
    ["a byte order mark stays", "/home/%EF%BB%BFa", "home/\uFEFFa"],
    ["a noncharacter", "/home/%EF%BF%BF", "home/\uFFFF"]
  ])("%s", (_, raw, name) => {
    expect(canonical(raw)?.path).toBe(name)
  })
})

describe("C1.2 NFC", () => {
  it.each([
    ["e + acute", "/home/e%CC%81", "home/é"],
    ["Kelvin is K", "/home/%E2%84%AA", "home/K"],
    ["Angstrom is A with a ring", "/home/%E2%84%AB", "home/Å"],
    ["conjoining jamo", "/home/%E1%84%80%E1%85%A1", "home/가"],
    ["marks in another order", "/home/a%CC%81%CC%A3", "home/ạ\u0301"],
    ["the Greek question mark is a semicolon", "/home/%CD%BE", "home/;"],
    ["a ligature is not compatibility-decomposed", "/home/%EF%AC%81", "home/\uFB01"],
    ["< and a stroke are one character, which is not <", "/home/%3C%CC%B8", "home/\u226E"]
  ])("%s", (_, raw, name) => {
    expect(canonical(raw)?.path).toBe(name)
  })

  it("names are case-sensitive", () => {
    expect(canonical("/home/A")?.path).not.toBe(canonical("/home/a")?.path)
  })
})

describe("C1.2 segments", () => {
  it.each([
    ...["//", "///", "//home", "/home//x", "/home/x//", "/home//", "/%2F", "/%2Fhome", "/home%2F%2Fx", "/home/%2Fx"],
    ...["/home/%2F", "/%2F%2F", "//evil.example/x", "/home/x%2F/", "/\\/x"]
  ])("an empty segment: %s", (raw) => {
    expect(canonical(raw)).toBeUndefined()
  })

  it.each([
    ...[
      "/.",
      "/..",
      "/./",
      "/../",
      "/home/.",
      "/home/..",
      "/home/./x",
      "/home/../etc/shadow",
      "/home/x/..",
      "/home/x/../"
    ],
    ...["/%2e", "/home/%2e", "/home/%2E%2e/x", "/home/.%2e/x", "/home/%2e./etc", "/home%2f..%2fetc", "/home%2F.%2Fx"],
    ...["/home/..%2Fx", "/%2e%2e%2fetc%2fpasswd", "/home/x%2F%2E%2E"]
  ])("a . or .. segment: %s", (raw) => {
    expect(canonical(raw)).toBeUndefined()
  })

  it.each([
    ["/home/...", "home/..."],
    ["/home/.hidden", "home/.hidden"],
    ["/home/..x", "home/..x"],
    ["/home/x..", "home/x.."],
    ["/home/.%20.", "home/. ."],
    ["/home/%EF%BC%8E%EF%BC%8E", "home/．．"]
  ])("dots that are not such a segment: %s", (raw, name) => {
    expect(canonical(raw)?.path).toBe(name)
  })
})

describe("C1.2 characters", () => {
  const forbidden = ["\\", ":", "*", "?", '"', "<", ">", "|"]
  const controls = [...Array(0x20).keys(), 0x7f].map((code) => String.fromCharCode(code))
  const escaped = (character: string) =>
    [...Buffer.from(character)].map((b) => `%${b.toString(16).padStart(2, "0")}`).join("")

  it.each([...forbidden, ...controls])("%j is refused raw", (character) => {
    expect(canonical(`/home/a${character}b`)).toBeUndefined()
  })

  it.each([...forbidden, ...controls, "\x80", "\x85", "\x9f"])("%j is refused encoded", (character) => {
    expect(canonical(`/home/a${escaped(character)}b`)).toBeUndefined()
  })

  it.each([..."!$&'()+,-.;=@_~#[]^`{} %"])("%j is ordinary", (character) => {
    expect(canonical(`/home/a${escaped(character)}b`)?.path).toBe(`home/a${character}b`)
  })

  it.each(["/home/a;b", "/home/;", "/home/a;v=1/b"])("; raw is ordinary: %s", (raw) => {
    expect(canonical(raw)?.path).toBe(raw.slice(1))
  })
})

describe("C1.2 what is no path", () => {
  it.each(["", "*", "home/x", "http://h/home", "%2Fhome", " /home", "\\home"])("%j", (raw) => {
    expect(canonical(raw)).toBeUndefined()
  })
})

describe("C3 the trailing slash", () => {
  it.each([
    ["/", "", true],
    ["/home", "home", false],
    ["/home/", "home", true],
    ["/home/x/", "home/x", true],
    ["/home/é%20/".replace("é", "%C3%A9"), "home/é ", true]
  ])("%s", (raw, name, slash) => {
    expect(canonical(raw)).toEqual({ path: name, slash })
  })
})

describe("canonicalText (C1.2), for text that is decoded already", () => {
  it.each([
    ["home/x", "home/x"],
    ["/home/x", "home/x"],
    ["/home/x/", "home/x"],
    ["/home/a%2Fb", "home/a%2Fb"],
    ["home/é".normalize("NFD"), "home/é"],
    ["/", ""],
    ["", ""]
  ])("%j is %j", (text, name) => {
    expect(Either.getOrUndefined(canonicalText(text))?.path).toBe(name)
  })

  it.each(["//", "//home", "home//x", "home/x//", "home/..", ".", "home/a:b", "home/a\nb", "home\\x"])(
    "%j has no form",
    (text) => {
      expect(Either.isLeft(canonicalText(text))).toBe(true)
    }
  )

  it("a lone surrogate has no UTF-8, hence no form", () => {
    expect(Either.isLeft(canonicalText("home/\ud800x"))).toBe(true)
  })
})
