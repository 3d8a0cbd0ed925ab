import { Effect, Either } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { longestMatch, readManifest } from "../../src/domain/PluginManifest.ts"
import { coreRoutes } from "../../src/http/RouteTable.ts"

const good = { AUTH: "auth", ROUTES: ["/a"], handle: () => Effect.void }

describe("C10.2 what a plugin says of itself", () => {
  it.each([
    [{}, { tier: 2, routes: ["a"], methods: undefined, description: undefined }],
    [{ AUTH: "none" }, { tier: 1 }],
    [{ AUTH: "approve" }, { tier: 3 }],
    [{ ROUTES: ["/dev/x", "/a/b/", "/a/b"] }, { routes: ["dev/x", "a/b"] }],
    [
      { ROUTES: ["/mnt", "/dav", "/shaped", "/_hook", "/home2"] },
      { routes: ["mnt", "dav", "shaped", "_hook", "home2"] }
    ],
    [{ ROUTES: ["/cafe\u0301"] }, { routes: ["caf\u00e9"] }],
    [
      { METHODS: ["GET", "PROPFIND"], DESCRIPTION: "x" },
      { methods: ["GET", "PROPFIND"], description: "x" }
    ],
    [{}, { announces: {} }],
    [{ ANNOUNCES: { dav: "1, 2", "ms-author-via": "DAV" } }, { announces: { dav: "1, 2", "ms-author-via": "DAV" } }],
    [{ start: Effect.void, touches: () => Effect.void }, { tier: 2 }]
  ])("%j is read", (given, expected) => {
    expect(Either.getOrThrow(readManifest({ ...good, ...given }))).toMatchObject(expected)
  })

  it.each([
    ["AUTH", { AUTH: undefined }],
    ["AUTH", { AUTH: "T3" }],
    ["AUTH", { AUTH: "constructor" }],
    ["AUTH", { AUTH: ["none"] }],
    ["handle", { handle: undefined }],
    ["handle", { handle: "x" }],
    ["touches", { touches: {} }],
    ["start", { start: () => Effect.void }],
    ["start", { start: Promise.resolve() }],
    ["DESCRIPTION", { DESCRIPTION: 1 }],
    ["METHODS", { METHODS: [] }],
    ["METHODS", { METHODS: ["get"] }],
    ["METHODS", { METHODS: "GET" }],
    ["ANNOUNCES", { ANNOUNCES: "dav" }],
    ["ANNOUNCES", { ANNOUNCES: null }],
    ["ANNOUNCES", { ANNOUNCES: { DAV: "1" } }],
    ["ANNOUNCES", { ANNOUNCES: { "a b": "1" } }],
    ["ANNOUNCES", { ANNOUNCES: { dav: 1 } }],
    ["ANNOUNCES", { ANNOUNCES: { dav: "1\r\nset-cookie: x" } }],
    ["ROUTES", { ROUTES: undefined }],
    ["ROUTES", { ROUTES: [] }],
    ["ROUTES", { ROUTES: "/a" }],
    ["slash", { ROUTES: ["a"] }],
    ["slash", { ROUTES: ["/a", 1] }],
    ["path", { ROUTES: ["/"] }],
    ["path", { ROUTES: ["/a//b"] }],
    ["path", { ROUTES: ["/a/../b"] }],
    ["path", { ROUTES: ["/a?x"] }],
    ["reserved", { ROUTES: ["/dev"] }],
    ["reserved", { ROUTES: ["/home"] }],
    ["reserved", { ROUTES: ["/a", "/lib/x"] }]
  ])("what is wrong is named: %s in %j", (name, given) => {
    const fault = Either.getOrElse(Either.flip(readManifest({ ...good, ...given })), () => "it was read")
    expect(fault).toContain(name)
  })

  it.each(coreRoutes.filter(({ route }) => route !== "dev"))("no core route can be taken: $route", ({ route }) => {
    for (const path of [`/${route}`, `/${route}/below`]) {
      expect(Either.isLeft(readManifest({ ...good, ROUTES: [path] }))).toBe(true)
    }
  })
})

describe("longestMatch", () => {
  const segment = fc.constantFrom("a", "b", "ab", "a.b")
  const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join("/"))

  it("is the longest route that is the path or a prefix of it on a segment boundary", () => {
    fc.assert(
      fc.property(fc.array(path), path, (routes, asked) => {
        const expected = routes
          .filter((route) => asked === route || asked.startsWith(`${route}/`))
          .sort((a, b) => b.length - a.length)[0]
        expect(longestMatch(new Map(routes.map((route) => [route, route])), asked)).toBe(expected)
      })
    )
  })
})
