import { createHash } from "node:crypto"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { count, formatAge, formatBytes, formatSpan, hexDump } from "../../../src/http/shell/app/pure/Format.ts"
import { highlight, longest } from "../../../src/http/shell/app/pure/Highlight.ts"
import { kindOf, type Language, languageOf } from "../../../src/http/shell/app/pure/Kind.ts"
import { compareLines, lineEndOf, withLineEndsOf } from "../../../src/http/shell/app/pure/Lines.ts"
import { flawOfName, hrefOf, parentOf, placeOf } from "../../../src/http/shell/app/pure/Place.ts"
import { sha256 } from "../../../src/http/shell/app/pure/Sha256.ts"
import { type SseEvent, sseReader } from "../../../src/http/shell/app/pure/Sse.ts"

describe("C14 what an address names", () => {
  it.each([
    ["/", { kind: "machine" }],
    ["/home", { kind: "collection", path: "home" }],
    ["/home/", { kind: "collection", path: "home" }],
    ["/home/a/b", { kind: "world", path: "home/a/b" }],
    ["/home/a%2Fb", { kind: "world", path: "home/a/b" }],
    ["/bin/home/a", { kind: "world", path: "home/a" }],
    ["/home/a/", { kind: "collection", path: "home/a" }],
    ["/shaped/home/a", { kind: "shaped", path: "home/a" }],
    ["/shaped/mnt/in/a", { kind: "shaped", path: "mnt/in/a" }],
    ["/shaped/", { kind: "elsewhere" }],
    ["/dev/gpu", { kind: "elsewhere" }],
    ["/proc/status", { kind: "elsewhere" }],
    ["/home/%ff", { kind: "elsewhere" }]
  ])("C14: %s", (pathname, place) => expect(placeOf(pathname)).toEqual(place))

  const name = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 9 })
    .map((text) => text.replace(/[/\\:*?"<>|\p{C}]/gu, "").normalize("NFC"))
    .filter((text) => text !== "" && text !== "." && text !== "..")
  it("C14: the address of a world names it", () => {
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), (segments) => {
        const path = `home/${segments.join("/")}`.normalize("NFC")
        expect(placeOf(hrefOf(path))).toEqual({ kind: "world", path })
        expect(placeOf(parentOf(path))).toEqual({ kind: "collection", path: path.split("/").slice(0, -1).join("/") })
        expect(flawOfName(segments.join("/"))).toBeUndefined()
      })
    )
  })
  it.each(["", "/a", "a/", "a//b", "..", "a/../b", "a:b", "a?", "a\nb", "a\\b"])("C14: %j is no name", (text) => {
    expect(flawOfName(text)).toMatch(/\.$/)
  })
})

describe("C14 server-sent events", () => {
  const read = (...parts: ReadonlyArray<string>): ReadonlyArray<SseEvent> => {
    const reader = sseReader()
    return parts.flatMap((part) => reader(part))
  }
  it.each([
    ["data: a\n\n", [{ event: "message", data: "a", id: "" }]],
    ["event: update\nid: 7\ndata: a\ndata: b\n\n", [{ event: "update", data: "a\nb", id: "7" }]],
    [": comment\n\n", []],
    ["data:a\r\ndata: b\r\n\r\n", [{ event: "message", data: "a\nb", id: "" }]],
    ["data\n\n", [{ event: "message", data: "", id: "" }]],
    ["event: done\n\n", [{ event: "done", data: "", id: "" }]],
    ["data: not over", []]
  ])("C14: %j", (text, events) => expect(read(text)).toEqual(events))

  it("C14: it does not matter where a stream is cut", () => {
    const field = fc.constantFrom("data: x", "data:  y", "data", "event: e", "id: 3", ": c", "", "", "nonsense")
    const end = fc.constantFrom("\n", "\r", "\r\n")
    const text = fc.array(fc.tuple(field, end), { maxLength: 20 }).map((lines) => lines.flat().join(""))
    fc.assert(
      fc.property(text, fc.array(fc.nat(200), { maxLength: 5 }), (text, cuts) => {
        const places = [...new Set([0, ...cuts.map((cut) => Math.min(cut, text.length)), text.length])].sort(
          (a, b) => a - b
        )
        const parts = places.slice(1).map((end, i) => text.slice(places[i], end))
        // A CR at the end of all is a line end only when what comes next is known.
        expect(read(...parts, ":\n")).toEqual(read(text, ":\n"))
      })
    )
  })
})

describe("C14 SHA-256 without crypto.subtle", () => {
  it("C14: is SHA-256", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(sha256(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"))
      })
    )
  })
  it.each([0, 55, 56, 63, 64, 65, 1_000_003])("C14: of %i bytes", (length) => {
    const bytes = new Uint8Array(length).map((_, i) => i * 7)
    expect(sha256(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"))
  })
})

describe("C14 colours", () => {
  const languages: ReadonlyArray<Language> = [
    ...(["json", "script", "markup", "style", "markdown", "python", "shell", "sql", "data", "plain"] as const)
  ]
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '"',
      "'",
      "`",
      "/*",
      "*/",
      "//",
      "<!--",
      "-->",
      "<a b='",
      "${",
      "\\",
      "#",
      "\n",
      "const",
      "=",
      "```"
    )
  )
  it.each(languages)("C14: %s: the pieces together are the source", (language) => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const source = pieces.join("")
        expect(
          highlight(source, language)
            .map(({ text }) => text)
            .join("")
        ).toBe(source)
      })
    )
  })
  it.each(languages)("C14: %s: hostile source takes no more time than other", (language) => {
    for (const unit of [
      '"',
      "'",
      "`",
      "/*",
      "<",
      "<a ",
      "<!--",
      "[",
      "](",
      "*",
      "#",
      "-",
      " ",
      "\\",
      "a=",
      "${",
      "a",
      "1",
      "a ",
      "=",
      "&",
      "__a",
      "a:"
    ]) {
      const source = unit.repeat(longest / unit.length)
      const began = performance.now()
      highlight(source, language)
      expect([unit, performance.now() - began < 1500]).toEqual([unit, true])
    }
  })
  it.each([
    ["json", '{"a": 1}', ["punctuation {", 'name "a"', "punctuation :", "number 1", "punctuation }"]],
    ["script", "const a = f(1) // x", ["keyword const", "name f", "number 1", "comment // x"]],
    ["sql", "SELECT 'a' FROM b", ["keyword SELECT", "string 'a'", "keyword FROM"]],
    ["markup", '<a href="b">c</a>', ["keyword <a", "name href", 'string "b"', "keyword >", "keyword </a", "keyword >"]]
  ] as const)("C14: %s", (language, source, marked) => {
    const tokens = highlight(source, language).filter(({ mark }) => mark !== "")
    expect(tokens.map(({ mark, text }) => `${mark} ${text}`)).toEqual(marked)
  })
  it.each([
    ["script", "comment", "/* one\ntwo\n*/", " x"],
    ["script", "comment", "/* without\nan end\n", ""],
    ["script", "comment", "// one", "\rrun"],
    ["style", "comment", "/* one\ntwo */", " x"],
    ["sql", "comment", "/* one\ntwo */", " x"],
    ["markup", "comment", "<!-- one\ntwo -->", " x"],
    ["markup", "comment", "<![CDATA[ one\ntwo ]]>", " x"],
    ["markdown", "string", "```\none\ntwo\n```", " x"],
    ["python", "string", '"""one\ntwo"""', " x"],
    ["python", "string", "'''one\n\ntwo\n", ""]
  ] as const)("C14: %s: what goes over lines is one %s: %j", (language, mark, text, rest) =>
    expect(highlight(text + rest, language)[0]).toEqual({ mark, text })
  )
})

describe("C14 how bytes are shown", () => {
  it.each([
    ["html", true, "page"],
    ["svg", true, "image"],
    ["png", false, "image"],
    ["mp3", false, "audio"],
    ["webm", false, "video"],
    ["ts", true, "text"],
    ["zzz", true, "text"],
    ["zzz", false, "bytes"],
    ["txt", false, "bytes"],
    ["constructor", true, "text"]
  ] as const)("C14: %s, text %s: %s", (ext, text, kind) => expect(kindOf(ext, text)).toBe(kind))
  it("C14: what is not known has no colours", () => expect(languageOf("constructor")).toBe("plain"))
})

describe("C14 two texts side by side", () => {
  const text = fc.array(fc.constantFrom("a", "b", "c", ""), { maxLength: 12 }).map((lines) => lines.join("\n"))
  it("C14: each side is its text, line by line, and what is the same is the same", () => {
    fc.assert(
      fc.property(text, text, (mine, theirs) => {
        const rows = compareLines(mine, theirs)
        const side = (pick: "mine" | "theirs") => rows.flatMap((row) => row[pick] ?? []).join("\n")
        expect([side("mine"), side("theirs")]).toEqual([mine, theirs])
        expect(rows.every(({ mine, same, theirs }) => !same || mine === theirs)).toBe(true)
      })
    )
  })
  it.each([
    ["", "\n"],
    ["a", "\n"],
    ["a\nb\n", "\n"],
    ["a\r\nb\r\n", "\r\n"],
    ["a\r\nb\n", "mixed"],
    ["a\rb", "mixed"]
  ])("C14: the lines of %j end in %j", (text, end) => expect(lineEndOf(text)).toBe(end))
  it("C14: lines keep their ends though browsers edit line feeds", () => {
    expect(withLineEndsOf("a\r\nb", "a\nx\n")).toBe("a\r\nx\r\n")
    expect(withLineEndsOf("a\nb", "a\nx\n")).toBe("a\nx\n")
  })
  it("C14: one changed line is one difference", () => {
    expect(compareLines("a\nb\nc", "a\nx\nc").filter(({ same }) => !same)).toEqual([
      { mine: "b", theirs: "x", same: false }
    ])
  })
})

describe("C14 figures for people", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1234, "1.2 kB"],
    [999_999, "1.0 MB"],
    [123_456_789, "123 MB"]
  ])("C14: %i bytes are %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text))
  it.each([
    [0, "just now"],
    [42, "42 s ago"],
    [3599, "59 min ago"],
    [90_000, "1 d ago"],
    [-5, "just now"]
  ])("C14: %i seconds are %s", (seconds, text) => expect(formatAge(0, seconds * 1000)).toBe(text))
  it.each([
    [5, "5 s"],
    [65, "1 min"],
    [3720, "1 h 2 min"],
    [90_000, "1 d 1 h"]
  ])("C14: %i seconds last %s", (seconds, text) => expect(formatSpan(seconds)).toBe(text))
  it("C14: a number and its noun agree", () =>
    expect([count(1, "world"), count(2000, "world")]).toEqual(["1 world", "2,000 worlds"]))
  it("C14: bytes as hex", () =>
    expect(hexDump(Uint8Array.of(0x41, 0, 0xff))).toBe(`000000  ${"41 00 ff".padEnd(47)}  A··`))
})
