import { afterAll, describe, expect, test } from "vitest"
import { people } from "../helpers/People.ts"
import { connection, everything, requestText, sendRaw } from "../helpers/RawSocket.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, operator } = people(server)

const methodsIn = (allow: string | undefined) => (allow ?? "").split(/\s*,\s*/).sort()
const reading = ["GET", "HEAD", "OPTIONS"]
const writing = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]

const routes: ReadonlyArray<readonly [target: string, methods: ReadonlyArray<string>]> = [
  ["/home/x", writing],
  ["/home/x/y?raw", writing],
  ["/etc/x", writing],
  ["/bin/home/x", writing],
  ["/", reading],
  ["/home", reading],
  ["/home/", reading],
  ["/home/x/", reading],
  ["/stream/home/x", reading],
  ["/proc/status", reading],
  ["/proc/worlds", reading],
  ["/proc/verify/home/x", reading],
  ["/bin", reading],
  ["/dev/", reading],
  ["/openapi.json", reading],
  ["/docs", reading],
  ["/auth/mint", ["OPTIONS", "POST"]]
]

describe("C4.6 methods", () => {
  test.each(routes)("C4.6 OPTIONS %s is 204 and Allow", async (target, methods) => {
    const answer = await anyone.ask("OPTIONS", target)
    expect([answer.status, answer.bytes.length]).toEqual([204, 0])
    expect(methodsIn(answer.headers.allow)).toEqual(methods)
  })
  const unsupported = ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "PROPFIND", "TRACE", "MKCOL", "LOCK", "REPORT"]
  test.each(routes)("C4.6 what %s does not support is 405 and Allow", async (target, methods) => {
    for (const method of unsupported.filter((method) => !methods.includes(method))) {
      const answer = await operator.ask(method, target)
      expect([method, answer.status]).toEqual([method, 405])
      expect(methodsIn(answer.headers.allow)).toEqual(methods)
    }
  })
  test("C4.6 what is allowed is not 405", async () => {
    for (const [target, methods] of routes.filter(([target]) => !target.startsWith("/stream"))) {
      for (const method of methods)
        expect([target, method, (await anyone.ask(method, target)).status]).not.toEqual([target, method, 405])
    }
  })
  test.each(routes)("C4.6 so is what no parser knows: %s", async (target, methods) => {
    for (const method of ["FOO", "get", "GETX", "PROPS", "X-!#$%&'*+.^_`|~1"]) {
      const answer = await sendRaw(server.port, requestText(`${method} ${target} HTTP/1.1`))
      expect([method, answer.status, methodsIn(answer.headers.get("allow"))]).toEqual([method, 405, methods])
      expect(JSON.parse(answer.text)).toMatchObject({ type: "urn:elastik:problem:method-not-allowed", status: 405 })
    }
  })
  test.each([
    [404, "that nobody serves", "/nowhere"],
    [400, "without a canonical form", "/home/a/../b"],
    [414, "that is too long", `/home/${"x".repeat(9000)}`],
    [400, "that is no path", "*"]
  ])("C4.6 it is %i with a target %s", async (status, _, target) => {
    const answer = await sendRaw(server.port, requestText(`FOO ${target} HTTP/1.1`))
    expect([answer.status, JSON.parse(answer.text).status]).toEqual([status, status])
  })
  test("C4.6 in absolute form, and behind another request, it is 405, and the connection is closed", async () => {
    const absolute = await sendRaw(server.port, requestText(`FOO http://127.0.0.1:${server.port}/home/x HTTP/1.1`))
    expect([absolute.status, absolute.headers.get("connection")]).toEqual([405, "close"])
    const socket = await connection(server.port)
    const said = everything(socket)
    socket.write(`GET /proc/version HTTP/1.1\r\nHost: x\r\n\r\n${requestText("FOO /home/x HTTP/1.1")}`)
    expect((await said).match(/HTTP\/1\.1 \d{3}/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 405"])
  })
  test.each([
    ["no version", "FOO /home/x\r\n\r\n"],
    ["another protocol", "FOO /home/x SIP/2.0\r\n\r\n"],
    ["a method that is no token", "F(O /home/x HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["no target", "FOO HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["a method without end", `${"F".repeat(70)} /home/x HTTP/1.1\r\nHost: x\r\n\r\n`],
    ["TLS", Buffer.from("16030100f8010000f40303", "hex")]
  ])("C16 what has %s is no request: 400", async (_, bytes) => {
    expect((await sendRaw(server.port, bytes)).status).toBe(400)
  })
  test("C4.6 OPTIONS * is for the whole server", async () => {
    const answer = await sendRaw(server.port, requestText("OPTIONS * HTTP/1.1"))
    expect([answer.status, methodsIn(answer.headers.get("allow"))]).toEqual([204, expect.arrayContaining(writing)])
  })
  test.each([
    "/nowhere",
    "/nowhere/",
    "/nowhere/x",
    "/Home/x",
    "/proc/nothing",
    "/proc/status/",
    "/auth",
    "/auth/mint/",
    "/homex"
  ])("C4.6 the unknown route %s is 404, as JSON, on every method", async (target) => {
    for (const method of ["GET", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"]) {
      const answer = await operator.ask(method, target, {}, method === "PUT" ? "x" : undefined)
      expect([method, answer.status]).toEqual([method, 404])
      expect(answer.json()).toMatchObject({ status: 404, error: expect.any(String) })
    }
  })
})
