import { Option } from "effect"
import { afterAll, describe, expect, test, vi } from "vitest"
import { lockInfo, namesIn, propsIn, saidBy, submitting, tokenOf, xmlOf } from "../helpers/Dav.ts"
import { people } from "../helpers/People.ts"
import { shelve } from "../helpers/Plugins.ts"
import { start } from "../helpers/TestServer.ts"

// In the server the host links a plugin to its own modules; here they are these.
vi.mock("elastik/plugin", () => import("../../src/plugin.ts"))

const source = shelve(await import("../../plugins/dav.ts"))

/** A server with the plugin, and who asks it. */
const serving = async (given: Parameters<typeof start>[0] = {}) => {
  const server = await start(given)
  afterAll(() => server.stop())
  const persons = people(server)
  await persons.operator.put("/lib/dav", source)
  await persons.operator.put("/lib/dav/state", "active")
  return { server, ...persons }
}

const { anyone, operator, server, user } = await serving()
const open = await serving({ token: Option.none() })

let made = 0
/** A world that nobody knows yet, and its tag. */
const fresh = async () => {
  const name = `/home/cond-${made++}`
  await user.put(name, "x")
  return { name, tag: String((await user.head(`${name}?raw`)).headers.etag) }
}
const lock = (target: string, headers = {}, person = user) => person.ask("LOCK", `/dav${target}`, headers, lockInfo())
const setting = (...names: ReadonlyArray<string>) =>
  `<D:propertyupdate xmlns:D="DAV:" xmlns="urn:x"><D:set><D:prop>${names
    .map((name) => `<${name}>v</${name}>`)
    .join("")}</D:prop></D:set></D:propertyupdate>`
const proppatch = (target: string, body: string, headers = {}) => user.ask("PROPPATCH", `/dav${target}`, headers, body)

describe("C15 LOCK under conditions", () => {
  test.each<[string, (tag: string) => Record<string, string>, number]>([
    ["If-Match of another tag", () => ({ "if-match": '"other"' }), 412],
    ["If-Match of the tag", (tag) => ({ "if-match": tag }), 200],
    ["If-None-Match of any", () => ({ "if-none-match": "*" }), 412],
    ["If of another tag", () => ({ if: '(["other"])' }), 412],
    ["If of the tag", (tag) => ({ if: `([${tag}])` }), 200],
    ["If that does not parse", () => ({ if: "x" }), 400]
  ])("%s", async (_, headers, status) => {
    const { name, tag } = await fresh()
    expect((await lock(name, headers(tag))).status).toBe(status)
    expect((await user.put(name, "y")).status).toBe(status === 200 ? 423 : 200)
  })

  test("refreshing and releasing know conditions, too, and keep their own error for tokens", async () => {
    const { name } = await fresh()
    const token = tokenOf(await lock(name))
    const wrong = { "if-match": '"other"' }
    const refreshed = await user.ask("LOCK", `/dav${name}`, { ...submitting(token), ...wrong })
    expect([refreshed.status, refreshed.headers["content-type"]]).toEqual([412, "application/problem+json"])
    expect((await user.ask("UNLOCK", `/dav${name}`, { "lock-token": token, ...wrong })).status).toBe(412)
    expect((await user.ask("UNLOCK", `/dav${name}`, { "lock-token": token })).status).toBe(204)
  })
})

describe("C15 a lock in the way is named for what it is (RFC 4918 section 16)", () => {
  test("a new member of a locked collection wants its token, by LOCK as by PUT", async () => {
    await user.ask("MKCOL", "/dav/home/full")
    await lock("/home/full/", { depth: "0" })
    for (const answer of [await lock("/home/full/new"), await user.put("/dav/home/full/new", "")]) {
      expect([answer.status, namesIn(xmlOf(answer))]).toEqual([423, ["lock-token-submitted", "href"]])
      expect(answer.text).toContain("<D:href>/dav/home/full</D:href>")
    }
    expect((await anyone.get("/home/full/new?raw")).status).toBe(404)
  })

  test("a lock on the way down is a conflict", async () => {
    await user.ask("MKCOL", "/dav/home/low")
    await lock("/home/low/", { depth: "infinity" })
    const answer = await lock("/home/low/new")
    expect([answer.status, namesIn(xmlOf(answer))]).toEqual([423, ["no-conflicting-lock", "href"]])
  })

  test("locks of members are told one by one, and that the collection depends on them (section 9.10.3)", async () => {
    await user.ask("MKCOL", "/dav/home/many")
    await user.put("/home/many/a", "")
    await user.put("/home/many/b", "")
    await lock("/home/many/b")
    const answer = await lock("/home/many/", { depth: "infinity" })
    expect([answer.status, saidBy(answer).map(({ href, status }) => [href, status])]).toEqual([
      207,
      [
        ["/dav/home/many/b", 423],
        ["/dav/home/many/", 424]
      ]
    ])
    expect(namesIn(xmlOf(answer))).toContain("no-conflicting-lock")
    expect((await user.put("/home/many/a", "y")).status).toBe(200)
  })
})

describe("C15 PROPPATCH judges the request before it speaks of properties", () => {
  const mixed = setting("D:getetag", "mine")

  test("a lock: 423", async () => {
    const { name } = await fresh()
    const token = tokenOf(await lock(name))
    expect((await proppatch(name, mixed)).status).toBe(423)
    expect((await proppatch(name, mixed, submitting(token))).status).toBe(207)
  })

  test.each([[{ "if-match": '"other"' }], [{ "if-none-match": "*" }], [{ if: '(["other"])' }]])(
    "conditions that do not hold: 412 %o",
    async (headers) => {
      const { name } = await fresh()
      expect((await proppatch(name, mixed, headers)).status).toBe(412)
    }
  )

  test("then what only the server sets: 403, and 424 for the rest", async () => {
    const { name } = await fresh()
    const answer = await proppatch(name, mixed)
    expect(Object.entries(propsIn(answer)).map(([prop, { status }]) => [prop, status])).toEqual([
      ["getetag", 403],
      ["mine", 424]
    ])
    expect(answer.text).toContain("<D:cannot-modify-protected-property/>")
  })
})

describe("C15 If means the same at /home", () => {
  const none = "<urn:uuid:00000000-0000-0000-0000-000000000000>"
  const cases: ReadonlyArray<[string, (tag: string, name: string) => string, boolean | undefined]> = [
    ["the tag", (tag) => `([${tag}])`, true],
    ["another tag", () => '(["other"])', false],
    ["a weak tag", (tag) => `([W/${tag}])`, false],
    ["not another tag", () => '(Not ["other"])', true],
    ["a token that is none", () => `(${none})`, false],
    ["not a token that is none", () => `(Not ${none})`, true],
    ["the world by its own path", (tag, name) => `<${name}> ([${tag}])`, true],
    ["the world by its path at /dav", (tag, name) => `</dav${name}> ([${tag}])`, true],
    ["the world by its URL", (tag, name) => `<${server.url}${name}> ([${tag}])`, true],
    ["something on another server", (tag, name) => `<http://other.example${name}> ([${tag}])`, false],
    ["something that does not parse", () => "(x)", undefined]
  ]
  const statusOf = (met: boolean | undefined) => (met === undefined ? 400 : met ? 200 : 412)

  test.each(cases)("to PUT, POST, GET, HEAD and DELETE: %s", async (_, value, met) => {
    const statuses: Array<number> = []
    for (const [method, query] of [
      ["PUT", ""],
      ["POST", ""],
      ["GET", "?raw"],
      ["HEAD", ""],
      ["DELETE", ""]
    ] as const) {
      const { name, tag } = await fresh()
      statuses.push((await operator.ask(method, `${name}${query}`, { if: value(tag, name) }, "y")).status)
    }
    expect(statuses).toEqual(Array.from({ length: 5 }, () => statusOf(met)))
  })

  test("a tag that was judged is still the one when it is written", async () => {
    const { name, tag } = await fresh()
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => user.put(name, `${n}`, { if: `([${tag}])` }))
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 412)])
  })

  test("a GET that is asked for often is judged each time", async () => {
    const { name } = await fresh()
    for (let i = 0; i < 20; i++) expect((await user.get(`${name}?raw`)).status).toBe(200)
    expect((await user.get(`${name}?raw`, { if: '(["other"])' })).status).toBe(412)
  })

  test("of what one may not read nothing is known", async () => {
    await operator.put("/boot/secret", "x")
    const tag = String((await operator.head("/boot/secret?raw")).headers.etag)
    const { name } = await fresh()
    expect((await user.put(name, "y", { if: `</boot/secret> ([${tag}])` })).status).toBe(412)
    expect((await operator.put(name, "y", { if: `</boot/secret> ([${tag}])` })).status).toBe(200)
  })

  test("the token of a collection is submitted for it by name", async () => {
    await user.ask("MKCOL", "/dav/home/named")
    const token = tokenOf(await lock("/home/named/", { depth: "0" }))
    expect((await user.put("/home/named/x", "", submitting(token))).status).toBe(412)
    expect((await user.put("/home/named/x", "", { if: `</home/named/> (${token})` })).status).toBe(201)
  })
})

describe("C7.6 credentials are asked for where they would help", () => {
  test("in open mode: for what an operator may", async () => {
    await open.anyone.put("/home/a", "x")
    expect((await open.anyone.ask("DELETE", "/dav/home/a")).status).toBe(401)
    expect((await open.anyone.ask("COPY", "/dav/home/a", { destination: "/dav/etc/a" })).status).toBe(401)
  })

  test("and not for what nobody may", async () => {
    const { token } = { token: tokenOf(await lock("/home/a", {}, open.operator)) }
    const statuses = [
      await open.anyone.ask("COPY", "/dav/home/a", { destination: "/dav/home/a" }),
      await open.anyone.ask("COPY", "/dav/home/a", { destination: "/dav/home/a/b" }),
      await open.anyone.ask("COPY", "/dav/home/a", { destination: "/dav/home" }),
      await open.anyone.ask("LOCK", "/dav/home/a", submitting(token)),
      await open.anyone.ask("UNLOCK", "/dav/home/a", { "lock-token": token })
    ]
    expect(statuses.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403])
    expect(statuses.map(({ headers }) => headers["www-authenticate"])).toEqual(statuses.map(() => undefined))
  })
})
