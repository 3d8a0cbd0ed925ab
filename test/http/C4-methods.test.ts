import { afterAll, describe, expect, test } from "vitest"
import { people } from "../helpers/People.ts"
import { requestText, sendRaw } from "../helpers/RawSocket.ts"
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
