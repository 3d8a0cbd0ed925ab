import { createHmac } from "node:crypto"
import { Effect, Schema } from "effect"
import { afterAll, describe, expect, test } from "vitest"
import { Worlds } from "../../src/services/Worlds.ts"
import { world } from "../helpers/Paths.ts"
import { mintedOf, type Person, people } from "../helpers/People.ts"
import { plugin, shelve } from "../helpers/Plugins.ts"
import { listener } from "../helpers/Sse.ts"
import { type Answer, key, start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, holder, operator, user } = people(server)
const { heard, open } = listener(server)

const Page = Schema.Struct({
  path: Schema.String,
  events: Schema.Array(
    Schema.Struct({
      id: Schema.Int,
      timestamp: Schema.String,
      type: Schema.String,
      payload: Schema.String,
      hmac: Schema.String,
      prev_hmac: Schema.String,
      withheld: Schema.optional(Schema.Array(Schema.String))
    })
  ),
  next: Schema.optional(Schema.Int)
})
const pageOf = (answer: Answer) => Schema.decodeUnknownSync(Page, { onExcessProperty: "error" })(answer.json())

describe("C8 /proc/events/<world>: its receipts", () => {
  test("C8 are those that verification speaks of, oldest first, signed", async () => {
    await user.put("/home/e/x", "one", { "x-meta-author": "me" })
    await user.post("/home/e/x", "two")
    const { events, next, path } = pageOf(await anyone.get("/proc/events/home/e/x"))
    expect([path, next, events.map(({ type }) => type)]).toEqual([
      "/home/e/x",
      undefined,
      ["stage_written", "stage_appended"]
    ])
    let previous = ""
    for (const { hmac, payload, prev_hmac } of events) {
      expect(prev_hmac).toBe(previous)
      expect(hmac).toBe(createHmac("sha256", key).update(previous).update(payload).digest("hex"))
      previous = hmac
    }
  })

  test("C8 come in pages", async () => {
    for (let i = 0; i < 5; i++) await user.put("/home/e/pages", String(i))
    const first = pageOf(await anyone.get("/proc/events/home/e/pages?limit=2"))
    expect([first.events.map(({ id }) => id), first.next]).toEqual([[1, 2], 2])
    const second = pageOf(await anyone.get("/proc/events/home/e/pages?limit=3&after=2"))
    expect([second.events.map(({ id }) => id), second.next]).toEqual([[3, 4, 5], undefined])
    expect(pageOf(await anyone.get("/proc/events/home/e/pages?after=5")).events).toEqual([])
  })

  test.each([
    "limit=0",
    "limit=x",
    "limit=-1",
    "after=x",
    "after=-1",
    "after=1.5",
    "limit=",
    "after=99999999999999999"
  ])("C8 ?%s is 400", async (query) => {
    expect((await anyone.get(`/proc/events/home/e/x?${query}`)).status).toBe(400)
  })

  test("C7.5 are for whoever may read the world, and nobody else", async () => {
    await operator.put("/etc/private", "/home/e/private\n")
    await user.put("/home/e/private", "x")
    const { token } = mintedOf(await operator.post("/auth/mint?prefix=/home/other"))
    for (const [person, path, status] of [
      [anyone, "home/e/private", 403],
      [user, "home/e/private", 200],
      [holder(token), "home/e/x", 403],
      [user, "etc/shadow", 403],
      [anyone, "home/e/none", 404],
      [anyone, "home/e", 404],
      [anyone, "home", 400],
      [anyone, "nowhere/x", 400]
    ] as const) {
      expect([path, (await person.get(`/proc/events/${path}`)).status]).toEqual([path, status])
    }
    await operator.del("/etc/private")
  })

  test("C7.5 name the fields that are not for everybody", async () => {
    const record = Effect.flatMap(Worlds, (worlds) =>
      worlds.record(world("var/log/gpu"), { type: "gpu_call", details: { caller: "ann" } })
    )
    await user.put("/lib/log", shelve(plugin({ ROUTES: ["/log"], handle: () => record })))
    await operator.put("/lib/log/state", "active")
    expect((await anyone.get("/log")).status).toBe(204)
    const first = async (reader: Person) => pageOf(await reader.get("/proc/events/var/log/gpu")).events[0]
    const [told, whole] = [await first(anyone), await first(operator)]
    expect(told).toMatchObject({ withheld: ["caller"], hmac: whole?.hmac })
    expect(told?.payload).not.toContain("ann")
    expect(whole?.payload).toContain('"caller":"ann"')
    expect(whole).not.toHaveProperty("withheld")
    expect(whole?.hmac).toBe(
      createHmac("sha256", key)
        .update(whole?.payload ?? "")
        .digest("hex")
    )
  })

  test("C8 leave the listing of /proc as it is", async () => {
    expect((await anyone.get("/proc/")).text).not.toMatch(/events|self/)
  })
})

describe("C8 /proc/self: who asks", () => {
  test("C7.1 tells the tier of each, and the scope of a capability", async () => {
    const { exp, token } = mintedOf(await operator.post("/auth/mint?prefix=/home/e&mode=r"))
    expect((await anyone.get("/proc/self")).json()).toEqual({ tier: 1, id: "anonymous" })
    expect((await user.get("/proc/self")).json()).toEqual({ tier: 2, id: "token:T2" })
    expect((await operator.get("/proc/self")).json()).toEqual({ tier: 3, id: "token:T3" })
    const self = await holder(token).get("/proc/self")
    expect(self.json()).toMatchObject({ tier: 2, scope: { prefix: "/home/e", mode: "r" }, expires: exp })
    expect(self.text).not.toContain(token)
    expect((await holder("junk").get("/proc/self")).json()).toMatchObject({ tier: 1 })
  })
})

describe("C9 /stream/: everything", () => {
  test("C9 tells changes wherever they are, as far as the caller may read", async () => {
    await operator.put("/etc/private", "/home/e/private\n")
    const [all, public_] = [
      await open("/stream/", { authorization: `Bearer ${"operator.token"}` }),
      await open("/stream/")
    ]
    await user.put("/home/e/private", "y")
    await operator.put("/var/e", "x")
    expect(await heard(all)).toMatchObject({ event: "change", data: { path: "/home/e/private" } })
    expect(await heard(all)).toMatchObject({ event: "change", data: { path: "/var/e", version: 1, op: "put" } })
    expect(await heard(public_)).toMatchObject({ event: "change", data: { path: "/var/e" } })
    await operator.del("/etc/private")
  })
  test("C7.4 is outside of every capability", async () => {
    const { token } = mintedOf(await operator.post("/auth/mint?prefix=/home/e"))
    expect((await holder(token).get("/stream/")).status).toBe(403)
  })
})

describe("C10.1 If-Match on a plugin's state", () => {
  test("C10.1 what is approved is the source that the tag names", async () => {
    const source = shelve(plugin({ ROUTES: ["/approved"] }))
    const read = String((await user.put("/lib/approved", source)).headers.etag)
    const exchanged = String((await user.put("/lib/approved", source)).headers.etag)
    expect((await operator.put("/lib/approved/state", "active", { "if-match": read })).status).toBe(412)
    expect((await anyone.get("/approved")).status).toBe(404)
    expect((await operator.put("/lib/approved/state", "active", { "if-match": exchanged })).status).toBe(200)
    expect((await anyone.get("/approved")).status).toBe(200)
    expect((await operator.put("/lib/approved/state", "disabled", { "if-match": read })).status).toBe(412)
    expect((await anyone.get("/approved")).status).toBe(200)
  })
})
