import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  holds,
  type IfHeader,
  parseIfHeader,
  type ResourceState,
  resolveIf,
  type StateCondition,
  submittedTokens
} from "../../src/domain/IfHeader.ts"
import { path } from "../helpers/Paths.ts"

const token = (name: string, negated = false): StateCondition => ({ _tag: "Token", negated, token: name })
const tag = (opaque: string, negated = false, weak = false): StateCondition => ({
  _tag: "Tag",
  negated,
  tag: { weak, opaque }
})

describe("C15 If is read as RFC 4918 section 10.4.2 writes it", () => {
  it.each<[string, IfHeader]>([
    ["(<urn:uuid:1>)", [{ resource: undefined, lists: [[token("urn:uuid:1")]] }]],
    [' ( <a:1>\t["x"] ) ', [{ resource: undefined, lists: [[token("a:1"), tag("x")]] }]],
    ['(<a:1> [W/"x"]) (["y"])', [{ resource: undefined, lists: [[token("a:1"), tag("x", false, true)], [tag("y")]] }]],
    ["(Not <a:1> not<b:2>)", [{ resource: undefined, lists: [[token("a:1", true), token("b:2", true)]] }]],
    ["(<DAV:no-lock>)", [{ resource: undefined, lists: [[token("DAV:no-lock")]] }]],
    ['(["a,b(<c>)"])', [{ resource: undefined, lists: [[tag("a,b(<c>)")]] }]],
    ["</dav/x> (<a:1>)", [{ resource: "/dav/x", lists: [[token("a:1")]] }]],
    [
      "<http://h/dav/x>(<a:1>)(<b:2>) </dav/y> (<c:3>)",
      [
        { resource: "http://h/dav/x", lists: [[token("a:1")], [token("b:2")]] },
        { resource: "/dav/y", lists: [[token("c:3")]] }
      ]
    ]
  ])("%s", (text, header) => {
    expect(parseIfHeader(text)).toEqual(header)
  })

  it.each([
    ...["", " ", "x", "()", "(", ")", "(<a:1>", "<a:1>", "(a:1)", '("x")', "([x])", '(["x)', '([ "x"])', '(["x" ])'],
    ...["(<>)", "(<no-scheme>)", "(<a:1>) x", "(<a:1>),(<b:2>)", "(Not)", "(Not Not <a:1>)", "(Notx <a:1>)"],
    ...["</x>", "<x> (<a:1>)", "<//host/x> (<a:1>)", "(<a:1>) </x> (<b:2>)", "</x> (<a:1>) (<b:2>", "(<a 1>)"],
    ...["(</x><http://h/x>(<a:1>)", "((<a:1>))", "(<a:1>)\u0000"]
  ])("and nothing else: %j", (text) => {
    expect(parseIfHeader(text)).toBeUndefined()
  })

  it("takes time in proportion to its length", () => {
    const started = performance.now()
    for (const text of [`(${" ".repeat(200_000)}`, "(<a:1>)".repeat(30_000), `(<a:1>${' ["x"]'.repeat(30_000)}`]) {
      parseIfHeader(text)
    }
    expect(performance.now() - started).toBeLessThan(2000)
  })
})

const name = fc.constantFrom("a:1", "b:2", "c:3", "DAV:no-lock")
const opaque = fc.constantFrom("x", "y", "(z)<w>")
const condition = fc.record({ negated: fc.boolean(), name, opaque, isTag: fc.boolean(), weak: fc.boolean() })
const list = fc.array(condition, { minLength: 1, maxLength: 3 })
const lists = fc.array(list, { minLength: 1, maxLength: 3 })
const space = fc.constantFrom("", " ", "\t ")

type Written = { negated: boolean; name: string; opaque: string; isTag: boolean; weak: boolean }
const writtenCondition = ({ isTag, name, negated, opaque, weak }: Written) =>
  `${negated ? "Not " : ""}${isTag ? `[${weak ? "W/" : ""}"${opaque}"]` : `<${name}>`}`
const writtenLists = (lists: ReadonlyArray<ReadonlyArray<Written>>, gap: string) =>
  lists.map((list) => `(${list.map(writtenCondition).join(gap)})`).join(gap)
const readCondition = ({ isTag, name, negated, opaque, weak }: Written): StateCondition =>
  isTag ? tag(opaque, negated, weak) : token(name, negated)

const written = fc.oneof(
  fc.record({ lists, gap: space }).map(({ gap, lists }) => ({
    text: writtenLists(lists, gap),
    header: [{ resource: undefined, lists: lists.map((list) => list.map(readCondition)) }]
  })),
  fc
    .array(fc.record({ lists, gap: space, resource: fc.constantFrom("/dav/a", "http://h:1/dav/b%20c") }), {
      minLength: 1,
      maxLength: 3
    })
    .map((groups) => ({
      text: groups.map(({ gap, lists, resource }) => `<${resource}>${gap}${writtenLists(lists, gap)}`).join(" "),
      header: groups.map(({ lists, resource }) => ({
        resource,
        lists: lists.map((list) => list.map(readCondition))
      }))
    }))
)

const state = fc.record({
  tags: fc.uniqueArray(opaque, { maxLength: 2 }),
  tokens: fc.uniqueArray(name, { maxLength: 2 })
})

/** RFC 4918 section 10.4.3 and 10.4.4, word for word. */
const judge = (header: IfHeader, states: (resource: string | undefined) => ResourceState): boolean => {
  for (const { lists, resource } of header) {
    const { tags, tokens } = states(resource)
    for (const list of lists) {
      let all = true
      for (const condition of list) {
        const met =
          condition._tag === "Token"
            ? tokens.includes(condition.token)
            : !condition.tag.weak && tags.includes(condition.tag.opaque)
        if (met === condition.negated) all = false
      }
      if (all) return true
    }
  }
  return false
}

describe("C15 what If says", () => {
  it("comes back from its text, whatever stands between", () => {
    fc.assert(
      fc.property(written, ({ header, text }) => {
        expect(parseIfHeader(text)).toEqual(header)
      })
    )
  })

  it("never throws at any text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void parseIfHeader(text)))
  })

  it("holds when all of one list does", () => {
    fc.assert(
      fc.property(written, state, state, ({ header }, own, other) => {
        const stateOf = (resource: string | undefined) => (resource === "/dav/a" ? other : own)
        expect(holds(header, stateOf)).toBe(judge(header, stateOf))
      })
    )
  })

  it("submits every token that it names, once, negated ones too", () => {
    expect(submittedTokens(parseIfHeader("</a> (<a:1>) (Not <b:2> <a:1>)") ?? [])).toEqual(["a:1", "b:2"])
  })

  it("is about worlds by any of their URLs, and about nothing that is elsewhere", () => {
    const references = [
      "/dav/home/a",
      "/home/a",
      "http://here:1/home/%61",
      "http://there/home/a",
      "/proc/x",
      "/dev/../x"
    ]
    const header = parseIfHeader(references.map((reference) => `<${reference}> (<a:1>)`).join(" "))
    expect(resolveIf(header ?? [], path("home/own"), "here:1").map(({ resource }) => resource)).toEqual([
      ...["home/a", "home/a", "home/a"],
      ...[undefined, undefined, undefined]
    ])
    expect(resolveIf(parseIfHeader("(<a:1>)") ?? [], path("home/own"), "here:1")[0]?.resource).toBe("home/own")
  })
})
