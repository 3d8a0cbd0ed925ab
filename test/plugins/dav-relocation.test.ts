import { Option } from "effect"
import { afterAll, describe, expect, onTestFinished, test, vi } from "vitest"
import { lockInfo, saidBy, tokenOf } from "../helpers/Dav.ts"
import { lines, mintedOf, people } from "../helpers/People.ts"
import { plugin, shelve } from "../helpers/Plugins.ts"
import { start } from "../helpers/TestServer.ts"

// In the server the host links a plugin to its own modules; here they are these.
vi.mock("elastik/plugin", () => import("../../src/plugin.ts"))

const server = await start()
afterAll(() => server.stop())
const { anyone, holder, operator, user } = people(server)
await user.put("/lib/dav", shelve(await import("../../plugins/dav.ts")))
await operator.put("/lib/dav/state", "active")

let made = 0
/** A collection that nobody knows yet, with a world `a` and another `sub/b`. */
const fresh = async (): Promise<string> => {
  const name = `/home/tree-${made++}`
  for (const path of [name, `${name}/sub`, `${name}/sub/empty`]) await user.ask("MKCOL", `/dav${path}`)
  await user.put(`${name}/a`, "a", { "x-meta-author": "ann" })
  await user.put(`${name}/sub/b`, "b")
  return name
}
const relocate = (method: string, from: string, to: string, headers = {}, person = operator) =>
  person.ask(method, `/dav${from}`, { destination: `/dav${to}`, ...headers })
const bodyOf = async (name: string) => (await operator.get(`${name}?raw`)).text
const everything = async () => (await operator.get("/proc/worlds")).text

describe("C15 COPY", () => {
  test("of a world: bytes, type and metadata; 201 when there was nothing, else 204", async () => {
    const tree = await fresh()
    const answer = await relocate("COPY", `${tree}/a`, `${tree}/c`)
    expect([answer.status, answer.headers.location]).toEqual([201, `/dav${tree}/c`])
    const copy = await anyone.get(`/dav${tree}/c`)
    expect([copy.text, copy.headers["x-meta-author"]]).toEqual(["a", "ann"])
    expect((await relocate("COPY", `${tree}/sub/b`, `${tree}/c`)).status).toBe(204)
    expect([await bodyOf(`${tree}/c`), await bodyOf(`${tree}/a`)]).toEqual(["b", "a"])
  })

  test("of a collection: all of it, or with Depth 0 itself alone", async () => {
    const tree = await fresh()
    expect((await relocate("COPY", `${tree}/`, `${tree}-all/`)).status).toBe(201)
    expect(lines(await anyone.get(`${tree}-all/sub/`))).toEqual(["b", "empty/"])
    expect((await relocate("COPY", tree, `${tree}-none`, { depth: "0" })).status).toBe(201)
    expect(lines(await anyone.get(`/dav${tree}-none/`))).toEqual([])
  })

  test("takes dead properties along", async () => {
    const tree = await fresh()
    const body = '<propertyupdate xmlns="DAV:"><set><prop><x xmlns="urn:x">1</x></prop></set></propertyupdate>'
    await user.ask("PROPPATCH", `/dav${tree}/a`, {}, body)
    await relocate("COPY", tree, `${tree}-p`)
    const [said] = saidBy(await user.ask("PROPFIND", `/dav${tree}-p/a`, { depth: "0" }))
    expect(said?.props.x?.text).toBe("1")
  })

  test("Overwrite: F leaves what is there", async () => {
    const tree = await fresh()
    expect((await relocate("COPY", `${tree}/a`, `${tree}/sub/b`, { overwrite: "F" })).status).toBe(412)
    expect((await relocate("COPY", `${tree}/a`, `${tree}/new`, { overwrite: "f" })).status).toBe(201)
    expect(await bodyOf(`${tree}/sub/b`)).toBe("b")
  })
})

describe("C15 MOVE", () => {
  test("of a world and of a tree: it is there, and no longer here", async () => {
    const tree = await fresh()
    expect((await relocate("MOVE", `${tree}/a`, `${tree}/c`)).status).toBe(201)
    expect([await bodyOf(`${tree}/c`), (await anyone.get(`/dav${tree}/a`)).status]).toEqual(["a", 404])
    expect((await relocate("MOVE", `${tree}/`, `${tree}-moved`)).status).toBe(201)
    expect((await anyone.get(`/dav${tree}/`)).status).toBe(404)
    expect(lines(await anyone.get(`${tree}-moved/`))).toEqual(["c", "sub/"])
    expect(lines(await anyone.get(`${tree}-moved/sub/`))).toEqual(["b", "empty/"])
  })

  test("C5.4 what was moved has a chain that holds, and the body that it says", async () => {
    const tree = await fresh()
    await relocate("MOVE", `${tree}/a`, `${tree}/told`)
    const verdict = (await operator.get(`/proc/verify${tree}/told`)).json()
    expect(verdict).toMatchObject({ chain: { ok: true }, body: { ok: true } })
  })

  test("C10.1 a plugin that is moved, or copied over, is taken down and pending", async () => {
    const source = shelve(plugin({ ROUTES: ["/mover"] }))
    await user.put("/lib/mover", source)
    await operator.put("/lib/mover/state", "active")
    expect((await user.get("/mover")).status).toBe(200)
    expect((await relocate("MOVE", "/lib/mover", "/lib/moved")).status).toBe(201)
    expect((await user.get("/mover")).status).toBe(404)
    expect((await operator.get("/lib/moved")).json()).toMatchObject({ state: "pending" })
    await operator.put("/lib/moved/state", "active")
    await user.put("/home/source.ts", source)
    await relocate("COPY", "/home/source.ts", "/lib/moved")
    expect((await user.get("/mover")).status).toBe(404)
    expect((await operator.get("/lib/moved")).json()).toMatchObject({ state: "pending" })
  })
})

describe("C15 what cannot be copied or moved changes nothing", () => {
  test.each<[string, string, string, Record<string, string>, number]>([
    ["onto itself", "/a", "/a", {}, 403],
    ["into itself", "", "/sub/x", {}, 403],
    ["over what it is in", "/sub", "", {}, 403],
    ["to another server", "/a", "", { destination: "http://other.example/dav/home/x" }, 502],
    ["to another port", "/a", "", { destination: "http://127.0.0.1:1/dav/home/x" }, 502],
    ["out of /dav", "/a", "", { destination: "/home/x" }, 502],
    ["to no path", "/a", "", { destination: "nowhere" }, 400],
    ["by a way out", "/a", "", { destination: "/dav/home/../etc/x" }, 400],
    ["with an escape that is none", "/a", "", { destination: "/dav/home/%zz" }, 400],
    ["below nothing", "/a", "/no/where", {}, 409],
    ["below a world", "/sub", "/a/x", {}, 409],
    ["to a namespace", "/a", "", { destination: "/dav/home" }, 403],
    ["to a new namespace", "/a", "", { destination: "/dav/nowhere/x" }, 403],
    ["to a name that cannot be", "/a", "", { destination: "/dav/lib/x/state" }, 400],
    ["from nothing", "/missing", "/x", {}, 404],
    ["with another Overwrite", "/a", "/x", { overwrite: "maybe" }, 400],
    ["with Depth 1", "/sub", "/x", { depth: "1" }, 400],
    ["under an If that does not hold", "/a", "/x", { if: '(["other"])' }, 412],
    ["under an If that does not parse", "/a", "/x", { if: "nonsense" }, 400]
  ])("%s", async (_, from, to, headers, status) => {
    const tree = await fresh()
    const before = await everything()
    for (const method of ["COPY", "MOVE"]) {
      const answer = await relocate(method, tree + from, tree + to, headers)
      expect([method, answer.status]).toEqual([method, status])
    }
    expect(await everything()).toBe(before)
  })

  test("without a Destination", async () => {
    expect((await operator.ask("COPY", "/dav/home/x")).status).toBe(400)
    expect((await operator.ask("MOVE", "/dav/home/x")).status).toBe(400)
  })

  test("a move has no Depth but infinity", async () => {
    const tree = await fresh()
    expect((await relocate("MOVE", tree, `${tree}-x`, { depth: "0" })).status).toBe(400)
  })

  test("over a lock, below which is one, or from under one", async () => {
    const tree = await fresh()
    const token = tokenOf(await operator.ask("LOCK", `/dav${tree}/sub/b`, {}, lockInfo()))
    const before = await everything()
    expect((await relocate("COPY", `${tree}/a`, `${tree}/sub/b`)).status).toBe(423)
    expect((await relocate("MOVE", tree, `${tree}-x`)).status).toBe(423)
    expect((await relocate("COPY", `${tree}/a`, `${tree}/sub`)).status).toBe(423)
    expect(await everything()).toBe(before)
    const named = { if: `</dav${tree}/sub/b> (${token})` }
    expect((await relocate("MOVE", tree, `${tree}-x`, named)).status).toBe(201)
    // What was moved is locked no longer: a lock stays with its place (RFC 4918 section 7.6).
    expect((await user.put(`${tree}-x/sub/b`, "y")).status).toBe(200)
  })
})

describe("C17 behind a proxy", () => {
  const behind = async (from: ReadonlyArray<string>) => {
    const trustedProxy = Option.some({ header: "x-real-ip", from })
    const proxied = await start({ trustedProxy })
    onTestFinished(() => proxied.stop())
    const { operator } = people(proxied)
    await operator.put("/lib/dav", shelve(await import("../../plugins/dav.ts")))
    await operator.put("/lib/dav/state", "active")
    await operator.put("/home/x", "x")
    const destination = "https://drive.example/dav/home/y"
    return operator.ask("COPY", "/dav/home/x", { destination, "x-forwarded-host": "drive.example" })
  }

  test("a Destination has the name under which the client knows the server", async () => {
    expect((await behind(["127.0.0.1"])).status).toBe(201)
  })

  test("which nobody else can say", async () => {
    expect((await behind(["192.0.2.1"])).status).toBe(502)
  })
})

describe("C7.5 borders of the policy", () => {
  test("who may not do all of it does none of it", async () => {
    const tree = await fresh()
    await operator.put("/etc/target/a", "old")
    const before = await everything()
    expect((await relocate("COPY", tree, "/etc/copied", {}, user)).status).toBe(403)
    expect((await relocate("MOVE", tree, "/home/moved", {}, user)).status).toBe(403)
    expect((await relocate("MOVE", "/etc/target", "/home/got", {}, user)).status).toBe(403)
    expect(await everything()).toBe(before)
  })

  test("a collection that would go away wants the right to delete its members", async () => {
    const [tree, other] = [await fresh(), await fresh()]
    const before = await everything()
    expect((await relocate("COPY", `${tree}/a`, other, {}, user)).status).toBe(403)
    expect(await everything()).toBe(before)
    expect((await relocate("COPY", `${tree}/a`, other)).status).toBe(204)
    expect(await bodyOf(other)).toBe("a")
  })

  test("what may not be read is not copied, and not told of", async () => {
    const tree = await fresh()
    await operator.put("/etc/private", `${tree}/sub\n`)
    expect((await relocate("COPY", `${tree}/sub`, `${tree}-s`, {}, anyone)).status).toBe(401)
    await operator.del("/etc/private")
    await operator.put("/boot/x", "x")
    expect((await relocate("COPY", "/boot/x", `${tree}/x`, {}, user)).status).toBe(403)
    expect((await anyone.get(`/dav${tree}/x`)).status).toBe(404)
  })

  test("C7.4 a capability is asked at the source and at the Destination", async () => {
    const [tree, other] = [await fresh(), await fresh()]
    const { token } = mintedOf(await operator.post(`/auth/mint?prefix=${tree}&mode=rw`))
    const before = await everything()
    const scoped = holder(token)
    expect((await relocate("COPY", `${tree}/a`, `${other}/x`, {}, scoped)).status).toBe(403)
    expect((await relocate("COPY", `${other}/a`, `${tree}/x`, {}, scoped)).status).toBe(403)
    expect((await relocate("MOVE", `${tree}/a`, `${tree}/x`, {}, scoped)).status).toBe(403)
    expect(await everything()).toBe(before)
    expect((await relocate("COPY", `${tree}/a`, `${tree}/x`, {}, scoped)).status).toBe(201)
  })
})
