import { afterAll, describe, expect, test } from "vitest"
import { namesOf, people, receiptOf } from "../helpers/People.ts"
import { sha256 } from "../helpers/Secrets.ts"
import { databaseOf, eventsIn, worldDirectories } from "../helpers/Sqlite.ts"
import { tempDirectory } from "../helpers/Temp.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, operator, user } = people(server)

const before = "Sun, 06 Nov 1994 08:49:37 GMT"
const after = "Fri, 01 Jan 2100 00:00:00 GMT"
const writers = ["PUT", "POST", "DELETE"] as const

describe("C4.3 conditions of a write", () => {
  type Facts = { readonly tag: string; readonly old: string; readonly date: string }
  const cases: ReadonlyArray<readonly [what: string, holds: boolean, headers: (w: Facts) => Record<string, string>]> = [
    ["If-Match, the current tag", true, ({ tag }) => ({ "if-match": tag })],
    ["If-Match, in a list", true, ({ tag }) => ({ "if-match": `"x", ${tag}` })],
    ["If-Match *", true, () => ({ "if-match": "*" })],
    ["If-Match, an old tag", false, ({ old }) => ({ "if-match": old })],
    ["If-Match, the current tag marked weak", false, ({ tag }) => ({ "if-match": `W/${tag}` })],
    ["If-Match, nonsense", false, () => ({ "if-match": "nonsense" })],
    ["If-None-Match *", false, () => ({ "if-none-match": "*" })],
    ["If-None-Match, the current tag", false, ({ tag }) => ({ "if-none-match": tag })],
    ["If-None-Match, the current tag marked weak", false, ({ tag }) => ({ "if-none-match": `W/${tag}` })],
    ["If-None-Match, an old tag", true, ({ old }) => ({ "if-none-match": old })],
    ["If-Unmodified-Since, the current date", true, ({ date }) => ({ "if-unmodified-since": date })],
    ["If-Unmodified-Since, a later date", true, () => ({ "if-unmodified-since": after })],
    ["If-Unmodified-Since, an earlier date", false, () => ({ "if-unmodified-since": before })],
    ["If-Unmodified-Since, no date", true, () => ({ "if-unmodified-since": "once" })],
    [
      "If-Match decides over If-Unmodified-Since",
      true,
      ({ tag }) => ({ "if-match": tag, "if-unmodified-since": before })
    ],
    ["If-Match and If-None-Match, one failing", false, ({ tag }) => ({ "if-match": tag, "if-none-match": tag })],
    ["If-Modified-Since, which means nothing here", true, () => ({ "if-modified-since": after })]
  ]
  const all = cases.flatMap(([what, holds, headers]) =>
    writers.map((method) => [method, what, holds, headers] as const)
  )
  test.each(all)("C4.3 %s under %s: %o", async (method, what, holds, headers) => {
    const target = `/home/c43/${method}-${what.replace(/[^a-z]+/gi, "-")}`
    const old = (await user.put(target, "old")).headers.etag ?? ""
    const tag = (await user.put(target, "now")).headers.etag ?? ""
    const date = (await anyone.get(`${target}?raw`)).headers["last-modified"] ?? ""
    const answer = await operator.ask(
      method,
      target,
      headers({ tag, old, date }),
      method === "DELETE" ? undefined : "!"
    )
    expect(answer.status).toBe(holds ? 200 : 412)
    const left = await anyone.get(`${target}?raw`)
    expect(left.status === 200 ? left.text : undefined).toBe(
      holds ? { PUT: "!", POST: "now!", DELETE: undefined }[method] : "now"
    )
  })

  test.each(writers)("C4.3 %s of what is not there: If-Match fails, and nothing is left behind", async (method) => {
    for (const [i, headers] of [{ "if-match": "*" }, { "if-match": '"x"' }].entries()) {
      const target = `/home/c43-ghost-${method}-${i}`
      const { status } = await operator.ask(method, target, headers, method === "DELETE" ? undefined : "x")
      expect(status).toBe(412)
      expect((await anyone.get(target)).status).toBe(404)
      expect(namesOf(await operator.get("/proc/worlds"))).not.toContain(target.slice(1))
    }
  })

  test("C4.3 a refused creation leaves nothing on disk", async () => {
    const data = tempDirectory()
    const disk = await start({ data })
    expect((await people(disk).user.put("/home/ghost", "x", { "if-match": "*" })).status).toBe(412)
    await disk.stop()
    expect(worldDirectories(data)).toEqual([])
  })

  test.each(["PUT", "POST"] as const)("C4.3 %s with If-None-Match: * creates, once", async (method) => {
    const target = `/home/c43-create-${method}`
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) => user.ask(method, target, { "if-none-match": "*" }, `writer ${i}`))
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 11 }, () => 412)])
    const won = answers.findIndex(({ status }) => status === 201)
    expect((await anyone.get(`${target}?raw`)).text).toBe(`writer ${won}`)
  })

  test.each(["PUT", "POST"] as const)("C4.3 of many %s with the same If-Match exactly one wins", async (method) => {
    const target = `/home/c43-race-${method}`
    let tag = (await user.put(target, "start")).headers.etag
    for (let round = 0; round < 10; round++) {
      const answers = await Promise.all(
        Array.from({ length: 6 }, (_, i) => user.ask(method, target, { "if-match": tag }, `${round}.${i}`))
      )
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
      expect(answers.filter(({ status }) => status === 412)).toHaveLength(5)
      tag = answers.find(({ status }) => status === 200)?.headers.etag
    }
    expect((await anyone.get(target)).json()).toMatchObject({ version: 11 })
  })

  test("C4.3 a write and a deletion under the same If-Match: one of them", async () => {
    for (let round = 0; round < 10; round++) {
      const { etag } = (await user.put("/home/c43-both", "x")).headers
      const answers = await Promise.all([
        operator.put("/home/c43-both", "y", { "if-match": etag }),
        operator.del("/home/c43-both", { "if-match": etag })
      ])
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 412])
    }
  })

  test("C4.1 concurrent appends all arrive, each once", async () => {
    const receipts = await Promise.all(Array.from({ length: 40 }, (_, i) => user.post("/home/c43-appends", `${i},`)))
    expect(receipts.map((answer) => receiptOf(answer).version).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 1)
    )
    const parts = (await anyone.get("/home/c43-appends?raw")).text.split(",").slice(0, -1).map(Number)
    expect(parts.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i))
  })
})

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
