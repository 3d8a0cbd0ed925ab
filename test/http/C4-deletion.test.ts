import { readdirSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, expect, onTestFinished, test } from "vitest"
import { lines, namesOf, people } from "../helpers/People.ts"
import { eventsIn, sqlite3, worldDirectories } from "../helpers/Sqlite.ts"
import { tempDirectory } from "../helpers/Temp.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, holder, operator, user } = people(server)

const onDisk = async () => {
  const data = tempDirectory()
  const disk = await start({ data })
  onTestFinished(disk.stop)
  return { data, disk, ...people(disk) }
}

/** Every database in the trash. */
const trashed = (data: string): ReadonlyArray<string> =>
  readdirSync(join(data, ".trash"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith("universe.db"))
    .map((path) => join(data, ".trash", path))

const bodyIn = (file: string) => sqlite3(file, "SELECT CAST(stage_html AS TEXT) AS body FROM stage_meta")[0]?.body

describe("C4.5 DELETE", () => {
  test("C4.5 takes the world and all below it, and names them", async () => {
    for (const name of ["a", "a/b", "a/b/c", "a/d"]) await user.put(`/home/c45/${name}`, "x")
    const answer = await operator.del("/home/c45/a")
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, "application/json"])
    const { deleted } = JSON.parse(answer.text)
    expect(Object.keys(JSON.parse(answer.text))).toEqual(["deleted"])
    expect([...deleted].sort()).toEqual(["home/c45/a", "home/c45/a/b", "home/c45/a/b/c", "home/c45/a/d"])
    expect((await anyone.get("/home/c45/a/b/c")).status).toBe(404)
  })
  test("C4.5 spares neighbours whose names begin alike", async () => {
    for (const name of ["keep", "keep.bak", "keep-2", "keeper", "keep0", "keep/below"])
      await user.put(`/home/c45n/${name}`, "x")
    await operator.del("/home/c45n/keep")
    expect(lines(await anyone.get("/home/c45n/"))).toEqual(["keep-2", "keep.bak", "keep0", "keeper"])
  })
  test("C4.5 of keep.bak, which is not there, spares keep", async () => {
    await user.put("/home/c45k/keep", "x")
    expect((await operator.del("/home/c45k/keep.bak")).status).toBe(404)
    expect((await anyone.get("/home/c45k/keep?raw")).text).toBe("x")
  })
  test("C4.5 of a path that only has worlds below it", async () => {
    await user.put("/home/c45c/a/x", "x")
    expect((await operator.del("/home/c45c/a")).json()).toEqual({ deleted: ["home/c45c/a/x"] })
    expect((await anyone.get("/home/c45c/a")).status).toBe(404)
  })
  test.each(["/home", "/home/", "/lib", "/"])("C4.5 of a whole namespace, %s, is 405 with Allow", async (target) => {
    const answer = await operator.del(target)
    expect([answer.status, answer.headers.allow]).toEqual([405, "GET, HEAD, OPTIONS"])
  })
  test.each(["/home/c45-none", "/etc/c45/none"])("C4.5 of nothing, %s, is 404", async (target) => {
    expect((await operator.del(target)).status).toBe(404)
  })
  test("C4.5 twice is 404 the second time", async () => {
    await user.put("/home/c45t", "x")
    expect([(await operator.del("/home/c45t")).status, (await operator.del("/home/c45t")).status]).toEqual([200, 404])
  })
  test("C4.5 at once by many: it is deleted once", async () => {
    for (let round = 0; round < 5; round++) {
      await user.put("/home/c45m", "x")
      const answers = await Promise.all(Array.from({ length: 5 }, () => operator.del("/home/c45m")))
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404, 404, 404])
    }
  })
  test("C4.5 needs T3", async () => {
    await user.put("/home/c45w", "x")
    const minted = await operator.post("/auth/mint?prefix=/home/c45w&mode=rw")
    for (const asked of [anyone, user, holder(JSON.parse(minted.text).token)]) {
      expect((await asked.del("/home/c45w")).status).toBe(403)
      expect((await asked.del("/home/c45w/none")).status).toBe(403)
    }
    expect((await anyone.get("/home/c45w?raw")).text).toBe("x")
  })
  test.each(["home", "etc", "usr", "var", "boot", "lib"])("C4.5 in /%s", async (namespace) => {
    await operator.put(`/${namespace}/c45`, "x")
    expect((await operator.del(`/${namespace}/c45`)).json()).toEqual({ deleted: [`${namespace}/c45`] })
  })
  test("C4.5 what was deleted is gone from every listing", async () => {
    await user.put("/home/c45l", "x")
    await operator.del("/home/c45l")
    expect(namesOf(await operator.get("/proc/worlds"))).not.toContain("home/c45l")
    expect(lines(await anyone.get("/home/"))).not.toContain("c45l")
  })
  test("C4.5 a world of the same name begins anew", async () => {
    await user.put("/home/c45r", "old", { "x-meta-author": "me" })
    await operator.del("/home/c45r")
    expect((await user.post("/home/c45r", "new")).status).toBe(201)
    const read = await anyone.get("/home/c45r?raw")
    expect([read.text, read.headers["x-meta-author"]]).toEqual(["new", undefined])
    expect((await anyone.get("/home/c45r")).json()).toMatchObject({ version: 1 })
  })
})

describe("C4.5 the trash", () => {
  test("C4.5 keeps each deletion of one name apart", async () => {
    const { data, operator, user } = await onDisk()
    for (const life of ["first", "second", "third"]) {
      await user.put("/home/x", life)
      await operator.del("/home/x")
    }
    expect(worldDirectories(data)).toEqual([])
    expect(trashed(data).map(bodyIn).sort()).toEqual(["first", "second", "third"])
  })
  test("C4.5 holds a final stage_deleted event", async () => {
    const { data, operator, user } = await onDisk()
    await user.put("/home/x", "x")
    await operator.del("/home/x")
    const events = trashed(data).flatMap(eventsIn)
    expect(events.map(({ event_type }) => event_type)).toEqual(["stage_written", "stage_deleted"])
    expect(events.at(-1)?.said).toMatchObject({ op: "delete", version_after: 1 })
  })
  test("C4.5 takes what is below too", async () => {
    const { data, operator, user } = await onDisk()
    for (const name of ["a", "a/b", "a/b/c"]) await user.put(`/home/${name}`, name)
    await operator.del("/home/a")
    expect(trashed(data).map(bodyIn).sort()).toEqual(["a", "a/b", "a/b/c"])
  })
  test("C4.5 does not fail for a name as long as names can be", async () => {
    const { data, operator, user } = await onDisk()
    const longest = `/home/${"n".repeat(248)}`
    for (const life of ["first", "second"]) {
      await user.put(longest, life)
      expect((await operator.del(longest)).status).toBe(200)
    }
    expect(trashed(data).map(bodyIn).sort()).toEqual(["first", "second"])
  })
  test("C4.5 does not come back with the next start", async () => {
    const { data, disk, operator, user } = await onDisk()
    await user.put("/home/x", "x")
    await operator.del("/home/x")
    await disk.stop()
    const again = await start({ data })
    onTestFinished(again.stop)
    expect(namesOf(await people(again).operator.get("/proc/worlds"))).toEqual([])
  })
  test("C4.5 while others write below it: nothing half there, nothing half gone", async () => {
    const { data, disk, anyone, operator, user } = await onDisk()
    await user.put("/home/busy/0/0", "the first")
    const answered = { created: 1, deleted: 0 }
    const write = async (writer: number) => {
      for (let i = 0; i < 25; i++) {
        const name = `/home/busy/${writer % 3}/${i % 4}`
        const { status } = await (i % 2 === 0 ? user.put : user.post)(name, `${writer}.${i}`)
        expect([200, 201]).toContain(status)
        if (status === 201) answered.created++
      }
    }
    const remove = async () => {
      for (let i = 0; i < 15; i++) {
        const answer = await operator.del(i % 3 === 0 ? "/home/busy" : `/home/busy/${i % 3}`)
        expect([200, 404]).toContain(answer.status)
        if (answer.status === 200) answered.deleted += JSON.parse(answer.text).deleted.length
      }
    }
    await Promise.all([...Array.from({ length: 6 }, (_, writer) => write(writer)), remove()])
    const names = namesOf(await anyone.get("/proc/worlds"))
    expect(answered.created - answered.deleted).toBe(names.length)
    expect(trashed(data)).toHaveLength(answered.deleted)
    for (const name of names) {
      expect((await operator.get(`/proc/verify/${name}`)).json()).toMatchObject({
        chain: { ok: true },
        body: { ok: true }
      })
    }
    await disk.stop()
    expect(worldDirectories(data)).toEqual(names.map((name) => name.replaceAll("/", "%2F")))
  })
})
