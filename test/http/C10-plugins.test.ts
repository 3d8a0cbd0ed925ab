import { HttpServerResponse } from "@effect/platform"
import { Effect, Stream } from "effect"
import { afterAll, beforeEach, describe, expect, test } from "vitest"
import { BadRequest, Unprocessable } from "../../src/domain/Errors.ts"
import * as Response from "../../src/http/plugins/Answers.ts"
import type { Plugin } from "../../src/services/Plugin.ts"
import { lines, people, valuesOf } from "../helpers/People.ts"
import { plugin, shelve } from "../helpers/Plugins.ts"
import { requestText, sendRaw } from "../helpers/RawSocket.ts"
import { start } from "../helpers/TestServer.ts"
import { browser } from "../helpers/Zoo.ts"

const server = await start()
const { anyone, holder, login, operator, user } = people(server)
afterAll(() => server.stop())

const activate = async (given: Partial<Plugin> = {}, name = "p") => {
  await user.put(`/lib/${name}`, shelve(plugin(given)))
  const answer = await operator.put(`/lib/${name}/state`, "active\n")
  expect([answer.status, answer.json()]).toMatchObject([200, { state: "active", changed: true }])
}
const mint = async (prefix: string, mode: string) =>
  holder(((await operator.post(`/auth/mint?prefix=${prefix}&mode=${mode}`)).json() as { token: string }).token)

const clear = async () => {
  for (const name of lines(await operator.get("/lib/"))) await operator.del(`/lib/${name.replace(/\/$/, "")}`)
}
beforeEach(clear)

describe("C10.1 the state of a plugin, over HTTP", () => {
  test("is set by operators, with 403, 404 and 422 for what is not to be", async () => {
    await user.put("/lib/p", shelve(plugin()))
    for (const who of [anyone, user]) expect((await who.put("/lib/p/state", "active")).status).toBe(403)
    expect((await operator.put("/lib/absent/state", "active")).status).toBe(404)
    for (const word of ["", "pending", "wild", "x".repeat(100_000), Buffer.from([255])]) {
      expect((await operator.put("/lib/p/state", word)).status).toBe(422)
    }
    expect((await operator.put("/lib/p/state", "active")).json()).toEqual({
      ...{ state: "active", version: 1, changed: true, from: "pending" }
    })
    expect((await operator.put("/lib/p/state", " active\n")).json()).toEqual({
      state: "active",
      version: 1,
      changed: false
    })
  })

  test("no world has such a name: reading, appending and deleting are 400, and OPTIONS says PUT", async () => {
    await user.put("/lib/p", shelve(plugin()))
    for (const method of ["GET", "HEAD", "POST", "DELETE"]) {
      expect([method, (await operator.ask(method, "/lib/p/state")).status]).toEqual([method, 400])
    }
    expect((await user.del("/lib/p/state")).status).toBe(403)
    for (const [method, status] of [["OPTIONS", 204] as const, ["PATCH", 405] as const, ["PROPFIND", 405] as const]) {
      const answer = await operator.ask(method, "/lib/p/state")
      expect([method, answer.status, valuesOf(answer, "allow")]).toEqual([method, status, ["PUT, OPTIONS"]])
    }
    expect((await operator.put("/lib/p/state/", "active")).status).toBeGreaterThanOrEqual(400)
  })

  test("C16 whoever waits for one that is taken down is told of their own request", async () => {
    let asked = () => {}
    const begun = new Promise<void>((resolve) => {
      asked = resolve
    })
    await activate({ handle: () => Effect.zipRight(Effect.sync(asked), Effect.never) })
    const waiting = anyone.get("/p/x%20y")
    await begun
    await operator.put("/lib/p/state", "disabled")
    const answer = await waiting
    expect([answer.status, answer.json()]).toMatchObject([404, { path: "/p/x y" }])
  })

  test("a rejected plugin says why, and what its state still is", async () => {
    await user.put("/lib/p", shelve(plugin({ ROUTES: ["/home/x"] })))
    const answer = await operator.put("/lib/p/state", "active")
    expect(answer.status).toBe(422)
    expect(answer.json()).toMatchObject({ error: expect.any(String), detail: "/home/x is reserved", state: "pending" })
  })

  test("names with slashes and odd characters are plugins too", async () => {
    await user.put("/lib/a/b%20c", shelve(plugin()))
    expect((await operator.put("/lib/a/b%20c/state", "active")).status).toBe(200)
    expect((await anyone.get("/p")).json()).toBe("/p")
  })

  test("deleting, replacing and disabling take it down at once", async () => {
    for (const change of [
      () => operator.del("/lib/p"),
      () => user.put("/lib/p", "x"),
      () => user.post("/lib/p", "x"),
      () => operator.put("/lib/p/state", "disabled")
    ]) {
      await activate()
      expect((await anyone.get("/p/x")).status).toBe(200)
      expect((await change()).status).toBeLessThan(300)
      expect((await anyone.get("/p/x")).status).toBe(404)
      await clear()
    }
  })
})

describe("C10.2 what a plugin answers", () => {
  test("plain data is JSON, nothing is 204, a response is itself", async () => {
    const answers: Record<string, unknown> = {
      "/p/data": { a: ["é", 1, null] },
      "/p/text": "text",
      "/p/null": null,
      "/p/nothing": undefined,
      "/p/response": Response.text("short and stout", { status: 418, headers: { "x-teapot": "yes" } })
    }
    await activate({ handle: ({ path }) => Effect.succeed(answers[path]) })
    const data = await anyone.get("/p/data")
    expect([data.headers["content-type"], data.text]).toEqual(["application/json", '{"a":["é",1,null]}'])
    expect((await anyone.get("/p/text")).text).toBe('"text"')
    expect((await anyone.get("/p/null")).text).toBe("null")
    expect(await anyone.get("/p/nothing")).toMatchObject({ status: 204, text: "" })
    const response = await anyone.get("/p/response")
    expect([response.status, response.headers["x-teapot"], response.text]).toEqual([418, "yes", "short and stout"])
    expect(response.headers["x-content-type-options"]).toBe("nosniff")
    const head = await anyone.head("/p/data")
    expect([head.status, head.headers["content-length"], head.text]).toEqual([200, "19", ""])
  })

  test("it sees the request as it is: method, canonical path, query, headers, caller, body", async () => {
    await activate({
      ROUTES: ["/p/q"],
      handle: (request) =>
        Effect.map(request.text, (text) => ({
          ...{ method: request.method, path: request.path, slash: request.slash, text, caller: request.caller.id },
          query: [...request.query],
          header: request.headers["x-odd"]
        }))
    })
    const asked = await user.ask("PROPPATCH", "/p/q/a%20b/%C3%A9/?x=1&x=%2B+&y", { "x-odd": "a  b" }, "body é")
    expect(asked.json()).toEqual({
      ...{ method: "PROPPATCH", path: "/p/q/a b/é", slash: true, text: "body é", caller: "token:T2", header: "a  b" },
      query: [
        ["x", "1"],
        ["x", "+ "],
        ["y", ""]
      ]
    })
    expect((await anyone.get("/p/qx")).status).toBe(404)
  })

  test("a body that is no text or no JSON is 400, one that is too long 413, and one read as a stream has no bound", async () => {
    const small = await start({ maxBody: 10 })
    const { anyone, operator, user } = people(small)
    await user
      .put(
        "/lib/p",
        shelve(
          plugin({
            handle: ({ json, path, stream, text }) =>
              path === "/p/json"
                ? json
                : path === "/p/text"
                  ? text
                  : Stream.runFold(stream, 0, (length, chunk) => length + chunk.length)
          })
        )
      )
      .then(() => operator.put("/lib/p/state", "active"))
    expect((await anyone.post("/p/json", '{"a":1}')).json()).toEqual({ a: 1 })
    expect((await anyone.post("/p/json", "{a}")).status).toBe(400)
    expect((await anyone.post("/p/text", Buffer.from([0xff]))).status).toBe(400)
    expect((await anyone.post("/p/text", "x".repeat(11))).status).toBe(413)
    expect((await anyone.post("/p/stream", "x".repeat(300_000))).json()).toBe(300_000)
    await small.stop()
  })

  test("a plugin that gives up in the middle of a body has still an answer to give", async () => {
    const failing = () => new Unprocessable({ message: "enough" })
    await activate({ handle: ({ stream }) => Stream.runForEach(stream, failing) })
    const answer = await user.post("/p", Buffer.alloc(3_000_000))
    expect([answer.status, answer.json()]).toMatchObject([422, { detail: "enough" }])
  })

  test("a handler that is wrong is a 500 without details, and nobody else suffers", async () => {
    await activate({
      handle: ({ path }) => {
        if (path === "/p/throw") throw new Error("secret detail")
        if (path === "/p/fail") return new BadRequest({ message: "not like that" })
        if (path === "/p/header") return Effect.succeed(Response.text("x", { headers: { "x-bad": "a\r\nb: c" } }))
        if (path === "/p/cycle") {
          const cycle: Record<string, unknown> = {}
          cycle.self = cycle
          return Effect.succeed(cycle)
        }
        return Effect.succeed("fine")
      }
    })
    for (const wrong of ["throw", "header", "cycle"]) {
      const answer = await anyone.get(`/p/${wrong}`)
      expect([wrong, answer.status]).toEqual([wrong, 500])
      expect(answer.text).not.toContain("secret")
    }
    expect((await anyone.get("/p/fail")).json()).toMatchObject({ status: 400, error: "not like that" })
    expect((await anyone.get("/p")).json()).toBe("fine")
  })

  test("a stream that fails, or whose plugin goes, is cut off and not ended", async () => {
    const first = Stream.make(new TextEncoder().encode("first "))
    await activate({
      handle: ({ path }) =>
        Effect.succeed(
          Response.stream(
            path === "/p/fail" ? Stream.concat(first, Stream.fail("no")) : Stream.concat(first, Stream.never),
            { contentType: "text/plain" }
          )
        )
    })
    await expect(anyone.get("/p/fail")).rejects.toThrow()
    const answer = await fetch(`${server.url}/p/hang`)
    const reader = answer.body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("first ")
    await operator.put("/lib/p/state", "disabled")
    await expect(reader?.read()).rejects.toThrow()
  })

  test("what a request opens is closed when its answer has been sent", async () => {
    let open = 0
    await activate({
      handle: () =>
        Effect.as(
          Effect.acquireRelease(
            Effect.sync(() => open++),
            () => Effect.sync(() => open--)
          ),
          "done"
        )
    })
    for (let i = 0; i < 5; i++) expect((await anyone.get("/p")).json()).toBe("done")
    expect((await anyone.get("/proc/version")).status).toBe(200)
    expect(open).toBe(0)
  })
})

describe("C7 who may use a plugin", () => {
  test("AUTH: anybody, T2, T3; 401 for the nameless, 403 for who falls short", async () => {
    await operator.put("/etc/passwd", "eve:T1\n")
    await operator.put(
      "/etc/shadow",
      `eve:${Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from("pw"))).toString("hex")}\n`
    )
    const eve = login("eve", "pw")
    const statuses = async () =>
      Promise.all([anyone, eve, user, operator].map(async (who) => (await who.post("/p", "x")).status))
    for (const [AUTH, expected] of [
      ["none", [200, 200, 200, 200]],
      ["auth", [401, 403, 200, 200]],
      ["approve", [401, 403, 403, 200]]
    ] as const) {
      await activate({ AUTH })
      expect([AUTH, ...(await statuses())]).toEqual([AUTH, ...expected])
      await clear()
    }
  })

  test("C7.6 whoever may not ask learns nothing of what is wrong with the question", async () => {
    const touches = () => new BadRequest({ message: "no such thing" })
    await activate({ AUTH: "auth", touches })
    expect([(await anyone.get("/p")).status, (await user.get("/p")).status]).toEqual([401, 400])
  })

  test("401 asks for credentials", async () => {
    await activate({ AUTH: "auth" })
    expect((await anyone.get("/p")).headers["www-authenticate"]).toMatch(/^Basic realm="elastik"/)
  })

  test("C7.4 a capability is judged on the plugin's own path, and r does nothing", async () => {
    await activate({ AUTH: "auth", ROUTES: ["/dev/p"] })
    for (const [prefix, mode, get, post] of [
      ["/dev/p", "rw", 200, 200],
      ["/dev", "rw", 200, 200],
      ["/", "rw", 200, 200],
      ["/dev/p", "r", 200, 403],
      ["/dev/px", "rw", 403, 403],
      ["/home", "rw", 403, 403]
    ] as const) {
      const who = await mint(prefix, mode)
      const statuses = [(await who.get("/dev/p/x")).status, (await who.post("/dev/p/x")).status]
      expect([prefix, mode, ...statuses]).toEqual([prefix, mode, get, post])
    }
    await operator.put("/lib/p/state", "disabled")
    await activate({ AUTH: "approve", ROUTES: ["/dev/p"] }, "q")
    expect((await (await mint("/", "rw")).get("/dev/p")).status).toBe(403)
  })

  test("C7.5 a plugin that is a surface of something else is judged on what the request touches", async () => {
    await operator.put("/etc/private", "/home/secret\n")
    await activate({
      touches: ({ query }) => Effect.succeed({ action: "read", path: (query.get("w") ?? "") as never })
    })
    expect((await anyone.get("/p?w=home/x")).status).toBe(200)
    expect((await anyone.get("/p?w=home/secret/x")).status).toBe(401)
    expect((await user.get("/p?w=home/secret/x")).status).toBe(200)
    expect((await user.get("/p?w=etc/shadow")).status).toBe(403)
    expect((await (await mint("/home/a", "r")).post("/p?w=home/a/b")).status).toBe(200)
    expect((await (await mint("/home/a", "r")).post("/p?w=home/b")).status).toBe(403)
    await operator.del("/etc/private")
  })

  test("C7.1 a private path is for those with a credential", async () => {
    await activate()
    await operator.put("/etc/private", "/p\n")
    expect([(await anyone.get("/p/x")).status, (await user.get("/p/x")).status]).toEqual([401, 200])
    await operator.del("/etc/private")
  })
})

describe("C13 the plugin that is asked when nothing is served", () => {
  const fallback = { ROUTES: ["/_router_fallback"], METHODS: ["GET", "HEAD"] }

  test("answers GET and HEAD of paths without a route, as it sees fit for the caller", async () => {
    const handle: Plugin["handle"] = ({ caller, path, target }) => Effect.succeed([caller.id, path, target])
    await activate({ ...fallback, AUTH: "none", handle })
    expect((await anyone.get("/no/such%20thing?x")).json()).toEqual([
      "anonymous",
      "/no/such thing",
      "/no/such%20thing?x"
    ])
    expect((await user.head("/no/such")).status).toBe(200)
    for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
      expect([method, (await user.ask(method, "/no/such")).status]).toEqual([method, 404])
    }
  })

  test("is a hook and no route: nobody can ask for it by its name", async () => {
    await activate({ ...fallback })
    for (const path of ["/_router_fallback", "/bin/_router_fallback", "/_router_fallback/x", "/%5Frouter_fallback"]) {
      for (const who of [anyone, user, operator]) expect([path, (await who.get(path)).status]).toEqual([path, 404])
    }
    expect(lines(await operator.get("/bin/"))).not.toContain("_router_fallback")
  })

  test("leaves alone what is served: worlds that are missing, the machine's routes, other plugins", async () => {
    await activate({ ...fallback })
    await activate({ handle: () => Effect.succeed("mine") }, "q")
    expect((await anyone.get("/home/missing")).json()).toMatchObject({ title: "No such world" })
    expect((await anyone.get("/proc/version")).text).toMatch(/^\d/)
    expect((await anyone.get("/p/x")).json()).toBe("mine")
    expect((await anyone.get("/")).status).toBe(200)
  })
})

describe("C4.6, C8, C10.4 a plugin's routes among the machine's", () => {
  test("METHODS: others are 405 with Allow, OPTIONS lists them", async () => {
    await activate({ METHODS: ["POST"], AUTH: "auth" })
    const refused = await user.get("/p/x")
    expect([refused.status, refused.headers.allow]).toEqual([405, "POST, OPTIONS"])
    const options = await anyone.ask("OPTIONS", "/p/x")
    expect([options.status, options.headers.allow]).toEqual([204, "POST, OPTIONS"])
    expect((await user.post("/p/x")).status).toBe(200)
  })

  test("without METHODS OPTIONS is answered for it, to anybody; one that lists OPTIONS answers itself", async () => {
    await activate({ AUTH: "approve", handle: () => Effect.die("it was asked") })
    const options = await anyone.ask("OPTIONS", "/p/x")
    expect([options.status, options.text, options.headers.allow]).toEqual([
      ...[204, "", "GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS"]
    ])
    await activate({ ROUTES: ["/q"], METHODS: ["GET", "OPTIONS"], handle: ({ method }) => Effect.succeed(method) }, "q")
    expect((await anyone.ask("OPTIONS", "/q")).json()).toBe("OPTIONS")
  })

  test("the 405 of one that answers OPTIONS itself says what that does", async () => {
    const allowing = (allow: string) => HttpServerResponse.empty({ status: 204, headers: { allow } })
    const handle: Plugin["handle"] = ({ method, path }) =>
      Effect.succeed(method === "OPTIONS" ? allowing(path === "/p/less" ? "GET, OPTIONS" : "GET, POST, OPTIONS") : path)
    await activate({ METHODS: ["GET", "POST", "OPTIONS"], handle })
    for (const [target, allow] of [["/p/less", "GET, OPTIONS"] as const, ["/p/more", "GET, POST, OPTIONS"] as const]) {
      expect((await anyone.ask("OPTIONS", target)).headers.allow).toBe(allow)
      const refused = await anyone.put(target)
      expect([refused.status, refused.headers.allow]).toEqual([405, allow])
    }
  })

  test("a method that no parser knows is 405 too, with Allow", async () => {
    await activate({ METHODS: ["POST"] })
    const answer = await sendRaw(server.port, requestText("FOO /p/x HTTP/1.1"))
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST, OPTIONS"])
  })

  test("/bin lists them and is an alias, /dev/ lists devices, /proc/status counts", async () => {
    const before = (await anyone.get("/proc/status")).json() as { plugins: number }
    expect(before.plugins).toBe(0)
    await activate({ ROUTES: ["/dev/x", "/dev/x/stream", "/dev/y/z", "/w"], DESCRIPTION: "what it does" })
    expect(lines(await anyone.get("/bin"))).toEqual(expect.arrayContaining(["dev/x", "dev/x/stream", "dev/y/z", "w"]))
    const bin = (await anyone.get("/bin", { accept: "application/json" })).json()
    expect(bin).toEqual(expect.arrayContaining([{ route: "w", description: "what it does" }]))
    expect(lines(await anyone.get("/dev/"))).toEqual(["x", "x/", "y/"])
    expect((await anyone.get("/bin/w/below")).json()).toBe("/w/below")
    expect((await anyone.get("/proc/status")).json()).toMatchObject({ plugins: 1 })
  })

  test("C3.3 where there is a manual page, it and what programs get tell caches of the difference", async () => {
    const vary = "Accept, Sec-Fetch-Mode"
    await activate({ DESCRIPTION: "what it does", METHODS: ["GET", "HEAD"] })
    await activate({ ROUTES: ["/q"], DESCRIPTION: "what it does", METHODS: ["POST"] }, "q")
    await activate({ ROUTES: ["/r"], DESCRIPTION: "what it does", AUTH: "approve" }, "r")
    await activate({ ROUTES: ["/plain"] }, "plain")
    for (const target of ["/p", "/q", "/r"]) {
      for (const method of ["GET", "HEAD"]) {
        const page = await anyone.ask(method, target, { accept: browser })
        expect([page.status, page.headers["cache-control"]]).toEqual([200, "no-cache"])
        expect(page.headers.vary).toContain(vary)
        const answer = await anyone.ask(method, target)
        expect([target, answer.headers.vary, answer.headers["cache-control"]]).toEqual([target, vary, "no-cache"])
      }
    }
    for (const target of ["/p/x", "/plain"]) expect((await anyone.get(target)).headers.vary).toBe(undefined)
    const refused = await Promise.all(["/q", "/r"].map((target) => anyone.get(target)))
    expect(refused.map(({ status }) => status)).toEqual([405, 401])
  })

  test("C3.3 what the answer itself says of Vary stays", async () => {
    const handle = () => Effect.succeed(Response.text("x", { headers: { vary: "accept, Cookie" } }))
    await activate({ DESCRIPTION: "what it does", handle })
    expect((await anyone.get("/p")).headers.vary?.toLowerCase()).toBe("accept, cookie, sec-fetch-mode")
  })

  test("a browser that goes to the route gets its manual page; below it and without a description, the plugin", async () => {
    await activate({ DESCRIPTION: "<b>what & why</b>", AUTH: "approve" })
    await activate({ ROUTES: ["/plain"], handle: () => Effect.succeed(Response.text("own")) }, "plain")
    for (const headers of [{ accept: browser }, { "sec-fetch-mode": "navigate" }]) {
      const page = await anyone.get("/p", headers)
      expect([page.status, page.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"])
      expect(page.text).toContain("&lt;b&gt;what &amp; why&lt;/b&gt;")
      expect(page.text).toContain("<form")
      expect((await operator.get("/p/x", headers)).json()).toBe("/p/x")
      expect((await anyone.get("/plain", headers)).text).toBe("own")
    }
    expect((await operator.get("/p")).json()).toBe("/p")
    const script = /<script type="module" src="([^"]+)"/.exec((await anyone.get("/p", { accept: browser })).text)?.[1]
    expect((await anyone.get(script ?? "")).headers["content-type"]).toContain("text/javascript")
  })
})
