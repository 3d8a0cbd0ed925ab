import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  contentType,
  essence,
  extOfContentType,
  extOfName,
  isActiveMarkup,
  mediaTypeOf,
  parseExt,
  parseMediaType
} from "../../src/domain/MediaType.ts"

describe("parseMediaType (RFC 9110 8.3.1)", () => {
  it.each([
    ["text/html", "text/html", []],
    [" Text/HTML ;\tCharset=UTF-8 ", "text/html", [["charset", "UTF-8"]]],
    ['text/html;charset="utf-8"', "text/html", [["charset", "utf-8"]]],
    [
      'a/b;x="1;2,\\"3\\"\\\\";y=z',
      "a/b",
      [
        ["x", '1;2,"3"\\'],
        ["y", "z"]
      ]
    ],
    [
      "a/b;x=1;;x=2;",
      "a/b",
      [
        ["x", "1"],
        ["x", "2"]
      ]
    ],
    ['a/b;x=""', "a/b", [["x", ""]]],
    ["*/*", "*/*", []],
    ["application/vnd.a+json", "application/vnd.a+json", []]
  ] as const)("reads %j", (value, name, parameters) => {
    const parsed = parseMediaType(value)
    expect(parsed === undefined ? undefined : [essence(parsed), parsed.parameters]).toEqual([name, parameters])
  })

  it.each([
    ...["", "text", "/html", "text/", "text /html", "text/ html", "a/b/c", "te xt/html", "text/html,", "tëxt/html"],
    ...["a/b;x", "a/b;=1", "a/b;x=", "a/b;x =1", "a/b;x= 1", 'a/b;x="1', 'a/b;x="1"2', 'a/b;x="\\"', "a/b x=1"]
  ])("refuses %j", (value) => {
    expect(parseMediaType(value)).toBeUndefined()
  })

  it("reads back any type whose parameters were quoted", () => {
    const token = fc.stringOf(fc.constantFrom(..."abz019!#$&-^_.+"), { minLength: 1 })
    const parameter = fc.tuple(token, fc.string())
    fc.assert(
      fc.property(token, token, fc.array(parameter), (type, subtype, parameters) => {
        const tail = parameters.map(([name, value]) => `;${name}="${value.replace(/["\\]/g, "\\$&")}"`)
        expect(parseMediaType(`${type}/${subtype}${tail.join("")}`)).toEqual({ type, subtype, parameters })
      })
    )
  })
})

describe("mediaTypeOf (C2.1)", () => {
  it.each([
    ...["ts", "mts", "cts", "tsx"].map((ext) => [ext, "text/typescript"]),
    ...["plain", "txt", "conf", "ini", "log", "toml", "env"].map((ext) => [ext, "text/plain"]),
    ...["js", "mjs", "cjs"].map((ext) => [ext, "text/javascript"]),
    ...["yaml", "yml"].map((ext) => [ext, "application/yaml"]),
    ...["html", "htm"].map((ext) => [ext, "text/html"]),
    ["md", "text/markdown"],
    ["json", "application/json"],
    ["xml", "application/xml"],
    ["svg", "image/svg+xml"],
    ["xhtml", "application/xhtml+xml"],
    ["css", "text/css"],
    ["csv", "text/csv"],
    ["png", "image/png"],
    ["jpg", "image/jpeg"],
    ["mp3", "audio/mpeg"],
    ["wasm", "application/wasm"],
    ["gz", "application/gzip"],
    ["tar.gz", "application/gzip"],
    ["lib.ts", "text/typescript"],
    ["HTML", "text/html"],
    ["bin", "application/octet-stream"],
    ["", "application/octet-stream"],
    ["nonsense", "application/octet-stream"],
    ["constructor", "application/octet-stream"],
    ["__proto__", "application/octet-stream"]
  ])("%s is %s", (ext, type) => {
    expect(mediaTypeOf(ext ?? "")).toBe(type)
  })

  it.each(["py", "rs", "go", "sh", "org", "scm", "dart", "c", "hpp", "jsx", "tex", "diff"])("%s is text", (ext) => {
    expect(mediaTypeOf(ext)).toMatch(/^text\//)
  })

  it("gives a well-formed media type for whatever a hand-edited row says", () => {
    fc.assert(fc.property(fc.fullUnicodeString(), (ext) => parseMediaType(mediaTypeOf(ext)) !== undefined))
  })
})

describe("contentType (C2.1)", () => {
  it("names the charset on text types and on them alone", () => {
    expect(contentType("text/plain")).toBe("text/plain; charset=utf-8")
    expect(["application/json", "application/xml", "image/svg+xml", "application/javascript"].map(contentType)).toEqual(
      ["application/json", "application/xml", "image/svg+xml", "application/javascript"]
    )
  })
})

describe("extOfContentType (C4.2: a meaningful Content-Type)", () => {
  it.each([
    ["text/plain", "txt"],
    ["text/html; charset=utf-8", "html"],
    ["TEXT/HTML", "html"],
    ["application/json", "json"],
    ["text/markdown", "md"],
    ["text/x-markdown", "md"],
    ["text/typescript", "ts"],
    ["application/typescript", "ts"],
    ["text/javascript", "js"],
    ["application/javascript", "js"],
    ["application/xml", "xml"],
    ["text/xml", "xml"],
    ["application/yaml", "yaml"],
    ["text/yaml", "yaml"],
    ["application/toml", "toml"],
    ["image/jpeg", "jpg"],
    ["image/svg+xml", "svg"],
    ["audio/mpeg", "mp3"],
    ["application/ld+json", "jsonld"],
    ["application/vnd.unheard-of+json", "json"],
    ["application/pdf", "pdf"]
  ])("%s is %s", (header, ext) => {
    expect(extOfContentType(header)).toBe(ext)
  })

  it.each([
    ...[
      undefined,
      "",
      "text",
      "text/html;charset",
      "application/x-www-form-urlencoded",
      "multipart/form-data;boundary=x"
    ],
    ...[
      "application/octet-stream",
      "*/*",
      "text/*",
      "*/*+json",
      "application/nonsense",
      "foo/json",
      "text/html, text/css"
    ]
  ])("%s says nothing", (header) => {
    expect(extOfContentType(header)).toBeUndefined()
  })

  it("does not take a video for TypeScript, which shares its extension", () => {
    expect(mediaTypeOf(extOfContentType("video/mp2t") ?? "")).toBe("video/mp2t")
  })

  it("only ever answers with a legal ext that is known", () => {
    const type = fc.constantFrom(
      "text/html",
      "video/mp2t",
      "text/x-c",
      "application/rls-services+xml",
      "image/x-icon",
      "a/b"
    )
    fc.assert(
      fc.property(fc.oneof(type, fc.string(), fc.webUrl()), (header) => {
        const ext = extOfContentType(header)
        return ext === undefined || (parseExt(ext) === ext && extOfName(`x.${ext}`) === ext)
      })
    )
  })
})

describe("parseExt (C4.2)", () => {
  it.each([
    ["md", "md"],
    ["MD", "md"],
    ["7z", "7z"],
    ["c++", "c++"],
    ["tar.gz", "tar.gz"],
    ["a_b-c", "a_b-c"],
    ["x".repeat(32), "x".repeat(32)]
  ])("accepts %s", (value, ext) => {
    expect(parseExt(value)).toBe(ext)
  })

  it.each(["", ".md", "-a", "+a", "a b", "a/b", "a;b", "é", "\u212a", "md\n", "x".repeat(33)])(
    "refuses %j",
    (value) => {
      expect(parseExt(value)).toBeUndefined()
    }
  )
})

describe("extOfName (C4.2: the name's extension)", () => {
  it.each([
    ["home/notes.md", "md"],
    ["home/a.tar.gz", "gz"],
    ["home/A.HTML", "html"],
    ["home/prod.env", "env"],
    ["lib/x.ts", "ts"],
    ["home/.config.json", "json"],
    ["x.css", "css"],
    ["home/P.weird1", "weird1"],
    ["home/a.dat", "dat"],
    ["home/a.V2", "v2"],
    ["home/v1.2b", "2b"],
    ["home/x.constructor", "constructor"],
    ["home/example.com", "com"],
    ["home/example.net", "net"],
    ["home/x.sixteenletters1x", "sixteenletters1x"],
    ["home/game.n-gage", "n-gage"]
  ])("%s is %s", (name, ext) => {
    expect(extOfName(name)).toBe(ext)
  })

  it.each([
    ...["home/notes", "home/.bashrc", ".html", "home/.md", "home/x.", "home/v1.2", "home/v1.123", "home/a.b/c", ""],
    ...["home/x.seventeenletters1", "home/x.not-a-type", "home/x.a_b", "home/x.m d", "home/x.é", "home/a.html/"]
  ])("%s has none", (name) => {
    expect(extOfName(name)).toBeUndefined()
  })
})

describe("isActiveMarkup (C2.1: what gets a sandbox)", () => {
  it.each(["html", "htm", "svg", "xml", "xhtml", "xsl", "xslt", "rss", "atom", "mathml", "rdf", "dtd"])(
    "%s is",
    (ext) => {
      expect(isActiveMarkup(mediaTypeOf(ext))).toBe(true)
    }
  )

  it.each(["text/xml", "text/xsl", "TEXT/HTML", "application/vnd.x+xml"])("%s is", (type) => {
    expect(isActiveMarkup(type)).toBe(true)
  })

  it.each([
    "text/plain",
    "text/markdown",
    "application/json",
    "text/javascript",
    "image/png",
    "text/xmlish",
    "xtext/html"
  ])("%s is not", (type) => {
    expect(isActiveMarkup(type)).toBe(false)
  })
})

describe("hostile 16 KB headers", () => {
  it.each([
    ["semicolons", `a/b${";".repeat(16384)}`],
    ["an endless quoted string", `a/b;x="${"\\".repeat(16384)}`],
    ["quotes", `a/b;x=${'"'.repeat(16384)}`],
    ["blanks", `a/b;${" \t".repeat(8192)}x`],
    ["dots", `a/${".".repeat(16384)}`]
  ])("take linear time: %s", (_, header) => {
    const start = performance.now()
    for (let i = 0; i < 20; i++) extOfContentType(header)
    for (let i = 0; i < 20; i++) extOfName(header)
    expect(performance.now() - start).toBeLessThan(1000)
  })
})
