import { readFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { headerPairs, lines, namesOf, people } from "../helpers/People.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, operator, user } = people(server)
const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))

const json = { accept: "application/json" }
const text = { accept: "text/plain" }
const browser = { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" }

beforeAll(async () => {
  await user.put("/home/c8", "x")
  await user.put("/home/c8", "y")
  await user.put("/lib/c8", "export {}")
})

describe("C8 /proc", () => {
  const entries = ["metrics", "status", "uptime", "verify", "version", "worlds"]
  test.each(["/proc/", "/proc"])("C8 %s lists what it knows, in both forms", async (target) => {
    expect(lines(await anyone.get(target, text)).map((line) => line.replace(/\/$/, ""))).toEqual(entries)
    expect(namesOf(await anyone.get(target, json))).toEqual(entries)
  })
  test.each(["metrics", "status", "uptime", "version", "worlds"])("C8 /proc/%s is there", async (entry) => {
    expect((await anyone.get(`/proc/${entry}`)).status).toBe(200)
  })
  test("C8 /proc/status is {pid, uptime, worlds, plugins, version}", async () => {
    const status = await anyone.get("/proc/status")
    expect(status.headers["content-type"]).toBe("application/json")
    expect(status.json()).toEqual({ pid: process.pid, uptime: expect.any(Number), worlds: 2, plugins: 0, version })
  })
  test("C8 /proc/status counts worlds as they come and go", async () => {
    await user.put("/home/c8-counted", "x")
    expect((await anyone.get("/proc/status")).json()).toMatchObject({ worlds: 3 })
    await operator.del("/home/c8-counted")
    expect((await anyone.get("/proc/status")).json()).toMatchObject({ worlds: 2 })
  })
  test("C8 /proc/uptime is whole seconds", async () => {
    expect((await anyone.get("/proc/uptime")).text.trim()).toMatch(/^\d+$/)
    expect((await anyone.get("/proc/uptime", json)).json()).toEqual(expect.any(Number))
  })
  test("C8 /proc/version is the package's", async () => {
    expect((await anyone.get("/proc/version")).text.trim()).toBe(version)
    expect((await anyone.get("/proc/version", json)).json()).toBe(version)
  })
  test("C8 /proc/worlds: name, version, updated_at, and state of lib", async () => {
    const updated_at = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect((await anyone.get("/proc/worlds")).json()).toEqual([
      { name: "home/c8", version: 2, updated_at },
      { name: "lib/c8", version: 1, updated_at, state: "pending" }
    ])
  })
  test("C8 /proc/metrics is Prometheus text", async () => {
    const metrics = await anyone.get("/proc/metrics")
    expect(metrics.headers["content-type"]).toMatch(/^text\/plain; ?version=0\.0\.4/)
    const sample =
      /^[a-zA-Z_:][\w:]*(\{[a-zA-Z_]\w*="(\\.|[^"\\])*"(,[a-zA-Z_]\w*="(\\.|[^"\\])*")*,?\})? [-+\d.eEinfNa]+( \d+)?$/
    const comment = /^# (HELP|TYPE) [a-zA-Z_:][\w:]* .+$/
    for (const line of lines(metrics)) expect(line).toMatch(line.startsWith("#") ? comment : sample)
    expect(metrics.text).toMatch(/_worlds 2$/m)
  })
  test("C8 metrics count requests, and no client makes up their labels", async () => {
    const before = lines(await anyone.get("/proc/metrics")).length
    for (const method of ["REPORT", "MKCOL", "LOCK", "SEARCH", "PURGE"]) await anyone.ask(method, `/home/${method}`)
    expect(lines(await anyone.get("/proc/metrics")).length - before).toBeLessThan(10)
  })
  test.each(["/proc/nothing", "/proc/status/x", "/proc/worlds/"])("C8 %s is 404", async (target) => {
    expect((await anyone.get(target)).status).toBe(404)
  })
})

describe("C8 /bin", () => {
  test("C8 text: one route a line, without the leading slash, each once", async () => {
    const list = await anyone.get("/bin")
    expect(list.headers["content-type"]).toBe("text/plain; charset=utf-8")
    for (const line of lines(list)) expect(line).toMatch(/^[^/\s].*$/)
    expect(new Set(lines(list)).size).toBe(lines(list).length)
    const core = [
      "auth/mint",
      "bin",
      "boot",
      "dev",
      "docs",
      "etc",
      "home",
      "lib",
      "openapi.json",
      "stream",
      "usr",
      "var"
    ]
    expect(lines(list)).toEqual(expect.arrayContaining([...core, "proc", "proc/status", "proc/metrics", "proc/verify"]))
  })
  test("C8 JSON: {route, description}, the same routes", async () => {
    const routes = JSON.parse((await anyone.get("/bin", json)).text)
    expect(routes.map(({ route }: { route: string }) => route)).toEqual(lines(await anyone.get("/bin")))
    for (const route of routes)
      expect(route).toEqual({ route: expect.any(String), description: expect.stringMatching(/\S/) })
  })
  test("C8 with the slash that the root lists it under", async () => {
    expect(lines(await anyone.get("/"))).toContain("bin/")
    expect((await anyone.get("/bin/")).status).toBe(200)
  })
  test("C8 /bin/<route> answers as /<route> does, for every route", async () => {
    const moving = /^(date|content-length|etag|last-modified): /
    for (const route of lines(await anyone.get("/bin"))) {
      for (const accept of ["*/*", "application/json", browser.accept]) {
        const [plain, alias] = [
          await anyone.get(`/${route}`, { accept }),
          await anyone.get(`/bin/${route}`, { accept })
        ]
        expect([route, alias.status]).toEqual([route, plain.status])
        const [one, other] = [plain, alias].map((answer) => headerPairs(answer).filter((pair) => !moving.test(pair)))
        expect([route, other]).toEqual([route, one])
      }
    }
  })
  test("C8 the alias of a world is the world", async () => {
    expect((await anyone.get("/bin/home/c8?raw")).text).toBe("y")
    expect((await user.put("/bin/home/c8-alias", "x")).headers.location).toMatch(/^(\/bin)?\/home\/c8-alias$/)
    expect((await anyone.get("/home/c8-alias?raw")).text).toBe("x")
    await operator.del("/bin/home/c8-alias")
    expect((await anyone.get("/home/c8-alias")).status).toBe(404)
  })
  test("C8 the alias of a listing is the listing", async () => {
    expect((await anyone.get("/bin/home/")).text).toBe((await anyone.get("/home/")).text)
  })
  test("C8 what is no route has no alias", async () => {
    expect((await anyone.get("/bin/nowhere")).status).toBe(404)
  })
})

describe("C8 /dev/", () => {
  test.each(["/dev/", "/dev"])("C8 %s lists device routes: none, without plugins", async (target) => {
    const list = await anyone.get(target)
    expect([list.status, list.text]).toEqual([200, ""])
    expect((await anyone.get(target, json)).json()).toEqual([])
  })
})

describe("C8 / names the namespaces", () => {
  const names = [
    "auth/",
    "bin/",
    "boot/",
    "dav/",
    "dev/",
    "etc/",
    "home/",
    "lib/",
    "mnt/",
    "proc/",
    "shaped/",
    "stream/",
    "usr/",
    "var/"
  ]
  test("C8 in byte order, to pipes and programs", async () => {
    expect(lines(await anyone.get("/"))).toEqual(names)
    expect(namesOf(await anyone.get("/", json)).map((name) => `${name}/`)).toEqual(names)
  })
  test("C8 the shell to browsers", async () => {
    expect((await anyone.get("/", browser)).headers["content-type"]).toBe("text/html; charset=utf-8")
  })
})
