import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { parseAccept } from "../../src/domain/Accept.ts"
import { judge } from "../../src/domain/ShapeVerdict.ts"

const judged = (content: string, contentType: string, accept = "*/*") =>
  judge(content, { contentType, shape: "x" }, parseAccept(accept))
const accepted = (content: string) => ({ accepted: true, content })
const refused = expect.objectContaining({ accepted: false })

describe("C12.3 what claims to be", () => {
  test.each([
    ["application/json", '{"a": 1}', true],
    ["application/json", "{'a': 1}", false],
    ["application/json", "", false],
    ["application/ld+json", "[1, 2]", true],
    ["application/ld+json", "[1, 2", false],
    ["text/json", "null", true],
    ["application/xml", "<a><b/></a>", true],
    ["application/xml", "<a><b></a>", false],
    ["application/xml", "<a>&nope;</a>", false],
    ["text/xml", "", false],
    ["image/svg+xml", '<svg xmlns="http://www.w3.org/2000/svg"/>', true],
    ["image/svg+xml", "<svg", false],
    ["application/xhtml+xml", "<html>&nbsp;</html>", false],
    ["text/html", "<p>never closed", true],
    ["text/plain", "", true],
    ["text/html", "", true],
    ["application/x-ndjson", "{}\n{}", true]
  ])("%s %j holds up: %s", (type, content, holds) => {
    expect(judged(content, type)).toEqual(holds ? accepted(content) : refused)
  })

  test("an entity bomb is no XML, at once", () => {
    const levels = Array.from({ length: 20 }, (_, n) => `<!ENTITY e${n + 1} "${`&e${n};`.repeat(10)}">`)
    const bomb = `<!DOCTYPE a [<!ENTITY e0 "x">${levels.join("")}]><a>&e20;</a>`
    expect(judged(bomb, "application/xml")).toEqual(refused)
  })

  test.each([
    ["application/json", "[".repeat(200_000)],
    ["application/json", "[".repeat(200_000) + "]".repeat(200_000)],
    ["application/xml", "<a>".repeat(100_000) + "</a>".repeat(100_000)]
  ])("%s that is too deep to read gets an answer", (type, content) => {
    expect([true, false]).toContain(judged(content, type).accepted)
  })

  test("any JSON value, as it is", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(judged(text, "application/json")).toEqual(accepted(text))
      })
    )
  })
})

describe("C12.3 what the caller accepts", () => {
  test.each([
    ["text/html", "text/html", true],
    ["text/html", "text/*;q=0.1", true],
    ["text/html", "text/html;q=0, */*", false],
    ["text/plain", "text/html", false],
    ["application/json", "text/csv, application/xml", false]
  ])("%s against %s: %s", (type, accept, fits) => {
    expect(judged("1", type, accept).accepted).toBe(fits)
  })

  test("is never the transport, whatever they accept", () => {
    expect(judged("data: x", "text/event-stream", "*/*")).toEqual(refused)
  })
})

describe("C12.3 a block with words around it", () => {
  const around = (info: string, block: string) => `Here you are:\n\n\`\`\`${info}\n${block}\n\`\`\`\n\nEnjoy!`

  test.each([
    ["application/json", "json", '{"a": 1}'],
    ["text/html", "html", "<p>hi</p>"],
    ["text/csv", "csv", "a,b\n1,2"],
    ["application/xml", "", "<a/>"],
    ["application/yaml", "yaml", "a: 1"]
  ])("is the answer for %s", (type, info, block) => {
    expect(judged(around(info, block), type)).toEqual(accepted(block))
  })

  test("is not when it does not parse either", () => {
    expect(judged(around("json", "{a: 1}"), "application/json")).toEqual(refused)
  })

  test.each(["text/plain", "text/markdown"])("is a part of %s", (type) => {
    expect(judged(around("js", "code"), type)).toEqual(accepted(around("js", "code")))
  })

  test("within a page is a part of the page", () => {
    const page = "<pre>\n```\ncode\n```\n</pre>"
    expect(judged(page, "text/html")).toEqual(accepted(page))
  })

  test("is not chosen among several", () => {
    const two = `${around("json", "1")}\n${around("json", "2")}`
    expect(judged(two, "application/json")).toEqual(refused)
  })
})
