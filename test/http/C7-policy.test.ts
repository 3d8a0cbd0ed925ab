import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { lines, namesOf, type Person, people, person } from "../helpers/People.ts"
import { capOf, nowSeconds, sha256 } from "../helpers/Secrets.ts"
import { listen } from "../helpers/Sse.ts"
import { key, start, T2, T3 } from "../helpers/TestServer.ts"

const server = await start()
const closed = await start({ privateRead: true })
afterAll(() => Promise.all([server.stop(), closed.stop()]))

/** The rule, written a second time from the text of C7, about callers who are described and not recognised. */
interface Who {
  readonly name: string
  readonly authorization: string | undefined
  readonly tier: 1 | 2 | 3
  readonly credentialed: boolean
  readonly scope?: readonly [prefix: string, mode: "r" | "rw"]
}

const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`
const cap = (prefix: string, mode: string, exp = nowSeconds() + 3600, under = key) =>
  `Bearer ${capOf(under, prefix, exp, mode)}`
const nobody = { tier: 1, credentialed: false } as const
const holder = (prefix: string, mode: "r" | "rw"): Who => ({
  name: `a cap ${mode} on ${prefix}`,
  authorization: cap(prefix, mode),
  tier: 2,
  credentialed: true,
  scope: [prefix.slice(1), mode]
})

const callers: ReadonlyArray<Who> = [
  { name: "nobody", authorization: undefined, ...nobody },
  { name: "T2", authorization: `Bearer ${T2}`, tier: 2, credentialed: true },
  { name: "T3", authorization: `Bearer ${T3}`, tier: 3, credentialed: true },
  { name: "T2 by Basic", authorization: basic("whoever", T2), tier: 2, credentialed: true },
  { name: "T3 by Basic", authorization: basic("", T3), tier: 3, credentialed: true },
  { name: "a T1 user", authorization: basic("one", "p1"), tier: 1, credentialed: true },
  { name: "a T2 user", authorization: basic("two", "p:2"), tier: 2, credentialed: true },
  { name: "a T3 user", authorization: basic("three", "p3"), tier: 3, credentialed: true },
  { name: "a user with a wrong password", authorization: basic("three", "p4"), ...nobody },
  { name: "an unknown token", authorization: "Bearer unknown", ...nobody },
  { name: "an expired cap", authorization: cap("/home", "rw", nowSeconds() - 1), ...nobody },
  { name: "a cap under another key", authorization: cap("/home", "rw", nowSeconds() + 60, "guess"), ...nobody },
  { name: "a cap of a mode that is none", authorization: cap("/home", "w"), ...nobody },
  holder("/home/cap", "r"),
  holder("/home/cap", "rw"),
  holder("/home/secret", "r"),
  holder("/etc", "rw"),
  holder("/boot", "rw"),
  holder("/lib", "rw"),
  holder("/lib/a", "r"),
  holder("/", "rw"),
  holder("/", "r"),
  holder("/nowhere", "rw")
]

const names = [
  ...["boot/env", "etc/a", "etc/fstab", "etc/fstab/x", "etc/fstabs", "etc/private", "etc/passwd", "etc/shadow"],
  ...["etc/shadow/x", "etc/shadowy", "home/a", "home/cap", "home/cap/x", "home/cap/x/y", "home/cap.x", "home/capx"],
  ...["home/mixed/open", "home/mixed/secret", "home/secret", "home/secret/x", "home/secret/x/y", "home/secretive"],
  ...["lib/a", "lib/b", "usr/a", "usr/lib/a", "var/a", "var/log/a", "var/private/a"]
].sort()
const privately = ["home/secret", "home/mixed/secret", "var/private"]
const privateText =
  "# what only those with a credential may read\n\n/home/secret\r\nhome/mixed/secret/\n  /var/private  \n/home/../bad\n"

const within = (path: string, prefix: string) => prefix === "" || path === prefix || path.startsWith(`${prefix}/`)
const inScope = ({ scope }: Who, path: string) => scope === undefined || within(path, scope[0])
const mayRead = (who: Who, path: string, everything: boolean) =>
  inScope(who, path) &&
  (who.tier === 3 || !["boot", "etc/shadow", "etc/fstab"].some((prefix) => within(path, prefix))) &&
  (who.credentialed || !(everything || privately.some((prefix) => within(path, prefix))))
const mayWrite = (who: Who, path: string) =>
  inScope(who, path) && who.scope?.[1] !== "r" && who.tier >= (/^(home|lib)\//.test(path) ? 2 : 3)
const mayDelete = (who: Who) => who.tier === 3

beforeAll(async () => {
  for (const one of [server, closed]) {
    const { operator } = people(one)
    for (const name of names) await operator.put(`/${name}`, `the bytes of ${name}`)
    await operator.put("/etc/passwd", "one:T1\ntwo:T2\nthree:T3\n")
    await operator.put("/etc/shadow", `one:${sha256("p1")}\ntwo:${sha256("p:2")}\nthree:${sha256("p3")}\n`)
    await operator.put("/etc/private", privateText)
  }
})

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
