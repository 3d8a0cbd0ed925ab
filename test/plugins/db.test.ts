import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import * as Http from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeContext } from "@effect/platform-node"
import Sqlite from "better-sqlite3"
import { Context, Effect, Exit, Layer, Runtime, Scope } from "effect"
import { afterAll, describe, expect, test, vi } from "vitest"
import * as Server from "../../src/http/Server.ts"
import { FileStorage, Machine } from "../../src/layers/Live.ts"
import * as FstabMounts from "../../src/layers/mounts/FstabMounts.ts"
import * as ProcessQueries from "../../src/layers/queries/ProcessQueries.ts"
import { AppConfig } from "../../src/services/AppConfig.ts"
import { EventChain } from "../../src/services/EventChain.ts"
import { PluginRegistry } from "../../src/services/PluginRegistry.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { world } from "../helpers/Paths.ts"
import { mintedOf, people } from "../helpers/People.ts"
import { loader, noDevices, shelve } from "../helpers/Plugins.ts"
import { busy, endless, entry, gone, running } from "../helpers/Queries.ts"
import { bearer, config, key, send, T2 } from "../helpers/TestServer.ts"
import { browser } from "../helpers/Zoo.ts"

// In the server the host links a plugin to its own modules; here they are these.
vi.mock("elastik/plugin", () => import("../../src/plugin.ts"))

const base = mkdtempSync(join(tmpdir(), "elastik-"))
const [data, mounted] = [join(base, "data"), join(base, "mounted")]

const layer = Server.layer.pipe(
  Layer.provideMerge(PluginRegistry.layer.pipe(Layer.provide(loader))),
  Layer.provide(Layer.provideMerge(Layer.merge(ProcessQueries.layer(entry), FstabMounts.layer), noDevices)),
  Layer.provideMerge(Machine),
  Layer.provideMerge(FileStorage),
  Layer.provide(EventChain.layer(Buffer.from(key))),
  Layer.provide(AppConfig.layerTest(config({ data }))),
  Layer.provide(NodeContext.layer)
)

const scope = Effect.runSync(Scope.make())
const runtime = await Effect.runPromise(Scope.extend(Layer.toRuntime(layer), scope))
const { port } = Context.get(runtime.context, Server.Listening)
const run = Runtime.runPromise(runtime)
const agent = new Http.Agent({ keepAlive: true })
const { anyone, holder, operator, user } = people({
  request: (method, target, options = {}) => send(agent, port, method, target, options)
})
afterAll(async () => {
  agent.destroy()
  await Effect.runPromise(Scope.close(scope, Exit.void))
  rmSync(base, { recursive: true })
})

await user.put("/lib/db", shelve(await import("../../plugins/db.ts")))
expect((await operator.put("/lib/db/state", "active")).json()).toMatchObject({ state: "active" })

const cap = async (prefix: string, mode: "r" | "rw" = "r") =>
  holder(mintedOf(await operator.post(`/auth/mint?prefix=${prefix}&mode=${mode}`)).token)

const select = "SELECT stage_html AS body FROM stage_meta"
const ask = (query: string, sql = select, person = user, headers = {}) => person.post(`/dev/db?${query}`, sql, headers)

await user.put("/home/x", "hello")
await operator.put("/etc/fstab", `${mounted} /mnt/files ro\nhttps://a.example/ /mnt/web ro`)

describe("C11.3 /dev/db", () => {
  test("rows are pretty JSON as text, or as what Accept asks for", async () => {
    const text = JSON.stringify([{ body: "hello" }], null, 2)
    const answer = await ask("world=home/x")
    expect(answer).toMatchObject({ status: 200, text })
    expect(answer.headers).toMatchObject({ "content-type": "text/plain; charset=utf-8", vary: "Accept" })
    const json = await ask("world=home/x", select, user, { accept: "application/json" })
    expect([json.text, json.headers["content-type"]]).toEqual([text, "application/json"])
    expect((await ask("world=home/x", select, user, { accept: "image/png" })).status).toBe(406)
  })

  test("sees each commit at once", async () => {
    for (const n of [1, 2, 3, 4, 5]) {
      await user.put("/home/counter", `${n}`)
      expect((await ask("world=/home/counter", "SELECT version AS n FROM stage_meta")).json()).toEqual([{ n }])
    }
  })

  test("sees what the machine itself has just noted", () =>
    run(
      Effect.gen(function* () {
        const journal = yield* (yield* Worlds).journal(world("var/log/noted"))
        yield* journal.note({ type: "plugin_reloaded", details: {} })
        const answer = yield* Effect.promise(() => ask("world=var/log/noted", "SELECT event_type AS type FROM events"))
        expect(answer.json()).toEqual([{ type: "plugin_reloaded" }])
      }).pipe(Effect.scoped)
    ))

  test.each([
    ["world=home/x", 200],
    ["world=/home/x", 200],
    ["world=%2Fhome%2Fx", 200],
    ["world=home/x&other=1", 200],
    ["", 400],
    ["world=", 400],
    ["file=", 400],
    ["world=home/x&world=home/x", 400],
    ["world=home/x&file=files/db", 400],
    ["world=home/x/", 400],
    ["world=home", 400],
    ["world=x", 400],
    ["world=proc/status", 400],
    ["world=home//x", 400],
    ["world=home/./x", 400],
    ["world=home/a*", 400],
    ["world=home/a%00", 400],
    ["world=home/../etc/shadow", 403],
    ["world=home/%2e%2e/etc/shadow", 403],
    ["world=home/%252e%252e/x", 404],
    ["world=home/none", 404]
  ])("?%s is %i", async (query, status) => {
    expect((await ask(query)).status).toBe(status)
  })

  test.each([
    ["DELETE FROM stage_meta", 403],
    ["ATTACH 'x' AS x", 403],
    ["SELECT 1; SELECT 2", 403],
    ["SELECT nothing", 400],
    ["", 400],
    [Buffer.from([0xff]), 400],
    [`SELECT '${"x".repeat(1_000_000)}'`, 413]
  ])("the body %s is %i", async (sql, status) => {
    const answer = await user.post("/dev/db?world=home/x", sql)
    expect(answer.status).toBe(status)
    expect(answer.text).not.toContain(base)
  })

  test.each(["GET", "HEAD", "PUT", "DELETE"])("%s is 405", async (method) => {
    const answer = await user.ask(method, "/dev/db?world=home/x")
    expect([answer.status, answer.headers.allow]).toEqual([405, "POST, OPTIONS"])
  })

  test("a browser that goes there gets the manual", async () => {
    const answer = await user.get("/dev/db", { accept: browser, "sec-fetch-mode": "navigate" })
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, expect.stringContaining("text/html")])
  })

  test("nothing is below it", async () => {
    expect((await user.post("/dev/db/x?world=home/x", select)).status).toBe(404)
  })

  test("408 after two seconds; nobody else waits", async () => {
    const stopped = ask("world=home/x", endless)
    const [pid] = await run(running(1))
    expect((await ask("world=home/x")).status).toBe(200)
    expect((await user.get("/home/x?raw")).text).toBe("hello")
    const answer = await stopped
    expect([answer.status, answer.json()]).toMatchObject([
      408,
      { error: "the statement ran for 2 seconds and was stopped" }
    ])
    await run(gone(pid))
  })

  test("a client that leaves takes its statement along", async () => {
    const [pid = 0] = await run(running(1))
    const headers = bearer(T2)
    const request = Http.request({ port, host: "127.0.0.1", method: "POST", path: "/dev/db?world=home/x", headers })
    request.on("error", () => {})
    request.end(endless)
    await run(busy(pid))
    const left = performance.now()
    request.destroy()
    await run(gone(pid))
    expect(performance.now() - left).toBeLessThan(1000)
  })
})

describe("C7.5 who may ask a world is who may read it, by a credential", () => {
  test("nobody: 401", async () => {
    const answer = await ask("world=home/x", select, anyone)
    expect([answer.status, answer.headers["www-authenticate"]]).toEqual([401, expect.stringContaining("Basic")])
  })

  test.each(["etc/shadow", "etc/fstab", "boot/env"])("%s: T3 alone", async (name) => {
    await operator.put("/etc/shadow", "x:y")
    expect((await ask(`world=${name}`)).status).toBe(403)
    expect((await ask(`world=${name}`, select, operator)).status).not.toBe(403)
    expect((await ask(`world=${name}`, select, await cap("/home"))).status).toBe(403)
  })

  test("a capability that covers it, though it only reads, and no other", async () => {
    expect((await ask("world=home/x", select, await cap("/home/x"))).status).toBe(200)
    expect((await ask("world=home/x", select, await cap("/home"))).status).toBe(200)
    for (const prefix of ["/home/y", "/home/x/y", "/dev/db", "/etc"]) {
      expect((await ask("world=home/x", select, await cap(prefix, "rw"))).status).toBe(403)
    }
  })

  test("a refusal is the same whether the world exists or not", async () => {
    const [there, none] = [await ask("world=boot/env"), await ask("world=boot/none")]
    expect([there.status, there.text]).toEqual([403, none.text])
  })
})

describe("C11.3 ?file=", () => {
  const make = (name: string, mode: string) => {
    const db = new Sqlite(join(mounted, name))
    db.exec(`PRAGMA journal_mode = ${mode}; CREATE TABLE t(a); INSERT INTO t VALUES ('${name}')`)
    db.close()
  }

  test.each([
    ["file=files/plain.db", 200],
    ["file=files/wal.db", 200],
    ["file=/files/plain.db", 200],
    ["file=files/text", 400],
    ["file=files/none.db", 404],
    ["file=nothing/plain.db", 404],
    ["file=files/.hidden.db", 404],
    ["file=files/outside.db", 403],
    ["file=files/../data/home%2Fx/universe.db", 403],
    ["file=files%2F..%2Fx", 403],
    ["file=files/%5C..%5Cx", 400]
  ])("?%s is %i", async (query, status) => {
    rmSync(mounted, { recursive: true, force: true })
    mkdirSync(mounted)
    make("plain.db", "DELETE")
    make("wal.db", "WAL")
    make(".hidden.db", "DELETE")
    make("../outside.db", "DELETE")
    writeFileSync(join(mounted, "text"), "text ".repeat(100))
    symlinkSync("../outside.db", join(mounted, "outside.db"))
    const before = readdirSync(mounted)
    const answer = await ask(query, "SELECT a FROM t")
    expect([query, answer.status]).toEqual([query, status])
    expect(answer.text).not.toContain(base)
    expect(readdirSync(mounted)).toEqual(before)
    rmSync(join(base, "outside.db"))
  })

  test("on a mount that is no directory is 400, naming its scheme", async () => {
    const answer = await ask("file=web/x.db", "SELECT 1")
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining("https")])
  })

  test("for capabilities that cover it under /mnt", async () => {
    const mayAsk = async (prefix: string) => (await ask("file=files/none.db", "SELECT 1", await cap(prefix))).status
    expect([await mayAsk("/mnt/files"), await mayAsk("/mnt/files/none.db")]).toEqual([404, 404])
    expect([await mayAsk("/mnt/file"), await mayAsk("/home"), await mayAsk("/dev/db")]).toEqual([403, 403, 403])
  })
})
