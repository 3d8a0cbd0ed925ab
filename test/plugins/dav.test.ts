import { afterAll, describe, expect, test, vi } from "vitest"
import { hrefsIn, lockInfo, namesIn, propsIn, saidBy, textOf, wanting } from "../helpers/Dav.ts"
import { lines, mintedOf, people } from "../helpers/People.ts"
import { plugin, shelve } from "../helpers/Plugins.ts"
import { start } from "../helpers/TestServer.ts"

// In the server the host links a plugin to its own modules; here they are these.
vi.mock("elastik/plugin", () => import("../../src/plugin.ts"))

const server = await start({ maxBody: 1000 })
afterAll(() => server.stop())
const { anyone, holder, operator, user } = people(server)
await user.put("/lib/dav", shelve(await import("../../plugins/dav.ts")))
expect((await operator.put("/lib/dav/state", "active")).json()).toMatchObject({ state: "active" })

const methods = "OPTIONS, GET, HEAD, PUT, DELETE, PROPFIND, PROPPATCH, MKCOL, COPY, MOVE, LOCK, UNLOCK"
const propfind = (target: string, depth = "0", body = "") => user.ask("PROPFIND", target, { depth }, body)
const mkcol = (target: string) => user.ask("MKCOL", target)
const cap = async (prefix: string, mode = "rw") =>
  holder(mintedOf(await operator.post(`/auth/mint?prefix=${prefix}&mode=${mode}`)).token)

describe("C15 OPTIONS", () => {
  test.each(["/dav", "/dav/", "/dav/home/", "/dav/home/nothing", "/dav/boot/", "/bin/dav/home/x"])(
    "%s says what is spoken here, to anybody",
    async (target) => {
      const { headers, status } = await anyone.ask("OPTIONS", target)
      expect([status, headers.dav, headers["ms-author-via"], headers.allow]).toEqual([204, "1, 2, 3", "DAV", methods])
    }
  )

  test.each(["POST", "PATCH", "REPORT", "MKCALENDAR", "SEARCH"])("%s is 405", async (method) => {
    const answer = await operator.ask(method, "/dav/home/x")
    expect([answer.status, answer.headers.allow]).toEqual([405, methods])
  })
})

describe("C15 PUT, GET and HEAD", () => {
  test("a world is the same here and at /home?raw, headers and all", async () => {
    const put = await user.put("/dav/home/same.html", "<p>x</p>", { "x-meta-author": ["ann", "bob"] })
    expect([put.status, put.headers.location]).toEqual([201, "/dav/home/same.html"])
    const asked = [{}, { range: "bytes=1-2" }, { range: "bytes=9-" }, { "if-none-match": put.headers.etag ?? "" }]
    for (const headers of [
      ...asked,
      { "if-match": '"other"' },
      { "if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT" }
    ]) {
      for (const method of ["GET", "HEAD"]) {
        const [here, there] = await Promise.all(
          ["/dav/home/same.html", "/home/same.html?raw"].map((target) => anyone.ask(method, target, headers))
        )
        const { date: _, ...ours } = here?.headers ?? {}
        const { date: __, ...theirs } = there?.headers ?? {}
        expect([here?.status, ours, here?.text]).toEqual([there?.status, theirs, there?.text])
      }
    }
    expect((await anyone.get("/dav/home/same.html")).headers).toMatchObject({
      "x-meta-author": "ann, bob",
      "content-security-policy": "sandbox allow-scripts"
    })
  })

  test("C2.3 PUT and getetag carry the tag of ?raw", async () => {
    const { headers } = await user.put("/dav/home/tagged", "1")
    const raw = await anyone.head("/home/tagged?raw")
    const [said] = saidBy(await propfind("/dav/home/tagged", "0", wanting("getetag")))
    expect([headers.etag, said?.props.getetag?.text]).toEqual([raw.headers.etag, raw.headers.etag])
    const again = await user.put("/dav/home/tagged", "2")
    expect([again.status, again.headers.etag === headers.etag]).toEqual([204, false])
  })

  test("C4.2 the type follows ?ext, Content-Type, the name and the bytes", async () => {
    await user.put("/dav/home/t1?ext=md", "x")
    await user.put("/dav/home/t2", "{}", { "content-type": "application/json" })
    await user.put("/dav/home/t3.png", "x")
    await user.put("/dav/home/t4", "plain")
    const types = await Promise.all([1, 2, 4].map(async (n) => (await anyone.get(`/home/t${n}`)).json()))
    expect(types).toMatchObject([{ ext: "md" }, { ext: "json" }, { ext: "txt" }])
    expect((await anyone.get("/dav/home/t3.png")).headers["content-type"]).toBe("image/png")
    expect((await user.put("/dav/home/t5?ext=a/b", "x")).status).toBe(400)
  })

  test("C4.3 conditions are judged", async () => {
    await user.put("/dav/home/cond", "1")
    expect((await user.put("/dav/home/cond", "2", { "if-none-match": "*" })).status).toBe(412)
    expect((await user.put("/dav/home/cond", "2", { "if-match": '"other"' })).status).toBe(412)
    expect((await anyone.get("/dav/home/cond")).text).toBe("1")
  })

  test.each([
    ["a part of a world", "/dav/home/part", "x", { "content-range": "bytes 0-0/2" }, 400],
    ["more than a body may be", "/dav/home/large", "x".repeat(1001), {}, 413],
    ["in a collection that is not there", "/dav/home/no/where", "x", {}, 409],
    ["below a world", "/dav/home/plain/x", "x", {}, 409],
    ["a name with a slash", "/dav/home/slash/", "x", {}, 409],
    ["a namespace", "/dav/home", "x", {}, 405],
    ["a namespace with its slash", "/dav/home/", "x", {}, 405],
    ["the state of a plugin", "/dav/lib/dav/state", "active", {}, 400],
    ["a name that is too long", `/dav/home/${"x".repeat(250)}`, "x", {}, 400],
    ["a character that no name has", "/dav/home/a%3Ab", "x", {}, 400],
    ["a way out", "/dav/home/%2e%2e/etc/x", "x", {}, 400]
  ])("PUT of %s leaves nothing", async (_, target, body, headers, status) => {
    await user.put("/dav/home/plain", "x")
    const before = (await operator.get("/proc/worlds")).text
    expect((await operator.put(target, body, headers)).status).toBe(status)
    expect((await operator.get("/proc/worlds")).text).toBe(before)
  })

  test("a length over the limit is refused before the body comes", async () => {
    const answer = await user.ask("PUT", "/dav/home/announced", { "content-length": "1001" }, "x".repeat(1001))
    expect(answer.status).toBe(413)
  })

  test("a world with worlds below it is a collection here, and only there its own bytes", async () => {
    await user.put("/home/both", "own")
    await user.put("/home/both/member", "m")
    expect((await user.put("/dav/home/both", "x")).status).toBe(405)
    expect((await anyone.get("/dav/home/both")).text).toBe("member\n")
    expect((await anyone.get("/home/both?raw")).text).toBe("own")
    expect(hrefsIn(await propfind("/dav/home/both", "1"))).toEqual(["/dav/home/both/", "/dav/home/both/member"])
    const named = hrefsIn(await propfind("/dav/home/", "1")).filter((href) => href.startsWith("/dav/home/both"))
    expect(named).toEqual(["/dav/home/both/"])
  })

  test("what is missing is 404", async () => {
    for (const method of ["GET", "HEAD", "PROPFIND", "DELETE"]) {
      expect((await operator.ask(method, "/dav/home/missing")).status).toBe(404)
    }
    expect((await operator.get("/dav/nowhere/x")).status).toBe(404)
  })

  test("C10.1 a plugin that is PUT here is taken down and pending", async () => {
    const source = shelve(plugin({ ROUTES: ["/target"] }))
    await user.put("/dav/lib/target", source)
    await operator.put("/lib/target/state", "active")
    expect((await user.get("/target")).status).toBe(200)
    await user.put("/dav/lib/target", source)
    expect((await user.get("/target")).status).toBe(404)
    expect((await operator.get("/lib/target")).json()).toMatchObject({ state: "pending" })
  })
})

describe("C15 collections", () => {
  test("MKCOL makes one that is there while it is empty, and in listings", async () => {
    const made = await mkcol("/dav/home/made/")
    expect([made.status, made.headers.location]).toEqual([201, "/dav/home/made/"])
    expect(lines(await anyone.get("/home/"))).toContain("made/")
    expect(lines(await anyone.get("/dav/home/"))).toContain("made/")
    expect((await anyone.get("/dav/home/made")).status).toBe(200)
    expect((await user.put("/dav/home/made/x", "x")).status).toBe(201)
    await operator.del("/dav/home/made/x")
    expect(lines(await anyone.get("/dav/home/"))).toContain("made/")
    expect((await operator.del("/dav/home/made/")).status).toBe(204)
    expect(lines(await anyone.get("/dav/home/"))).not.toContain("made/")
  })

  test.each([
    ["where one is", "/dav/home/col", {}, "", 405],
    ["where a world is", "/dav/home/world", {}, "", 405],
    ["of a namespace", "/dav/home/", {}, "", 405],
    ["below nothing", "/dav/home/a/b/c", {}, "", 409],
    ["below a world", "/dav/home/world/c", {}, "", 409],
    ["with a body", "/dav/home/col2", {}, "<x/>", 415]
  ])("MKCOL %s is refused", async (_, target, headers, body, status) => {
    await mkcol("/dav/home/col")
    await user.put("/dav/home/world", "x")
    expect((await user.ask("MKCOL", target, headers, body)).status).toBe(status)
  })

  test("MKCOL outside of what can be written is forbidden", async () => {
    expect((await operator.ask("MKCOL", "/dav/nowhere")).status).toBe(403)
    expect((await user.ask("MKCOL", "/dav/etc/x")).status).toBe(403)
  })

  test("GET lists: lines for programs, links for people, nothing for those who want something else", async () => {
    await mkcol("/dav/home/list")
    await user.put("/dav/home/list/a%20%26%20'b", "x")
    await mkcol("/dav/home/list/sub")
    expect(lines(await anyone.get("/dav/home/list/"))).toEqual(["a & 'b", "sub/"])
    const html = await anyone.get("/dav/home/list/", { accept: "text/html" })
    expect(html.headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      vary: "Accept, Sec-Fetch-Dest, Sec-Fetch-User"
    })
    expect(html.text).toContain('<a href="/dav/home/list/a%20%26%20&#39;b">a &amp; &#39;b</a>')
    expect((await anyone.get("/dav/home/list/", { accept: "image/png" })).status).toBe(406)
    const head = await anyone.head("/dav/home/list/")
    expect([head.status, head.text, head.headers["content-type"]]).toEqual([200, "", "text/plain; charset=utf-8"])
  })

  test("/dav/ has the namespaces that the caller may see", async () => {
    const seen = "/dav/etc/ /dav/home/ /dav/lib/ /dav/usr/ /dav/var/".split(" ")
    expect(hrefsIn(await anyone.ask("PROPFIND", "/dav/", { depth: "1" }))).toEqual(["/dav/", ...seen])
    expect(hrefsIn(await operator.ask("PROPFIND", "/dav/", { depth: "1" }))).toContain("/dav/boot/")
  })

  test("the namespaces and the root stay", async () => {
    for (const target of ["/dav", "/dav/", "/dav/home", "/dav/home/"]) {
      expect((await operator.del(target)).status).toBe(405)
      expect((await operator.ask("MOVE", target, { destination: "/dav/usr/x" })).status).toBe(403)
      for (const method of ["PUT", "LOCK", "PROPPATCH"]) {
        expect((await operator.ask(method, target)).status).toBe(target.startsWith("/dav/home") ? 405 : 403)
      }
    }
  })
})

describe("C15 PROPFIND", () => {
  test("a world's properties are what it is", async () => {
    await user.put("/dav/home/props.md", "12345")
    const all = saidBy(await propfind("/dav/home/props.md"))[0]?.props ?? {}
    expect(Object.fromEntries(Object.entries(all).map(([name, { text }]) => [name, text]))).toEqual({
      creationdate: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      displayname: "props.md",
      getcontentlength: "5",
      getcontenttype: "text/markdown; charset=utf-8",
      getetag: expect.stringMatching(/^"[\w-]+"$/),
      getlastmodified: (await anyone.head("/home/props.md?raw")).headers["last-modified"],
      lockdiscovery: "",
      resourcetype: "",
      supportedlock: ""
    })
    expect(namesIn(all.supportedlock?.element)).toContain("exclusive")
  })

  test("the creation date stays when the world is written again", async () => {
    await user.put("/dav/home/born", "1")
    const born = async () => saidBy(await propfind("/dav/home/born"))[0]?.props.creationdate?.text
    const first = await born()
    await user.put("/dav/home/born", "2")
    expect(await born()).toBe(first)
  })

  test("a collection is one, and has no length, type or tag", async () => {
    await mkcol("/dav/home/coll")
    const [said] = saidBy(await propfind("/dav/home/coll", "0", wanting("resourcetype", "getetag", "getcontentlength")))
    expect([said?.href, namesIn(said?.props.resourcetype?.element)]).toEqual(["/dav/home/coll/", ["collection"]])
    expect([said?.props.getetag?.status, said?.props.getcontentlength?.status]).toEqual([404, 404])
  })

  test("names alone come without values", async () => {
    await user.put("/dav/home/names", "x")
    const body = '<propfind xmlns="DAV:"><propname/></propfind>'
    const said = saidBy(await propfind("/dav/home/names", "0", body))[0]
    expect(
      Object.values(said?.props ?? {})
        .map(({ text }) => text)
        .join("")
    ).toBe("")
    expect(Object.keys(said?.props ?? {})).toContain("getetag")
  })

  test("Depth is 0, 1 or infinity, which is what none means", async () => {
    await mkcol("/dav/home/deep")
    await mkcol("/dav/home/deep/er")
    await user.put("/dav/home/deep/er/x", "x")
    const [top, er, x] = ["/dav/home/deep/", "/dav/home/deep/er/", "/dav/home/deep/er/x"]
    expect(hrefsIn(await propfind("/dav/home/deep", "0"))).toEqual([top])
    expect(hrefsIn(await propfind("/dav/home/deep", "1"))).toEqual([top, er])
    expect(hrefsIn(await propfind("/dav/home/deep", "Infinity"))).toEqual([top, er, x])
    expect(hrefsIn(await user.ask("PROPFIND", "/dav/home/deep"))).toEqual([top, er, x])
    expect((await propfind("/dav/home/deep", "2")).status).toBe(400)
  })

  test("what nobody knows is 404, among those that are known", async () => {
    await user.put("/dav/home/mixed", "x")
    const body =
      '<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/><x xmlns="urn:a&amp;b"/><D:quota-used-bytes/></D:prop></D:propfind>'
    const props = propsIn(await propfind("/dav/home/mixed", "0", body))
    expect([props.getetag?.status, props.x?.status, props["quota-used-bytes"]?.status]).toEqual([200, 404, 404])
    expect(props.x?.element.namespace).toBe("urn:a&b")
  })

  test.each(["a & b", "it's", "größe", "日本 😀", "100%", "a;b,c=d", "#q", "a+b", " x", "._x", "&amp;"])(
    "the name %s comes back as it is",
    async (name) => {
      expect((await user.put(`/dav/home/${encodeURIComponent(name)}`, name)).status).toBe(201)
      const said = saidBy(await propfind("/dav/home/", "1"))
      const found = said.find(({ props }) => props.displayname?.text === name)
      expect((await anyone.get(found?.href ?? "")).text).toBe(name)
      expect(hrefsIn(await propfind(found?.href ?? ""))).toEqual([found?.href])
    }
  )
})

describe("C15 PROPPATCH", () => {
  const update = (target: string, steps: string, headers = {}) =>
    user.ask(
      "PROPPATCH",
      target,
      headers,
      `<D:propertyupdate xmlns:D="DAV:" xmlns:z="urn:z">${steps}</D:propertyupdate>`
    )
  const set = (prop: string) => `<D:set><D:prop>${prop}</D:prop></D:set>`
  const remove = (prop: string) => `<D:remove><D:prop>${prop}</D:prop></D:remove>`

  test("keeps what it is given, with its XML", async () => {
    await user.put("/dav/home/pp", "x")
    const answer = await update("/dav/home/pp", set('<z:a q="1">1 &amp; <z:b xmlns:z="urn:other"/></z:a><none/>'))
    expect([answer.status, saidBy(answer)[0]?.props.a?.status]).toEqual([207, 200])
    const { a, none } = saidBy(await propfind("/dav/home/pp"))[0]?.props ?? {}
    expect([a?.text, a?.element.attributes[0]?.value, none?.status]).toEqual(["1 & ", "1", 200])
    expect(a?.element.children[1]).toMatchObject({ namespace: "urn:other", name: "b" })
    await update("/dav/home/pp", remove("<z:a/>"))
    expect(saidBy(await propfind("/dav/home/pp"))[0]?.props.a).toBeUndefined()
  })

  test("is all or nothing, and what only the server sets is refused", async () => {
    await user.put("/dav/home/pq", "x")
    const answer = await update("/dav/home/pq", set("<z:a>1</z:a><D:getetag>x</D:getetag>"))
    const props = propsIn(answer)
    expect([answer.status, props.a?.status, props.getetag?.status]).toEqual([207, 424, 403])
    expect(answer.text).toContain("<D:cannot-modify-protected-property/>")
    expect(saidBy(await propfind("/dav/home/pq"))[0]?.props.a).toBeUndefined()
  })

  test("a display name can be given, and taken back", async () => {
    await user.put("/dav/home/pd", "x")
    const shown = async () => saidBy(await propfind("/dav/home/pd"))[0]?.props.displayname?.text
    await update("/dav/home/pd", set("<D:displayname>Ä &amp; O</D:displayname>"))
    expect(await shown()).toBe("Ä & O")
    await update("/dav/home/pd", remove("<D:displayname/>"))
    expect(await shown()).toBe("pd")
  })

  test("changes neither bytes nor tag", async () => {
    const { headers } = await user.put("/dav/home/pe", "x")
    await update("/dav/home/pe", set("<z:a/>"))
    expect((await anyone.head("/dav/home/pe")).headers.etag).toBe(headers.etag)
  })

  test.each([
    ["nothing there", "/dav/home/none", set("<z:a/>"), 404],
    ["no steps", "/dav/home/pp", "", 400],
    ["a namespace", "/dav/home/", set("<z:a/>"), 405],
    ["more than a resource may have", "/dav/home/pp", set(`<z:a>${"x".repeat(70_000)}</z:a>`), 507],
    ["more than a request may say", "/dav/home/pp", set(`<z:a>${"x".repeat(270_000)}</z:a>`), 413]
  ])("%s", async (_, target, steps, status) => {
    await user.put("/dav/home/pp", "x")
    expect((await update(target, steps)).status).toBe(status)
  })
})

describe("C7.5, C7.6 the policy judges the world behind the path", () => {
  test("public worlds are read without credentials; everything else asks for them", async () => {
    await user.put("/dav/home/public", "x")
    expect((await anyone.get("/dav/home/public")).status).toBe(200)
    expect((await anyone.ask("PROPFIND", "/dav/home/public", { depth: "0" })).status).toBe(207)
    const asked = [
      ...["PUT", "DELETE", "MKCOL", "PROPPATCH", "LOCK", "UNLOCK"].map((method) => [method, {}] as const),
      ["COPY", { destination: "/dav/home/copy" }] as const,
      ["MOVE", { destination: "/dav/home/copy" }] as const
    ]
    for (const [method, headers] of asked) {
      const answer = await anyone.ask(method, "/dav/home/public", headers)
      expect([method, answer.status]).toEqual([method, 401])
      expect(answer.headers["www-authenticate"]).toMatch(/^Basic realm=/)
    }
  })

  test("credentials that fall short are 403", async () => {
    await user.put("/dav/home/short", "x")
    expect((await user.put("/dav/etc/x", "x")).status).toBe(403)
    expect((await user.del("/dav/home/short")).status).toBe(403)
    expect((await user.ask("MOVE", "/dav/home/short", { destination: "/dav/home/long" })).status).toBe(403)
    expect((await user.ask("COPY", "/dav/home/short", { destination: "/dav/etc/x" })).status).toBe(403)
    expect((await user.get("/dav/etc/shadow")).status).toBe(403)
    expect((await anyone.get("/dav/boot/env")).status).toBe(401)
  })

  test("Basic, as network drives speak it", async () => {
    const drive = people(server).login("anybody", "user-token")
    expect((await drive.put("/dav/home/basic", "x")).status).toBe(201)
  })

  test("what only operators read is in no PROPFIND", async () => {
    await operator.put("/etc/shadow", "a:b")
    await operator.put("/etc/private", "/home/secret\n")
    await operator.put("/home/secret/x", "x")
    for (const person of [anyone, user]) {
      const depth = { depth: "infinity" }
      expect(hrefsIn(await person.ask("PROPFIND", "/dav/etc/", depth))).not.toContain("/dav/etc/shadow")
      expect((await person.ask("PROPFIND", "/dav/", depth)).text).not.toContain("/dav/boot/")
    }
    expect((await anyone.ask("PROPFIND", "/dav/home/", { depth: "infinity" })).text).not.toContain("secret")
    expect((await anyone.ask("PROPFIND", "/dav/home/secret", { depth: "0" })).status).toBe(401)
    expect(hrefsIn(await user.ask("PROPFIND", "/dav/home/secret", { depth: "1" }))).toContain("/dav/home/secret/x")
    await operator.del("/etc/private")
  })

  test("C7.4 a capability ends at its scope, at both ends of a copy", async () => {
    await mkcol("/dav/home/in")
    await user.put("/dav/home/in/a", "a")
    await user.put("/dav/home/out", "out")
    const inside = await cap("/home/in")
    expect((await inside.get("/dav/home/in/a")).status).toBe(200)
    expect((await inside.put("/dav/home/in/b", "b")).status).toBe(201)
    expect((await inside.ask("COPY", "/dav/home/in/a", { destination: "/dav/home/in/c" })).status).toBe(201)
    for (const answer of [
      await inside.get("/dav/home/out"),
      await inside.ask("PROPFIND", "/dav/home/", { depth: "1" }),
      await inside.ask("COPY", "/dav/home/out", { destination: "/dav/home/in/d" }),
      await inside.ask("COPY", "/dav/home/in/a", { destination: "/dav/home/d" }),
      await inside.ask("MOVE", "/dav/home/in/a", { destination: "/dav/home/in/d" }),
      await inside.del("/dav/home/in/a")
    ]) {
      expect(answer.status).toBe(403)
    }
    const reading = await cap("/home/in", "r")
    expect((await reading.ask("PROPFIND", "/dav/home/in", { depth: "1" })).status).toBe(207)
    for (const method of ["PUT", "LOCK", "PROPPATCH", "MKCOL"]) {
      expect((await reading.ask(method, "/dav/home/in/e")).status).toBe(403)
    }
  })

  test("a capability for one new world may make it", async () => {
    const single = await cap("/home/in/single")
    expect((await single.put("/dav/home/in/single", "x")).status).toBe(201)
  })
})

describe("C16 what cannot be understood", () => {
  test.each([
    ["XML that does not end", "PROPFIND", "<a"],
    ["XML of something else", "PROPPATCH", "<a/>"],
    ["a document type", "PROPFIND", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>']
  ])("%s is 400", async (_, method, body) => {
    await user.put("/dav/home/bad", "x")
    const answer = await user.ask(method, "/dav/home/bad", {}, body)
    expect([answer.status, answer.headers["content-type"]]).toEqual([400, "application/problem+json"])
  })

  test("an error is a problem document all the same", async () => {
    expect((await anyone.get("/dav/home/missing")).json()).toMatchObject({ status: 404, path: "/home/missing" })
    expect(textOf(undefined)).toBe("")
  })
})

describe("C10.1 the name of a plugin's state is no world's here either", () => {
  test.each(["PUT", "DELETE", "MKCOL", "LOCK"])("%s is 400", async (method) => {
    await user.put("/lib/stateful", "x")
    const body = method === "LOCK" ? lockInfo() : ""
    expect((await operator.ask(method, "/dav/lib/stateful/state", {}, body)).status).toBe(400)
  })

  test.each(["COPY", "MOVE"])("%s to it is 400", async (method) => {
    await user.put("/lib/stateful", "x")
    await user.put("/dav/home/stateful", "x")
    const answer = await operator.ask(method, "/dav/home/stateful", { destination: "/dav/lib/stateful/state" })
    expect([answer.status, (await anyone.get("/home/stateful?raw")).text]).toEqual([400, "x"])
  })
})
