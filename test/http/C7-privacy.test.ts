import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { people } from "../helpers/People.ts"
import { callers, inScope, mayRead, names, populate, privateText } from "../helpers/PolicyRule.ts"
import { listen } from "../helpers/Sse.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
const closed = await start({ privateRead: true })
afterAll(() => Promise.all([server.stop(), closed.stop()]))
beforeAll(() => Promise.all([populate(server), populate(closed)]))

const machines = [
  ["public", server, false],
  ["ELASTIK_READ=private", closed, true]
] as const
describe("C7.5 a refusal comes before everything that would tell", () => {
  test.each(["/home/secret", "/home/secret/none", "/boot/env", "/etc/shadow"])("C7.5 %s", async (target) => {
    const { anyone } = people(server)
    const plain = await anyone.get(target)
    for (const [query, headers] of [
      ["?v=1", {}],
      ["?raw", { "if-none-match": "*" }],
      ["?raw", { "if-match": '"x"' }],
      ["?raw", { "if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT" }],
      ["?raw", { range: "bytes=999-" }],
      ["", { accept: "image/png" }]
    ] as const) {
      const answer = await anyone.get(target + query, headers)
      expect([query, headers, answer.status, answer.text]).toEqual([query, headers, 403, plain.text])
      expect([answer.headers.etag, answer.headers["last-modified"]]).toEqual([undefined, undefined])
    }
  })
  test("C7.1 pages of a listing do not tell of what is left out", async () => {
    const page = await people(server).anyone.get("/home/mixed/?limit=1")
    expect([page.text, page.headers.link]).toEqual(["open\n", undefined])
  })
})

describe("C7.1 streams of collections name only what the listener may read", () => {
  test.each(machines)("C7.1 %s", async (_, machine, everything) => {
    const { operator } = people(machine)
    for (const namespace of ["home", "etc", "var", "boot"]) {
      const listeners = await Promise.all(
        callers.map(async (who) => {
          const headers = who.authorization === undefined ? {} : { authorization: who.authorization }
          return { who, stream: await listen(machine, `/stream/${namespace}/`, headers) }
        })
      )
      const written = names.filter((name) => name.startsWith(`${namespace}/`) && !/passwd|shadow$|private$/.test(name))
      for (const name of written) expect((await operator.put(`/${name}`, "again")).status).toBe(200)
      for (const { stream, who } of listeners) {
        expect([who.name, stream.status]).toEqual([who.name, inScope(who, namespace) ? 200 : 403])
        const expected = stream.status === 200 ? written.filter((name) => mayRead(who, name, everything)) : []
        for (const name of expected) {
          const event = await stream.next()
          expect([who.name, event?.event, JSON.parse(event?.data ?? "{}").path]).toEqual([
            who.name,
            "change",
            `/${name}`
          ])
        }
        // What else was sent would have come before the news of one more world, which all of them may read or none.
        stream.close()
        await stream.ended
        expect([who.name, await stream.next()]).toEqual([who.name, undefined])
      }
    }
  })
})

describe("C7.1 /etc/private counts from the next request on", () => {
  test("C7.1 for answers that were given before, and may be kept", async () => {
    const { anyone, operator, user } = people(server)
    await user.put("/home/later", "the bytes of later")
    for (let i = 0; i < 20; i++) {
      for (const target of ["/home/later?raw", "/home/later"]) expect((await anyone.get(target)).status).toBe(200)
    }
    await operator.put("/etc/private", `${privateText}/home/later\n`)
    for (const target of ["/home/later?raw", "/home/later"]) {
      expect((await anyone.get(target)).status).toBe(403)
      expect((await anyone.head(target)).status).toBe(403)
      expect((await user.get(target)).status).toBe(200)
    }
    await operator.put("/etc/private", privateText)
    expect((await anyone.get("/home/later?raw")).status).toBe(200)
  })

  test("C7.1 at once, however many read meanwhile", async () => {
    const { anyone, operator } = people(server)
    await operator.put("/home/toggled", "the bytes of toggled")
    const rules = "/home/secret\n/home/mixed/secret\n/var/private\n"
    let toggling = true
    const read = async () => {
      while (toggling) await anyone.get("/home/toggled?raw")
    }
    const readers = Array.from({ length: 6 }, read)
    for (let i = 0; i < 40; i++) {
      await operator.put("/etc/private", `${rules}/home/toggled\n`)
      const refused = [await anyone.get("/home/toggled?raw"), await anyone.get("/home/toggled?raw")]
      expect([i, ...refused.map(({ status }) => status)]).toEqual([i, 403, 403])
      await operator.put("/etc/private", rules)
      expect([i, (await anyone.get("/home/toggled?raw")).status]).toEqual([i, 200])
    }
    toggling = false
    await Promise.all(readers)
    await operator.put("/etc/private", privateText)
  })

  test("C7.1 for streams that are open", async () => {
    const { operator, user } = people(server)
    await user.put("/home/watched", "before")
    const stream = await listen(server, "/stream/home/watched")
    const all = await listen(server, "/stream/home/")
    await stream.next()
    await operator.put("/etc/private", `${privateText}/home/watched\n`)
    await user.put("/home/watched", "the secret")
    expect(await stream.next()).toBeUndefined()
    await operator.put("/etc/private", privateText)
    await user.put("/home/watched-neighbour", "x")
    expect(JSON.parse((await all.next())?.data ?? "{}").path).toBe("/home/watched-neighbour")
    all.close()
  })

  test("C7.1 when it is deleted, too", async () => {
    const { anyone, operator } = people(closed)
    expect((await anyone.get("/home/secret")).status).toBe(403)
    await operator.del("/etc/private")
    // ELASTIK_READ=private stays.
    expect((await anyone.get("/home/secret")).status).toBe(403)
    await operator.put("/etc/private", privateText)
  })
})
