import { STATUS_CODES } from "node:http"
import { homedir, tmpdir } from "node:os"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { people } from "../helpers/People.ts"
import { connection, everything, parseAnswer, type RawAnswer, requestText, sendRaw } from "../helpers/RawSocket.ts"
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

/** What only the inside knows: where the program and its data are, and how it got here. */
const inside = new RegExp(
  [process.cwd(), tmpdir(), homedir(), process.execPath, "node_modules", "file://", "node:internal", "Error:"]
    .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .concat("\\bat .*:\\d+:\\d+", "\\.[cm]?[jt]s:\\d+")
    .join("|")
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

describe("C16 what is no request", () => {
  const alive = async () => expect((await anyone.get("/proc/status")).json()).toMatchObject({ pid: process.pid })

  const refused = (answer: RawAnswer, ...statuses: ReadonlyArray<number>) => {
    expect(statuses).toContain(answer.status)
    expect(answer.headers.get("content-type")).toBe("application/problem+json")
    expect(JSON.parse(answer.text)).toMatchObject({
      title: STATUS_CODES[answer.status],
      status: answer.status,
      error: expect.any(String)
    })
    expect(answer.text).not.toMatch(inside)
  }

  test.each([
    ["nonsense", "hello\r\n\r\n"],
    ["an empty method", " /home/x HTTP/1.1\r\n\r\n"],
    ["an unknown method", "FROBNICATE /home/x HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["a method in lower case", "get /home/x HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["no target", "GET HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["a target with a space", "GET /home/a b HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["a target that is no path", "GET home HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["another protocol", "GET / SPDY/3\r\n\r\n"],
    ["another version", "GET / HTTP/9.9\r\nHost: x\r\n\r\n"],
    ["a header without a name", "GET / HTTP/1.1\r\nHost: x\r\n: x\r\n\r\n"],
    ["a header without a colon", "GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n"],
    ["a header with a space in its name", "GET / HTTP/1.1\r\nHost: x\r\nA B: c\r\n\r\n"],
    ["a header with NUL", "GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n"],
    ["two lengths that differ", "PUT /home/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"],
    [
      "a length and chunks",
      "PUT /home/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ],
    ["an unknown transfer coding", "PUT /home/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: rot13\r\n\r\nx"],
    ["no Host", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n"],
    ["two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n"],
    ["TLS", Buffer.from("16030100f8010000f40303", "hex")],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["binary noise", Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919 + 13) % 256))],
    ["NULs", Buffer.alloc(2048)]
  ])("C16 %s is answered 4xx, and the server lives", async (_, bytes) => {
    const answer = await sendRaw(server.port, bytes)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(506)
    expect(answer.text).not.toMatch(inside)
    await alive()
  })
  test("C16 the answer to noise is a problem document as well", async () => {
    refused(await sendRaw(server.port, "hello\r\n\r\n"), 400)
  })
  test("C16 a target beyond what is read at all is 414", async () => {
    refused(await sendRaw(server.port, requestText(`GET /home/${"x".repeat(300_000)} HTTP/1.1`)), 414)
    await alive()
  })
  test("C16 header fields beyond what is read are 431: many", async () => {
    const fields = Array.from({ length: 3000 }, (_, i) => `X-Field-${i}: ${"v".repeat(100)}`)
    refused(await sendRaw(server.port, requestText("GET / HTTP/1.1", ...fields)), 431)
    await alive()
  })
  test("C16 one header field beyond what is read is 431, or 414 as nobody can tell where it began", async () => {
    refused(await sendRaw(server.port, requestText("GET / HTTP/1.1", `X-Long: ${"v".repeat(300_000)}`)), 431, 414)
    await alive()
  })
  test("C16 a broken chunk is 400 and leaves no world", async () => {
    const fields = [`Authorization: Bearer ${T2}`, "Transfer-Encoding: chunked"]
    const answer = await sendRaw(server.port, `${requestText("PUT /home/broken HTTP/1.1", ...fields)}zz\r\nx\r\n`)
    expect(answer.status).toBe(400)
    expect((await anyone.get("/home/broken")).status).toBe(404)
  })
  test("C16 a request whose connection ends halfway through its head leaves nothing", async () => {
    for (const part of ["", "GET", "PUT /home/half HTTP/1.1\r\nHost: x\r\nAuthor"]) {
      const socket = await connection(server.port)
      const said = everything(socket)
      socket.end(part)
      expect([0, 400]).toContain(parseAnswer(await said).status)
    }
    expect((await anyone.get("/home/half")).status).toBe(404)
    await alive()
  })
  const good = "GET /home/x.md?raw HTTP/1.1\r\nHost: x\r\n\r\n"
  const missing = "GET /home/none?raw HTTP/1.1\r\nHost: x\r\n\r\n"
  const statusesIn = (said: string) => said.match(/HTTP\/1\.1 \d{3}/g)?.map((line) => line.slice(-3)) ?? []

  test("C16 pipelined requests are answered in their order", async () => {
    const socket = await connection(server.port)
    const said = everything(socket)
    socket.write(good + missing + good + missing + requestText("GET /home/x.md?raw HTTP/1.1"))
    expect(statusesIn(await said)).toEqual(["200", "404", "200", "404", "200"])
  })
  test("C16 noise behind them is never taken for the answer to one of them", async () => {
    const socket = await connection(server.port)
    const said = everything(socket)
    socket.write(`${good}${missing}${good}nonsense\r\n\r\n${good}`)
    const statuses = statusesIn(await said)
    expect(["200", "404", "200", "400"].slice(0, statuses.length)).toEqual(statuses)
    await alive()
  })
  test("C16 noise does not get into an answer that is under way", async () => {
    const socket = await connection(server.port)
    const said = everything(socket)
    socket.write("GET /stream/home/x.md HTTP/1.1\r\nHost: x\r\n\r\n")
    await new Promise((resolve) => socket.once("data", resolve))
    socket.write("nonsense\r\n\r\n")
    expect(statusesIn(await said)).toEqual(["200"])
    await alive()
  })
  test("C16 a hundred connections of noise at once", async () => {
    await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        sendRaw(server.port, Buffer.from(`${"\u0000\u0001\u00ff".repeat(i + 1)}\r\n\r\n`))
      )
    )
    await alive()
  })
  test("C16 upgrades and CONNECT are not taken", async () => {
    const upgrade = ["Upgrade: websocket", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13"]
    const socket = await connection(server.port)
    const said = everything(socket)
    socket.write(
      `GET /home/x.md?raw HTTP/1.1\r\nHost: x\r\nConnection: upgrade, close\r\n${upgrade.join("\r\n")}\r\n\r\n`
    )
    expect([200, 400, 426]).toContain(parseAnswer(await said).status)
    expect([0, 400, 404, 405, 501]).toContain(
      (await sendRaw(server.port, "CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n")).status
    )
    await alive()
  })
})
