import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type Meta, reader } from "../../src/domain/ShapeReply.ts"

interface Read {
  readonly content: string
  readonly meta: Meta
}

/** Reads a reply in the given pieces; also what was passed on before its end. */
const readPieces = (pieces: ReadonlyArray<string>, fences = true): Read & { readonly early: string } => {
  const reading = reader({ fences })
  const early = pieces.map(reading.push).join("")
  const { meta, rest } = reading.end()
  return { early, content: early + rest, meta }
}

const read = (reply: string, fences = true): Read => {
  const { content, meta } = readPieces([reply], fences)
  return { content, meta }
}

const html: Meta = { contentType: "text/html", shape: "big page" }
const meta = '{"content_type": "text/html", "shape": "big page"}'
const unknown: Meta = { contentType: "text/plain", shape: "unknown" }

describe("C12.3 META", () => {
  test.each([
    ["on the next line", `<p>hi\n===META===\n${meta}`],
    ["on the same line", `<p>hi\n===META===${meta}`],
    ["on the same line after a space", `<p>hi\n===META=== ${meta}\n`],
    ["after empty lines, which are its own", `<p>hi\n===META===\n\n${meta}\n\n`],
    ["with CRLF", `<p>hi\r\n===META===\r\n${meta}\r\n`],
    [
      "over several lines",
      `<p>hi\n===META===\n{\n  "content_type": "Text/HTML; charset=utf-8",\n  "shape": "big page"\n}`
    ],
    ["in a fence", `<p>hi\n===META===\n\`\`\`json\n${meta}\n\`\`\``],
    ["with a marker that begins no line", `<p>hi===META===\n${meta}`]
  ])("is read %s", (_, reply) => {
    expect(read(reply)).toEqual({ content: "<p>hi", meta: html })
  })

  test.each([
    ["there is none", "plain words\n", "plain words\n"],
    ["it is no JSON", "words\n===META===\ncontent_type: text/html", "words"],
    ["it is cut short", `words\n===META===\n${meta.slice(0, -1)}`, "words"],
    ["words follow", `words\n===META===\n${meta}\nI hope this helps!`, "words"],
    ["it names no type", 'words\n===META===\n{"shape": "x"}', "words"],
    ["the type is a range", 'words\n===META===\n{"content_type": "text/*"}', "words"],
    ["the type is none", 'words\n===META===\n{"content_type": "text/html\\r\\nset-cookie: a=b"}', "words"],
    ["the type is longer than any", `words\n===META===\n{"content_type": "text/${"x".repeat(128)}"}`, "words"],
    ["it is a list", "words\n===META===\n[]", "words"],
    ["a marker begins no line", "words ===META=== words", "words ===META=== words"]
  ])("is text/plain of unknown shape when %s", (_, reply, content) => {
    expect(read(reply)).toEqual({ content, meta: unknown })
  })

  test.each([
    ["", "unknown"],
    ["  a list  ", "a list"],
    ["line\nbreak", "unknown"],
    ["größe", "unknown"],
    ["x".repeat(64), "x".repeat(64)],
    ["x".repeat(65), "unknown"]
  ])("has the shape %j read as %j, which a header can hold", (shape, expected) => {
    expect(read(`x\n===META===\n${JSON.stringify({ content_type: "a/b", shape })}`).meta.shape).toBe(expected)
  })

  test("counts when it comes last, whatever the content quotes", () => {
    const quoted = `see:\n===META===\n{"content_type": "text/css", "shape": "quoted"}\nthat was a quotation`
    expect(read(`${quoted}\n===META===\n${meta}`)).toEqual({ content: quoted, meta: html })
    const own = '{"content_type": "text/html", "shape": "has ===META=== in it"}'
    expect(read(`<p>\n===META===\n${own}`)).toEqual({
      content: "<p>",
      meta: { contentType: "text/html", shape: "has ===META=== in it" }
    })
  })

  test("may be all there is: an empty body is a valid answer", () => {
    expect(read(`===META===\n${meta}`)).toEqual({ content: "", meta: html })
    expect(read(`\n===META===\n${meta}`)).toEqual({ content: "", meta: html })
  })
})

describe("C12.3 a fence around all of the content", () => {
  test.each([
    ["closed before META", `\`\`\`html\n<p>hi\n\`\`\`\n===META===\n${meta}`],
    ["closed behind META", `\`\`\`html\n<p>hi\n===META===\n${meta}\n\`\`\``],
    ["after empty lines", `\n\n\`\`\`\n<p>hi\n\`\`\`\n\n===META===\n${meta}`],
    ["with CRLF", `\`\`\`html\r\n<p>hi\r\n\`\`\`\r\n===META===\r\n${meta}`]
  ])("is no part of it: %s", (_, reply) => {
    expect(read(reply)).toEqual({ content: "<p>hi", meta: html })
  })

  test("is no part of it without META either", () => {
    expect(read("```\nwords\n```\n")).toEqual({ content: "words", meta: unknown })
  })

  test("stays where fences may be meant", () => {
    expect(read("```js\ncode\n```\n", false).content).toBe("```js\ncode\n```\n")
  })

  test.each(["``` is a fence\nx", "``` a b\nx\n```", "````\nx\n````", "`code`\nx"])("is not %j", (reply) => {
    expect(read(reply).content).toBe(reply)
  })

  test("ends at the last line: fences within stay", () => {
    const reply = `\`\`\`\na\n\`\`\`\nb\n\`\`\`\n===META===\n${meta}`
    expect(read(reply).content).toBe("a\n```\nb")
  })
})

describe("C12.6 a reply in pieces", () => {
  const parts = fc.constantFrom(
    ...[
      "===META===",
      "\n",
      "\r\n",
      "\r",
      "```",
      "`",
      "```html\n",
      "=",
      "==",
      "===",
      "META",
      "===META",
      "a",
      " ",
      "{",
      "}"
    ],
    ...[meta, `\n===META===\n${meta}`, "<p>", "\n```\n", "\n\n\n\n\n\n", "ä", "\u{1f600}"]
  )
  const reply = fc.array(parts, { maxLength: 14 }).map((words) => words.join(""))
  const cuts = fc.array(fc.nat(200), { maxLength: 12 })

  const piecesOf = (text: string, at: ReadonlyArray<number>): ReadonlyArray<string> => {
    const ends = [...new Set(at.map((n) => n % (text.length + 1)))].sort((a, b) => a - b)
    return [...ends, text.length].map((end, i) => text.slice(i === 0 ? 0 : ends[i - 1], end))
  }

  test("is the same reply, wherever it is cut", () => {
    fc.assert(
      fc.property(reply, cuts, fc.boolean(), (text, at, fences) => {
        const { content, meta } = readPieces(piecesOf(text, at), fences)
        expect({ content, meta }).toEqual(read(text, fences))
      }),
      { numRuns: 10_000 }
    )
  })

  test("is the same reply in single units", () => {
    fc.assert(
      fc.property(reply, fc.boolean(), (text, fences) => {
        const { content, meta } = readPieces(text.split(""), fences)
        expect({ content, meta }).toEqual(read(text, fences))
      }),
      { numRuns: 10_000 }
    )
  })

  test("never shows a reader a part of META", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z<>\n ]{0,40}$/), cuts, (content, at) => {
        const text = `${content}\n===META===\n${meta}`
        const { early, ...whole } = readPieces(piecesOf(text, at))
        expect(whole).toEqual({ content, meta: html })
        expect(content.startsWith(early)).toBe(true)
      })
    )
  })

  test("is passed on at once where nothing of it can be META or a fence", () => {
    const reading = reader({ fences: true })
    expect(["<p>", "one ", "two\n", "three"].map(reading.push)).toEqual(["<p>", "one ", "two", "\nthree"])
  })

  test("takes time in proportion to its length, whatever it is made of", () => {
    for (const piece of ["\n", "=", "`", "===META===", "\n```", "===META===\n{"]) {
      const reading = reader({ fences: true })
      const started = performance.now()
      for (let n = 0; n < 20_000; n++) reading.push(piece)
      reading.end()
      expect(performance.now() - started).toBeLessThan(5000)
    }
  })
})
