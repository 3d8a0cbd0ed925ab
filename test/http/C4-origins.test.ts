import { Effect, Option } from "effect"
import { afterAll, describe, expect, onTestFinished, test } from "vitest"
import * as Response from "../../src/http/plugins/Answers.ts"
import type { Plugin } from "../../src/services/Plugin.ts"
import { people } from "../helpers/People.ts"
import { plugin, shelve } from "../helpers/Plugins.ts"
import { sendRaw } from "../helpers/RawSocket.ts"
import { start, T2 } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, operator, user } = people(server)
const own = `http://127.0.0.1:${server.port}`

const methodsIn = (allow: string | undefined) => (allow ?? "").split(/\s*,\s*/).sort()

describe("C4.7 Origin", () => {
  const foreign = [
    "http://evil.example",
    "https://127.0.0.1",
    "null",
    `http://127.0.0.1:${server.port + 1}`,
    "junk",
    `${own}.evil.example`,
    `https://127.0.0.1:${server.port}`
  ]
  test.each(foreign)("C4.7 a write from a page of %s is 403 and changes nothing", async (origin) => {
    await user.put("/home/c47", "before")
    for (const method of ["PUT", "POST", "DELETE", "PATCH"]) {
      expect([method, (await operator.ask(method, "/home/c47", { origin }, "after")).status]).toEqual([method, 403])
    }
    expect((await operator.post("/auth/mint", "", { origin })).status).toBe(403)
    expect((await anyone.get("/home/c47?raw")).text).toBe("before")
  })
  test.each([own, own.toUpperCase().replace("HTTP", "http")])(
    "C4.7 a write from the server's own origin %s is done",
    async (origin) => {
      expect((await user.put("/home/c47-own", "x", { origin })).status).toBeLessThan(300)
    }
  )
  test("C4.7 the own origin is what the client calls it", async () => {
    const headers = { host: "machine.example", origin: "http://machine.example" }
    expect((await user.put("/home/c47-host", "x", headers)).status).toBe(201)
    expect((await user.put("/home/c47-host", "x", { ...headers, host: "machine.example:80" })).status).toBe(200)
  })
  test("C4.7 PROPFIND is no write, LOCK and the like are", async () => {
    const headers = { origin: "http://evil.example" }
    expect((await anyone.ask("PROPFIND", "/home/c47", headers)).status).not.toBe(403)
    for (const method of ["LOCK", "MKCOL", "PROPPATCH", "MOVE", "COPY"]) {
      expect([method, (await operator.ask(method, "/home/c47", headers)).status]).toEqual([method, 403])
    }
  })
  test.each(["GET", "HEAD", "OPTIONS"])("C4.7 %s from anywhere is answered, without CORS", async (method) => {
    await user.put("/home/c47-read", "x")
    const answer = await anyone.ask(method, "/home/c47-read", { origin: "http://evil.example" })
    expect(answer.status).toBeLessThan(300)
    expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([])
  })
})

describe("C4.7 ELASTIK_CORS_ORIGINS", () => {
  const listed = "https://app.example"
  const cors = async () => {
    const server = await start({ corsOrigins: [listed, "http://two.example:8080"] })
    onTestFinished(server.stop)
    return people(server)
  }
  test("C4.7 a listed origin may write, and may read the answer", async () => {
    const { user } = await cors()
    for (const origin of [listed, "http://two.example:8080"]) {
      const answer = await user.put("/home/x", "x", { origin })
      expect(answer.status).toBeLessThan(300)
      expect(answer.headers["access-control-allow-origin"]).toBe(origin)
      expect(answer.headers.vary).toMatch(/\borigin\b/i)
    }
  })
  test("C4.7 it may read, errors too, and sees the headers", async () => {
    const { anyone } = await cors()
    for (const target of ["/", "/home/none?raw", "/home/%ff", "/nowhere"]) {
      const answer = await anyone.get(target, { origin: listed })
      expect([target, answer.headers["access-control-allow-origin"]]).toEqual([target, listed])
      expect(answer.headers["access-control-expose-headers"]).toBeDefined()
    }
  })
  test.each(["PUT", "POST", "DELETE", "GET"])("C4.7 the preflight of %s is granted", async (method) => {
    const { anyone } = await cors()
    const asked = "authorization, if-match, x-meta-author, content-type"
    const headers = { origin: listed, "access-control-request-method": method, "access-control-request-headers": asked }
    const answer = await anyone.ask("OPTIONS", "/home/x", headers)
    expect(answer.status).toBe(204)
    expect(answer.headers["access-control-allow-origin"]).toBe(listed)
    expect(methodsIn(answer.headers["access-control-allow-methods"])).toContain(method)
    const granted = (answer.headers["access-control-allow-headers"] ?? "").toLowerCase()
    for (const name of asked.split(", ")) expect(granted).toContain(name)
  })
  test.each(["https://other.example", "http://app.example", "https://app.example.evil", "null"])(
    "C4.7 %s is granted nothing",
    async (origin) => {
      const { anyone, user } = await cors()
      const preflight = await anyone.ask("OPTIONS", "/home/x", { origin, "access-control-request-method": "PUT" })
      expect(preflight.headers["access-control-allow-origin"]).toBeUndefined()
      expect((await user.put("/home/x", "x", { origin })).status).toBe(403)
    }
  )
  test("C4.7 what does not depend on the caller's origin says that it might have", async () => {
    const { anyone, user } = await cors()
    await user.put("/home/x", "x")
    // What is asked for often may come from a cache.
    for (let i = 0; i < 20; i++) expect((await anyone.get("/home/x")).headers.vary).toMatch(/origin/i)
    expect((await anyone.get("/home/x", { origin: listed })).headers["access-control-allow-origin"]).toBe(listed)
  })
})

describe("C4.7 Host in open mode", () => {
  const open = async () => {
    const server = await start({ token: Option.none() })
    onTestFinished(server.stop)
    return server
  }
  const loopback = [
    "localhost",
    "localhost:3005",
    "LOCALHOST",
    "127.0.0.1",
    "127.0.0.1:1",
    "127.1.2.3",
    "[::1]",
    "[::1]:3005",
    "app.localhost"
  ]
  test.each(loopback)("C4.7 Host: %s is answered", async (host) => {
    const server = await open()
    expect((await people(server).anyone.put("/home/x", "x", { host })).status).toBe(201)
    expect((await people(server).anyone.get("/home/x", { host })).status).toBe(200)
  })
  const others = [
    "evil.example",
    "evil.example:3005",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "10.0.0.1",
    "[fe80::1]",
    "0.0.0.0",
    "127.0.0.1@evil.example"
  ]
  test.each(others)("C4.7 Host: %s is 403 for every request", async (host) => {
    const server = await open()
    await people(server).anyone.put("/home/x", "secret")
    // What is asked for often may come from a cache, and not from there to a stranger either.
    for (let i = 0; i < 20; i++) await people(server).anyone.get("/home/x?raw")
    for (const [method, target] of [
      ["GET", "/home/x?raw"],
      ["HEAD", "/home/x"],
      ["PUT", "/home/x"],
      ["OPTIONS", "/home/x"],
      ["GET", "/proc/status"],
      ["GET", "/nowhere"],
      ["GET", "/docs"]
    ] as const) {
      const answer = await people(server).anyone.ask(method, target, { host })
      expect([method, target, answer.status]).toEqual([method, target, 403])
      expect(answer.text).not.toContain("secret")
    }
  })
  test("C4.7 no Host at all is refused", async () => {
    const server = await open()
    expect((await sendRaw(server.port, "GET /proc/status HTTP/1.0\r\n\r\n")).status).toBe(403)
  })
  test("C4.7 with tokens any Host is answered", async () => {
    expect((await anyone.get("/proc/status", { host: "machine.example" })).status).toBe(200)
  })
  describe("C4.7 a page of another site, in open mode", () => {
    const image = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" }
    const costly = async (source: Partial<Plugin>) => {
      const server = await open()
      const { anyone, operator } = people(server)
      let asked = 0
      const handle = () => Effect.sync(() => Response.text(`asked ${++asked} times`))
      await anyone.put("/lib/costly", shelve(plugin({ ...source, handle })))
      expect((await operator.put("/lib/costly/state", "active")).status).toBe(200)
      return { anyone, operator, asked: () => asked }
    }

    test.each([
      ["shows a picture", image],
      ["of the same site asks", { ...image, "sec-fetch-site": "same-site" }],
      ["asks by script", { ...image, "sec-fetch-mode": "cors", origin: "http://evil.example" }],
      ["moves its own frame", { ...image, "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" }]
    ])("has nothing done by a plugin that wants more than nobody: when it %s", async (_, headers) => {
      const { anyone, asked } = await costly({ AUTH: "auth", ROUTES: ["/costly"] })
      const answer = await anyone.get("/costly/x", { ...headers, accept: "image/*" })
      expect([answer.status, asked()]).toEqual([401, 0])
    })

    test.each([
      ["who asks from no page", {}],
      ["a page of the machine's own", { ...image, "sec-fetch-site": "same-origin" }],
      ["an address that somebody typed", { ...image, "sec-fetch-site": "none" }],
      ["a link that somebody clicked", { ...image, "sec-fetch-mode": "navigate", "sec-fetch-user": "?1" }]
    ])("is not %s, for whom it is done", async (_, headers) => {
      const { anyone, asked } = await costly({ AUTH: "auth", ROUTES: ["/costly"] })
      expect([(await anyone.get("/costly/x", { accept: "image/*", ...headers })).status, asked()]).toEqual([200, 1])
    })

    test("may use what is for nobody in particular, and credentials that it has", async () => {
      const nobodys = await costly({ AUTH: "none", ROUTES: ["/costly"] })
      expect((await nobodys.anyone.get("/costly/x", image)).status).toBe(200)
      const somebodys = await costly({ AUTH: "auth", ROUTES: ["/costly"] })
      expect((await somebodys.operator.get("/costly/x", image)).status).toBe(200)
    })

    test("has nothing looked for where nothing is", async () => {
      const { anyone, asked } = await costly({ AUTH: "none", ROUTES: ["/_router_fallback"] })
      expect([(await anyone.get("/the%20cat", image)).status, asked()]).toEqual([404, 0])
      expect([(await anyone.get("/the%20cat")).status, asked()]).toEqual([200, 1])
    })
  })
  test("C7.2 in open mode a write needs no token, and junk is still junk", async () => {
    const server = await open()
    const { anyone, holder } = people(server)
    expect((await anyone.put("/home/x", "x")).status).toBe(201)
    expect((await anyone.put("/lib/x", "x")).status).toBe(201)
    expect((await anyone.put("/etc/x", "x")).status).toBe(403)
    expect((await anyone.del("/home/x")).status).toBe(403)
    expect((await holder("junk").put("/home/x", "x")).status).toBe(403)
    expect((await holder(T2).put("/home/x", "x")).status).toBe(403)
  })
})
