import * as fc from "fast-check"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type Answer, bearer, start, T2, T3, type TestServer } from "../helpers/TestServer.ts"

/** Two servers that are told the same: one gets requests that can take the shortcut, the other none of them. */
let short: TestServer
let long: TestServer
beforeAll(async () => {
  short = await start()
  long = await start()
})
afterAll(() => Promise.all([short.stop(), long.stop()]))

/** A parameter that means nothing, but makes a query one that the shortcut does not read. */
const theWholeWay = (target: string) => `${target}${target.includes("?") ? "&" : "?"}means=nothing`

/** Tags and times of worlds are each server's own. */
const own = new Set(["date", "etag", "last-modified"])

const comparable = ({ bytes, rawHeaders, status }: Answer) => {
  const fields: Array<string> = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ""
    fields.push(own.has(name.toLowerCase()) ? name : `${name}: ${rawHeaders[i + 1]}`)
  }
  return { status, fields, body: bytes.toString("latin1").replace(/"updated_at":"[^"]*"/g, "") }
}

const worlds = ["/home/s/a", "/home/s/b", "/home/s/a/c", "/lib/s"]
const targets = [
  ...["/home/s", "/home", "/home/s/%E5%B8%AE", "/bin/home/s/a", "/home%2Fs%2Fa", "/etc/s", "/etc/shadow"],
  ...["/lib/s/state", "/lib/state", "/boot/env", "/var/cache/s", "/usr/s", "/nowhere/s", "/proc/x"],
  ...["/home//a", "/home/s/../a", "/home/s/a/", "/home/s/%zz", `/home/${"a".repeat(300)}`]
]
const queries = [
  "",
  "",
  "?raw",
  "?ext=html",
  "?raw=1",
  "?v=1",
  "?v=2",
  "?v=x",
  "?ext=html",
  "?ext=a%2Fb",
  "?ext=",
  "?raw&raw",
  "?x"
]

/** Fields that say something about the request, and fields that most requests with them fail for. */
const plain = fc.record(
  {
    accept: fc.constantFrom("*/*", "application/json", "text/plain", "text/html", "image/png", "text/html;q=0, */*"),
    "content-type": fc.constantFrom("text/markdown", "application/x-www-form-urlencoded", "junk"),
    "x-meta-title": fc.constantFrom("one", "t\u00e4g", "x".repeat(2000)),
    range: fc.constantFrom("bytes=0-3", "bytes=-2", "bytes=90000-", "bytes=0-1,3-4"),
    "idempotency-key": fc.constantFrom("one", "two")
  },
  { requiredKeys: [] }
)
const special = fc.record(
  {
    "if-match": fc.constantFrom("*", '"stale"', "junk"),
    "if-none-match": fc.constantFrom("*", '"stale"'),
    "content-range": fc.constantFrom("bytes 0-1/2"),
    "idempotency-key": fc.constantFrom(""),
    origin: fc.constantFrom("http://127.0.0.1:1", "null"),
    host: fc.constantFrom("localhost", "example.com", "")
  },
  { requiredKeys: [] }
)

const step = fc.record(
  {
    method: fc.oneof(
      { arbitrary: fc.constantFrom("GET", "HEAD", "PUT", "POST"), weight: 5 },
      fc.constantFrom("DELETE", "PATCH", "OPTIONS")
    ),
    path: fc.oneof({ arbitrary: fc.constantFrom(...worlds), weight: 3 }, fc.constantFrom(...targets)),
    query: fc.constantFrom(...queries),
    caller: fc.constantFrom("", "Bearer junk", `Bearer ${T2}`, `Bearer ${T3}`, `Basic ${btoa(`x:${T2}`)}`),
    body: fc.oneof(fc.string({ maxLength: 30 }), fc.constant("x".repeat(5000)), fc.constant("\u0000\u00ff")),
    headers: fc.oneof({ arbitrary: fc.constant({}), weight: 2 }, { arbitrary: plain, weight: 2 }, special)
  },
  { requiredKeys: ["method", "path", "query", "caller", "body", "headers"] }
)

test("the shortcut changes nothing but time: its answers are those of the whole way, whatever is asked", () =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      for (const { body, caller, headers, method, path, query } of steps) {
        const said = { ...headers, ...(caller === "" ? {} : { authorization: caller }) }
        const options = method === "PUT" || method === "POST" ? { headers: said, body } : { headers: said }
        const [one, other] = await Promise.all([
          short.request(method, path + query, options),
          long.request(method, theWholeWay(path + query), options)
        ])
        expect({ method, path, query, said, ...comparable(one) }).toEqual({
          ...{ method, path, query, said },
          ...comparable(other)
        })
      }
    }),
    { numRuns: 60 }
  ))

test("a body that is too large for the server is refused on the shortcut as on the whole way", async () => {
  const small = await start({ maxBody: 100 })
  for (const target of ["/home/x", theWholeWay("/home/x")]) {
    const answer = await small.request("PUT", target, { headers: bearer(T2), body: "x".repeat(101) })
    expect(answer.status).toBe(413)
  }
  expect((await small.request("GET", "/home/x?raw", { headers: bearer(T2) })).status).toBe(404)
  await small.stop()
})
