import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { lines, people } from "../helpers/People.ts"
import { dataIn, elastik, type Running, serve } from "../helpers/Program.ts"
import { databaseOf, eventsIn } from "../helpers/Sqlite.ts"
import { tempDirectory } from "../helpers/Temp.ts"
import { T2, T3 } from "../helpers/TestServer.ts"

const tokens = { ELASTIK_TOKEN: T2, ELASTIK_APPROVE_TOKEN: T3 }
const example = readFileSync(new URL("../../plugins/example.ts", import.meta.url))

const install = async (server: Running, name: string, source: string | Buffer) => {
  const { operator, user } = people(server)
  expect((await user.put(`/lib/${name}`, source)).status).toBeLessThan(300)
  return operator.put(`/lib/${name}/state`, "active")
}

/** A plugin around one expression, which is an Effect. */
const answering = (expression: string, more = "") => `import { Effect } from "effect"
${more}
export const AUTH = "none"
export const ROUTES = ["/t"]
export const handle = (request: { path: string }) => ${expression}`

const rejected: ReadonlyArray<readonly [what: string, source: string | Buffer, reason: RegExp]> = [
  ["a syntax error, with its place", "export const AUTH = \n\nexport const =", /line 3/],
  ["types that cannot just be left out", "enum A { B }", /line 1.*enum/s],
  ["a name that a module does not export", 'import { Nothing } from "effect"', /'effect'.*Nothing/],
  ["a package that is not there", 'import x from "left-pad"', /"left-pad", which is not there/],
  ["another file", 'import x from "./other.js"', /"\.\/other\.js"/],
  ["a file by its URL", 'import x from "file:///etc/passwd"', /file:\/\/\/etc\/passwd/],
  ["another server", 'import x from "https://a.example/x.js"', /a\.example/],
  ["what it throws", 'throw new TypeError("not today")', /TypeError: not today/],
  ["what is no error", "throw 7", /7/],
  ["no manifest", "export const x = 1", /AUTH/],
  ["bytes that are no text", Buffer.from([0xff, 0xfe]), /UTF-8/],
  ["nothing", "", /AUTH/]
]

/** Where the program is; nobody outside needs to know. */
const hostPath = new RegExp(`${process.cwd()}|data:text|node_modules`)

describe("C10.2 source becomes a module of this process", () => {
  test("the example in plugins/ works as it is, types and all", async () => {
    const server = await serve({ cwd: tempDirectory(), env: tokens })
    const installed = await install(server, "example", example)
    expect([installed.status, installed.json()]).toEqual([
      200,
      { state: "active", version: 1, changed: true, from: "pending" }
    ])
    const answer = await people(server).anyone.post("/example/x", "hi")
    expect(answer.json()).toMatchObject({ hello: "from example plugin", echo: "hi", path: "/example/x" })
  })

  test("it imports the host's own instances, so that what it fails with is what the host knows", async () => {
    const server = await serve({ cwd: tempDirectory(), env: tokens })
    const { anyone, operator, user } = people(server)
    const source = answering(
      `Effect.gen(function* () {
  if (request.path === "/t/fail") return yield* new NotConfigured({ message: "set THIS" })
  if (request.path === "/t/response") return HttpServerResponse.text("own", { status: 201 })
  const worlds = yield* Worlds
  const name = yield* worldName("home/by-plugin" as CanonicalPath)
  yield* worlds.overwrite(system, {
    _tag: "Overwrite", name, body: new TextEncoder().encode("written"), ext: "txt", meta: [], conditions: {}
  })
  return { file: basename("/a/b"), lazily: (await_ => typeof await_)(1) }
})`,
      `import { HttpServerResponse } from "@effect/platform"
import { type CanonicalPath, NotConfigured, system, Worlds, worldName } from "elastik/plugin"
import { basename } from "node:path"`
    )
    expect((await install(server, "t", source)).json()).toMatchObject({ state: "active" })
    expect((await anyone.get("/t/fail")).json()).toMatchObject({ status: 503, error: "set THIS" })
    expect(await anyone.get("/t/response")).toMatchObject({ status: 201, text: "own" })
    expect((await anyone.get("/t")).json()).toEqual({ file: "b", lazily: "number" })
    expect((await anyone.get("/home/by-plugin?raw")).text).toBe("written")
    expect((await user.get("/lib/t")).status).toBe(200)
    expect((await operator.get("/proc/status")).json()).toMatchObject({ plugins: 1 })
  })

  test("the same source again is a new module", async () => {
    const server = await serve({ cwd: tempDirectory(), env: tokens })
    const source = answering("Effect.sync(() => ++count)", "let count = 0")
    const { anyone } = people(server)
    for (let i = 0; i < 2; i++) {
      await install(server, "t", source)
      expect([(await anyone.get("/t")).text, (await anyone.get("/t")).text]).toEqual(["1", "2"])
    }
  })

  test("what cannot is a 422 that says why, in the words of the source", async () => {
    const server = await serve({ cwd: tempDirectory(), env: tokens })
    for (const [what, source, reason] of rejected) {
      const answer = await install(server, "t", source)
      expect([what, answer.status]).toEqual([what, 422])
      const problem = answer.json() as { detail: string }
      expect(problem.detail).toMatch(reason)
      expect(problem.detail).not.toMatch(hostPath)
      expect(problem).toMatchObject({ error: "the plugin cannot be activated", state: "pending" })
      expect((await people(server).anyone.get("/t")).status).toBe(404)
    }
  })
})

describe("C10.3, C17 at the next start", () => {
  test("what was active serves again, what cannot is named and stays active, and /boot/grub lists what runs", async () => {
    const cwd = tempDirectory()
    const first = await serve({ cwd, env: tokens })
    await install(first, "example", example)
    await install(
      first,
      "lost",
      answering("Effect.succeed(1)", 'import { existsSync } from "node:fs"\nif (!existsSync("flag")) {}')
    )
    await install(first, "off", answering("Effect.succeed(2)").replace("/t", "/off"))
    await people(first).operator.put("/lib/off/state", "disabled")
    first.signal("SIGTERM")
    await first.ended
    const second = await serve({ cwd, env: tokens })
    const { anyone, operator } = people(second)
    expect((await anyone.post("/example", "x")).json()).toMatchObject({ echo: "x" })
    expect((await anyone.get("/off")).status).toBe(404)
    expect(lines(await operator.get("/boot/grub?raw"))).toEqual(["lib/example", "lib/lost"])
    const types = eventsIn(databaseOf(dataIn(cwd), "lib/example")).map(({ event_type }) => event_type)
    expect(types).toEqual(["stage_written", "state_transition", "plugin_activated_on_boot"])
    expect((await anyone.get("/proc/status")).json()).toMatchObject({ plugins: 2 })
    second.signal("SIGTERM")
    expect((await second.ended).code).toBe(0)
    expect((await elastik(["verify"], { cwd })).stdout).toContain(" 0 bad")
  })

  test("a plugin that no longer loads leaves the rest alone", async () => {
    const cwd = tempDirectory()
    const source = answering("Effect.succeed(1)", 'if (process.env.BROKEN) throw new Error("broken now")')
    const first = await serve({ cwd, env: tokens })
    await install(first, "t", source)
    await install(first, "example", example)
    first.signal("SIGTERM")
    await first.ended
    const second = await serve({ cwd, env: { ...tokens, BROKEN: "1" } })
    const { anyone, operator } = people(second)
    expect([(await anyone.get("/t")).status, (await anyone.get("/example")).status]).toEqual([404, 200])
    expect((await operator.get("/lib/t")).json()).toMatchObject({ state: "active" })
    expect(second.said()).toContain("broken now")
    const answer = await operator.put("/lib/t/state", "active")
    expect([answer.status, answer.json()]).toMatchObject([422, { state: "active" }])
    const events = eventsIn(databaseOf(dataIn(cwd), "lib/t"))
    expect(events.at(-1)?.event_type).toBe("plugin_load_failed")
  })
})
