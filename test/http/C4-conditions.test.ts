import { afterAll, describe, expect, test } from "vitest"
import { namesOf, people, receiptOf } from "../helpers/People.ts"
import { worldDirectories } from "../helpers/Sqlite.ts"
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
