import { afterAll, describe, expect, test } from "vitest"
import { people } from "../helpers/People.ts"
import { listener } from "../helpers/Sse.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, operator, user } = people(server)

const { heard, open } = listener(server)

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
