import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { inside } from "../helpers/Inside.ts"
import { people } from "../helpers/People.ts"
import { key, start, T2, T3 } from "../helpers/TestServer.ts"

const server = await start({ maxBody: 1000 })
afterAll(server.stop)
const { anyone, operator, user } = people(server)

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

beforeAll(async () => {
  await user.put("/home/x.md", "# x")
  await user.put("/home/c/x", "x")
  await user.post("/home/x.md", "x", { "idempotency-key": "k" })
})

type Failing = readonly [
  what: string,
  status: number,
  method: string,
  target: string,
  headers: Record<string, string>,
  body?: string
]
const listed: ReadonlyArray<Failing> = [
  ["a bad path", 400, "GET", "/home/%ff", {}],
  ["a bad name", 400, "PUT", `/home/${"n".repeat(300)}`, {}, "x"],
  ["a bad ext", 400, "PUT", "/home/y?ext=%20", {}, "x"],
  ["a bad limit", 400, "GET", "/home/c/?limit=x", {}],
  ["a bad key", 400, "POST", "/home/x.md", { "idempotency-key": "k".repeat(300) }, "x"],
  ["a bad ttl", 400, "POST", "/auth/mint?ttl=x", {}],
  ["a foreign origin", 403, "PUT", "/home/x.md", { origin: "http://evil.example" }, "x"],
  ["no such world", 404, "GET", "/home/none", {}],
  ["a collection", 404, "GET", "/home/c?raw", {}],
  ["no such route", 404, "GET", "/nowhere/at/all", {}],
  ["a wrong method", 405, "PATCH", "/home/x.md", {}, "x"],
  ["nothing acceptable", 406, "GET", "/home/x.md", { accept: "image/png" }],
  ["a condition of a read", 412, "GET", "/home/x.md", { "if-match": '"x"' }],
  ["a condition of a write", 412, "PUT", "/home/x.md", { "if-match": '"x"' }, "x"],
  ["a large body", 413, "PUT", "/home/x.md", {}, "x".repeat(1001)],
  ["a long target", 414, "GET", `/home/${"x".repeat(9000)}`, {}],
  ["a range outside", 416, "GET", "/home/x.md?raw", { range: "bytes=99-" }]
]
const failures = listed.map(
  ([what, status, method, target, headers, body]) => [what, status, method, target, headers, body] as const
)

const secrets = [T2, T3, key]

describe("C16 errors are problem documents", () => {
  test.each(failures)("C16 %s: %i as application/problem+json", async (_, status, method, target, headers, body) => {
    const answer = await operator.ask(method, target, headers, body)
    expect([answer.status, answer.headers["content-type"]]).toEqual([status, "application/problem+json"])
    const problem = JSON.parse(answer.text)
    expect(problem).toMatchObject({
      type: expect.stringMatching(/^(about:blank|urn:|https?:|\/)/),
      title: expect.stringMatching(/\S/),
      status,
      detail: expect.stringMatching(/\S/)
    })
    expect(problem.error).toBe(problem.detail)
  })
  test.each(failures)(
    "C16 %s: %i as text to those who accept only text",
    async (_, status, method, target, headers, body) => {
      if (headers.accept !== undefined) return
      const answer = await operator.ask(method, target, { ...headers, accept: "text/plain" }, body)
      expect([answer.status, answer.headers["content-type"]]).toEqual([status, "text/plain; charset=utf-8"])
      expect(answer.text).toMatch(/^\s*[^\s{<]/)
    }
  )
  test.each(failures)("C16 %s: %i as a page to browsers", async (_, status, method, target, headers, body) => {
    // The shell that a browser gets is judged by no tag of the world's.
    if (headers.accept !== undefined || (method === "GET" && status === 412)) return
    const answer = await operator.ask(method, target, { ...headers, accept: browser }, body)
    expect([answer.status, answer.headers["content-type"]]).toEqual([status, "text/html; charset=utf-8"])
    expect(answer.text).toMatch(new RegExp(`<h1>[^<]*${status}`))
  })
  test.each(failures)("C16 %s: %i tells nothing of the inside", async (_, _status, method, target, headers, body) => {
    for (const accept of ["*/*", "text/plain", browser]) {
      const { rawHeaders, text } = await operator.ask(method, target, { accept, ...headers }, body)
      const said = `${rawHeaders.join("\n")}\n${text}`
      expect(said.replaceAll(target, "")).not.toMatch(inside)
      for (const secret of secrets) expect(said).not.toContain(secret)
    }
  })
  test.each(failures)(
    "C16 %s: %i is not cached as if it were the world",
    async (_, _status, method, target, headers, body) => {
      const answer = await operator.ask(method, target, headers, body)
      expect(answer.headers["cache-control"]).toMatch(/no-cache|no-store/)
      expect(answer.headers.vary).toMatch(/accept/i)
      expect(answer.headers["x-content-type-options"]).toBe("nosniff")
    }
  )
  test("C16 the particulars: 405 has Allow, 416 Content-Range, 406 and collections name what there is", async () => {
    expect((await operator.ask("PATCH", "/home/x.md")).headers.allow).toMatch(/GET/)
    expect((await operator.get("/home/x.md?raw", { range: "bytes=99-" })).headers["content-range"]).toBe("bytes */4")
    expect((await operator.get("/home/x.md", { accept: "image/png" })).json()).toMatchObject({
      available: expect.any(Array)
    })
    expect((await operator.get("/home/c?raw")).json()).toMatchObject({ collection: "/home/c/" })
  })
  test("C16 a page repeats nothing unescaped", async () => {
    const page = await anyone.get("/home/none&amp;'x", { accept: browser })
    expect(page.status).toBe(404)
    expect(page.text).not.toMatch(/none&amp;'x/)
    expect(page.text).toContain("none&amp;amp;")
  })
  test("C16 406 in text names what is available", async () => {
    await user.put("/home/image", Buffer.from([0xff]), { "content-type": "image/png" })
    expect((await anyone.get("/home/image", { accept: "text/plain" })).text).toMatch(/image\/png/)
  })
  test("C16 malformed queries are the caller's", async () => {
    const queries = [
      "?%",
      "?raw=%zz",
      "?raw&raw",
      "?v=1&v=2",
      "?ext=a&ext=b",
      "?=",
      "?&&&",
      "?limit=1&limit=2",
      "?a[b]=c",
      "?__proto__=x"
    ]
    for (const query of queries) {
      for (const target of ["/home/x.md", "/home/c/", "/proc/status", "/auth/mint"]) {
        for (const method of ["GET", "PUT", "POST"]) {
          const { status } = await operator.ask(
            method,
            target + query,
            { "if-match": '"x"' },
            method === "GET" ? undefined : "x"
          )
          expect([method, target + query, status < 500]).toEqual([method, target + query, true])
        }
      }
    }
  })
})
