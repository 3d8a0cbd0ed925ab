import { afterAll, describe, expect, onTestFinished, test } from "vitest"
import { people, receiptOf } from "../helpers/People.ts"
import { connection, patience, requestText } from "../helpers/RawSocket.ts"
import { databaseOf, eventsIn } from "../helpers/Sqlite.ts"
import { type Listener, listen } from "../helpers/Sse.ts"
import { tempDirectory } from "../helpers/Temp.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, operator, user } = people(server)

/** A stream that goes with its test. */
const open = async (target: string, headers = {}, of = server): Promise<Listener> => {
  const stream = await listen(of, target, headers)
  onTestFinished(stream.close)
  return stream
}

/** The next event, its data parsed. */
const heard = async (stream: Listener) => {
  const event = await stream.next()
  return event === undefined ? undefined : { ...event, data: JSON.parse(event.data) }
}

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

describe("C9 a collection", () => {
  test("C9 change, with path, version and op, for everything below it and nothing else", async () => {
    await user.put("/home/c9c", "the world of that name is not below it")
    const stream = await open("/stream/home/c9c/")
    await user.put("/home/c9c", "x")
    await user.put("/home/c9cx", "x")
    await user.put("/home/c9c/a", "x")
    await user.post("/home/c9c/a", "y")
    await user.post("/home/c9c/deep/er/b", "y")
    await operator.del("/home/c9c/a")
    for (const data of [
      { path: "/home/c9c/a", version: 1, op: "put" },
      { path: "/home/c9c/a", version: 2, op: "append" },
      { path: "/home/c9c/deep/er/b", version: 1, op: "append" },
      { path: "/home/c9c/a", version: 2, op: "delete" }
    ]) {
      expect(await heard(stream)).toEqual({ event: "change", id: expect.stringMatching(/./), data })
    }
  })
  test("C9 of a namespace, and short for home", async () => {
    const streams = [await open("/stream/home/"), await open("/stream/c9-shorter/")]
    await user.put("/home/c9-shorter/x", "x")
    for (const stream of streams) expect(await heard(stream)).toMatchObject({ data: { path: "/home/c9-shorter/x" } })
  })
  test("C9 of nothing yet: it waits", async () => {
    const stream = await open("/stream/home/c9-nothing/")
    await user.put("/home/c9-nothing/x", "x")
    expect(await heard(stream)).toMatchObject({ event: "change", data: { path: "/home/c9-nothing/x" } })
  })
  test("C9 refused writes are no change", async () => {
    const stream = await open("/stream/home/c9-refused/")
    await user.put("/home/c9-refused/x", "x", { "if-match": "*" })
    await anyone.put("/home/c9-refused/x", "x")
    await user.put("/home/c9-refused/y", "x")
    expect(await heard(stream)).toMatchObject({ data: { path: "/home/c9-refused/y" } })
  })
  test("C9 a replayed append is no change", async () => {
    await user.post("/home/c9-replay/x", "x", { "idempotency-key": "k" })
    const stream = await open("/stream/home/c9-replay/")
    await user.post("/home/c9-replay/x", "x", { "idempotency-key": "k" })
    await user.put("/home/c9-replay/y", "x")
    expect(await heard(stream)).toMatchObject({ data: { path: "/home/c9-replay/y" } })
  })
  test("C9 a cursor brings what was missed, in order, and no stale", async () => {
    const first = await open("/stream/home/c9-cursor/")
    await user.put("/home/c9-cursor/a", "x")
    const id = (await first.next())?.id ?? ""
    first.close()
    await user.put("/home/c9-cursor/b", "x")
    await user.put("/home/c9-cursor/c", "x")
    const second = await open("/stream/home/c9-cursor/", { "last-event-id": id })
    expect((await heard(second))?.data.path).toBe("/home/c9-cursor/b")
    expect((await heard(second))?.data.path).toBe("/home/c9-cursor/c")
  })
  test("C9 a cursor that is current repeats nothing", async () => {
    const first = await open("/stream/home/c9-current/")
    await user.put("/home/c9-current/a", "x")
    const id = (await first.next())?.id ?? ""
    const second = await open("/stream/home/c9-current/", { "last-event-id": id })
    await user.put("/home/c9-current/b", "x")
    expect((await heard(second))?.data.path).toBe("/home/c9-current/b")
  })
  test("C9 a cursor that cannot be honoured gets stale first", async () => {
    const probe = await open("/stream/home/c9-stale/")
    await user.put("/home/c9-stale/probe", "x")
    const real = (await probe.next())?.id ?? ""
    const ahead = real.replace(/\d+$/, "999999")
    for (const cursor of ["x", "1", "0", `other-${real}`, ahead, "-1", "NaN"]) {
      const stream = await open("/stream/home/c9-stale/", { "last-event-id": cursor })
      expect([cursor, (await stream.next())?.event]).toEqual([cursor, "stale"])
      await user.put("/home/c9-stale/x", "x")
      expect([cursor, (await stream.next())?.event]).toEqual([cursor, "change"])
      stream.close()
    }
  })
  test("C9 the id of stale is a cursor too", async () => {
    const id = (await (await open("/stream/home/c9-again/", { "last-event-id": "x" })).next())?.id
    await user.put("/home/c9-again/x", "x")
    const stream = await open("/stream/home/c9-again/", id === undefined ? {} : { "last-event-id": id })
    expect(await heard(stream)).toMatchObject({ event: "change", data: { path: "/home/c9-again/x" } })
  })
  test("C9 a cursor of an earlier run is stale in the next", async () => {
    const before = await start()
    const first = await open("/stream/home/", {}, before)
    await people(before).user.put("/home/x", "x")
    const id = (await first.next())?.id ?? ""
    await before.stop()
    const stream = await open("/stream/home/c9-run/", { "last-event-id": id })
    expect((await stream.next())?.event).toBe("stale")
  })
})

describe("C9 slow readers and the end", () => {
  test("C9 a reader that does not read is skipped ahead to the newest state, and nothing piles up for it", async () => {
    const size = 100_000
    const commits = 400
    await user.put("/home/c9-slow", "first")
    const socket = await connection(server.port)
    onTestFinished(() => {
      socket.destroy()
    })
    socket.pause()
    socket.write(requestText("GET /stream/home/c9-slow HTTP/1.1"))
    const other = await open("/stream/home/c9-slow")
    for (let i = 1; i <= commits; i++) await user.put("/home/c9-slow", `${i};`.padEnd(size, "x"))
    let version = 0
    while (version !== commits + 1) version = (await heard(other))?.data.version

    // Everything that was kept for the reader is what it now gets.
    let received = 0
    let tail = ""
    await new Promise<void>((resolve, reject) => {
      const impatient = setTimeout(() => reject(new Error("the newest state did not come")), patience)
      socket.on("data", (chunk) => {
        received += chunk.length
        tail = (tail + chunk.toString("latin1")).slice(-2 * size)
        if (!tail.includes(`"version":${commits + 1},`)) return
        clearTimeout(impatient)
        resolve()
      })
      socket.resume()
    })
    // The system's socket buffers take a few megabytes whatever the server does.
    expect(received).toBeLessThan((size * commits) / 3)
  })

  test("C9 a reader that left is forgotten", async () => {
    await user.put("/home/c9-left", "x")
    const streams = await Promise.all(Array.from({ length: 20 }, () => open("/stream/home/c9-left")))
    const count = async () => Number(/^elastik_streams (\d+)$/m.exec((await anyone.get("/proc/metrics")).text)?.[1])
    const before = await count()
    for (const stream of streams) stream.close()
    await Promise.all(streams.map(({ ended }) => ended))
    const deadline = Date.now() + patience
    while ((await count()) > before - streams.length && Date.now() < deadline) await user.put("/home/c9-left", "x")
    expect(await count()).toBeLessThanOrEqual(before - streams.length)
  })

  test("C9 shutdown ends streams at once", async () => {
    const stopping = await start()
    const { user } = people(stopping)
    await user.put("/home/x", "x")
    const streams = [await open("/stream/home/x", {}, stopping), await open("/stream/home/", {}, stopping)]
    await streams[0]?.next()
    const began = performance.now()
    const stopped = stopping.stop()
    for (const stream of streams) {
      await stream.ended
      expect(await stream.next()).toBeUndefined()
    }
    expect(performance.now() - began).toBeLessThan(1000)
    await stopped
    expect(performance.now() - began).toBeLessThan(2000)
  })
})
