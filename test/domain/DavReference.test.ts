import { Either } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { resolveReference } from "../../src/domain/DavReference.ts"
import { urlPath } from "../../src/domain/WorldPath.ts"
import { anyPath } from "../helpers/Paths.ts"

const resolved = (reference: string, authority = "host:3005") =>
  Either.match(resolveReference(reference, authority), {
    onLeft: ({ _tag }) => _tag,
    onRight: ({ path, slash }) => `${path}${slash ? "/" : ""}`
  })

describe("C15 Destination and the resources of If", () => {
  it.each([
    ["/dav/home/x", "home/x"],
    ["/dav/home/x/", "home/x/"],
    [" /dav/home/x\t", "home/x"],
    ["/bin/dav/home/x", "home/x"],
    ["/dav/home/a%20b%2Fc", "home/a b/c"],
    ["/dav/home/%C3%BC", "home/ü"],
    ["/dav/home/\u00c3\u00bc", "home/ü"],
    ["/dav/home/u%CC%88", "home/ü"],
    ["http://host:3005/dav/home/x", "home/x"],
    ["HTTP://HOST:3005/dav/home/x", "home/x"],
    ["http://user:pw@host:3005/dav/home/x", "home/x"],
    ["/dav/", "/"],
    ["/dav", ""]
  ])("%s is %s", (reference, path) => {
    expect(resolved(reference)).toBe(path)
  })

  it.each([
    ["https://host/dav/home/x", "host"],
    ["http://host:80/dav/home/x", "host"],
    ["https://host:443/dav/home/x", "host"]
  ])("%s is of %s: default ports do not count, nor the scheme behind a proxy", (reference, authority) => {
    expect(resolved(reference, authority)).toBe("home/x")
  })

  it.each([
    ...[
      "http://other:3005/dav/home/x",
      "http://host:3006/dav/home/x",
      "http://host/dav/home/x",
      "ftp://host:3005/dav/x"
    ],
    ...["http:///dav/home/x", "/home/x", "/", "/davx/home/x", "http://host:3005", "http://host:3005/home/x"]
  ])("%s is not ours", (reference) => {
    expect(resolved(reference)).toBe("ForeignResource")
  })

  it.each([
    ...["", "home/x", "dav/home/x", "//host:3005/dav/home/x", "/dav/home/../etc/x", "/dav/home/%2e%2e/x", "/dav//x"],
    ...["/dav/home/%zz", "/dav/home/%ff", "/dav/home/a?b", "/dav/home/a#b", "/dav/home/a%3Ab", "/dav/home/%00"]
  ])("%j cannot be read", (reference) => {
    expect(["BadRequest", "ForeignResource"]).toContain(resolved(reference))
    expect(resolved(reference)).toBe(reference === "" ? "ForeignResource" : "BadRequest")
  })

  it("finds every path again that it is the URL of", () => {
    fc.assert(
      fc.property(anyPath, (path) => {
        expect(resolved(`/dav${urlPath(path)}`)).toBe(path)
      })
    )
  })

  it("never throws, whatever is written", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string(), (a, b) => void resolveReference(a, b)))
  })
})
