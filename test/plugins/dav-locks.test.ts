import { afterAll, describe, expect, test, vi } from "vitest"
import { lockInfo, namesIn, saidBy, submitting, tokenOf, wanting, xmlOf } from "../helpers/Dav.ts"
import { lines, people } from "../helpers/People.ts"
import { shelve } from "../helpers/Plugins.ts"
import { start } from "../helpers/TestServer.ts"

// In the server the host links a plugin to its own modules; here they are these.
vi.mock("elastik/plugin", () => import("../../src/plugin.ts"))

const server = await start()
afterAll(() => server.stop())
const { anyone, operator, user } = people(server)
await user.put("/lib/dav", shelve(await import("../../plugins/dav.ts")))
await operator.put("/lib/dav/state", "active")

let made = 0
/** A world that nobody knows yet. */
const fresh = async (body = "x"): Promise<string> => {
  const name = `/home/lock-${made++}`
  await user.put(name, body)
  return name
}
const lock = (target: string, headers = {}, body: string = lockInfo(), person = user) =>
  person.ask("LOCK", `/dav${target}`, headers, body)
const unlock = (target: string, token: string, person = user) =>
  person.ask("UNLOCK", `/dav${target}`, { "lock-token": token })

describe("C15 LOCK", () => {
  test("answers with the token and what was granted", async () => {
    const name = await fresh()
    const answer = await lock(name, { depth: "0", timeout: "Second-60" })
    expect([answer.status, tokenOf(answer)]).toEqual([200, expect.stringMatching(/^<urn:uuid:[0-9a-f-]{36}>$/)])
    expect(namesIn(xmlOf(answer))).toEqual(
      expect.arrayContaining(["lockdiscovery", "activelock", "exclusive", "write", "owner", "locktoken", "lockroot"])
    )
    expect(answer.text).toContain("<D:depth>0</D:depth><D:owner>me</D:owner><D:timeout>Second-60</D:timeout>")
    expect(answer.text).toContain(`<D:lockroot><D:href>/dav${name}</D:href></D:lockroot>`)
  })

  test.each(["Infinite", "Second-4100000000", "Infinite, Second-4100000000"])(
    "grants a day at most: %s",
    async (timeout) => {
      expect((await lock(await fresh(), { timeout })).text).toContain("<D:timeout>Second-86400</D:timeout>")
    }
  )

  test("binds every surface, until it is given back", async () => {
    const name = await fresh()
    const token = tokenOf(await lock(name))
    const writes = () =>
      Promise.all([
        user.put(name, "y"),
        user.post(name, "y"),
        operator.del(name),
        user.put(`/dav${name}`, "y"),
        operator.del(`/dav${name}`),
        operator.ask("MOVE", `/dav${name}`, { destination: "/dav/home/moved" }),
        user.ask("COPY", "/dav/lib/dav", { destination: `/dav${name}` }),
        user.ask(
          "PROPPATCH",
          `/dav${name}`,
          {},
          '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><x/></D:prop></D:set></D:propertyupdate>'
        )
      ])
    expect((await writes()).map(({ status }) => status)).toEqual([423, 423, 423, 423, 423, 423, 423, 423])
    expect((await anyone.get(`${name}?raw`)).text).toBe("x")
    expect((await user.put(name, "with /home", submitting(token))).status).toBe(200)
    expect((await user.put(`/dav${name}`, "with /dav", submitting(token))).status).toBe(204)
    expect((await unlock(name, token)).status).toBe(204)
    expect((await user.put(name, "free")).status).toBe(200)
  })

  test("the answer names the lock in the way", async () => {
    const name = await fresh()
    await lock(name)
    const put = await user.put(`/dav${name}`, "y")
    expect([put.status, put.headers["content-type"]]).toEqual([423, "application/xml; charset=utf-8"])
    expect(put.text).toContain(`<D:lock-token-submitted><D:href>/dav${name}</D:href></D:lock-token-submitted>`)
    const second = await lock(name)
    expect([second.status, namesIn(xmlOf(second))]).toEqual([423, ["no-conflicting-lock", "href"]])
  })

  test("shared ones go together, an exclusive one with none", async () => {
    const name = await fresh()
    const [first, second] = [await lock(name, {}, lockInfo("shared")), await lock(name, {}, lockInfo("shared"))]
    expect([first.status, second.status, tokenOf(first) === tokenOf(second)]).toEqual([200, 200, false])
    expect((await lock(name)).status).toBe(423)
    await unlock(name, tokenOf(first))
    expect((await user.put(name, "y")).status).toBe(423)
    // What If names has to be so, and this lock is over.
    expect((await user.put(name, "y", submitting(tokenOf(first)))).status).toBe(412)
    expect((await user.put(name, "y", submitting(tokenOf(second)))).status).toBe(200)
  })

  test("a name that is not there becomes an empty world", async () => {
    const answer = await lock("/home/unmapped")
    expect(answer.status).toBe(201)
    expect((await anyone.get("/home/unmapped?raw")).text).toBe("")
    expect((await user.put("/home/unmapped", "y")).status).toBe(423)
    expect((await user.put("/dav/home/unmapped", "y", submitting(tokenOf(answer)))).status).toBe(204)
  })

  test.each([
    ["below nothing", "/home/no/where", {}, lockInfo(), 409],
    ["below a world", "/home/lock-plain/x", {}, lockInfo(), 409],
    ["of a collection that is not there", "/home/nothing/", {}, lockInfo(), 409],
    ["with Depth 1", "/home/lock-plain", { depth: "1" }, lockInfo(), 400],
    ["without a body or a token", "/home/lock-plain", {}, "", 400],
    ["with rubbish", "/home/lock-plain", {}, "<x/>", 400],
    ["of a name that cannot be", "/lib/x/state", {}, lockInfo(), 400]
  ])("%s leaves neither lock nor world", async (_, target, headers, body, status) => {
    await user.put("/home/lock-plain", "x")
    const before = (await operator.get("/proc/worlds")).text
    expect((await lock(target, headers, body)).status).toBe(status)
    expect((await operator.get("/proc/worlds")).text).toBe(before)
    expect((await user.put("/home/lock-plain", "x")).status).toBe(200)
  })

  test("a deep one binds what is below, and what comes and goes there", async () => {
    await user.ask("MKCOL", "/dav/home/deep")
    await user.put("/home/deep/a", "a")
    const token = tokenOf(await lock("/home/deep/", { depth: "infinity" }))
    expect((await user.put("/home/deep/a", "b")).status).toBe(423)
    expect((await user.put("/home/deep/new", "b")).status).toBe(423)
    expect((await user.ask("MKCOL", "/dav/home/deep/sub")).status).toBe(423)
    expect((await lock("/home/deep/a")).status).toBe(423)
    expect((await operator.del("/home/deep")).status).toBe(423)
    expect((await user.put("/dav/home/deep/new", "b", { if: `</dav/home/deep/> (${token})` })).status).toBe(201)
    const discovered = saidBy(await user.ask("PROPFIND", "/dav/home/deep/a", { depth: "0" }, wanting("lockdiscovery")))
    expect(discovered[0]?.props.lockdiscovery?.text).toContain("/dav/home/deep/")
    expect((await unlock("/home/deep/a", token)).status).toBe(204)
    expect((await user.put("/home/deep/a", "c")).status).toBe(200)
  })

  test("a shallow one of a collection binds its membership alone", async () => {
    await user.ask("MKCOL", "/dav/home/flat")
    await user.put("/home/flat/a", "a")
    await lock("/home/flat/", { depth: "0" })
    expect((await user.put("/home/flat/a", "b")).status).toBe(200)
    expect((await user.put("/home/flat/new", "b")).status).toBe(423)
    expect((await operator.del("/home/flat/a")).status).toBe(423)
  })

  test("what is gone is locked no longer", async () => {
    const name = await fresh()
    const token = tokenOf(await lock(name, {}, lockInfo(), operator))
    expect((await operator.ask("DELETE", `/dav${name}`, submitting(token))).status).toBe(204)
    expect((await user.put(name, "again")).status).toBe(201)
  })

  test("its token is for its holder", async () => {
    const name = await fresh()
    const token = tokenOf(await lock(name))
    const seen = async (person: typeof user) =>
      (await person.ask("PROPFIND", `/dav${name}`, { depth: "0" }, wanting("lockdiscovery"))).text
    expect(await seen(user)).toContain(token.slice(1, -1))
    expect(await seen(operator)).toContain(token.slice(1, -1))
    expect(await seen(anyone)).toContain("<D:activelock>")
    expect(await seen(anyone)).not.toContain(token.slice(1, -1))
    expect((await operator.put(name, "y", submitting(token))).status).toBe(423)
  })
})

describe("C15 more time, and none", () => {
  test("a lock is refreshed by its token", async () => {
    const name = await fresh()
    const token = tokenOf(await lock(name, { timeout: "Second-10" }))
    const again = await lock(name, { timeout: "Second-99", ...submitting(token) }, "")
    expect([again.status, again.headers["lock-token"]]).toEqual([200, undefined])
    expect(again.text).toContain("<D:timeout>Second-99</D:timeout>")
  })

  test("but not by another", async () => {
    const [name, other] = [await fresh(), await fresh()]
    await lock(name)
    const token = tokenOf(await lock(other))
    const answer = await lock(name, submitting(token), "")
    expect([answer.status, namesIn(xmlOf(answer))]).toEqual([412, ["lock-token-matches-request-uri"]])
  })

  test.each([
    ["no token", undefined, 400],
    ["one that is not in angle brackets", "urn:uuid:1", 400],
    ["one that is no lock", "<urn:uuid:00000000-0000-0000-0000-000000000000>", 409]
  ])("UNLOCK with %s", async (_, token, status) => {
    const name = await fresh()
    await lock(name)
    const headers = token === undefined ? {} : { "lock-token": token }
    expect((await user.ask("UNLOCK", `/dav${name}`, headers)).status).toBe(status)
    expect((await user.put(name, "y")).status).toBe(423)
  })

  test("another's lock stays, unless an operator ends it", async () => {
    const name = await fresh()
    const token = tokenOf(await lock(name, {}, lockInfo(), operator))
    expect((await unlock(name, token)).status).toBe(403)
    const other = await fresh()
    const theirs = tokenOf(await lock(other))
    expect((await unlock(other, theirs, operator)).status).toBe(204)
  })
})

describe("C15 If", () => {
  const none = "<urn:uuid:00000000-0000-0000-0000-000000000000>"
  const conditional = async (value: (tag: string, name: string) => string) => {
    const name = await fresh()
    const tag = String((await user.head(`${name}?raw`)).headers.etag)
    return (await user.put(`/dav${name}`, "y", { if: value(tag, name) })).status
  }

  test.each<[string, (tag: string, name: string) => string, number]>([
    ["the current tag", (tag) => `([${tag}])`, 204],
    ["another tag", () => '(["other"])', 412],
    ["a weak tag", (tag) => `([W/${tag}])`, 412],
    ["not another tag", () => '(Not ["other"])', 204],
    ["a token that is none", () => `(${none})`, 412],
    ["not a token that is none", () => `(Not ${none})`, 204],
    ["one list of several", (tag) => `(${none}) ([${tag}])`, 204],
    ["no list of several", () => `(${none}) (["other"])`, 412],
    ["the state of the world by its path", (tag, name) => `</dav${name}> ([${tag}])`, 204],
    ["the state of the world by its URL", (tag, name) => `<${server.url}/dav${name}> ([${tag}])`, 204],
    ["the state of something on another server", (tag, name) => `<http://other.example/dav${name}> ([${tag}])`, 412],
    ["that nothing is where nothing is", () => '</dav/home/nothing> (Not ["x"])', 204],
    ["something that does not parse", () => "(<urn:x)", 400],
    ["something else that does not parse", () => "<urn:x>", 400],
    ["nothing", () => "", 400]
  ])("of %s", async (_, value, status) => {
    expect(await conditional(value)).toBe(status)
  })

  test("a tag that was judged is still the one when it is written", async () => {
    const name = await fresh()
    const tag = String((await user.head(`${name}?raw`)).headers.etag)
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => user.put(`/dav${name}`, `${n}`, { if: `([${tag}])` }))
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array.from({ length: 9 }, () => 412)])
  })

  test("a collection has no tag", async () => {
    await user.ask("MKCOL", "/dav/home/tagless")
    const del = (value: string) => operator.ask("DELETE", "/dav/home/tagless", { if: value })
    expect((await del('(["x"])')).status).toBe(412)
    expect((await del('(Not ["x"])')).status).toBe(204)
  })

  test("HTTP's own conditions count besides", async () => {
    const name = await fresh()
    const tag = String((await user.head(`${name}?raw`)).headers.etag)
    expect((await user.put(`/dav${name}`, "y", { if: `([${tag}])`, "if-match": '"other"' })).status).toBe(412)
    expect((await user.put(`/dav${name}`, "y", { if: `([${tag}])`, "if-match": tag })).status).toBe(204)
  })
})

describe("C15 many locks", () => {
  test("of those who come at once for the same, one gets it", async () => {
    const name = await fresh()
    const answers = await Promise.all(Array.from({ length: 50 }, () => lock(name)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 49 }, () => 423)])
  })

  test("a storm on names that are not there makes each world once, and leaves nothing half done", async () => {
    await user.ask("MKCOL", "/dav/home/storm")
    const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => lock(`/home/storm/${n % 50}`)))
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 201)).toHaveLength(50)
    expect(statuses.filter((status) => status === 423)).toHaveLength(150)
    expect(lines(await anyone.get("/home/storm/"))).toHaveLength(50)
  })
})
