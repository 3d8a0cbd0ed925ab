import { afterAll, describe, expect, test } from "vitest"
import { people } from "../helpers/People.ts"
import { sha256 } from "../helpers/Secrets.ts"
import { databaseOf, eventsIn } from "../helpers/Sqlite.ts"
import { tempDirectory } from "../helpers/Temp.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, user } = people(server)

describe("C4.4 Idempotency-Key", () => {
  const once = (target: string, body: string | Buffer, key: string) =>
    user.post(target, body, { "idempotency-key": key })
  const said = ({ bytes, headers: { etag, location }, status }: Awaited<ReturnType<typeof once>>) => ({
    status,
    etag,
    location,
    body: bytes.toString()
  })

  test("C4.4 a retry of a creation gets the first answer and appends nothing", async () => {
    const first = await once("/home/c44", "one", "k1")
    expect(first.status).toBe(201)
    expect(said(await once("/home/c44", "one", "k1"))).toEqual(said(first))
    expect((await anyone.get("/home/c44")).json()).toMatchObject({ stage_html: "one", version: 1 })
  })
  test("C4.4 the first answer, though much has happened since", async () => {
    await user.put("/home/c44-since", "start;")
    const first = await once("/home/c44-since", "one;", "k")
    await once("/home/c44-since", "two;", "another")
    await user.put("/home/c44-since", "new;")
    expect(said(await once("/home/c44-since", "one;", "k"))).toEqual(said(first))
    expect((await anyone.get("/home/c44-since?raw")).text).toBe("new;")
  })
  test("C4.4 the same key with other bytes is refused and appends nothing", async () => {
    await once("/home/c44-other", "one", "k")
    const refused = await once("/home/c44-other", "other", "k")
    expect(refused.status).toBeGreaterThanOrEqual(400)
    expect(refused.status).toBeLessThan(500)
    expect((await anyone.get("/home/c44-other?raw")).text).toBe("one")
  })
  test("C4.4 many retries at once append once, and all get one answer", async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => once("/home/c44-many", "one;", "k")))
    expect(new Set(answers.map((answer) => JSON.stringify(said(answer)))).size).toBe(1)
    expect((await anyone.get("/home/c44-many?raw")).text).toBe("one;")
  })
  test("C4.4 keys are each world's own", async () => {
    await once("/home/c44-a", "x", "shared")
    expect((await once("/home/c44-b", "y", "shared")).status).toBe(201)
  })
  test("C4.4 the same bytes without a key, or under another, append again", async () => {
    await once("/home/c44-again", "x", "k1")
    await once("/home/c44-again", "x", "k2")
    await user.post("/home/c44-again", "x")
    expect((await anyone.get("/home/c44-again?raw")).text).toBe("xxx")
  })
  test("C4.4 a refused attempt is not remembered", async () => {
    await user.put("/home/c44-refused", "x")
    const headers = { "idempotency-key": "k", "if-match": '"no"' }
    expect((await user.post("/home/c44-refused", "y", headers)).status).toBe(412)
    expect((await once("/home/c44-refused", "y", "k")).status).toBe(200)
    expect((await anyone.get("/home/c44-refused?raw")).text).toBe("xy")
  })
  test("C4.4 a retry whose condition no longer holds still gets the first answer", async () => {
    const { etag } = (await user.put("/home/c44-cond", "x")).headers
    const attempt = () => user.post("/home/c44-cond", "y", { "idempotency-key": "k", "if-match": etag })
    expect(said(await attempt())).toEqual(said(await attempt()))
    expect((await anyone.get("/home/c44-cond?raw")).text).toBe("xy")
  })
  test("C4.4 a retry by somebody who may not write gets nothing", async () => {
    await once("/home/c44-who", "x", "k")
    expect((await anyone.post("/home/c44-who", "x", { "idempotency-key": "k" })).status).toBe(403)
  })
  test("C4.4 a key survives a restart, and one event is all there is", async () => {
    const data = tempDirectory()
    const first = await start({ data })
    const answer = await people(first).user.post("/home/x", "one", { "idempotency-key": "k" })
    await first.stop()
    const second = await start({ data })
    const again = await people(second).user.post("/home/x", "one", { "idempotency-key": "k" })
    await second.stop()
    expect(said(again)).toEqual(said(answer))
    expect(eventsIn(databaseOf(data, "home/x")).map(({ said }) => said.append_sha256)).toEqual([sha256("one")])
  })
})
