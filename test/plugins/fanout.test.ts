import * as Http from "node:http"
import { NodeContext } from "@effect/platform-node"
import { Context, Effect, Exit, Layer, Logger, LogLevel, Scope } from "effect"
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest"
import { anonymous } from "../../src/domain/Caller.ts"
import * as Server from "../../src/http/Server.ts"
import { Machine, MemoryStorage } from "../../src/layers/Live.ts"
import { AppConfig } from "../../src/services/AppConfig.ts"
import { EventChain } from "../../src/services/EventChain.ts"
import { Locks } from "../../src/services/Locks.ts"
import { PluginRegistry } from "../../src/services/PluginRegistry.ts"
import { asking } from "../helpers/Locking.ts"
import { mintedOf, people } from "../helpers/People.ts"
import { loader, noDevices, plugin, shelve } from "../helpers/Plugins.ts"
import { config, key, send } from "../helpers/TestServer.ts"

// In the server the host links a plugin to its own modules; here they are these.
vi.mock("elastik/plugin", () => import("../../src/plugin.ts"))

const layer = Server.layer.pipe(
  Layer.provideMerge(PluginRegistry.layer.pipe(Layer.provide([loader, noDevices]))),
  Layer.provideMerge(Machine),
  Layer.provideMerge(MemoryStorage),
  Layer.provide(EventChain.layer(Buffer.from(key))),
  Layer.provide(AppConfig.layerTest(config({ maxBody: 1000 }))),
  Layer.provide(NodeContext.layer),
  // It fails on purpose.
  Layer.provide(Logger.minimumLogLevel(LogLevel.None))
)

const scope = Effect.runSync(Scope.make())
const context = await Effect.runPromise(Scope.extend(Layer.build(layer), scope))
const { port } = Context.get(context, Server.Listening)
const agent = new Http.Agent({ keepAlive: true })
const { anyone, holder, operator, user } = people({
  request: (method, target, options = {}) => send(agent, port, method, target, options)
})
afterAll(async () => {
  agent.destroy()
  await Effect.runPromise(Scope.close(scope, Exit.void))
})

await user.put("/lib/fanout", shelve(await import("../../plugins/fanout.ts")))
expect((await operator.put("/lib/fanout/state", "active")).json()).toMatchObject({ state: "active" })

const configure = (...lines: ReadonlyArray<string>) => operator.put("/etc/fanout.conf", lines.join("\n"))
beforeEach(() => configure("home/a", "/home/b"))

const bodyOf = async (name: string) => (await operator.get(`/${name}?raw`)).text

describe("C11.4 /dev/fanout", () => {
  test("PUT overwrites, POST appends, into every target", async () => {
    const answer = await user.put("/dev/fanout", "one\n")
    expect([answer.status, answer.json()]).toEqual([200, { written: ["home/a", "home/b"], failed: [] }])
    expect((await user.post("/dev/fanout", "two\n")).status).toBe(200)
    expect([await bodyOf("home/a"), await bodyOf("home/b")]).toEqual(["one\ntwo\n", "one\ntwo\n"])
    expect((await user.put("/bin/dev/fanout", "three")).status).toBe(200)
    expect(await bodyOf("home/b")).toBe("three")
  })

  test("C15 where locks bind all targets it is 423, and the others are written where they bind some", async () => {
    const locks = Context.get(context, Locks)
    const holder = { ...anonymous, id: "token:T2", tier: 2, credentialed: true } as const
    for (const name of ["home/locked1", "home/locked2"]) await Effect.runPromise(locks.take(holder, asking(name)))
    await configure("home/locked1", "home/locked2")
    expect((await operator.put("/dev/fanout", "x")).status).toBe(423)
    await configure("home/locked1", "home/free")
    const answer = await operator.put("/dev/fanout", "x")
    expect(answer.json()).toMatchObject({ written: ["home/free"], failed: [{ target: "home/locked1" }] })
  })

  test("C6 metadata of a PUT goes along, repeats as one", async () => {
    await user.put("/dev/fanout", "x", { "x-meta-author": ["ann", "bob"] })
    expect((await user.head("/home/a?raw")).headers["x-meta-author"]).toBe("ann, bob")
  })

  test("200 when any was written, with what was not; system targets need T3", async () => {
    await configure("etc/motd", "home/a")
    const answer = await user.put("/dev/fanout", "x")
    const failed = [{ target: "etc/motd", error: "writing this needs T3" }]
    expect([answer.status, answer.json()]).toEqual([200, { written: ["home/a"], failed }])
    expect((await operator.put("/dev/fanout", "x")).json()).toEqual({ written: ["etc/motd", "home/a"], failed: [] })
  })

  test("403 when the policy refused all, with the reasons", async () => {
    await configure("etc/a", "boot/b")
    const answer = await user.put("/dev/fanout", "x")
    expect([answer.status, answer.json()]).toMatchObject([403, { written: [], failed: [{ target: "etc/a" }, {}] }])
    expect((await operator.get("/etc/a?raw")).status).toBe(404)
  })

  test("500 when nothing was written for other reasons", async () => {
    await configure("nowhere/a")
    const answer = await user.put("/dev/fanout", "x")
    expect([answer.status, answer.json()]).toMatchObject([500, { written: [], failed: [{ target: "nowhere/a" }] }])
  })

  test("503 without targets, naming the file", async () => {
    await configure("# nobody")
    const answer = await user.put("/dev/fanout", "x")
    expect([answer.status, answer.text]).toEqual([503, expect.stringContaining("/etc/fanout.conf")])
    await operator.del("/etc/fanout.conf")
    expect((await user.post("/dev/fanout", "x")).status).toBe(503)
  })

  test("413 over the size of a body, and nothing is written", async () => {
    await configure("home/never")
    expect((await user.put("/dev/fanout", "x".repeat(1001))).status).toBe(413)
    expect((await user.get("/home/never?raw")).status).toBe(404)
  })

  test("401 to nobody, 403 to every capability", async () => {
    expect((await anyone.put("/dev/fanout", "x")).status).toBe(401)
    for (const prefix of ["/", "/home", "/dev/fanout", "/home/a"]) {
      const minted = mintedOf(await operator.post(`/auth/mint?prefix=${prefix}&mode=rw`))
      expect((await holder(minted.token).put("/dev/fanout", "x")).status).toBe(403)
    }
  })

  test.each(["GET", "HEAD", "DELETE", "PATCH"])("%s is 405", async (method) => {
    const answer = await user.ask(method, "/dev/fanout")
    expect([answer.status, answer.headers.allow]).toEqual([405, "POST, PUT, OPTIONS"])
  })

  test("nothing is below it", async () => {
    expect((await user.put("/dev/fanout/x", "x")).status).toBe(404)
  })

  test("C10.1 a plugin among the targets is taken down", async () => {
    const source = shelve(plugin({ ROUTES: ["/target"] }))
    await user.put("/lib/target", source)
    await operator.put("/lib/target/state", "active")
    expect((await user.get("/target")).status).toBe(200)
    await configure("lib/target")
    await user.put("/dev/fanout", source)
    expect((await user.get("/target")).status).toBe(404)
    expect((await operator.put("/lib/target/state", "active")).json()).toMatchObject({ from: "pending" })
  })
})
