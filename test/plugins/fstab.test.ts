import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  watch,
  writeFileSync
} from "node:fs"
import * as Http from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeContext } from "@effect/platform-node"
import { Context, Effect, Exit, Layer, Logger, LogLevel, Scope } from "effect"
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest"
import * as Server from "../../src/http/Server.ts"
import { Machine, MemoryStorage } from "../../src/layers/Live.ts"
import * as FstabMounts from "../../src/layers/mounts/FstabMounts.ts"
import { AppConfig } from "../../src/services/AppConfig.ts"
import { EventChain } from "../../src/services/EventChain.ts"
import { PluginRegistry } from "../../src/services/PluginRegistry.ts"
import { inside } from "../helpers/Inside.ts"
import { mintedOf, people } from "../helpers/People.ts"
import { loader, noDevices, shelve } from "../helpers/Plugins.ts"
import { connection } from "../helpers/RawSocket.ts"
import { bearer, config, key, send, T2 } from "../helpers/TestServer.ts"
import { upstream } from "../helpers/Upstream.ts"
import { browser } from "../helpers/Zoo.ts"

// In the server the host links a plugin to its own modules; here they are these.
vi.mock("elastik/plugin", () => import("../../src/plugin.ts"))

const base = mkdtempSync(join(tmpdir(), "elastik-"))
const [root, outside] = [join(base, "root"), join(base, "outside")]
const maxBody = 100_000

const layer = Server.layer.pipe(
  Layer.provide(PluginRegistry.layer.pipe(Layer.provide(loader))),
  Layer.provide(Layer.provideMerge(FstabMounts.layer, noDevices)),
  Layer.provide(Machine),
  Layer.provide(MemoryStorage),
  Layer.provide(EventChain.layer(Buffer.from(key))),
  Layer.provide(AppConfig.layerTest(config({ maxBody }))),
  Layer.provide(NodeContext.layer),
  // It fails on purpose.
  Layer.provide(Logger.minimumLogLevel(LogLevel.None))
)
const scope = Effect.runSync(Scope.make())
const inScope = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Scope.extend(effect, scope))
const { port } = Context.get(await inScope(Layer.build(layer)), Server.Listening)
const agent = new Http.Agent({ keepAlive: true })
const { anyone, holder, operator, user } = people({
  request: (method, target, options = {}) => send(agent, port, method, target, options)
})
const other = await inScope(
  upstream(({ method, url }, response) => {
    const [, status = "200"] = /^\/(\d{3})/.exec(url ?? "") ?? []
    response.writeHead(Number(status), { "content-type": "text/html" })
    response.end(url === "/big" ? Buffer.alloc(6_000_000) : `${method} ${url}`)
  })
)
afterAll(async () => {
  agent.destroy()
  await Effect.runPromise(Scope.close(scope, Exit.void))
  rmSync(base, { recursive: true })
})

await user.put("/lib/fstab", shelve(await import("../../plugins/fstab.ts")))
expect((await operator.put("/lib/fstab/state", "active")).json()).toMatchObject({ state: "active" })

const table = `${root} /mnt/work rw
${root} /mnt/docs ro
${other.url.replace("//", "//me:secret@")} /mnt/api ro
http://127.0.0.1:${port}/mnt/self /mnt/self ro
s3://bucket /mnt/s3 ro
nonsense
`
await operator.put("/etc/fstab", table)

beforeEach(() => {
  for (const directory of [root, outside]) {
    rmSync(directory, { recursive: true, force: true })
    mkdirSync(directory, { recursive: true })
  }
  writeFileSync(join(root, "a b.txt"), "0123456789")
  writeFileSync(join(outside, "secret"), "secret")
  symlinkSync("../outside/secret", join(root, "link"))
})

const cap = async (prefix: string, mode: "r" | "rw") =>
  holder(mintedOf(await operator.post(`/auth/mint?prefix=${prefix}&mode=${mode}`)).token)

/** Waits until something happens in the root that makes the question true. */
const until = (question: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const watcher = watch(root, () => {
      if (!question()) return
      watcher.close()
      resolve()
    })
    if (question()) {
      watcher.close()
      resolve()
    }
  })
/** Lets everything else have its turn. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
const descriptors = () => readdirSync("/proc/self/fd").length

describe("C11.2 /mnt/", () => {
  test("lists the mounts, to each as much as they may know", async () => {
    for (const target of ["/mnt", "/mnt/"]) {
      const named = await anyone.get(target)
      expect([named.status, named.json()]).toEqual([
        200,
        {
          mounts: ["work", "docs", "api", "self", "s3"].map((name) => ({
            name,
            path: `/mnt/${name}`,
            mode: name === "work" ? "rw" : "ro"
          }))
        }
      ])
    }
    expect((await user.get("/mnt")).json()).toMatchObject({
      mounts: [{ path: root }, { path: root }, { path: other.url }, {}, {}]
    })
    expect((await user.get("/mnt")).json()).not.toHaveProperty("unread")
    const told = await operator.get("/mnt/")
    expect(told.json()).toMatchObject({ unread: [{ line: 5 }, { line: 6 }] })
    expect(told.text).not.toContain("secret")
    expect(await anyone.head("/mnt/")).toMatchObject({ status: 200, text: "" })
  })

  test("a browser sees the manual, and below it what is there", async () => {
    expect((await anyone.get("/mnt", { accept: browser })).headers["content-type"]).toMatch(/^text\/html/)
    expect((await anyone.get("/mnt/docs/a%20b.txt", { accept: browser })).text).toBe("0123456789")
  })
})

describe("C11.2 /mnt/<directory>", () => {
  test("gives files and directories", async () => {
    expect((await anyone.get("/mnt/docs")).json()).toEqual({
      path: "/mnt/docs",
      mount: "docs",
      mode: "ro",
      entries: [{ name: "a b.txt", type: "file", size: 10 }]
    })
    const file = await anyone.get("/mnt/docs/a%20b.txt")
    expect(file).toMatchObject({ status: 200, text: "0123456789" })
    expect(file.headers).toMatchObject({
      "content-type": "text/plain; charset=utf-8",
      "content-length": "10",
      "accept-ranges": "bytes",
      "x-content-type-options": "nosniff"
    })
    expect(file.headers["x-mount-version"]).toMatch(/^mtime:\d{19}$/)
    const head = await anyone.head("/mnt/docs/a%20b.txt")
    expect(head).toMatchObject({ status: 200, text: "" })
    expect(head.headers["content-length"]).toBe("10")
  })

  test("gives parts and says what has not changed", async () => {
    const target = "/mnt/docs/a%20b.txt"
    const part = await anyone.get(target, { range: "bytes=-3" })
    expect(part).toMatchObject({ status: 206, text: "789" })
    expect(part.headers["content-range"]).toBe("bytes 7-9/10")
    const beyond = await anyone.get(target, { range: "bytes=10-" })
    expect([beyond.status, beyond.headers["content-range"]]).toEqual([416, "bytes */10"])
    const { etag = "" } = (await anyone.get(target)).headers
    expect(await anyone.get(target, { "if-none-match": etag })).toMatchObject({ status: 304, text: "" })
    expect((await anyone.get(target, { "if-match": '"x"' })).status).toBe(412)
  })

  test.each([
    ["/mnt/docs/../../etc/passwd", 400],
    ["/mnt/docs/%2e%2e/outside/secret", 400],
    ["/mnt/docs/..%2foutside%2fsecret", 400],
    ["/mnt/docs/%2E%2E%2Foutside", 400],
    ["/mnt/docs/..%5coutside", 400],
    ["/mnt/docs//etc/passwd", 400],
    ["/mnt/docs/%2fetc/passwd", 400],
    ["/mnt/docs/a%00", 400],
    ["/mnt/docs/%252e%252e/outside/secret", 404],
    ["/mnt/docs/%c0%ae%c0%ae/outside", 400],
    ["/mnt/docs/link", 403],
    ["/mnt/docs/link/", 403],
    ["/mnt/docs/link/x", 403],
    ["/bin/mnt/docs/link", 403],
    ["/mnt/docs/.git", 404],
    ["/mnt/docs/none", 404],
    ["/mnt/docs/a%20b.txt/", 404],
    ["/mnt/docs/A%20b.txt", 404],
    ["/mnt/none", 404],
    ["/mnt/none/x", 404],
    ["/mnt/s3", 501]
  ] as const)("%s is %d, and tells nothing of this host", async (target, status) => {
    for (const person of [anyone, operator]) {
      const answer = await person.get(target)
      expect(answer.status).toBe(status)
      expect(answer.text).not.toMatch(inside)
    }
  })

  test("streams: whoever leaves early closes the file", async () => {
    const file = openSync(join(root, "big"), "w")
    ftruncateSync(file, 4 * 1024 ** 3)
    closeSync(file)
    const before = descriptors()
    const held = process.memoryUsage().rss
    for (let i = 0; i < 5; i++) {
      await new Promise<void>((resolve, reject) => {
        const request = Http.get({ port, host: "127.0.0.1", path: "/mnt/docs/big", agent: false }, (response) => {
          expect(response.headers["content-length"]).toBe(String(4 * 1024 ** 3))
          let read = 0
          response.on("data", (chunk: Buffer) => {
            read += chunk.length
            if (read > 20_000_000) request.destroy()
          })
          response.on("error", () => {})
          response.on("close", resolve)
        })
        request.on("error", reject)
      })
    }
    while (descriptors() > before) await turn()
    expect(process.memoryUsage().rss - held).toBeLessThan(300_000_000)
  })

  test("a file that becomes shorter breaks off, and looks complete to nobody", async () => {
    const file = openSync(join(root, "big"), "w")
    ftruncateSync(file, 100_000_000)
    closeSync(file)
    const ended = await new Promise<string>((resolve, reject) => {
      const request = Http.get({ port, host: "127.0.0.1", path: "/mnt/docs/big", agent: false }, (response) => {
        response.once("data", () => truncateSync(join(root, "big"), 0))
        response.on("data", () => {})
        response.on("end", () => resolve("complete"))
        response.on("error", () => resolve("broken off"))
      })
      request.on("error", reject)
    })
    expect(ended).toBe("broken off")
  })
})

describe("C11.2, C7.6 POST below /mnt", () => {
  test("writes for T2 and capabilities that cover it, longer than a world may be", async () => {
    const body = "x".repeat(maxBody * 3)
    const answer = await user.post("/mnt/work/new%20file", body)
    expect([answer.status, answer.json()]).toEqual([200, { ok: true, path: "/mnt/work/new file", size: body.length }])
    expect(readFileSync(join(root, "new file"), "utf8")).toBe(body)
    expect((await (await cap("/mnt/work", "rw")).post("/mnt/work/c", "cap")).status).toBe(200)
    expect((await operator.post("/mnt/work/o", "T3")).status).toBe(200)
    expect((await user.post("/mnt/work/empty", "")).json()).toMatchObject({ ok: true, size: 0 })
  })

  test("asks strangers who they are, and refuses those who may not", async () => {
    const stranger = await anyone.post("/mnt/work/x", "x")
    expect([stranger.status, stranger.headers["www-authenticate"]]).toEqual([401, 'Basic realm="elastik"'])
    for (const [prefix, mode] of [
      ["/mnt/work", "r"],
      ["/mnt/docs", "rw"],
      ["/home", "rw"]
    ] as const) {
      expect((await (await cap(prefix, mode)).post("/mnt/work/x", "x")).status).toBe(403)
    }
    expect(readdirSync(root).sort()).toEqual(["a b.txt", "link"])
  })

  test("is 405 where nothing can be written, and other methods everywhere", async () => {
    for (const target of ["/mnt/docs/x", "/mnt/api/x", "/mnt/work", "/mnt/work/", "/mnt"]) {
      const answer = await user.post(target, "x")
      expect([target, answer.status, answer.headers.allow]).toEqual([target, 405, "GET, HEAD, OPTIONS"])
    }
    for (const method of ["PUT", "DELETE", "PATCH"]) {
      const answer = await user.ask(method, "/mnt/work/x")
      expect([answer.status, answer.headers.allow]).toEqual([405, "GET, HEAD, POST, OPTIONS"])
    }
    expect((await user.post("/mnt/work/link", "x")).status).toBe(403)
    expect((await user.post("/mnt/work/no/x", "x")).status).toBe(404)
    expect((await user.post("/mnt/none/x", "x")).status).toBe(404)
    expect((await user.post("/mnt/s3/x", "x")).status).toBe(501)
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe("secret")
  })

  test("C4.6 OPTIONS names what can be done there, to anybody, and so does the 405 of any other method", async () => {
    for (const [target, methods] of [
      ...["/mnt", "/mnt/", "/mnt/docs/x", "/mnt/docs", "/mnt/api/x", "/mnt/work", "/mnt/work/"].map(
        (target) => [target, "GET, HEAD, OPTIONS"] as const
      ),
      ...["/mnt/work/x", "/mnt/work/a%20b.txt", "/mnt/none/x"].map(
        (target) => [target, "GET, HEAD, POST, OPTIONS"] as const
      )
    ]) {
      const answer = await anyone.ask("OPTIONS", target)
      expect([target, answer.status, answer.headers.allow]).toEqual([target, 204, methods])
      const other = await anyone.ask("PATCH", target)
      expect([target, other.status, other.headers.allow]).toEqual([target, 405, methods])
    }
  })

  test("C4.6 OPTIONS tells nobody of a mount that they may not read", async () => {
    await operator.put("/etc/private", "/mnt/docs")
    const [known, unknown] = [await user.ask("OPTIONS", "/mnt/docs/x"), await anyone.ask("OPTIONS", "/mnt/docs/x")]
    expect([known.headers.allow, unknown.status, unknown.headers.allow]).toEqual([
      ...["GET, HEAD, OPTIONS", 204, "GET, HEAD, POST, OPTIONS"]
    ])
    await operator.del("/etc/private")
  })

  test("a client that leaves in the middle leaves nothing behind", async () => {
    const socket = await connection(port)
    const { authorization } = bearer(T2)
    socket.write(
      `POST /mnt/work/half HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nContent-Length: 100000\r\n\r\nhalf`
    )
    await until(() => readdirSync(root).length === 3)
    socket.resetAndDestroy()
    await until(() => readdirSync(root).length === 2)
    expect(readdirSync(root).sort()).toEqual(["a b.txt", "link"])
  })
})

describe("C7 reading below /mnt", () => {
  test("is for everybody, unless it is private or somebody's capability is for something else", async () => {
    const target = "/mnt/docs/a%20b.txt"
    expect((await (await cap("/mnt/docs", "r")).get(target)).status).toBe(200)
    expect((await (await cap("/mnt/work", "r")).get(target)).status).toBe(403)
    expect((await (await cap("/mnt/docs", "r")).get("/mnt/")).status).toBe(403)
    await operator.put("/etc/private", "/mnt/docs")
    expect((await anyone.get(target)).status).toBe(401)
    expect((await anyone.get("/mnt/docs/")).status).toBe(401)
    expect((await anyone.get("/mnt/")).text).not.toContain("docs")
    expect((await user.get(target)).status).toBe(200)
    await operator.del("/etc/private")
    expect((await anyone.get(target)).status).toBe(200)
  })
})

describe("C11.2 /mnt/<server>", () => {
  test("passes the path, the query and the status on, and keeps its markup in a sandbox", async () => {
    const answer = await anyone.get("/mnt/api/users/4%202?q=a+b&r=%26")
    expect(answer).toMatchObject({ status: 200, text: "GET /users/4%202?q=a+b&r=%26" })
    expect(answer.headers["content-security-policy"]).toBe("sandbox allow-scripts")
    expect(answer.headers["x-mount-version"]).toMatch(/^len=28;head=[0-9a-f]{32}$/)
    expect(await anyone.get("/mnt/api/404/x")).toMatchObject({ status: 404, text: "GET /404/x" })
    expect((await anyone.get("/mnt/api/500")).status).toBe(500)
    expect(await anyone.get("/mnt/api/204")).toMatchObject({ status: 204, text: "" })
    expect(await anyone.get("/mnt/api/304")).toMatchObject({ status: 304, text: "" })
    expect(await anyone.head("/mnt/api/x")).toMatchObject({ status: 200, text: "" })
    expect(other.headers.map(({ authorization }) => authorization)).toEqual(
      Array(6).fill(`Basic ${Buffer.from("me:secret").toString("base64")}`)
    )
  })

  test("413 for what is too big, 502 for what leads back here", async () => {
    expect((await anyone.get("/mnt/api/big")).status).toBe(413)
    const circle = await anyone.get("/mnt/self/x")
    expect(circle.status).toBe(502)
    expect(circle.text).toContain("the server of mount self leads back to this one")
  })
})
