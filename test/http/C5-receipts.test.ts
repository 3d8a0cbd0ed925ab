import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, onTestFinished, test } from "vitest"
import { people, receiptOf } from "../helpers/People.ts"
import { linkOf, sha256 } from "../helpers/Secrets.ts"
import { databaseOf, eventsIn, sqlite3, worldsIn } from "../helpers/Sqlite.ts"
import { sqlOf, tamperings } from "../helpers/Tampering.ts"
import { tempDirectory } from "../helpers/Temp.ts"
import { key, start } from "../helpers/TestServer.ts"

const data = mkdtempSync(join(tmpdir(), "elastik-test-"))
const server = await start({ data })
afterAll(async () => {
  await server.stop()
  rmSync(data, { recursive: true })
})
const { anyone, operator, user } = people(server)
const eventsOf = (name: string) => eventsIn(databaseOf(data, name))

describe("C5.2 the payload", () => {
  test("C5.2 of a PUT, and nothing more", async () => {
    await user.put("/home/put?ext=md", "caf\u00e9", { "x-meta-author": "me", "x-meta-depends-on": ["a", "b"] })
    const [event] = eventsOf("home/put")
    expect(event?.event_type).toBe("stage_written")
    expect(event?.said).toEqual({
      op: "put",
      len: 5,
      ext: "md",
      version_after: 1,
      meta_headers: [
        ["x-meta-author", "me"],
        ["x-meta-depends-on", "a"],
        ["x-meta-depends-on", "b"]
      ],
      body_sha256_after: sha256("caf\u00e9"),
      type: "stage_written",
      ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    })
  })
  test("C5.2 of a POST: the whole after it, and what it added; no metadata", async () => {
    await user.put("/home/append", "one", { "x-meta-author": "me" })
    await user.post("/home/append", "\u6f6e", { "x-meta-author": "you" })
    expect(eventsOf("home/append")[1]?.said).toEqual({
      op: "append",
      len: 6,
      ext: "txt",
      version_after: 2,
      meta_headers: [],
      body_sha256_after: sha256("one\u6f6e"),
      append_len: 3,
      append_sha256: sha256("\u6f6e"),
      type: "stage_appended",
      ts: expect.any(String)
    })
  })
  test("C5.2 a creating POST is an append", async () => {
    await user.post("/home/created", "x")
    expect(eventsOf("home/created").map(({ event_type, said }) => [event_type, said.op, said.append_len])).toEqual([
      ["stage_appended", "append", 1]
    ])
  })
  test("C5.2 each write is one event, with the version and the digest that the receipt said", async () => {
    const receipts = []
    for (let i = 0; i < 5; i++) {
      receipts.push(receiptOf(await user.put("/home/many", `put ${i}`)), receiptOf(await user.post("/home/many", "!")))
    }
    expect(eventsOf("home/many").map(({ said }) => [said.version_after, said.body_sha256_after])).toEqual(
      receipts.map(({ sha256, version }) => [version, sha256])
    )
  })
  test("C5.2 a refused write is none", async () => {
    await user.put("/home/refused", "x")
    await user.put("/home/refused", "y", { "if-match": '"no"' })
    await anyone.put("/home/refused", "y")
    await user.del("/home/refused")
    expect(eventsOf("home/refused")).toHaveLength(1)
  })
  test("C5.2 reading is none", async () => {
    await user.put("/home/read", "x")
    await anyone.get("/home/read?raw")
    await operator.get("/proc/verify/home/read")
    expect(eventsOf("home/read")).toHaveLength(1)
  })
})

describe("C5.3 the chain", () => {
  test("C5.3 hmac = hex(HMAC-SHA256(key, prev_hmac + payload)), from the first event on", async () => {
    for (let i = 0; i < 6; i++) await (i % 2 === 0 ? user.put : user.post)("/home/chain", `\u6f6e ${i}`)
    const events = eventsOf("home/chain")
    expect(events).toHaveLength(6)
    let previous = ""
    for (const event of events) {
      expect(event.prev_hmac).toBe(previous)
      expect(event.hmac).toBe(linkOf(key, previous, event.payload))
      previous = event.hmac
    }
  })
  test("C5.3 type and time stand inside the payload and agree with the columns", async () => {
    await user.put("/home/agree", "x")
    await user.post("/home/agree", "x")
    for (const event of eventsOf("home/agree")) {
      expect([event.event_type, event.timestamp]).toEqual([event.said.type, event.said.ts])
    }
  })
  test("C5.3 concurrent writes make one chain", async () => {
    await Promise.all(Array.from({ length: 30 }, (_, i) => user.post("/home/race", `${i}`)))
    const events = eventsOf("home/race")
    expect(events.map(({ said }) => said.version_after)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1))
    for (const [i, event] of events.entries()) expect(event.prev_hmac).toBe(events[i - 1]?.hmac ?? "")
  })
  test("C5.3 more worlds than anybody keeps open, written at once, each a chain of its own", async () => {
    const names = Array.from({ length: 160 }, (_, i) => `home/wide/${i}`)
    for (let round = 1; round <= 3; round++) {
      const answers = await Promise.all(names.map((name) => user.post(`/${name}`, `${name} ${round}\n`)))
      expect(answers.map((answer) => receiptOf(answer).version)).toEqual(names.map(() => round))
    }
    for (const { events, row } of worldsIn(names.map((name) => databaseOf(data, name)))) {
      expect([row?.version, events.length]).toEqual([3, 3])
      for (const [i, event] of events.entries())
        expect(event.hmac).toBe(linkOf(key, events[i - 1]?.hmac ?? "", event.payload))
    }
    for (const name of names)
      expect((await anyone.get(`/${name}?raw`)).text).toBe([1, 2, 3].map((i) => `${name} ${i}\n`).join(""))
  })
  test("C2.3 the tag comes from the newest event: no two writes share one", async () => {
    const tags = []
    for (let i = 0; i < 5; i++) tags.push((await user.put("/home/tags", "same")).headers.etag)
    expect(new Set(tags).size).toBe(5)
  })
})

describe("C5.4 GET /proc/verify/<path>", () => {
  const verify = async (name: string) => (await operator.get(`/proc/verify/${name}`)).json()

  test.each(tamperings.map((tampering, i) => [tampering.what, i, tampering] as const))(
    "C5.4 sees it when somebody changes %s",
    async (_, i, tampering) => {
      const name = `home/tampered/${i}`
      await user.put(`/${name}`, "one", { "x-meta-author": "me" })
      await user.put(`/${name}`, "two")
      await user.post(`/${name}`, "three")
      sqlite3(databaseOf(data, name), sqlOf(tampering, databaseOf(data, name)))
      const events = eventsCount(databaseOf(data, name))
      const chain = tampering.at === undefined ? { ok: true } : { ok: false, at: tampering.at, why: expect.any(String) }
      const body = tampering.body ? { ok: true } : { ok: false, why: expect.any(String) }
      expect(await verify(name)).toEqual({ path: `/${name}`, events, chain, body })
    }
  )
  const eventsCount = (file: string) => sqlite3(file, "SELECT count(*) AS n FROM events")[0]?.n

  test("C5.4 body and chain are independent: both can be broken", async () => {
    await user.put("/home/both", "x")
    sqlite3(databaseOf(data, "home/both"), "UPDATE events SET hmac = 'x'; UPDATE stage_meta SET stage_html = x'00'")
    expect(await verify("home/both")).toMatchObject({ chain: { ok: false, at: 1 }, body: { ok: false } })
  })
  test("C5.4 what was written by hand is what is read, and its digest is its own", async () => {
    const data = tempDirectory()
    const first = await start({ data })
    await people(first).user.put("/home/hand", "before")
    await first.stop()
    sqlite3(databaseOf(data, "home/hand"), "UPDATE stage_meta SET stage_html = CAST('after, and longer' AS BLOB)")
    const second = await start({ data })
    onTestFinished(second.stop)
    const { anyone, operator } = people(second)
    const head = await anyone.head("/home/hand")
    expect(head.headers["content-length"]).toBe((await anyone.get("/home/hand")).headers["content-length"])
    const read = await anyone.get("/home/hand?raw")
    expect(read.text).toBe("after, and longer")
    expect(read.headers["repr-digest"]).toBe(`sha-256=:${Buffer.from(sha256(read.bytes), "hex").toString("base64")}:`)
    const said = (await operator.get("/proc/verify/home/hand")).json()
    expect(said).toMatchObject({ chain: { ok: true }, body: { ok: false } })
  })
  test("C5.4 a chain of any length is walked", async () => {
    const data = tempDirectory()
    const server = await start({ data })
    onTestFinished(server.stop)
    await people(server).user.put("/home/long", "x")
    const [first] = eventsIn(databaseOf(data, "home/long"))
    const rows: Array<string> = []
    let previous = first?.hmac ?? ""
    for (let id = 2; id <= 2500; id++) {
      const hmac = linkOf(key, previous, first?.payload ?? "")
      rows.push(`(${id}, '${first?.timestamp}', '${first?.event_type}', '${first?.payload}', '${hmac}', '${previous}')`)
      previous = hmac
    }
    sqlite3(
      databaseOf(data, "home/long"),
      `INSERT INTO events (id, timestamp, event_type, payload, hmac, prev_hmac) VALUES ${rows.join(",")}`
    )
    const said = (await people(server).operator.get("/proc/verify/home/long")).json()
    expect(said).toMatchObject({ events: 2500, chain: { ok: true }, body: { ok: true } })
    sqlite3(databaseOf(data, "home/long"), "UPDATE events SET hmac = 'x' WHERE id = 2345")
    expect((await people(server).operator.get("/proc/verify/home/long")).json()).toMatchObject({ chain: { at: 2345 } })
  })
  test("C5.4 of nothing is 404", async () => {
    expect((await operator.get("/proc/verify/home/none")).status).toBe(404)
  })
  test.each(["/proc/verify/nowhere/x", "/proc/verify/proc/status"])("C5.4 %s cannot be verified", async (target) => {
    expect([400, 404]).toContain((await operator.get(target)).status)
  })
  test("C5.4 is for T3", async () => {
    await user.put("/home/mine", "x")
    expect((await user.get("/proc/verify/home/mine")).status).toBe(403)
    expect([401, 403]).toContain((await anyone.get("/proc/verify/home/mine")).status)
    expect([401, 403]).toContain((await anyone.get("/proc/verify/home/none")).status)
  })
})
