import { Either } from "effect"
import { describe, expect, it } from "vitest"
import {
  canonicalTarget,
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
    ...[
      "home",
      "home%2F",
      "%2Fhome%2Fx",
      "home%2F%2Fx",
      "home%2F..",
      "home%2Fx%2F",
      "proc%2Fstatus",
      "x",
      "",
      "lost+found"
    ],
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
