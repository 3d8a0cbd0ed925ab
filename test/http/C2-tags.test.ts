import { afterAll, describe, expect, onTestFinished, test } from "vitest"
import { people } from "../helpers/People.ts"
import { databaseOf, sqlite3 } from "../helpers/Sqlite.ts"
import { tempDirectory } from "../helpers/Temp.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, operator, user } = people(server)

const before = "Sun, 06 Nov 1994 08:49:37 GMT"
const after = "Fri, 01 Jan 2100 00:00:00 GMT"

/** A world with its current tag and date; `changed` was its tag before. */
const world = async (name: string) => {
  const target = `/home/c23/${name}`
  const changed = (await user.put(target, "first")).headers.etag ?? ""
  await user.put(target, "second")
  const { headers } = await anyone.get(`${target}?raw`)
  return { target, raw: `${target}?raw`, tag: headers.etag ?? "", date: headers["last-modified"] ?? "", changed }
}

describe("C2.3 entity tags", () => {
  test("C2.3 are strong and differ per representation", async () => {
    const { target } = await world("tags")
    await user.put(target, "# x", { "content-type": "text/markdown" })
    const tags = [(await anyone.get(`${target}?raw`)).headers.etag ?? ""]
    for (const accept of ["application/json", "text/plain"]) {
      tags.push((await anyone.get(target, { accept })).headers.etag ?? "")
    }
    for (const tag of tags) expect(tag).toMatch(/^"[^"]+"$/)
    expect(new Set(tags).size).toBe(3)
  })

  test("C2.3 differ per version, even when the bytes are the same", async () => {
    const { changed, tag } = await world("versions")
    const again = (await user.put("/home/c23/versions", "second")).headers.etag
    expect(new Set([changed, tag, again]).size).toBe(3)
  })

  test("C2.3 are unique across deletion and re-creation", async () => {
    const seen = new Set<string | undefined>()
    for (let life = 0; life < 3; life++) {
      seen.add((await user.put("/home/c23/reborn", "same")).headers.etag)
      seen.add((await user.post("/home/c23/reborn", "same")).headers.etag)
      await operator.del("/home/c23/reborn")
    }
    expect(seen.size).toBe(6)
  })

  test("C2.3 survive a restart, as conditions on them must", async () => {
    const data = tempDirectory()
    const first = await start({ data })
    const { etag } = (await people(first).user.put("/home/x", "x")).headers
    await first.stop()
    const second = await start({ data })
    onTestFinished(second.stop)
    expect((await people(second).anyone.get("/home/x?raw")).headers.etag).toBe(etag)
    expect((await people(second).user.put("/home/x", "y", { "if-match": etag })).status).toBe(200)
    expect((await people(second).user.put("/home/x", "z", { "if-match": etag })).status).toBe(412)
  })

  test("C2.3 PUT and POST answer with the tag of ?raw", async () => {
    for (const write of [user.put, user.post]) {
      const { etag } = (await write("/home/c23/answers", "x")).headers
      expect((await anyone.get("/home/c23/answers?raw")).headers.etag).toBe(etag)
    }
  })

  test.each(["?raw", "application/json", "text/plain", "text/markdown"])(
    "C2.3 If-Match on a write accepts the tag of the representation %s",
    async (form) => {
      const target = "/home/c23/any.md"
      const tagNow = async () =>
        (await (form === "?raw" ? anyone.get(`${target}?raw`) : anyone.get(target, { accept: form }))).headers.etag
      await user.put(target, "# x")
      const stale = await tagNow()
      expect((await user.put(target, "# y", { "if-match": stale })).status).toBe(200)
      expect((await user.put(target, "# z", { "if-match": stale })).status).toBe(412)
      expect((await user.post(target, "# y", { "if-match": await tagNow() })).status).toBe(200)
      expect((await operator.del(target, { "if-match": stale })).status).toBe(412)
      expect((await operator.del(target, { "if-match": await tagNow() })).status).toBe(200)
    }
  )
})

describe("C2.1 If-Range", () => {
  test.each([
    ["the current tag", 206, (w: { tag: string }) => w.tag],
    ["an old tag", 200, (w: { changed: string }) => w.changed],
    ["the current tag marked weak", 200, (w: { tag: string }) => `W/${w.tag}`],
    ["something else", 200, () => "x"],
    ["an earlier date", 200, () => before],
    ["a later date", 200, () => after]
  ])("C2.1 If-Range with %s: %i", async (what, status, value) => {
    const facts = await world(`if-range-${what.replaceAll(" ", "-")}`)
    const read = await anyone.get(facts.raw, { range: "bytes=1-2", "if-range": value(facts) })
    expect([read.status, read.text]).toEqual(status === 206 ? [206, "ec"] : [200, "second"])
  })

  test("C2.1 If-Range that does not hold hides an unsatisfiable range", async () => {
    const { changed, raw } = await world("if-range-unsatisfiable")
    expect((await anyone.get(raw, { range: "bytes=99-", "if-range": changed })).status).toBe(200)
  })

  test("C2.1 If-Range with the date of a world that has long been as it is", async () => {
    const data = tempDirectory()
    const first = await start({ data })
    await people(first).user.put("/home/old", "0123")
    await first.stop()
    sqlite3(databaseOf(data, "home/old"), "UPDATE stage_meta SET updated_at = '2020-01-02T03:04:05.678Z'")
    const second = await start({ data })
    const headers = { range: "bytes=1-2", "if-range": "Thu, 02 Jan 2020 03:04:05 GMT" }
    const read = await people(second).anyone.get("/home/old?raw", headers)
    await second.stop()
    expect([read.status, read.text]).toEqual([206, "12"])
  })

  test("C2.1 a date that two versions share holds for neither (RFC 9110 section 13.1.5)", async () => {
    const target = "/home/c23/same-second"
    const dateNow = async () => (await anyone.get(`${target}?raw`)).headers["last-modified"]
    for (;;) {
      await user.put(target, "first")
      const date = await dateNow()
      await user.put(target, "other")
      const read = await anyone.get(`${target}?raw`, { range: "bytes=1-", "if-range": date })
      // Otherwise the second ended in between; then the date is no longer the current one, and nothing is tested.
      if (read.headers["last-modified"] !== date) continue
      expect(read.status).toBe(200)
      break
    }
  })
})
