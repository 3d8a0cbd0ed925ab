import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { limits } from "../../src/domain/RoutePrompt.ts"
import { longestProse, parseReply } from "../../src/domain/RouteReply.ts"
import { anySegment } from "../helpers/Paths.ts"

const names = [
  "home/a",
  "home/a b",
  "home/a, b",
  "home/shopping-list",
  "home/购物清单",
  "home/Notes",
  "etc/x.conf",
  "home/été"
]
const read = (reply: string, candidates: ReadonlyArray<string> = names) => parseReply(reply, candidates)
const match = (name: string) => ({ _tag: "Match", name })
const multi = (...names: ReadonlyArray<string>) => ({ _tag: "Multi", names })
const none = (prose = "") => ({ _tag: "None", prose })

const anyName = fc.tuple(fc.constantFrom("home", "etc"), anySegment, anySegment).map((parts) => parts.join("/"))
const anyNames = fc.uniqueArray(anyName, { minLength: 1, maxLength: 12 })

describe("C13 a reply as it was asked for", () => {
  test("any candidate by its exact name is a match", () => {
    fc.assert(
      fc.property(anyNames, fc.nat(), (candidates, at) => {
        const name = candidates[at % candidates.length] ?? ""
        expect(read(`MATCH: ${name}`, candidates)).toEqual(match(name))
      }),
      { numRuns: 500 }
    )
  })

  test("several are several, in their order, each once, and at most ten", () => {
    const simple = fc.uniqueArray(fc.stringMatching(/^home\/[a-z]{1,8}$/), { minLength: 2, maxLength: 30 })
    fc.assert(
      fc.property(simple, (candidates) => {
        const reply = `MULTI: ${[...candidates, candidates[0]].join(", ")}`
        expect(read(reply, candidates)).toEqual(multi(...candidates.slice(0, limits.choices)))
      })
    )
  })

  test("nothing but candidates ever comes out of it, and it never throws", () => {
    const pieces = fc.constantFrom(
      ...[
        "MATCH:",
        "MULTI:",
        "NONE:",
        "match",
        " ",
        "\n",
        "\r\n",
        ",",
        "`",
        "```",
        '"',
        "**",
        "/",
        "home/a",
        "home/a b"
      ],
      ...[
        "home/b",
        "a",
        "%2F",
        "%",
        "</think>",
        "http://h/",
        "- ",
        "1. ",
        "(",
        ")",
        "清",
        "\u202e",
        "\0",
        ". ",
        "notes"
      ]
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 25 }), (parts) => {
        const answer = read(parts.join(""))
        if (answer._tag === "Match") expect(names).toContain(answer.name)
        if (answer._tag === "Multi") {
          expect(answer.names.length).toBeGreaterThan(1)
          expect(names).toEqual(expect.arrayContaining([...answer.names]))
        }
      }),
      { numRuns: 2000 }
    )
    fc.assert(fc.property(fc.string({ unit: "binary" }), (reply) => read(reply)._tag === "None"))
  })
})

describe("C13 what small models put around it", () => {
  test.each([
    ["lower case", "match: home/a"],
    ["markup", "**MATCH:** home/a"],
    ["markup around all of it", "**MATCH: home/a**"],
    ["quotes", 'MATCH: "home/a"'],
    ["backticks", "MATCH: `home/a`."],
    ["brackets", "MATCH: <home/a>"],
    ["a fence", "```text\r\nMATCH: home/a\r\n```\r\n"],
    ["a fence on the line", "```MATCH: home/a```"],
    ["a leading slash", "MATCH: /home/a"],
    ["a trailing slash", "MATCH: home/a/"],
    ["a server's address", "MATCH: http://localhost:3005/home/a"],
    ["a preamble", "Sure! Here is the answer:\n\nMATCH: home/a"],
    ["prose behind it", "MATCH: home/a\n\nIt is the only page about that. No MATCH: there."],
    ["prose on the line", "MATCH: home/a (the letter)"],
    ["a dash and prose", "MATCH: home/a - because it fits"],
    ["a thought", "<think>MATCH: home/Notes? no.\nMATCH: etc/x.conf?</think>\nMATCH: home/a"],
    ["a long thought", `<think>${"MATCH: home/Notes?\n".repeat(5000)}</think>MATCH: home/a`],
    ["no space", "MATCH:home/a"],
    ["a wide colon", "MATCH：home/a"],
    ["other case", "MATCH: Home/A"],
    ["no namespace", "MATCH: a"],
    ["twice the same", "MATCH: home/a\nMATCH: home/a"],
    ["on the next line", "MATCH:\n- home/a"],
    ["a list of one", "MULTI: home/a"],
    ["unknown names beside it", "MULTI: home/gone, home/a, /etc/passwd"]
  ])("%s", (_, reply) => {
    expect(read(reply)).toEqual(match("home/a"))
  })

  test.each([
    ["with a space", "MATCH: home/a b", "home/a b"],
    ["with a comma", "MATCH: home/a, b", "home/a, b"],
    ["percent-encoded", "MATCH: /home/%E8%B4%AD%E7%89%A9%E6%B8%85%E5%8D%95", "home/购物清单"],
    ["decomposed", "MATCH: home/e\u0301te\u0301", "home/été"],
    ["in other case", "MATCH: home/notes", "home/Notes"],
    ["with an extension, and a full stop", "MATCH: etc/x.conf.", "etc/x.conf"],
    ["with JSON's escapes", "MATCH: home/\\u8d2d\\u7269\\u6e05\\u5355", "home/购物清单"]
  ])("a name %s", (_, reply, name) => {
    expect(read(reply)).toEqual(match(name))
  })

  test.each([
    ["with commas in names", "MULTI: home/a, b, home/a", ["home/a, b", "home/a"]],
    ["quoted", 'MULTI: `home/a`, "home/Notes" and more', ["home/a", "home/Notes"]],
    ["as a list below", "MULTI:\n1. home/a\n2. home/Notes\n\nhome/été fits less", ["home/a", "home/Notes"]],
    ["with prose between", "MULTI: home/a (one), home/Notes (two)", ["home/a", "home/Notes"]],
    ["with wide commas", "MULTI：home/购物清单，home/shopping-list", ["home/购物清单", "home/shopping-list"]],
    ["as matches", "MATCH: home/a, home/Notes", ["home/a", "home/Notes"]]
  ])("several %s", (_, reply, expected) => {
    expect(read(reply)).toEqual(multi(...expected))
  })
})

describe("C13 what is refused", () => {
  test.each([
    ["nothing", ""],
    ["chatter", "I would go to home/a."],
    ["a keyword in the middle", "I think MATCH: home/a"],
    ["two different answers", "MATCH: home/a\nMATCH: home/Notes"],
    ["the forms themselves", "MATCH: name\nMULTI: name, name\nNONE: a sentence"],
    ["a name that is none", "MATCH: home/secret"],
    ["a name that only begins like one", "MATCH: home/a-secret"],
    ["the same with a slash", "MATCH: home/a/b"],
    ["the same with an extension", "MATCH: home/a.md"],
    ["the same with a space", "MATCH: home/a c"],
    ["several unknown ones", "MULTI: home/x, home/y"],
    ["an empty match", "MATCH:"],
    ["a thought without an end", "<think>\nMATCH: home/a\n"],
    ["JSON", '{"match":"home/a"}']
  ])("%s", (_, reply) => {
    expect(read(reply)).toEqual(none())
  })

  test("a short name that two candidates share is neither", () => {
    expect(read("MATCH: x", ["home/x", "etc/x"])).toEqual(none())
    expect(read("MATCH: HOME/X", ["home/x", "home/X"])).toEqual(none())
    expect(read("MATCH: home/X", ["home/x", "home/X"])).toEqual(match("home/X"))
  })
})

describe("C13 prose for the visitor", () => {
  test("is what stands behind NONE, on as many lines as it has", () => {
    expect(read("NONE: 这里没有。\nBut there is more.")).toEqual(none("这里没有。\nBut there is more."))
    expect(read("Hm.\n**NONE:** nothing like that\n```")).toEqual(none("nothing like that"))
    expect(read("NONE")).toEqual(none())
  })

  test("holds nothing invisible, keeps its characters whole, and is bounded", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), fc.integer({ min: 1, max: 60 }), (text, times) => {
        const answer = read(`NONE: ${text.replaceAll(":", "").repeat(times)}`)
        if (answer._tag !== "None") throw new Error("it is none")
        expect([...answer.prose].length).toBeLessThanOrEqual(longestProse)
        expect(answer.prose).not.toMatch(/(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}]/u)
      })
    )
  })
})

test("replies of any length are read in no time", () => {
  const replies = [`MULTI: ${"home/a, ".repeat(50_000)}`, `MATCH: ${" ".repeat(200_000)}`, "`".repeat(200_000)]
  replies.push(`MULTI: ${"home/a ".repeat(50_000)}`, `NONE: ${" `".repeat(100_000)}x`, "MATCH\n".repeat(50_000))
  replies.push(
    `MULTI: ${"/".repeat(200_000)}`,
    `MATCH: home/a${'"'.repeat(200_000)}x`,
    `MULTI: ${"1. ".repeat(70_000)}`
  )
  const started = performance.now()
  for (const reply of replies) read(reply)
  expect(performance.now() - started).toBeLessThan(2000)
})
