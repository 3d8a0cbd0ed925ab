import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { lines, namesOf, type Person, person } from "../helpers/People.ts"
import { callers, inScope, mayDelete, mayRead, mayWrite, names, populate } from "../helpers/PolicyRule.ts"
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
/** What privacy makes a difference to. */
const few = ["nobody", "T2", "T3", "a T1 user", "an unknown token", "an expired cap", "a cap r on /home/cap"]
const cases = machines.flatMap(([mode, machine, everything]) =>
  callers
    .filter(({ name }) => !everything || few.includes(name))
    .map((who) => [mode, who.name, person(machine, who.authorization), who, everything, machine] as const)
)

describe.each(cases)("C7 %s: %s", (_mode, _name, asked: Person, who, everything, machine) => {
  test("C7.1 reads exactly what is theirs to read", async () => {
    for (const name of names) {
      const expected = mayRead(who, name, everything) ? 200 : 403
      for (const target of [`/${name}?raw`, `/bin/${name}`]) {
        const read = await asked.get(target)
        expect([target, read.status]).toEqual([target, expected])
        if (expected === 403) expect(read.text).not.toContain("the bytes of")
      }
      expect([name, (await asked.head(`/bin/bin/${name}`)).status]).toEqual([name, expected])
    }
  })

  test("C7.5 hears the same of what is there and what is not, where they may not look", async () => {
    for (const name of names.filter((name) => !mayRead(who, name, everything))) {
      const there = await asked.get(`/${name}`)
      const missing = await asked.get(`/${name}/no-such-world`)
      expect([name, missing.status, missing.text]).toEqual([name, there.status, there.text])
    }
  })

  test("C7.1 writes exactly what is theirs to write", async () => {
    // The condition holds for nothing, so that whoever may write changes nothing either.
    const headers = { "if-match": '"never"' }
    for (const name of [...names, "home/new", "home/cap/new", "lib/new", "etc/new"]) {
      const expected = mayWrite(who, name) ? 412 : 403
      for (const target of [`/${name}`, `/bin/${name}`]) {
        expect([target, (await asked.put(target, "x", headers)).status]).toEqual([target, expected])
        expect([target, (await asked.post(target, "x", headers)).status]).toEqual([target, expected])
      }
    }
  })

  test("C7.1 deletes as T3 alone", async () => {
    for (const name of [...names, "home/new", "home/cap"]) {
      for (const target of [`/${name}`, `/bin/${name}`]) {
        const { status } = await asked.del(target, { "if-match": '"never"' })
        expect([target, status]).toEqual([target, mayDelete(who) ? 412 : 403])
      }
    }
  })

  test("C7.1 verifies as T3 alone", async () => {
    for (const name of ["home/a", "home/cap/x", "boot/env", "home/none"]) {
      const { status } = await asked.get(`/proc/verify/${name}`)
      if (who.tier === 3) expect([name, status]).toEqual([name, name === "home/none" ? 404 : 200])
      else expect([name, [401, 403].includes(status)]).toEqual([name, true])
    }
  })

  test("C7.1 mints as T3 alone", async () => {
    expect((await asked.post("/auth/mint")).status).toBe(who.tier === 3 ? 200 : 403)
    expect((await asked.post("/bin/auth/mint?ttl=x")).status).toBe(who.tier === 3 ? 400 : 403)
  })

  test("C7.1 /proc/worlds names what they may read", async () => {
    expect(namesOf(await asked.get("/proc/worlds"))).toEqual(names.filter((name) => mayRead(who, name, everything)))
    expect(lines(await asked.get("/proc/worlds", { accept: "text/plain" }))).toEqual(
      names.filter((name) => mayRead(who, name, everything))
    )
  })

  test("C7.1 listings name what they may read", async () => {
    const readable = names.filter((name) => mayRead(who, name, everything))
    const collections = new Set(
      names.flatMap((name) => [...name.matchAll(/\//g)].map(({ index }) => name.slice(0, index)))
    )
    for (const collection of collections) {
      const list = await asked.get(`/${collection}/`)
      if (!inScope(who, collection)) {
        expect([collection, list.status]).toEqual([collection, 403])
        continue
      }
      const below = readable
        .filter((name) => name.startsWith(`${collection}/`))
        .map((name) => name.slice(collection.length + 1))
      const entries = new Set(below.map((rest) => rest.replace(/\/.*/, "/")))
      expect([collection, list.status, ...lines(list)]).toEqual([collection, 200, ...[...entries].sort()])
      const json = await asked.get(`/${collection}/`, { accept: "application/json" })
      expect(namesOf(json)).toHaveLength(entries.size)
    }
  })

  test("C7.1 a path is a collection only to those who may read something below it", async () => {
    for (const path of ["home/mixed", "usr/lib", "var/private", "var/log"]) {
      const { status } = await asked.get(`/${path}`)
      const visible = names.some((name) => name.startsWith(`${path}/`) && mayRead(who, name, everything))
      expect([path, status === 200]).toEqual([path, visible])
    }
  })

  test("C7.5 streams of worlds open to those who may read them", async () => {
    for (const name of names) {
      for (const target of [name.length % 2 === 0 ? `/stream/${name}` : `/bin/stream/${name}`]) {
        const stream = await listen(
          machine,
          target,
          who.authorization === undefined ? {} : { authorization: who.authorization }
        )
        stream.close()
        expect([target, stream.status]).toEqual([target, mayRead(who, name, everything) ? 200 : 403])
      }
    }
  })
})
