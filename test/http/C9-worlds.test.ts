import { afterAll, describe, expect, onTestFinished, test } from "vitest"
import { people, receiptOf } from "../helpers/People.ts"
import { databaseOf, eventsIn } from "../helpers/Sqlite.ts"
import { listener } from "../helpers/Sse.ts"
import { tempDirectory } from "../helpers/Temp.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, operator, user } = people(server)
const { heard, open } = listener(server)

describe("C9 a world", () => {
  test("C9 first its current state, then each commit", async () => {
    await user.put("/home/c9", "one")
    const stream = await open("/stream/home/c9")
    expect([stream.status, stream.headers["content-type"]?.split(";")[0]]).toEqual([200, "text/event-stream"])
    expect(stream.headers["cache-control"]).toMatch(/no-cache|no-store/)
    expect(await heard(stream)).toMatchObject({ event: "update", data: { stage_html: "one", version: 1 } })
    await user.put("/home/c9", "two")
    expect(await heard(stream)).toMatchObject({ event: "update", data: { stage_html: "two", version: 2 } })
    await user.post("/home/c9", ", three")
    expect(await heard(stream)).toMatchObject({ event: "update", data: { stage_html: "two, three", version: 3 } })
  })
  test("C9 data is the JSON envelope", async () => {
    for (const [name, body] of [
      ["text", 'caf\u00e9\r\n"x"\n\u2028'],
      ["binary", Buffer.from([255, 0, 10, 13])]
    ] as const) {
      await user.put(`/home/c9-envelope-${name}`, body)
      const stream = await open(`/stream/home/c9-envelope-${name}`)
      expect((await heard(stream))?.data).toEqual((await anyone.get(`/home/c9-envelope-${name}`)).json())
    }
  })
  test("C9 id is the newest event's id", async () => {
    const data = tempDirectory()
    const disk = await start({ data })
    onTestFinished(disk.stop)
    const { user } = people(disk)
    for (let i = 0; i < 3; i++) await user.put("/home/x", `${i}`)
    const stream = await open("/stream/home/x", {}, disk)
    const ids = [(await stream.next())?.id]
    await user.post("/home/x", "more")
    ids.push((await stream.next())?.id)
    expect(ids).toEqual(
      eventsIn(databaseOf(data, "home/x"))
        .slice(-2)
        .map(({ id }) => String(id))
    )
  })
  test("C9 /stream/x means home/x", async () => {
    await user.put("/home/c9-short/x", "one")
    expect(await heard(await open("/stream/c9-short/x"))).toMatchObject({ data: { stage_html: "one" } })
  })
  test.each(["etc", "usr", "var", "lib", "boot"])("C9 of /%s too", async (namespace) => {
    await operator.put(`/${namespace}/c9`, "one")
    const stream = await open(`/stream/${namespace}/c9`, { authorization: "Bearer operator.token" })
    expect(await heard(stream)).toMatchObject({ event: "update", data: { stage_html: "one" } })
  })
  test.each(["/stream/home/c9-none", "/stream/c9-none", "/stream/etc/none"])(
    "C9 %s, which is not there, is 404",
    async (target) => {
      expect((await anyone.get(target)).status).toBe(404)
    }
  )
  test("C9 a Last-Event-ID that is current: no repeat", async () => {
    await user.put("/home/c9-resume", "one")
    const id = (await (await open("/stream/home/c9-resume")).next())?.id ?? ""
    const stream = await open("/stream/home/c9-resume", { "last-event-id": id })
    await user.put("/home/c9-resume", "two")
    expect(await heard(stream)).toMatchObject({ data: { version: 2 } })
  })
  test.each(["0", "99", "x", "", "-1"])("C9 any other Last-Event-ID, %j, begins with the current state", async (id) => {
    await user.put("/home/c9-other", "x")
    expect(await heard(await open("/stream/home/c9-other", { "last-event-id": id }))).toMatchObject({ event: "update" })
  })
  test("C9 the Last-Event-ID of an earlier life is not current", async () => {
    await user.put("/home/c9-reborn", "old")
    const id = (await (await open("/stream/home/c9-reborn")).next())?.id ?? ""
    await operator.del("/home/c9-reborn")
    await user.put("/home/c9-reborn", "new")
    const stream = await open("/stream/home/c9-reborn", { "last-event-id": id })
    await user.put("/home/c9-reborn", "newer")
    expect(await heard(stream)).toMatchObject({ data: { stage_html: "new" } })
  })
  test("C9 deleted while streaming: told, and the end", async () => {
    await user.put("/home/c9-deleted", "x")
    const stream = await open("/stream/home/c9-deleted")
    await stream.next()
    await operator.del("/home/c9-deleted")
    expect((await stream.next())?.event).toBe("deleted")
    expect(await stream.next()).toBeUndefined()
  })
  test("C9 deleted together with its collection, though worlds below it live on", async () => {
    await user.put("/home/c9-parent", "x")
    await user.put("/home/c9-parent/child", "x")
    const stream = await open("/stream/home/c9-parent/child")
    await stream.next()
    await operator.del("/home/c9-parent")
    expect((await stream.next())?.event).toBe("deleted")
  })
  test("C9 many listeners all hear it", async () => {
    await user.put("/home/c9-many", "0")
    const streams = await Promise.all(Array.from({ length: 50 }, () => open("/stream/home/c9-many")))
    for (const stream of streams) await stream.next()
    await user.put("/home/c9-many", "1")
    for (const stream of streams) expect(await heard(stream)).toMatchObject({ data: { version: 2 } })
  })
  test("C9 whatever is skipped, the newest state comes last", async () => {
    await user.put("/home/c9-burst", "0")
    const stream = await open("/stream/home/c9-burst")
    const writes = Array.from({ length: 60 }, (_, i) => user.post("/home/c9-burst", `${i}`))
    const versions: Array<number> = []
    while (versions.at(-1) !== 61) versions.push((await heard(stream))?.data.version)
    await Promise.all(writes)
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b))
  })
  test("C9 no answer falls between the current state and the first commit", async () => {
    await user.put("/home/c9-gap", "0")
    for (let round = 0; round < 20; round++) {
      const [stream, written] = await Promise.all([open("/stream/home/c9-gap"), user.post("/home/c9-gap", "x")])
      const { version } = receiptOf(written)
      let seen = 0
      while (seen < version) seen = (await heard(stream))?.data.version
      expect(seen).toBe(version)
      stream.close()
    }
  })
})
