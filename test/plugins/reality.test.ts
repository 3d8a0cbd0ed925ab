import { randomBytes } from "node:crypto"
import { mkdirSync, rmSync, watch } from "node:fs"
import * as Http from "node:http"
import { gunzipSync } from "node:zlib"
import { NodeContext } from "@effect/platform-node"
import { Context, Effect, Exit, Layer, Logger, LogLevel, Scope } from "effect"
import { afterAll, describe, expect, test, vi } from "vitest"
import * as Server from "../../src/http/Server.ts"
import { FileStorage, Machine } from "../../src/layers/Live.ts"
import * as Archiving from "../../src/layers/replication/Replication.ts"
import { ServerKey } from "../../src/layers/ServerKey.ts"
import { AppConfig } from "../../src/services/AppConfig.ts"
import { EventChain } from "../../src/services/EventChain.ts"
import { PluginRegistry } from "../../src/services/PluginRegistry.ts"
import { archivist, longKey, namesIn, workshops } from "../helpers/Archives.ts"
import { people } from "../helpers/People.ts"
import { loader, noDevices, shelve } from "../helpers/Plugins.ts"
import { databaseOf, temporary } from "../helpers/Storages.ts"
import { config, send, T3 } from "../helpers/TestServer.ts"

// In the server the host links a plugin to its own modules; here they are these.
vi.mock("elastik/plugin", () => import("../../src/plugin.ts"))

const scope = Effect.runSync(Scope.make())
const data = Effect.runSync(Scope.extend(temporary, scope))
const layer = Server.layer.pipe(
  Layer.provide(PluginRegistry.layer.pipe(Layer.provide(loader))),
  Layer.provide(Layer.provideMerge(Archiving.layer(archivist), noDevices)),
  Layer.provide(Machine),
  Layer.provide(FileStorage),
  Layer.provide(Layer.merge(EventChain.layer(longKey), Layer.succeed(ServerKey, longKey))),
  Layer.provide(AppConfig.layerTest(config({ data }))),
  Layer.provide(NodeContext.layer),
  // It fails on purpose, once.
  Layer.provide(Logger.minimumLogLevel(LogLevel.None))
)
const context = await Effect.runPromise(Scope.extend(Layer.build(layer), scope))
const { port } = Context.get(context, Server.Listening)
const agent = new Http.Agent({ keepAlive: true })
const { anyone, operator, user } = people({
  request: (method, target, options = {}) => send(agent, port, method, target, options)
})
afterAll(async () => {
  agent.destroy()
  await Effect.runPromise(Scope.close(scope, Exit.void))
})

await user.put("/lib/reality", shelve(await import("../../plugins/reality.ts")))
expect((await operator.put("/lib/reality/state", "active")).json()).toMatchObject({ state: "active" })
// More than sockets and pipes hold, so that an archive that nobody reads stays unfinished.
for (let n = 0; n < 12; n++) await user.put(`/home/bulk/${n}`, randomBytes(1_000_000))

/** The headers of an answer whose body is read no further. */
const begin = (path: string): Promise<Http.IncomingMessage> =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${T3}` }
    Http.get({ port, host: "127.0.0.1", path, headers, agent: false }, resolve).on("error", reject)
  })

describe("C11.5 /__reality__ and /self", () => {
  test("are archives to keep, from GET", async () => {
    const worlds = await operator.get("/__reality__")
    expect(worlds.status).toBe(200)
    expect(worlds.headers).toMatchObject({
      "content-type": "application/gzip",
      "content-disposition": 'attachment; filename="data.tar.gz"',
      "cache-control": "no-store"
    })
    const names = await Effect.runPromise(namesIn(worlds.bytes))
    expect(names.slice(0, 2)).toEqual(["data/.key", "data/home%2Fbulk%2F0/universe.db"])
    expect(names).toContain("data/lib%2Freality/universe.db")

    const program = await operator.get("/self")
    expect(program.headers["content-disposition"]).toBe('attachment; filename="elastik.tar.gz"')
    expect(await Effect.runPromise(namesIn(program.bytes))).toContain("src/main.ts")
  })

  test("answer HEAD as GET, and make nothing for it", async () => {
    const [get, head] = [await operator.get("/self"), await operator.head("/self")]
    const lasting = ({ date: _, "transfer-encoding": __, ...headers }: Http.IncomingHttpHeaders) => headers
    expect([head.status, head.bytes.length]).toEqual([200, 0])
    expect(lasting(head.headers)).toEqual(lasting(get.headers))
  })

  test("are for operators alone, and only what they are", async () => {
    expect((await anyone.get("/__reality__")).status).toBe(401)
    expect((await user.get("/self")).status).toBe(403)
    expect((await operator.get("/self/x")).status).toBe(404)
    expect((await operator.post("/self", "")).status).toBe(405)
  })

  test("are made once at a time, and end with whoever reads them", async () => {
    const reader = await begin("/__reality__")
    expect(workshops(data)).toHaveLength(1)
    const second = await operator.get("/__reality__")
    expect([second.status, second.headers["retry-after"]]).toEqual([503, "10"])
    const gone = new Promise<void>((resolve) => {
      const watcher = watch(data, () => {
        if (workshops(data).length > 0) return
        watcher.close()
        resolve()
      })
    })
    reader.destroy()
    await gone
    expect((await operator.get("/__reality__")).status).toBe(200)
  })

  test("that fail midway are cut, and are no whole archives", async () => {
    await user.put("/home/zz", "x")
    rmSync(databaseOf(data, "home/zz"))
    mkdirSync(databaseOf(data, "home/zz"))
    const answer = await begin("/__reality__")
    const received: Array<Buffer> = []
    const cut = await new Promise<unknown>((resolve) => {
      answer
        .on("data", (chunk: Buffer) => received.push(chunk))
        .on("error", resolve)
        .on("end", () => resolve("ended"))
    })
    expect(cut).toMatchObject({ code: "ECONNRESET" })
    expect(() => gunzipSync(Buffer.concat(received))).toThrow("unexpected end of file")
  })
})
