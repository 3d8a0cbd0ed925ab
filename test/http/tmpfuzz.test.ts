import fc from "fast-check"
import { afterAll, expect, test } from "vitest"
import { inside } from "../helpers/Inside.ts"
import { headerPairs, people } from "../helpers/People.ts"
import { capOf, nowSeconds } from "../helpers/Secrets.ts"
import { key, start, T2, T3 } from "../helpers/TestServer.ts"
import { browser, settle, zoo } from "../helpers/Zoo.ts"

const server = await start({ maxBody: 2000 })
afterAll(server.stop)
const { anyone, operator, user } = people(server)
await settle(user)

const spices = [
  "%2e%2e",
  "%2F",
  "%00",
  "%ff",
  "%",
  "%zz",
  "..",
  ".",
  "",
  "a:b",
  "a*",
  "%C3%A9",
  "e%CC%81",
  "'",
  "&",
  "$&"
]
const roots = [
  "home/w",
  "home",
  "etc",
  "lib",
  "boot",
  "proc",
  "proc/verify",
  "stream/home",
  "bin",
  "bin/home",
  "dev",
  "auth",
  "docs",
  "x"
]
const segment = fc.oneof(
  {
    arbitrary: fc.constantFrom(...Object.keys(zoo), "status", "worlds", "mint", "state", "__proto__", "constructor"),
    weight: 3
  },
  { arbitrary: fc.constantFrom(...spices), weight: 1 },
  { arbitrary: fc.stringMatching(/^[!-~]{0,12}$/), weight: 1 }
)
const path = fc
  .tuple(fc.constantFrom(...roots), fc.array(segment, { maxLength: 3 }), fc.constantFrom("", "", "/"))
  .map(([root, segments, slash]) => `/${[root, ...segments].join("/")}${slash}`.replace(/[? #]/g, ""))
const parameter = fc.tuple(
  fc.constantFrom("raw", "v", "ext", "limit", "after", "prefix", "ttl", "mode", "x", "__proto__"),
  fc.oneof(
    fc.constantFrom("", "1", "0", "-1", "1e9", "r", "a/b", "%", "%zz", "%00", "md", "b/", "[]"),
    fc.stringMatching(/^[!-~]{0,9}$/)
  )
)
const query = fc
  .array(parameter, { maxLength: 3 })
  .map((pairs) =>
    pairs.length === 0 ? "" : `?${pairs.map(([name, value]) => `${name}=${value.replace(/[# ]/g, "")}`).join("&")}`
  )

const junk = fc.stringMatching(/^[ -~]{0,24}$/)
const dates = [
  "Sun, 06 Nov 1994 08:49:37 GMT",
  "Sunday, 06-Nov-94 08:49:37 GMT",
  "Sun Nov  6 08:49:37 1994",
  "0",
  "never"
]
const tags = ["*", '"x"', 'W/"x"', '"', "x", '"a", *', ',"a",,', `${'"a",'.repeat(500)}"b"`]
const values: Readonly<Record<string, fc.Arbitrary<string>>> = {
  accept: fc.oneof(
    fc.constantFrom(browser, "*/*", "text/plain", "application/json;q=0", "image/png", ";;", "text/*;q=2"),
    junk
  ),
  range: fc.oneof(
    fc.constantFrom("bytes=0-0", "bytes=-1", "bytes=5-2", "bytes=99999999999999999999-", "bytes=,"),
    junk
  ),
  "if-match": fc.oneof(fc.constantFrom(...tags), junk),
  "if-none-match": fc.oneof(fc.constantFrom(...tags), junk),
  "if-modified-since": fc.oneof(fc.constantFrom(...dates), junk),
  "if-unmodified-since": fc.oneof(fc.constantFrom(...dates), junk),
  "if-range": fc.oneof(fc.constantFrom(...tags, ...dates), junk),
  "content-type": fc.oneof(
    fc.constantFrom("text/html", "multipart/form-data", "application/json;charset=x", "a/b/c"),
    junk
  ),
  "idempotency-key": junk,
  "last-event-id": junk,
  "x-meta-a": junk,
  origin: fc.oneof(fc.constantFrom("null", "http://x", `http://127.0.0.1:${server.port}`), junk),
  authorization: fc.oneof(
    fc.constantFrom(`Bearer ${T2}`, `Bearer ${T3}`, "Basic Og==", "Bearer a.b"),
    fc
      .constantFrom("/home/w", "/", "/home/w/text")
      .map((prefix) => `Bearer ${capOf(key, prefix, nowSeconds() + 600, "r")}`),
    junk
  )
}
const headers = fc.record(values, { requiredKeys: [] })
const body = fc.oneof(fc.constant(undefined), fc.string({ maxLength: 40 }), fc.constant("x".repeat(2001)))

test("C16 whatever is asked, the caller gets an answer that is theirs, and the server lives", async () => {
  const method = fc.constantFrom("GET", "GET", "HEAD", "PUT", "POST", "OPTIONS", "PATCH", "PROPFIND")
  await fc.assert(
    fc.asyncProperty(method, path, query, headers, body, async (method, path, query, headers, body) => {
      // A stream does not end by itself.
      const ask = method === "GET" && path.includes("stream") ? "HEAD" : method
      const answer = await anyone.ask(ask, path + query, headers, ask === "PUT" || ask === "POST" ? body : undefined)
      expect(answer.status).toBeLessThan(500)
      expect(answer.headers["x-content-type-options"]).toBe("nosniff")
      if (answer.status >= 400) expect(answer.text.replace(path, "")).not.toMatch(inside)
      if (answer.status >= 400 && /json/.test(answer.headers["content-type"] ?? "") && ask !== "HEAD") {
        expect(answer.json()).toMatchObject({ status: answer.status, error: expect.any(String) })
      }
    }),
    { numRuns: 25000 }
  )
  expect((await operator.get("/proc/status")).json()).toMatchObject({ pid: process.pid })
})

test("C2.4 whatever is asked, HEAD gives what GET would", async () => {
  await fc.assert(
    fc.asyncProperty(path, query, headers, async (path, query, headers) => {
      fc.pre(!path.includes("stream") && !path.includes("metrics") && !path.includes("uptime"))
      const got = await anyone.get(path + query, headers)
      // Where neither is allowed, each is told so by its own name.
      fc.pre(got.status !== 405)
      const head = await anyone.head(path + query, headers)
      expect([head.status, ...headerPairs(head)]).toEqual([got.status, ...headerPairs(got)])
    }),
    { numRuns: 12000 }
  )
})
