import * as Http from "node:http"
import { NodeContext } from "@effect/platform-node"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { afterAll, describe, expect, test } from "vitest"
import { anonymous, type Caller } from "../../src/domain/Caller.ts"
import type { LockRequest } from "../../src/domain/Lock.ts"
import * as Server from "../../src/http/Server.ts"
import { Machine, MemoryStorage } from "../../src/layers/Live.ts"
import { AppConfig } from "../../src/services/AppConfig.ts"
import { EventChain } from "../../src/services/EventChain.ts"
import { Locks } from "../../src/services/Locks.ts"
import { PluginRegistry } from "../../src/services/PluginRegistry.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { asking } from "../helpers/Locking.ts"
import { path } from "../helpers/Paths.ts"
import { lines, people } from "../helpers/People.ts"
import { loader, noDevices, plugin, shelve } from "../helpers/Plugins.ts"
import { config, key, send } from "../helpers/TestServer.ts"

const layer = Server.layer.pipe(
  Layer.provideMerge(PluginRegistry.layer.pipe(Layer.provide([loader, noDevices]))),
  Layer.provideMerge(Machine),
  Layer.provide(MemoryStorage),
  Layer.provide(EventChain.layer(Buffer.from(key))),
  Layer.provide(AppConfig.layerTest(config())),
  Layer.provide(NodeContext.layer)
)
const scope = Effect.runSync(Scope.make())
const context = await Effect.runPromise(Scope.extend(Layer.build(layer), scope))
const { port } = Context.get(context, Server.Listening)
const locks = Context.get(context, Locks)
const worlds = Context.get(context, Worlds)
const agent = new Http.Agent({ keepAlive: true })
const { anyone, operator, user } = people({
  request: (method, target, options = {}) => send(agent, port, method, target, options)
})
afterAll(async () => {
  agent.destroy()
  await Effect.runPromise(Scope.close(scope, Exit.void))
})

/** The callers that the tokens of these people make. */
const theUser: Caller = { ...anonymous, id: "token:T2", tier: 2, credentialed: true }
const theOperator: Caller = { ...anonymous, id: "token:T3", tier: 3, credentialed: true }

const lock = (caller: Caller, root: string, given?: Partial<LockRequest>) =>
  Effect.runPromise(locks.take(caller, asking(root, given)))
const collection = (name: string) => Effect.runPromise(worlds.makeCollection(theOperator, path(name), {}))

describe("C15 a lock binds /home as it binds /dav", () => {
  test.each(["PUT", "POST", "DELETE"])(
    "%s of a locked world is 423 and says which lock is in the way",
    async (method) => {
      const name = `home/locked/${method}`
      await user.put(`/${name}`, "before")
      await lock(theUser, name)
      const answer = await operator.ask(method, `/${name}`, {}, "after")
      expect([answer.status, answer.headers["content-type"]]).toEqual([423, "application/problem+json"])
      expect(answer.json()).toMatchObject({ type: "urn:elastik:problem:locked", status: 423, roots: [name] })
      expect((await user.get(`/${name}?raw`)).text).toBe("before")
    }
  )

  test("its holder writes with the token in If; with another's token nobody does", async () => {
    await user.put("/home/mine", "1")
    const { token } = await lock(theUser, "home/mine")
    expect((await user.put("/home/mine", "2", { if: "(<urn:uuid:other>)" })).status).toBe(412)
    expect((await operator.put("/home/mine", "2", { if: `(<${token}>)` })).status).toBe(423)
    expect((await user.put("/home/mine", "2", { if: `(<${token}>)` })).status).toBe(200)
    expect((await user.post("/home/mine", "3", { if: `(<${token}>)` })).status).toBe(200)
    await Effect.runPromise(locks.release(theUser, path("home/mine"), token))
    expect((await operator.put("/home/mine", "4")).status).toBe(200)
  })

  test("who may not write there is told so, and not that it is locked", async () => {
    await operator.put("/etc/locked", "")
    await lock(theOperator, "etc/locked")
    expect((await user.put("/etc/locked", "")).status).toBe(403)
    expect((await anyone.put("/etc/locked", "")).status).toBe(403)
  })

  test("a plugin's source is bound, its state is not; what it serves stays", async () => {
    await user.put("/lib/p", shelve(plugin({ ROUTES: ["/p"] })))
    await operator.put("/lib/p/state", "active")
    await lock(theUser, "lib/p")
    expect((await operator.put("/lib/p", "other")).status).toBe(423)
    expect((await anyone.get("/p")).status).toBe(200)
    expect((await operator.put("/lib/p/state", "disabled")).status).toBe(200)
  })
})

describe("C15 collections that were made, in C3 and C4", () => {
  test("an empty one is listed, and lists nothing", async () => {
    await collection("home/made")
    expect(lines(await anyone.get("/home/"))).toContain("made/")
    expect((await anyone.get("/home/", { accept: "application/json" })).json()).toContainEqual({
      name: "made",
      dir: true
    })
    expect([(await anyone.get("/home/made/")).status, (await anyone.get("/home/made/")).text]).toEqual([200, ""])
    expect((await anyone.get("/home/made")).status).toBe(200)
    expect((await anyone.get("/home/made?raw")).json()).toMatchObject({ status: 404, collection: "/home/made/" })
  })

  test("pages go on behind one", async () => {
    for (const name of ["home/pages", "home/pages/a", "home/pages/b", "home/pages/c"]) await collection(name)
    const first = await anyone.get("/home/pages/?limit=2")
    expect([lines(first), first.headers.link]).toEqual([["a/", "b/"], '</home/pages/?limit=2&after=b%2F>; rel="next"'])
    expect(lines(await anyone.get("/home/pages/?limit=2&after=b%2F"))).toEqual(["c/"])
  })

  test("DELETE names it with its slash, and then it is 404", async () => {
    await collection("home/gone")
    expect((await user.del("/home/gone")).status).toBe(403)
    const answer = await operator.del("/home/gone")
    expect([answer.status, answer.json()]).toEqual([200, { deleted: ["home/gone/"] }])
    expect((await operator.del("/home/gone")).status).toBe(404)
  })

  test("it is no world: /proc/worlds does not name it", async () => {
    await collection("home/none")
    expect((await operator.get("/proc/worlds")).text).not.toContain("home/none")
  })
})

describe("C10.1 moving a plugin's source", () => {
  test("takes its routes down; where it comes to lie it is pending, and its event says where it was", async () => {
    await user.put("/lib/here", shelve(plugin({ ROUTES: ["/moving"] })))
    await operator.put("/lib/here/state", "active")
    expect((await anyone.get("/moving")).status).toBe(200)
    const relocation = {
      from: path("lib/here"),
      to: path("lib/there"),
      depth: "infinity",
      overwrite: true,
      conditions: {}
    } as const
    await Effect.runPromise(worlds.move(theOperator, relocation))
    expect((await anyone.get("/moving")).status).toBe(404)
    expect((await operator.get("/lib/there")).json()).toMatchObject({ state: "pending" })
    await operator.put("/lib/there/state", "active")
    expect((await anyone.get("/moving")).status).toBe(200)

    await user.put("/lib/other", shelve(plugin({ ROUTES: ["/other"] })))
    await Effect.runPromise(worlds.copy(theUser, { ...relocation, from: path("lib/other"), to: path("lib/there") }))
    expect((await anyone.get("/moving")).status).toBe(404)
  })
})
