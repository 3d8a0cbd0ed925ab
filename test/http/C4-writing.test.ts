import { afterAll, describe, expect, test } from "vitest"
import { namesOf, people, receiptOf } from "../helpers/People.ts"
import { connection, everything, parseAnswer, requestText, sendRaw } from "../helpers/RawSocket.ts"
import { sha256 } from "../helpers/Secrets.ts"
import { start, T2 } from "../helpers/TestServer.ts"

const limit = 100_000
const server = await start({ maxBody: limit })
afterAll(server.stop)
const { anyone, operator, user } = people(server)

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

describe("C4.1 PUT overwrites, POST appends, both create", () => {
  test("C4.1 PUT: 201 and Location when it creates, then 200 without", async () => {
    const made = await user.put("/home/c41/%C3%A9%20x", "one")
    expect([made.status, made.headers.location]).toEqual([201, "/home/c41/%C3%A9%20x"])
    const again = await user.put("/home/c41/%C3%A9%20x", "two")
    expect([again.status, again.headers.location]).toEqual([200, undefined])
  })
  test("C4.1 POST: likewise, and the bytes come after those there were", async () => {
    const made = await user.post("/home/c41-post", "one")
    expect([made.status, made.headers.location]).toEqual([201, "/home/c41-post"])
    expect((await user.post("/home/c41-post", ", two")).status).toBe(200)
    expect((await anyone.get("/home/c41-post?raw")).text).toBe("one, two")
  })
  test("C4.1 the receipt: version, ext, type, len and sha256 of the whole", async () => {
    expect(receiptOf(await user.put("/home/c41-receipt", "caf\u00e9"))).toEqual({
      version: 1,
      ext: "txt",
      type: "txt",
      len: 5,
      sha256: sha256("caf\u00e9")
    })
    expect(receiptOf(await user.post("/home/c41-receipt", "!"))).toMatchObject({
      version: 2,
      len: 6,
      sha256: sha256("caf\u00e9!")
    })
    expect(receiptOf(await user.put("/home/c41-receipt", ""))).toMatchObject({ version: 3, len: 0, sha256: sha256("") })
  })
  test("C4.1 the receipt comes with the ETag", async () => {
    expect((await user.put("/home/c41-etag", "x")).headers.etag).toMatch(/^"[^"]+"$/)
    expect((await user.post("/home/c41-etag", "x")).headers.etag).toMatch(/^"[^"]+"$/)
  })
  test.each([
    ["JSON that looks like an envelope", '{"stage_html":"<b>","body":"x"}', "application/json"],
    ["a form", "a=b&c=%20d+e", "application/x-www-form-urlencoded"],
    ["Latin-1 that says so", Buffer.from([0xe9]), "text/plain; charset=iso-8859-1"],
    ["UTF-16", Buffer.from("\ufeffx", "utf16le"), "text/html; charset=utf-16"],
    ["a compressed body", everyByte, "application/gzip"],
    ["multipart", "--x\r\n\r\nhi\r\n--x--", "multipart/form-data; boundary=x"],
    ["a byte order mark", "\ufeff{}", "application/json"],
    ["every byte there is", everyByte, ""]
  ])("C4.1 bytes go in as they are: %s", async (_, body, type) => {
    await user.put("/home/c41-bytes", body, { "content-type": type })
    expect((await anyone.get("/home/c41-bytes?raw")).bytes.equals(Buffer.from(body))).toBe(true)
    await user.post("/home/c41-bytes", body, { "content-type": type })
    expect(
      (await anyone.get("/home/c41-bytes?raw")).bytes.equals(Buffer.concat([Buffer.from(body), Buffer.from(body)]))
    ).toBe(true)
  })
  test("C4.1 a chunked body is the same as a counted one", async () => {
    const body = "5\r\nhello\r\n1;x=y\r\n \r\n5\r\nworld\r\n0\r\nTrailer: x\r\n\r\n"
    const fields = [`Authorization: Bearer ${T2}`, "Transfer-Encoding: chunked"]
    expect((await sendRaw(server.port, requestText("PUT /home/c41-chunked HTTP/1.1", ...fields) + body)).status).toBe(
      201
    )
    expect((await anyone.get("/home/c41-chunked?raw")).text).toBe("hello world")
  })
  test("C4.1 a part is not taken for the whole: PUT with Content-Range is 400 (RFC 9110 section 14.5)", async () => {
    await user.put("/home/c41-partial", "0123456789")
    expect((await user.put("/home/c41-partial", "xx", { "content-range": "bytes 2-3/10" })).status).toBe(400)
    expect((await anyone.get("/home/c41-partial?raw")).text).toBe("0123456789")
  })
  test("C4.1 Expect: 100-continue is answered, and the write done", async () => {
    const socket = await connection(server.port)
    const said = everything(socket)
    const fields = [`Authorization: Bearer ${T2}`, "Content-Length: 2", "Expect: 100-continue"]
    socket.write(requestText("PUT /home/c41-expect HTTP/1.1", ...fields))
    await new Promise((resolve) => socket.once("data", resolve))
    socket.write("hi")
    expect(await said).toMatch(/^HTTP\/1\.1 100 [\s\S]*HTTP\/1\.1 201 /)
  })
})

describe("C4.1 the limit", () => {
  const over = (line: string, ...fields: ReadonlyArray<string>) =>
    requestText(line, `Authorization: Bearer ${T2}`, ...fields)

  test("C4.1 a body of exactly the limit is taken", async () => {
    expect((await user.put("/home/c41-limit", Buffer.alloc(limit, 97))).status).toBe(201)
  })
  test.each(["PUT", "POST"])("C4.1 %s of one byte more is 413", async (method) => {
    const refused = await user.ask(method, "/home/c41-over", {}, Buffer.alloc(limit + 1, 97))
    expect(refused.status).toBe(413)
    expect((await anyone.get("/home/c41-over")).status).toBe(404)
  })
  test("C4.1 who goes on sending hears it all the same, and may go on asking", async () => {
    for (let i = 0; i < 3; i++) {
      expect((await user.put("/home/c41-large", Buffer.alloc(20_000_000))).status).toBe(413)
      expect((await user.put("/home/c41-small", "x")).status).toBeLessThan(300)
    }
  })
  test("C4.1 a declared length over the limit is refused before a byte of the body came", async () => {
    const refused = await sendRaw(server.port, over("PUT /home/c41-declared HTTP/1.1", "Content-Length: 9999999999"))
    expect(refused.status).toBe(413)
  })
  test("C4.1 a chunked body is refused before it is at its end", async () => {
    const socket = await connection(server.port)
    const said = new Promise<string>((resolve) => socket.once("data", (data) => resolve(data.toString("latin1"))))
    socket.write(over("PUT /home/c41-endless HTTP/1.1", "Transfer-Encoding: chunked"))
    socket.write(`${(limit + 1).toString(16)}\r\n${"x".repeat(limit + 1)}\r\n`)
    expect(parseAnswer(await said).status).toBe(413)
    socket.destroy()
    expect((await anyone.get("/home/c41-endless")).status).toBe(404)
  })
  test("C4.1 whoever may not write hears that first", async () => {
    const fields = ["Content-Length: 9999999999"]
    expect((await sendRaw(server.port, requestText("PUT /home/c41-declared HTTP/1.1", ...fields))).status).toBe(403)
  })
  test.each(["-1", "1x", "0x10", "1, 2"])("C4.1 Content-Length: %s is 400", async (length) => {
    const refused = await sendRaw(server.port, over("PUT /home/c41-length HTTP/1.1", `Content-Length: ${length}`))
    expect(refused.status).toBe(400)
  })
})

describe("C4.1 a client that vanishes leaves no trace", () => {
  const endings: ReadonlyArray<readonly [how: string, fields: ReadonlyArray<string>, part: string]> = [
    ["in the middle of a counted body", ["Content-Length: 1000"], "half"],
    ["before the body", ["Content-Length: 1000"], ""],
    ["in the middle of a chunk", ["Transfer-Encoding: chunked"], "ff\r\nhalf"],
    ["between two chunks", ["Transfer-Encoding: chunked"], "4\r\nhalf\r\n"]
  ]
  const leavings = endings.flatMap((ending) =>
    (["destroy", "resetAndDestroy", "end"] as const).map((leave) => [...ending, leave] as const)
  )
  test.each(leavings)("C4.1 %s %j %j by %s", async (how, fields, part, leave) => {
    const name = `/home/c41-vanished/${how.replaceAll(" ", "-")}-${leave}`
    await user.put(`${name}-old`, "old")
    for (const [method, target] of [
      ["PUT", name],
      ["POST", name],
      ["PUT", `${name}-old`],
      ["POST", `${name}-old`]
    ] as const) {
      const socket = await connection(server.port)
      const closed = new Promise((resolve) => socket.once("close", resolve))
      const request = [`${method} ${target} HTTP/1.1`, "Host: x", `Authorization: Bearer ${T2}`, ...fields]
      await new Promise((resolve) => socket.write(`${request.join("\r\n")}\r\n\r\n${part}`, resolve))
      socket[leave]()
      socket.resume()
      await closed
    }
    // A request that came later has been answered: the server has seen what came before.
    expect((await user.put(`${name}-later`, "x")).status).toBe(201)
    expect((await anyone.get(name)).status).toBe(404)
    expect((await anyone.get(`${name}-old`)).json()).toMatchObject({ stage_html: "old", version: 1 })
    expect(namesOf(await operator.get("/proc/worlds"))).not.toContain(name.slice(1))
  })
})
