import { inspect } from "node:util"
import { Redacted } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Mount, parseFstab } from "../../src/domain/Fstab.ts"
import { anySegment } from "../helpers/Paths.ts"

/** A mount in the open, secrets and all. */
const opened = ({ line, mode, name, options, scheme, source, userinfo }: Mount) => ({
  name,
  scheme,
  source,
  mode,
  line,
  options: Object.fromEntries([...options].map(([option, value]) => [option, Redacted.value(value)])),
  userinfo: userinfo && Redacted.value(userinfo)
})
const mountsOf = (text: string) => [...parseFstab(text).mounts.values()].map(opened)
const only = (line: string) => mountsOf(line)[0]
const reasons = (text: string) => parseFstab(text).unread

describe("C11.2 a line of /etc/fstab", () => {
  const file = { scheme: "file", userinfo: undefined, options: {}, line: 1 }
  const web = { mode: "ro", userinfo: undefined, options: {}, line: 1 }

  it.each([
    ["/srv /mnt/a ro", { ...file, name: "a", source: "/srv", mode: "ro" }],
    ["/ /mnt/a rw", { ...file, name: "a", source: "/", mode: "rw" }],
    ["/a b  c/d /mnt/x rw", { ...file, name: "x", source: "/a b  c/d", mode: "rw" }],
    ["/srv\t/mnt/a\t\tro", { ...file, name: "a", source: "/srv", mode: "ro" }],
    ["  /srv   /mnt/a   ro  ", { ...file, name: "a", source: "/srv", mode: "ro" }],
    ["/srv/ /mnt/a/ ro", { ...file, name: "a", source: "/srv/", mode: "ro" }],
    ["/mnt/a /mnt/b ro", { ...file, name: "b", source: "/mnt/a", mode: "ro" }],
    ["/a /mnt/x rw /mnt/y ro", { ...file, name: "y", source: "/a /mnt/x rw", mode: "ro" }],
    ["/a\u00a0b /mnt/a ro", { ...file, name: "a", source: "/a\u00a0b", mode: "ro" }],
    ["/srv/x://y /mnt/a ro", { ...file, name: "a", source: "/srv/x://y", mode: "ro" }],
    ["C:\\Users\\me /mnt/a ro", { ...file, name: "a", source: "C:\\Users\\me", mode: "ro" }],
    ["/srv /mnt/cafe\u0301 ro", { ...file, name: "caf\u00e9", source: "/srv", mode: "ro" }],
    ["/srv /mnt/a%20b ro", { ...file, name: "a%20b", source: "/srv", mode: "ro" }],
    ["/srv /mnt/a ro,dotfiles", { ...file, name: "a", source: "/srv", mode: "ro", options: { dotfiles: "" } }],
    ["/srv /mnt/a rw,x=1,y=2=3", { ...file, name: "a", source: "/srv", mode: "rw", options: { x: "1", y: "2=3" } }],
    ["https://api.example /mnt/a ro", { ...web, name: "a", scheme: "https", source: "https://api.example" }],
    ["HTTP://10.0.0.5:8080/v1/ /mnt/a ro", { ...web, name: "a", scheme: "http", source: "HTTP://10.0.0.5:8080/v1/" }],
    ["http://[::1]:80 /mnt/a ro", { ...web, name: "a", scheme: "http", source: "http://[::1]:80" }],
    ["http://a.example:80/%40x /mnt/a ro", { ...web, name: "a", scheme: "http", source: "http://a.example:80/%40x" }],
    ["https://a.example/p@1/x /mnt/a ro", { ...web, name: "a", scheme: "https", source: "https://a.example/p@1/x" }],
    ["s3://bucket/prefix /mnt/a ro", { ...web, name: "a", scheme: "s3", source: "s3://bucket/prefix" }],
    [
      "https://a.example /mnt/a ro,bearer=a.b-c_d~e+f/g==",
      { ...web, name: "a", scheme: "https", source: "https://a.example", options: { bearer: "a.b-c_d~e+f/g==" } }
    ],
    [
      "http://me:p%40ss%3A@a.example/x /mnt/a ro",
      { ...web, name: "a", scheme: "http", source: "http://a.example/x", userinfo: "me:p@ss:" }
    ],
    [
      "http://me@a.example /mnt/a ro",
      { ...web, name: "a", scheme: "http", source: "http://a.example", userinfo: "me:" }
    ],
    [
      "http://m@e:p@@a.example /mnt/a ro",
      { ...web, name: "a", scheme: "http", source: "http://a.example", userinfo: "m@e:p@" }
    ],
    [
      "postgres://me:pw@db.example:5432/x /mnt/a ro",
      { ...web, name: "a", scheme: "postgres", source: "postgres://db.example:5432/x", userinfo: "me:pw" }
    ]
  ])("%j declares a mount", (line, expected) => {
    expect(only(line)).toEqual(expected)
    expect(reasons(line)).toEqual([])
  })

  const fields = "a line wants to be: source /mnt/name mode[,option...]"
  const name = "the second field wants to be /mnt/ and one name"
  const mode = "the mode wants to be ro or rw"
  const option = "an option wants to be a word, or word=value"
  const bearer = "bearer= wants a token of visible ASCII"
  const absolute = "a source without a scheme wants to be an absolute path"
  const url = "the source is no URL that can be read"
  const bare = "the URL of a source has neither query nor fragment"
  const at = "an @ in the path of the source wants to be written %40"
  const control = "the source holds a control character"

  it.each([
    ["/srv", fields],
    ["/srv /mnt/a", fields],
    ["/mnt/a ro", fields],
    ["/srv /srv/a ro", name],
    ["/srv mnt/a ro", name],
    ["/srv /mnt ro", name],
    ["/srv /mnt/ ro", name],
    ["/srv /mnt// ro", name],
    ["/srv /mnt/a/b ro", name],
    ["/srv /mnt/. ro", name],
    ["/srv /mnt/.. ro", name],
    ["/srv /mnt/../mnt/a ro", name],
    ["/srv /mnt/a:b ro", name],
    ["/srv /mnt/a\u0085 ro", name],
    ["/srv /mnt/a RO", mode],
    ["/srv /mnt/a r", mode],
    ["/srv /mnt/a ro;dotfiles", mode],
    ["/srv /mnt/a dotfiles,ro", mode],
    ["/srv /mnt/a ro,", option],
    ["/srv /mnt/a ro,,dotfiles", option],
    ["/srv /mnt/a ro,=x", option],
    ["/srv /mnt/a ro,dotfiles=no", "dotfiles takes no value"],
    ["/srv /mnt/a ro,dotfiles=", "dotfiles takes no value"],
    ["/srv /mnt/a ro,dotfiles,dotfiles", "an option is there twice"],
    ["https://a.example /mnt/a ro,bearer=x,bearer=y", "an option is there twice"],
    ["https://a.example /mnt/a ro,bearer", bearer],
    ["https://a.example /mnt/a ro,bearer=", bearer],
    ["https://a.example /mnt/a ro,bearer=ä", bearer],
    ["srv /mnt/a ro", absolute],
    ["./srv /mnt/a ro", absolute],
    ["~/srv /mnt/a ro", absolute],
    ["://a.example /mnt/a ro", absolute],
    ["C: /mnt/a ro", absolute],
    ["/sr\u0000v /mnt/a ro", control],
    ["/sr\tv /mnt/a ro", control],
    ["file:///srv /mnt/a ro", "a directory of this host is written as its path, without file://"],
    ["http:// /mnt/a ro", url],
    ["http:///a.example /mnt/a ro", url],
    ["http:///me:secret@a.example /mnt/a ro", url],
    ["http://\\me:secret@a.example /mnt/a ro", url],
    ["http://me:sec/ret@a.example /mnt/a ro", url],
    ["http://a.example:x /mnt/a ro", url],
    ["s3://key:12/secret@bucket /mnt/a ro", url],
    ["http://a.example/?key=secret /mnt/a ro", bare],
    ["http://a.example/#x /mnt/a ro", bare],
    ["http://me:1#secret@a.example /mnt/a ro", bare],
    ["http://me:1/secret@a.example /mnt/a ro", at],
    ["http://me:/secret@a.example /mnt/a ro", at],
    ["http://me:sec@ret/@a.example /mnt/a ro", at],
    ["http://me:%ff@a.example /mnt/a ro", "the userinfo of the source is not percent-encoded UTF-8"]
  ])("%j mounts nothing, and why", (line, reason) => {
    expect(parseFstab(line)).toEqual({ mounts: new Map(), unread: [{ line: 1, reason }] })
  })
})

describe("C11.2 /etc/fstab", () => {
  it("skips blank and # lines, keeps what is good, and names the bad lines by number", () => {
    const text = "\n# a comment\n  \t\n/a /mnt/a ro\r\nbad\r\n  # another /b /mnt/b ro\n/c /mnt/c rw"
    expect(mountsOf(text).map(({ line, name }) => [name, line])).toEqual([
      ["a", 4],
      ["c", 7]
    ])
    expect(reasons(text).map(({ line }) => line)).toEqual([5])
  })

  it("of two lines with one name the first counts, in whatever form it is written", () => {
    const text = "/a /mnt/caf\u00e9 ro\n/b /mnt/cafe\u0301 rw\n/c /mnt/c ro"
    expect(mountsOf(text).map(({ source }) => source)).toEqual(["/a", "/c"])
    expect(reasons(text)).toEqual([{ line: 2, reason: "line 1 has this name already" }])
  })

  it("a bad line takes no name", () => {
    expect(mountsOf("/a /mnt/a no\n/b /mnt/a ro").map(({ source }) => source)).toEqual(["/b"])
  })

  it("is empty for an empty world", () => {
    expect(parseFstab("")).toEqual({ mounts: new Map(), unread: [] })
  })

  const inner = fc.string({ unit: fc.constantFrom("a", "/", " ", "é", "%", ",", "=", "#", "@", ":", "\u00a0") })

  it("a mount is read as it was written, whatever spaces and words its source holds", () => {
    const blank = fc.stringOf(fc.constantFrom(" ", "\t"), { minLength: 1, maxLength: 3 })
    const source = inner.map((text) => `/${text}`.replace(/ +$/, ""))
    fc.assert(
      fc.property(source, anySegment, fc.constantFrom("ro", "rw"), blank, blank, (source, segment, mode, a, b) => {
        fc.pre(!/[ \t]/.test(segment))
        const [mount] = mountsOf(`${source}${a}/mnt/${segment}${b}${mode}`)
        expect(mount).toMatchObject({ source, name: segment, mode, scheme: "file" })
      })
    )
  })

  it("reads any text, each line of it as a mount, as a bad line, or not at all", () => {
    const piece = fc.constantFrom(
      "/srv",
      " ",
      "\t",
      "\n",
      "\r\n",
      "/mnt/",
      "a",
      "ro",
      "rw",
      ",",
      "bearer=",
      "http://",
      "#",
      "@"
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 40 }), (pieces) => {
        const text = pieces.join("")
        const { mounts, unread } = parseFstab(text)
        const lines = text.split(/\r?\n/)
        const told = [...[...mounts.values()].map(({ line }) => line), ...unread.map(({ line }) => line)].sort()
        expect(new Set(told).size).toBe(told.length)
        for (const [index, line] of lines.entries()) {
          const silent = /^[ \t]*(?:#.*)?$/s.test(line)
          expect(told.includes(index + 1)).toBe(!silent)
        }
      }),
      { numRuns: 1000 }
    )
  })
})

describe("what is secret in /etc/fstab stays so (C11.2, DESIGN 5)", () => {
  const secret = "s3cr3t"
  // All the characters with a meaning in lines and URLs, around and within the secret.
  const noise = fc.stringOf(fc.constantFrom(..."/:@?#\\.,= \t%[]a1"), { maxLength: 6 })
  const scheme = fc.constantFrom("http", "https", "ftp", "s3", "postgres", "x")

  it("userinfo shows in nothing but what is asked for it, however it is written", () => {
    fc.assert(
      fc.property(scheme, noise, noise, noise, fc.constantFrom("ro", "xx"), (scheme, a, b, c, mode) => {
        // A password that starts after a colon; what lies before could be a host, and then nobody could tell.
        const text = `${scheme}://me:${a}${secret}${b}@host.example${c} /mnt/a ${mode}`
        const parsed = parseFstab(text)
        expect(inspect(parsed, { depth: 9 })).not.toContain(secret)
        expect(JSON.stringify([...parsed.mounts.values(), ...parsed.unread])).not.toContain(secret)
      }),
      { numRuns: 3000 }
    )
  })

  it("options show nothing but their names, and bad lines nothing at all", () => {
    const line = fc.tuple(noise, noise, noise, noise)
    fc.assert(
      fc.property(line, fc.constantFrom("ro", "rw", "", "x"), ([a, b, c, d], mode) => {
        const text = `/srv${a} /mnt/${b} ${mode},bearer=${secret}${c},other=${secret}${d}`
        const parsed = parseFstab(text)
        const shown = [...parsed.mounts.values()].map(({ source, ...rest }) => rest)
        expect(inspect({ shown, unread: parsed.unread }, { depth: 9 })).not.toContain(secret)
      }),
      { numRuns: 2000 }
    )
  })

  it.each([
    ["blanks", `/srv${" ".repeat(100_000)}x`],
    ["slashes", `http://${"/".repeat(100_000)} /mnt/a ro`],
    ["at signs", `http://${"@".repeat(100_000)}x /mnt/a ro`],
    ["colons", `${"a:".repeat(50_000)}// /mnt/a ro`],
    ["options", `/srv /mnt/a ro${",".repeat(100_000)}`],
    ["lines", "x\n".repeat(50_000)]
  ])("takes linear time over 100 KB of %s", (_, text) => {
    const start = performance.now()
    parseFstab(text)
    expect(performance.now() - start).toBeLessThan(1000)
  })
})
