import fc from "fast-check"
import { afterAll, describe, expect, test } from "vitest"
import { people } from "../helpers/People.ts"
import { sha256 } from "../helpers/Secrets.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, operator, user } = people(server)

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

describe("C2.1 ?raw is the stored bytes, fully described", () => {
  test.each([
    ["text", Buffer.from('caf\u00e9 \u6f6e\r\n{"not":"unwrapped"}\n')],
    ["every byte there is", everyByte],
    ["nothing", Buffer.alloc(0)],
    ["a byte order mark", Buffer.from("\ufeffx")],
    ["a form", Buffer.from("a=b&c=%20d")],
    ["half a megabyte", Buffer.alloc(500_000, everyByte)]
  ])("C2.1 %s", async (name, body) => {
    const target = `/home/c21/${encodeURIComponent(name)}`
    await user.put(target, body)
    const read = await anyone.get(`${target}?raw`)
    expect(read.status).toBe(200)
    expect(read.bytes.equals(body)).toBe(true)
    expect(read.headers).toMatchObject({
      "content-length": String(body.length),
      "accept-ranges": "bytes",
      etag: expect.stringMatching(/^"[^"]+"$/),
      "last-modified": expect.stringMatching(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/),
      "repr-digest": `sha-256=:${Buffer.from(sha256(body), "hex").toString("base64")}:`,
      "x-content-type-options": "nosniff"
    })
  })

  test("C2.1 Accept does not matter to ?raw", async () => {
    await user.put("/home/c21-accept", "x", { "content-type": "text/markdown" })
    const read = await anyone.get("/home/c21-accept?raw", { accept: "image/png" })
    expect([read.status, read.headers["content-type"], read.headers.vary]).toEqual([
      200,
      "text/markdown; charset=utf-8",
      undefined
    ])
  })

  test.each([
    ["html", "text/html; charset=utf-8"],
    ["txt", "text/plain; charset=utf-8"],
    ["md", "text/markdown; charset=utf-8"],
    ["css", "text/css; charset=utf-8"],
    ["csv", "text/csv; charset=utf-8"],
    ["js", "text/javascript; charset=utf-8"],
    ["json", "application/json"],
    ["xml", "application/xml"],
    ["svg", "image/svg+xml"],
    ["png", "image/png"],
    ["pdf", "application/pdf"],
    ["no-such-ext", "application/octet-stream"]
  ])("C2.1 ext %s is %s", async (ext, type) => {
    await user.put(`/home/c21-type/${ext}?ext=${ext}`, "<x/>")
    expect((await anyone.get(`/home/c21-type/${ext}?raw`)).headers["content-type"]).toBe(type)
  })

  test.each(["html", "htm", "xhtml", "svg", "xml", "rss", "atom", "xsl", "mathml"])(
    "C2.1 markup as %s cannot run with this origin's authority",
    async (ext) => {
      await user.put(`/home/c21-csp/${ext}?ext=${ext}`, "<x/>")
      for (const [target, accept] of [
        [`/home/c21-csp/${ext}?raw`, "*/*"],
        [`/home/c21-csp/${ext}?raw`, "text/html,application/xhtml+xml,*/*;q=0.8"],
        [`/home/c21-csp/${ext}`, "image/*, application/*;q=0.5, application/json;q=0"]
      ] as const) {
        const read = await anyone.get(target, { accept })
        const policy = read.headers["content-security-policy"]
        if (read.status === 406) continue
        expect(policy).toMatch(/(^|;)\s*sandbox\b/)
        expect(policy).not.toMatch(/allow-same-origin/)
      }
    }
  )

  test("C2.1 the world's X-Meta-* come along", async () => {
    await user.put("/home/c21-meta", "x", { "x-meta-author": "me" })
    expect((await anyone.get("/home/c21-meta?raw")).headers["x-meta-author"]).toBe("me")
  })

  test("C2.1 worlds of every namespace answer alike", async () => {
    for (const namespace of ["home", "etc", "usr", "var", "lib"]) {
      await operator.put(`/${namespace}/c21-ns`, "x")
      expect((await anyone.get(`/${namespace}/c21-ns?raw`)).headers["accept-ranges"]).toBe("bytes")
    }
  })
})

describe("C2.1 one byte range", () => {
  const text = "0123456789"
  const at = "/home/c21-range"
  const ranged = async (range: string, method = "GET") => {
    await user.put(at, text)
    const { headers, status, text: body } = await anyone.ask(method, `${at}?raw`, { range })
    return { status, body, range: headers["content-range"], length: headers["content-length"] }
  }

  test.each([
    ["bytes=0-0", "0", "bytes 0-0/10"],
    ["bytes=2-5", "2345", "bytes 2-5/10"],
    ["bytes=5-", "56789", "bytes 5-9/10"],
    ["bytes=9-9", "9", "bytes 9-9/10"],
    ["bytes=0-9", text, "bytes 0-9/10"],
    ["bytes=0-", text, "bytes 0-9/10"],
    ["bytes=3-99", "3456789", "bytes 3-9/10"],
    ["bytes=3-99999999999999999999999999", "3456789", "bytes 3-9/10"],
    ["bytes=-1", "9", "bytes 9-9/10"],
    ["bytes=-4", "6789", "bytes 6-9/10"],
    ["bytes=-99", text, "bytes 0-9/10"],
    ["bytes=007-008", "78", "bytes 7-8/10"],
    ["BYTES=0-1", "01", "bytes 0-1/10"]
  ])("C2.1 %s is 206", async (range, body, contentRange) => {
    expect(await ranged(range)).toEqual({ status: 206, body, range: contentRange, length: String(body.length) })
  })

  test.each(["bytes=10-", "bytes=10-20", "bytes=99-", "bytes=99999999999999999999-", "bytes=-0"])(
    "C2.1 %s is 416 with the length",
    async (range) => {
      expect(await ranged(range)).toMatchObject({ status: 416, range: "bytes */10" })
    }
  )

  test.each([
    "bytes=5-2",
    "bytes=a-b",
    "bytes=--1",
    "bytes=1",
    "bytes=",
    "bytes",
    "bytes=-",
    "bytes=1-2-3",
    "bytes=+1-2",
    "bytes=1.0-2",
    "bytes=0x1-2",
    "bytes 0-1",
    "items=0-1",
    "=0-1",
    "bytes=0-1,3-4",
    "bytes=0-0,0-0",
    "bytes=0-1,99-"
  ])("C2.1 %s is malformed or several: the whole body", async (range) => {
    expect(await ranged(range)).toEqual({ status: 200, body: text, range: undefined, length: "10" })
  })

  test("C2.1 any first and last, judged by the rule", async () => {
    await user.put(at, text)
    const bound = fc.option(fc.nat({ max: 14 }), { nil: undefined })
    await fc.assert(
      fc.asyncProperty(bound, bound, async (first, last) => {
        const read = await anyone.get(`${at}?raw`, { range: `bytes=${first ?? ""}-${last ?? ""}` })
        const expected = (): readonly [number, string | undefined] => {
          if (first === undefined && last === undefined) return [200, text]
          if (first === undefined) return last === 0 ? [416, undefined] : [206, text.slice(-(last ?? 0))]
          if (last !== undefined && last < first) return [200, text]
          return first >= text.length ? [416, undefined] : [206, text.slice(first, (last ?? text.length) + 1)]
        }
        const [status, body] = expected()
        expect([read.status, body === undefined ? undefined : read.text]).toEqual([status, body])
      }),
      { numRuns: 150 }
    )
  })

  test("C2.1 nothing of an empty world is satisfiable", async () => {
    await user.put("/home/c21-empty", "")
    const read = await anyone.get("/home/c21-empty?raw", { range: "bytes=0-" })
    expect([read.status, read.headers["content-range"]]).toEqual([416, "bytes */0"])
  })

  test("C2.1 ranges count bytes, not characters", async () => {
    await user.put("/home/c21-bytes", "\u6f6e\u6f6e")
    const read = await anyone.get("/home/c21-bytes?raw", { range: "bytes=1-3" })
    expect([...read.bytes]).toEqual([...Buffer.from("\u6f6e\u6f6e").subarray(1, 4)])
  })

  test("C2.1 a part carries the tag, digest and metadata of the whole", async () => {
    await user.put("/home/c21-part", text, { "x-meta-author": "me" })
    const whole = await anyone.get("/home/c21-part?raw")
    const part = await anyone.get("/home/c21-part?raw", { range: "bytes=1-2" })
    for (const name of ["etag", "repr-digest", "last-modified", "content-type", "x-meta-author"]) {
      expect([name, part.headers[name]]).toEqual([name, whole.headers[name]])
    }
  })

  test("C2.1 a part of markup is sandboxed too", async () => {
    await user.put("/home/c21-part-html", "<script>1</script>")
    const part = await anyone.get("/home/c21-part-html?raw", { range: "bytes=0-" })
    expect(part.headers["content-security-policy"]).toMatch(/sandbox/)
  })
})
