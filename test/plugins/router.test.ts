import { readFileSync } from "node:fs"
import * as Http from "node:http"
import { NodeContext } from "@effect/platform-node"
import { Context, Effect, Exit, Layer, Logger, LogLevel, Scope } from "effect"
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest"
import * as Server from "../../src/http/Server.ts"
import * as Device from "../../src/layers/gpu/Device.ts"
import { Machine, MemoryStorage } from "../../src/layers/Live.ts"
import { AppConfig } from "../../src/services/AppConfig.ts"
import { EventChain } from "../../src/services/EventChain.ts"
import { PluginRegistry } from "../../src/services/PluginRegistry.ts"
import { defaults } from "../../src/services/SemanticConfig.ts"
import { SemanticRouter } from "../../src/services/SemanticRouter.ts"
import { configured } from "../helpers/models/Device.ts"
import { modelServer } from "../helpers/models/ModelServer.ts"
import { ollama } from "../helpers/models/Wires.ts"
import { headerPairs, lines, mintedOf, people } from "../helpers/People.ts"
import { loader, noDevices, plugin, shelve } from "../helpers/Plugins.ts"
import { serve } from "../helpers/Program.ts"
import { tempDirectory } from "../helpers/Temp.ts"
import { type Answer, config, key, send, T2, T3 } from "../helpers/TestServer.ts"
import { browser } from "../helpers/Zoo.ts"

// In the server the host links a plugin to its own modules; here they are these.
vi.mock("elastik/plugin", () => import("../../src/plugin.ts"))

const capPerMin = 1000
const router = SemanticRouter.layer.pipe(Layer.provideMerge(Device.layer))
const layer = Server.layer.pipe(
  Layer.provideMerge(PluginRegistry.layer.pipe(Layer.provide(loader))),
  Layer.provide(Layer.provideMerge(router, noDevices)),
  Layer.provideMerge(Machine),
  Layer.provideMerge(MemoryStorage),
  Layer.provide(EventChain.layer(Buffer.from(key))),
  Layer.provide(
    AppConfig.layerTest(
      config({ gpu: configured, semantic: { ...defaults, routeCapPerMin: capPerMin, cacheMax: 100 } })
    )
  ),
  Layer.provide(NodeContext.layer),
  // It fails on purpose, some of the time.
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

/** What the model on this machine says to a prompt; an exception closes its connection. */
let says: (prompt: string) => string = () => ""
let prompts: Array<string> = []

/** A model that finds by titles: what the path has in it. */
const byTitle = (prompt: string): string => {
  const rows = prompt
    .split("\n")
    .filter((line) => line.startsWith('{"'))
    .map((line) => JSON.parse(line) as { readonly asked?: string; readonly name?: string; readonly title?: string })
  const asked = rows.find((row) => row.asked !== undefined)?.asked ?? ""
  const found = rows.find(({ title }) => title !== undefined && asked.includes(title))
  return found?.name === undefined ? "NONE: 没有这样的页面。" : `MATCH: ${found.name}`
}

const model = await Effect.runPromise(
  Scope.extend(
    modelServer(ollama.fault, (exchange) => {
      const prompt = String((exchange.received.body as { readonly prompt: unknown }).prompt)
      prompts.push(prompt)
      try {
        const reply = says(prompt)
        exchange.open(ollama.contentType)
        exchange.send(ollama.piece(reply) + ollama.closing)
        exchange.end()
      } catch {
        exchange.drop()
      }
    }),
    scope
  )
)

await user.put("/lib/router", shelve(await import("../../plugins/router.ts")))
expect((await operator.put("/lib/router/state", "active")).json()).toMatchObject({ state: "active" })

const configure = async (line: string) => {
  expect((await operator.put("/etc/gpu.conf", line)).status).toBeLessThan(300)
}

let miss = 0
/** A path that nobody has asked for. */
const fresh = () => `/nothing-${miss++}`

/** Takes away everything at home. */
const clear = async () => {
  for (const child of lines(await operator.get("/home/")))
    await operator.del(encodeURI(`/home/${child.replace(/\/$/, "")}`))
}

beforeEach(async () => {
  await configure(`ollama://${model.host}`)
  await operator.del("/etc/private")
  await clear()
  await user.put("/home/a", "")
  says = () => "NONE: nothing"
  prompts = []
})

const sourceOf = ({ headers }: Answer) => [headers["x-semantic-route-source"], headers["x-semantic-route-cache"]]

describe("C13 what nothing serves", () => {
  test("a match is 303 to the world, first from the model, then from memory", async () => {
    says = () => "MATCH: home/a"
    const path = fresh()
    for (const cache of ["generated", "hit"]) {
      const answer = await anyone.get(path)
      expect([answer.status, answer.headers.location, ...sourceOf(answer)]).toEqual([303, "/home/a", "slm", cache])
      expect(answer.headers["cache-control"]).toBe("no-store")
      expect(answer.headers.vary).toBe("Accept-Language, X-Semantic-Intent, Authorization")
    }
    expect(prompts).toHaveLength(1)
  })

  test("a path in Chinese finds the world whose title says so", async () => {
    says = byTitle
    const title = { "x-meta-title": encodeURIComponent("购物清单") }
    await user.put("/home/shopping-list", "milk", title)
    for (const path of ["/我的购物清单", "/给我/看看购物清单/"].map(encodeURI)) {
      const answer = await anyone.get(path, { "accept-language": "zh-CN" })
      expect([answer.status, answer.headers.location]).toEqual([303, "/home/shopping-list"])
      expect((await anyone.get(`${answer.headers.location}?raw`)).text).toBe("milk")
    }
    const none = await anyone.get(encodeURI("/天气预报"))
    expect([none.status, none.headers["content-type"], none.text]).toEqual([
      ...[404, "text/plain; charset=utf-8", "没有这样的页面。\n"]
    ])
  })

  test("names are percent-encoded in Location, in Link and in the list", async () => {
    const names = ["home/购物 清单", "home/a, b;c", "home/x&'y", "home/100%"]
    for (const name of names) await user.put(encodeURI(`/${name}`).replaceAll(";", "%3B"), "")
    const urls = names.map((name) => `/${name.split("/").map(encodeURIComponent).join("/")}`)
    for (const [i, name] of names.entries()) {
      says = () => `MATCH: ${name}`
      const answer = await anyone.get(fresh())
      expect([answer.status, answer.headers.location]).toEqual([303, urls[i]])
      expect((await anyone.get(String(answer.headers.location))).status).toBe(200)
    }
    says = () => `MULTI: ${names.join(", ")}`
    const answer = await anyone.get(fresh())
    expect([answer.status, answer.headers["content-type"]]).toEqual([300, "text/html; charset=utf-8"])
    expect(answer.headers.link).toBe(urls.map((url) => `<${url}>; rel="alternate"`).join(", "))
    expect(answer.headers["content-security-policy"]).toBe("default-src 'none'")
    expect(answer.headers["x-content-type-options"]).toBe("nosniff")
    expect(answer.text).toContain("/home/x&amp;&#39;y</a>")
    const hrefs = [...answer.text.matchAll(/href="([^"]*)"/g)].map(([, href = ""]) => href.replaceAll("&#39;", "'"))
    expect(hrefs).toEqual(urls)
  })

  test("the longest names there are can be sent and read", async () => {
    const names = Array.from({ length: 10 }, (_, i) => `home/${i}${"字".repeat(82)}`)
    for (const name of names) expect((await user.put(encodeURI(`/${name}`))).status).toBe(201)
    says = () => `MULTI: ${names.join(", ")}`
    const answer = await anyone.get(fresh())
    expect([answer.status, String(answer.headers.link).split(", ").length]).toEqual([300, 10])
  })

  test("prose is plain text without anything invisible in it", async () => {
    says = () => "NONE: <script>alert(1)</script>\u0000\u202e, sorry.\r\nReally."
    const answer = await anyone.get(fresh(), { accept: browser })
    expect([answer.status, answer.headers["content-type"]]).toEqual([404, "text/plain; charset=utf-8"])
    expect(answer.text).toBe("<script>alert(1)</script>, sorry.\nReally.\n")
    expect(sourceOf(answer)).toEqual(["slm", "generated"])
  })

  test("without prose it is the plain answer, as problem, text or page", async () => {
    says = () => "I do not know"
    const path = fresh()
    await operator.put("/lib/router/state", "disabled")
    const accepts = [undefined, "text/plain", browser].map((accept) => (accept === undefined ? {} : { accept }))
    const plain = [await anyone.get(path), await anyone.get(path, accepts[1]), await anyone.get(path, accepts[2])]
    await operator.put("/lib/router/state", "active")
    for (const [i, accept] of accepts.entries()) {
      const answer = await anyone.get(path, accept)
      expect([answer.status, answer.text]).toEqual([404, plain[i]?.text])
      expect(answer.headers["content-type"]).toBe(plain[i]?.headers["content-type"])
      // A page is none within a frame (C14).
      const framed = accept?.accept === browser ? ", Sec-Fetch-Dest, Sec-Fetch-User" : ""
      expect(answer.headers.vary).toBe(`Accept, Accept-Language, X-Semantic-Intent, Authorization${framed}`)
      expect(sourceOf(answer)).toEqual(["slm", i === 0 ? "generated" : "hit"])
    }
  })

  test("HEAD is GET without a body", async () => {
    for (const reply of ["MATCH: home/a", "MULTI: home/a, etc/gpu.conf", "NONE: no", "hm"]) {
      says = () => reply
      const path = fresh()
      const head = await user.head(path)
      const get = await user.get(path)
      expect([head.status, head.text]).toEqual([get.status, ""])
      const pairs = headerPairs(head).map((pair) => pair.replace(/: generated$/, ": hit"))
      expect(pairs).toEqual(headerPairs(get))
    }
    expect(prompts).toHaveLength(4)
  })

  test("the hints are Accept-Language and X-Semantic-Intent, and nothing else of the request is told", async () => {
    const hints = { "accept-language": "fr", "x-semantic-intent": encodeURIComponent("für Kinder") }
    await user.get(`${fresh()}?secret=1`, { ...hints, "user-agent": "agent/1", cookie: "c=1" })
    expect(prompts[0]).toContain('"language":"fr","intent":"für Kinder"')
    expect(prompts[0]).not.toMatch(/secret|agent\/1|c=1|user-token/)
  })

  test("the policy counts: worlds that a caller may not read are neither told nor found", async () => {
    await user.put("/home/hidden", "", { "x-meta-title": "the secret plan" })
    await operator.put("/etc/private", "/home/hidden\n")
    says = () => "MATCH: home/hidden"
    const path = fresh()
    const answer = await anyone.get(path)
    expect([answer.status, answer.headers.location]).toEqual([404, undefined])
    expect(prompts[0]).not.toMatch(/hidden|secret plan/)
    expect((await user.get(path)).headers.location).toBe("/home/hidden")
    const token = mintedOf(await operator.post("/auth/mint?prefix=/home/hidden&mode=r")).token
    expect((await holder(token).get(path)).headers.location).toBe("/home/hidden")
    const other = mintedOf(await operator.post("/auth/mint?prefix=/home/other&mode=rw")).token
    expect(sourceOf(await holder(other).get(path))).toEqual(["static", "empty-pool-static-404"])
  })
})

describe("C13 when no model is asked, or none answers", () => {
  const cached = async () => lines(await operator.get("/var/cache/router/"))

  /** The plain answer, with its reason, and no world. */
  const expectStatic = async (reason: string) => {
    const before = await cached()
    const path = fresh()
    const answer = await anyone.get(path)
    expect([answer.status, ...sourceOf(answer)]).toEqual([404, "static", `${reason}-static-404`])
    expect(answer.json()).toMatchObject({
      ...{ status: 404, type: "urn:elastik:problem:route-not-found", error: `nothing is served at ${path}`, path }
    })
    expect(answer.headers["cache-control"]).toBe("no-store")
    expect(await cached()).toEqual(before)
  }

  test("a model on another machine is not told", async () => {
    await configure("compat://model.example")
    await expectStatic("policy")
    await configure(`ollama://${model.host}\ncompat://model.example`)
    await expectStatic("policy")
    expect(prompts).toEqual([])
  })

  test("nothing to find", async () => {
    await clear()
    await expectStatic("empty-pool")
    expect(prompts).toEqual([])
  })

  test("no model, a model that is down, one that fails, one without a key", async () => {
    await operator.del("/etc/gpu.conf")
    await expectStatic("slm-unavailable")
    await configure("ollama://127.0.0.1:1")
    await expectStatic("slm-unavailable")
    await configure(`ollama://${model.host}`)
    says = () => {
      throw new Error("down")
    }
    await expectStatic("slm-unavailable")
  })
})

describe("C13 what is not asked", () => {
  const expectUntouched = async (answer: Answer, status: number) => {
    expect([answer.status, ...sourceOf(answer)]).toEqual([status, undefined, undefined])
    expect(prompts).toEqual([])
  }

  test("a target over 4096 bytes is 414, whatever else is the matter", async () => {
    const long = (length: number) => `/${"x".repeat(length - 1)}`
    await expectUntouched(await anyone.get(long(4097)), 414)
    await expectUntouched(await anyone.get(`${long(100)}?${"q".repeat(3997)}`), 414)
    await operator.del("/etc/gpu.conf")
    expect((await anyone.get(long(4097))).json()).toMatchObject({ status: 414, limit: 4096 })
    expect((await anyone.get(long(4096))).status).toBe(404)
  })

  test("the hook by its name is 404 to anyone, with and without /bin, and listed nowhere", async () => {
    for (const who of [anyone, user, operator]) {
      for (const path of ["/_router_fallback", "/bin/_router_fallback", "/_router_fallback/x", "/_router%5Ffallback"]) {
        await expectUntouched(await who.get(path), 404)
      }
    }
    expect((await anyone.get("/bin")).text).not.toContain("_router_fallback")
  })

  test("missing worlds keep their own 404, and collections, core routes and plugins their answers", async () => {
    await user.put("/lib/other", shelve(plugin({ ROUTES: ["/other"] })))
    await operator.put("/lib/other/state", "active")
    await user.put("/home/dir/x", "")
    for (const [path, status] of [
      ...([
        ["/home/missing", 404],
        ["/etc/missing", 404],
        ["/home/missing?raw", 404],
        ["/stream/home/missing", 404]
      ] as const),
      ...([
        ["/home/dir?raw", 404],
        ["/home/none/", 200],
        ["/", 200],
        ["/bin/", 200],
        ["/proc/version", 200]
      ] as const),
      ...([
        ["/other/below", 200],
        ["/home/a", 200],
        ["/a/../b", 400],
        ["/a%ff", 400]
      ] as const)
    ]) {
      expect([path, (await anyone.get(path)).status]).toEqual([path, status])
    }
    expect((await anyone.get("/home/missing")).json()).toMatchObject({ type: "urn:elastik:problem:world-not-found" })
    expect(prompts).toEqual([])
  })

  test("only GET and HEAD are routed", async () => {
    says = () => "MATCH: home/a"
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"]) {
      await expectUntouched(await user.ask(method, "/unknown"), 404)
    }
    expect((await user.get("/unknown")).status).toBe(303)
    expect((await user.get("/bin/unknown")).headers["x-semantic-route-cache"]).toBe("hit")
  })
})

test("C11.1, C13 when the client goes away, so does the question to the model", async () => {
  await Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const waiting = yield* modelServer(ollama.fault)
        yield* Effect.promise(() => configure(`ollama://${waiting.host}`))
        const request = Http.get({ port, host: "127.0.0.1", path: fresh(), agent: false })
        request.on("error", () => {})
        const exchange = yield* waiting.next
        request.destroy()
        yield* exchange.closed
      })
    )
  )
})

test("C13 the built server, the plugin as it is shipped, a model on this machine, a path in Chinese", async () => {
  says = byTitle
  const env = { ELASTIK_TOKEN: T2, ELASTIK_APPROVE_TOKEN: T3, SEMANTIC_ROUTE_CAP_PER_MIN: "2" }
  const { anyone, operator, user } = people(await serve({ cwd: tempDirectory(), env }))
  await user.put("/lib/router", readFileSync(new URL("../../plugins/router.ts", import.meta.url)))
  expect((await operator.put("/lib/router/state", "active")).json()).toMatchObject({ state: "active" })
  await operator.put("/etc/gpu.conf", `ollama://${model.host}`)
  await user.put("/home/shopping-list", "milk", { "x-meta-title": encodeURIComponent("购物清单") })
  const path = encodeURI("/我的购物清单")
  for (const cache of ["generated", "hit"]) {
    const answer = await anyone.get(path)
    expect([answer.status, answer.headers.location, ...sourceOf(answer)]).toEqual([
      ...[303, "/home/shopping-list", "slm", cache]
    ])
  }
  expect((await anyone.get("/x")).headers["x-semantic-route-cache"]).toBe("generated")
  expect((await anyone.get("/y")).headers["x-semantic-route-cache"]).toBe("ratelimit-static-404")
  expect((await anyone.get(path)).headers["x-semantic-route-cache"]).toBe("hit")
  // Strangers make no worlds.
  expect(lines(await operator.get("/var/cache/router/"))).toEqual([])
})
