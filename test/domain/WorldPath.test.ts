import { Either } from "effect"
import { describe, expect, it } from "vitest"
import {
  canonicalTarget,
  canonicalText,
  directoryName,
  isWithin,
  isWorldNamespace,
  maxDirectoryName,
  namespaceOf,
  urlPath,
  virtualNamespaces,
  worldName,
  worldNamespaces,
  worldOfDirectory
} from "../../src/domain/WorldPath.ts"
import { path, world } from "../helpers/Paths.ts"

const canonical = (raw: string) => Either.getOrUndefined(canonicalTarget(raw))
const why = (raw: string) => Either.getOrThrow(Either.flip(canonicalTarget(raw))).message

describe("C1.1 namespaces", () => {
  it.each(["home", "etc", "usr", "var", "boot", "lib"])("%s stores worlds", (namespace) => {
    expect(isWorldNamespace(namespace)).toBe(true)
  })

  it.each(["proc", "bin", "dev", "mnt", "shaped", "stream", "dav", "auth", "", "Home", "homes", "hom"])(
    "%j does not",
    (namespace) => {
      expect(isWorldNamespace(namespace)).toBe(false)
    }
  )

  it("there are no others", () => {
    expect([...worldNamespaces].sort()).toEqual(["boot", "etc", "home", "lib", "usr", "var"])
    expect([...virtualNamespaces].sort()).toEqual(["auth", "bin", "dav", "dev", "mnt", "proc", "shaped", "stream"])
  })

  it.each([
    ["home/a/b", "home"],
    ["home", "home"],
    ["", ""]
  ])("namespaceOf(%j) is %j", (name, namespace) => {
    expect(namespaceOf(name)).toBe(namespace)
  })

  it.each(["home", "lib", "", "proc/status", "dav/home/x", "mnt/x", "homes/x", "Home/x"])("%j is no world", (name) => {
    expect(Either.isLeft(worldName(path(name)))).toBe(true)
  })

  it.each(["home/work", "etc/gpu.conf", "lib/dav", "boot/env", "usr/bin/x", "var/log/gpu", "home/home"])(
    "%j names a world",
    (name) => {
      expect(Either.getOrThrow(worldName(path(name)))).toBe(name)
    }
  )

  it.each(["lib/x/state", "lib/a/b/state"])("C10.1 %j cannot be a world", (name) => {
    expect(Either.isLeft(worldName(path(name)))).toBe(true)
  })

  it.each(["lib/state", "lib/x/state/y", "lib/x/states", "lib/x/State", "home/x/state"])("C10.1 %j can", (name) => {
    expect(Either.isRight(worldName(path(name)))).toBe(true)
  })
})

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

  it.each(["/home/%", "/home/a%2", "/%zz", "/home/%2g", "/home/%g2", "/home/% 41", "/home/%%41", "/home/%u0041", "/%0x"])(
    "a malformed escape has no form: %s",
    (raw) => {
      expect(why(raw)).toContain("escape")
    }
  )
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
    ...["/.", "/..", "/./", "/../", "/home/.", "/home/..", "/home/./x", "/home/../etc/shadow", "/home/x/..", "/home/x/../"],
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
  const escaped = (character: string) => [...Buffer.from(character)].map((b) => `%${b.toString(16).padStart(2, "0")}`).join("")

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

describe("C1.3 length", () => {
  const named = (text: string) => worldName(path(text))

  it.each([
    ["ASCII", `home/${"a".repeat(255 - 7)}`],
    ["separators count three", `home/${"a/".repeat(62)}`.slice(0, -1)],
    ["per cent signs count three", `home/${"%".repeat(82)}aa`],
    ["two bytes", `home/${"é".repeat(124)}`],
    ["three bytes", `home/${"中".repeat(82)}aa`],
    ["four bytes", `home/${"😀".repeat(62)}`]
  ])("up to 255 bytes of directory name are fine: %s", (_, name) => {
    expect(Buffer.byteLength(directoryName(path(name)))).toBeLessThanOrEqual(maxDirectoryName)
    expect(Either.isRight(named(name))).toBe(true)
  })

  it.each([
    ["ASCII", `home/${"a".repeat(256 - 7)}`],
    ["separators count three", `home/${"a/".repeat(62)}aa`],
    ["per cent signs count three", `home/${"%".repeat(83)}`],
    ["two bytes", `home/${"é".repeat(125)}`],
    ["three bytes", `home/${"中".repeat(83)}`],
    ["four bytes", `home/${"😀".repeat(62)}a`]
  ])("a name beyond is refused with the limit named: %s", (_, name) => {
    expect(Buffer.byteLength(directoryName(path(name)))).toBeGreaterThan(maxDirectoryName)
    expect(Either.getOrThrow(Either.flip(named(name))).message).toContain("255")
  })
})

describe("C1.4 directories", () => {
  it.each([
    ["home/findings/x", "home%2Ffindings%2Fx"],
    ["home/100%", "home%2F100%25"],
    ["home/%2F", "home%2F%252F"],
    ["home/a b;é", "home%2Fa b;é"]
  ])("%s lies in %s, and that is its world", (name, directory) => {
    expect(directoryName(path(name))).toBe(directory)
    expect(worldOfDirectory(directory)).toBe(name)
  })

  it.each([
    ...["home", "home%2F", "%2Fhome%2Fx", "home%2F%2Fx", "home%2F..", "home%2Fx%2F", "proc%2Fstatus", "x", "", "lost+found"],
    ...["home%2fx", "home%2Fa%20b", "home%2F%", "home%2F%2", "home%2Fa:b", `home%2F${"é".normalize("NFD")}`],
    ...["lib%2Fx%2Fstate", `home%2F${"a".repeat(249)}`, ".trash", "home%2F\u0007"]
  ])("%j is the directory of no world", (directory) => {
    expect(worldOfDirectory(directory)).toBeUndefined()
  })
})

describe("isWithin: segment boundaries", () => {
  it.each([
    ["home/x", "home/x", true],
    ["home/x/y", "home/x", true],
    ["home/xy", "home/x", false],
    ["home", "home/x", false],
    ["home/x", "home/x/", false],
    ["home/x", "", true],
    ["", "", true],
    ["", "home", false],
    ["homes/x", "home", false]
  ])("%j within %j: %s", (inner, outer, expected) => {
    expect(isWithin(inner, outer)).toBe(expected)
  })
})

describe("urlPath", () => {
  it.each([
    ["", "/"],
    ["home/a b", "/home/a%20b"],
    ["home/a%2Fb", "/home/a%252Fb"],
    ["home/é?", undefined],
    ["home/é#;", "/home/%C3%A9%23%3B"]
  ])("%j is %j", (name, url) => {
    if (url === undefined) expect(() => path(name)).toThrow()
    else expect(urlPath(path(name))).toBe(url)
  })

  it("leads back to the world that it was made from", () => {
    expect(canonical(urlPath(world("home/ä/100%/x y")))?.path).toBe("home/ä/100%/x y")
  })
})
