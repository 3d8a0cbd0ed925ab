import { afterAll, describe, expect, test } from "vitest"
import { people } from "../helpers/People.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, user } = people(server)

const before = "Sun, 06 Nov 1994 08:49:37 GMT"
const after = "Fri, 01 Jan 2100 00:00:00 GMT"

/** A world with its current tag and date; `changed` was its tag before. */
const world = async (name: string) => {
  const target = `/home/c23/${name}`
  const changed = (await user.put(target, "first")).headers.etag ?? ""
  await user.put(target, "second")
  const { headers } = await anyone.get(`${target}?raw`)
  return { target, raw: `${target}?raw`, tag: headers.etag ?? "", date: headers["last-modified"] ?? "", changed }
}

describe("C2.3 conditions of a read, in the order of RFC 9110 section 13.2.2", () => {
  type Facts = Awaited<ReturnType<typeof world>>
  const cases: ReadonlyArray<readonly [what: string, status: number, headers: (w: Facts) => Record<string, string>]> = [
    ["If-None-Match, same tag", 304, ({ tag }) => ({ "if-none-match": tag })],
    ["If-None-Match, same tag marked weak", 304, ({ tag }) => ({ "if-none-match": `W/${tag}` })],
    ["If-None-Match, in a list", 304, ({ tag }) => ({ "if-none-match": `"a,b" , , "c",${tag}` })],
    ["If-None-Match *", 304, () => ({ "if-none-match": "*" })],
    ["If-None-Match, an old tag", 200, ({ changed }) => ({ "if-none-match": changed })],
    ["If-None-Match, the tag without quotes", 200, ({ tag }) => ({ "if-none-match": tag.slice(1, -1) })],
    ["If-Modified-Since, same date", 304, ({ date }) => ({ "if-modified-since": date })],
    ["If-Modified-Since, a later date", 304, () => ({ "if-modified-since": after })],
    ["If-Modified-Since, an earlier date", 200, () => ({ "if-modified-since": before })],
    ["If-Modified-Since, no date", 200, () => ({ "if-modified-since": "yesterday" })],
    ["If-Modified-Since, a tag for a date", 200, ({ tag }) => ({ "if-modified-since": tag })],
    [
      "If-None-Match decides over If-Modified-Since",
      200,
      ({ changed, date }) => ({ "if-none-match": changed, "if-modified-since": date })
    ],
    [
      "If-None-Match decides over If-Modified-Since",
      304,
      ({ tag }) => ({ "if-none-match": tag, "if-modified-since": before })
    ],
    ["If-Match, same tag", 200, ({ tag }) => ({ "if-match": tag })],
    ["If-Match *", 200, () => ({ "if-match": "*" })],
    ["If-Match, an old tag", 412, ({ changed }) => ({ "if-match": changed })],
    ["If-Match, same tag marked weak", 412, ({ tag }) => ({ "if-match": `W/${tag}` })],
    ["If-Unmodified-Since, same date", 200, ({ date }) => ({ "if-unmodified-since": date })],
    ["If-Unmodified-Since, an earlier date", 412, () => ({ "if-unmodified-since": before })],
    ["If-Unmodified-Since, no date", 200, () => ({ "if-unmodified-since": "never" })],
    [
      "If-Match decides over If-Unmodified-Since",
      200,
      ({ tag }) => ({ "if-match": tag, "if-unmodified-since": before })
    ],
    ["If-Match, then If-None-Match", 304, ({ tag }) => ({ "if-match": tag, "if-none-match": tag })],
    ["a failed If-Match before everything", 412, ({ changed, tag }) => ({ "if-match": changed, "if-none-match": tag })],
    ["a failed If-Match before a range", 412, ({ changed }) => ({ "if-match": changed, range: "bytes=99-" })],
    ["If-None-Match before a range", 304, ({ tag }) => ({ "if-none-match": tag, range: "bytes=0-1" })],
    ["a range when the conditions hold", 206, ({ tag }) => ({ "if-match": tag, range: "bytes=0-1" })]
  ]
  test.each(cases)("C2.3 %s: %i", async (what, status, headers) => {
    const facts = await world(what.replace(/[^a-z]+/gi, "-"))
    expect((await anyone.get(facts.raw, headers(facts))).status).toBe(status)
    expect((await anyone.head(facts.raw, headers(facts))).status).toBe(status)
  })

  test.each(["application/json", "text/plain"])(
    "C2.3 each representation is judged by its own tag: %s",
    async (accept) => {
      const { target, tag: raw } = await world(`own-${accept.replace("/", "-")}`)
      const own = (await anyone.get(target, { accept })).headers.etag ?? ""
      expect((await anyone.get(target, { accept, "if-none-match": own })).status).toBe(304)
      if (own !== raw) expect((await anyone.get(target, { accept, "if-none-match": raw })).status).toBe(200)
    }
  )

  test("C2.3 304 repeats what a cache needs, without a body", async () => {
    const { raw, tag } = await world("304")
    const answer = await anyone.get(raw, { "if-none-match": tag })
    expect([answer.headers.etag, answer.bytes.length, answer.headers["content-length"]]).toEqual([tag, 0, undefined])
  })

  test("C2.3 304 of a negotiated representation says what it varies on", async () => {
    const { target } = await world("304-vary")
    const { etag } = (await anyone.get(target)).headers
    expect((await anyone.get(target, { "if-none-match": etag })).headers.vary).toMatch(/accept/i)
  })

  test("C2.3 a condition does not turn a missing world into anything but 404", async () => {
    for (const headers of [{ "if-match": '"x"' }, { "if-match": "*" }, { "if-unmodified-since": before }]) {
      expect((await anyone.get("/home/c23/missing?raw", headers)).status).toBe(404)
    }
  })
})

describe("C2.3 ?v=N", () => {
  test.each(["?v=2", "?raw&v=2", "?v=2&raw"])("C2.3 %s of version 2 is 304", async (query) => {
    const { target } = await world(`v-is-${query.slice(1)}`)
    expect((await anyone.get(target + query)).status).toBe(304)
    expect((await anyone.head(target + query)).status).toBe(304)
  })
  test.each(["?v=1", "?v=3", "?v=", "?v=x", "?v=2.0", "?raw&v=1"])("C2.3 %s of version 2 is 200", async (query) => {
    const { target } = await world(`v-is-not-${query.slice(1)}`)
    expect((await anyone.get(target + query)).status).toBe(200)
  })
})
