import { once } from "node:events"
import { STATUS_CODES } from "node:http"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { inside } from "../helpers/Inside.ts"
import { people } from "../helpers/People.ts"
import { connection, everything, parseAnswer, type RawAnswer, requestText, sendRaw } from "../helpers/RawSocket.ts"
import { start, T2 } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, user } = people(server)

beforeAll(() => user.put("/home/x.md", "# x"))

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
  test.each([
    ["a value", `X-Long: ${"v".repeat(300_000)}`],
    ["a value of 200,000 bytes", `X-Long: ${"v".repeat(200_000)}`],
    ["a value with a blank in it", `X-Long: ${"v".repeat(200_000)} ${"v".repeat(100_000)}`],
    ["a value of words", `X-Long: ${"v v ".repeat(50_000)}`],
    ["a value that speaks of HTTP", `X-Long: ${"v ".repeat(70_000)}HTTP/1.1`],
    ["a name", `${"v".repeat(200_000)}: x`]
  ])("C16 one header field beyond what is read is 431: %s", async (_, field) => {
    refused(await sendRaw(server.port, requestText("GET / HTTP/1.1", field)), 431)
    await alive()
  })
  test("C16 what is too long and never ends is refused all the same", async () => {
    const socket = await connection(server.port)
    const said = everything(socket)
    const more = Buffer.alloc(64 * 1024, "x")
    const send = () => {
      while (socket.writable && socket.write(more)) {}
    }
    socket.on("drain", send).write("GET /")
    send()
    refused(parseAnswer(await said), 414)
    await alive()
  })
  test("C16 whoever was refused and goes on sending is told, and cut off after a while", async () => {
    const socket = await connection(server.port)
    const said = everything(socket)
    const sending = setInterval(() => socket.write("x"), 10)
    onTestFinished(() => clearInterval(sending))
    // A client that does not close when the server does.
    socket.allowHalfOpen = true
    socket.write("nonsense\r\n\r\n")
    refused(parseAnswer(await said), 400)
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

  test("C16 whoever asks for a proxy and breaks the connection breaks nothing else", async () => {
    for (let n = 0; n < 20; n++) {
      const socket = await connection(server.port)
      socket.write("CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n")
      if (n % 2 === 0) await once(socket, "data")
      socket.resetAndDestroy()
    }
    await alive()
  })

  test("C17 whoever asks for a proxy and stays keeps no server from stopping", async () => {
    const stopping = await start()
    const socket = await connection(stopping.port)
    socket.write("CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n")
    await once(socket, "data")
    await stopping.stop()
    socket.destroy()
  })

  test("C16 what is refused behind a request waits for that one's answer", async () => {
    const put = "PUT /home/in-turn HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"
    for (const next of ["GET / HTTP/1.1\r\nHost: x\r\nExpect: foo", "CONNECT a:1 HTTP/1.1\r\nHost: x"]) {
      const socket = await connection(server.port)
      const said = everything(socket)
      socket.write(put)
      socket.write(`${next}\r\n\r\n`)
      const statuses = [...(await said).matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
      expect([401, 403, 200, 201]).toContain(statuses[0])
      expect([405, 417]).toContain(statuses[1])
    }
    await alive()
  })

  test("C16 requests that wait for an answer that never ends are not piled up without bound", async () => {
    await user.put("/home/endless", "x")
    const socket = await connection(server.port)
    const said = everything(socket)
    socket.write("GET /stream/home/endless HTTP/1.1\r\nHost: x\r\n\r\n")
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(2000))
    // The connection ends, with the answer or before there was one.
    await said
    await alive()
  })
})
