import { rmSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { describe, expect, test, vi } from "vitest"
import { saidBy } from "../helpers/Dav.ts"
import { lines, mintedOf, people } from "../helpers/People.ts"
import { shelve } from "../helpers/Plugins.ts"
import { requestText, sendRaw } from "../helpers/RawSocket.ts"
import { databaseOf } from "../helpers/Sqlite.ts"
import { listener } from "../helpers/Sse.ts"
import { tempDirectory } from "../helpers/Temp.ts"
import { start } from "../helpers/TestServer.ts"

// In the server the host links a plugin to its own modules; here they are these.
vi.mock("elastik/plugin", () => import("../../src/plugin.ts"))

const source = shelve(await import("../../plugins/dav.ts"))

/** A server on a directory, with the plugin, for one test. */
const during = async <A>(run: (given: Awaited<ReturnType<typeof serve>>) => Promise<A>): Promise<A> => {
  const given = await serve()
  try {
    return await run(given)
  } finally {
    await given.server.stop()
  }
}
const serve = async () => {
  const data = tempDirectory()
  const server = await start({ data })
  const who = people(server)
  await who.user.put("/lib/dav", source)
  await who.operator.put("/lib/dav/state", "active")
  return { data, server, ...who }
}

describe("C15 DELETE of a tree with a member that cannot be deleted", () => {
  test("is 207 with that member, and nothing of the others, which are gone", () =>
    during(async ({ anyone, data, operator, user }) => {
      for (const name of ["a", "in/bad% \u00e9", "in/good"]) await user.put(`/home/t/${encodeURI(name)}`, name)
      writeFileSync(databaseOf(data, "home/t/in/bad% \u00e9"), "no database ".repeat(1000))
      const answer = await operator.del("/dav/home/t/")
      expect(answer.status).toBe(207)
      expect(saidBy(answer)).toEqual([{ href: "/dav/home/t/in/bad%25%20%C3%A9", status: 500, props: {} }])
      expect(lines(await anyone.get("/home/t/"))).toEqual(["in/"])
      expect(lines(await anyone.get("/home/t/in/"))).toEqual(["bad% \u00e9"])
    }))

  test("is 500 at /home, which says what is still there", () =>
    during(async ({ data, operator, user }) => {
      for (const name of ["a", "bad", "c"]) await user.put(`/home/t/${name}`, name)
      writeFileSync(databaseOf(data, "home/t/bad"), "no database ".repeat(1000))
      const answer = await operator.del("/home/t")
      expect([answer.status, answer.json()]).toMatchObject([500, { detail: expect.stringContaining("/home/t/bad") }])
      expect(answer.text).not.toContain(data)
    }))
})

test("C1.4 a world whose directory is taken away while the server runs is 404, listed no more, and made anew by PUT", () =>
  during(async ({ anyone, data, operator, user }) => {
    await user.put("/home/t/x", "x")
    rmSync(dirname(databaseOf(data, "home/t/x")), { recursive: true })
    expect((await anyone.get("/home/t/x?raw")).status).toBe(404)
    expect(lines(await anyone.get("/home/t/"))).toEqual([])
    expect((await operator.del("/home/t/x")).status).toBe(404)
    expect((await user.put("/home/t/x", "y")).status).toBe(201)
    rmSync(databaseOf(data, "home/t/x"))
    expect((await operator.del("/dav/home/t/x")).status).toBe(404)
    expect((await user.put("/dav/home/t/x", "z")).status).toBe(409)
    expect((await user.put("/home/t/x", "z")).json()).toMatchObject({ version: 1 })
  }))

describe("what is spoken here is said at the root of the server", () => {
  const asked = async (port: number) => (await sendRaw(port, requestText("OPTIONS * HTTP/1.1"))).headers.get("dav")

  test("C15 as long as the plugin runs", () =>
    during(async ({ anyone, operator, server }) => {
      const { headers, status } = await anyone.ask("OPTIONS", "/")
      expect([status, headers.dav, headers["ms-author-via"], headers.allow]).toEqual([
        204,
        "1, 2, 3",
        "DAV",
        "GET, HEAD, OPTIONS"
      ])
      expect(await asked(server.port)).toBe("1, 2, 3")
      expect((await anyone.ask("OPTIONS", "/home/")).headers.dav).toBeUndefined()
      await operator.put("/lib/dav/state", "disabled")
      expect((await anyone.ask("OPTIONS", "/")).headers.dav).toBeUndefined()
      expect(await asked(server.port)).toBeUndefined()
    }))
})

describe("C9 who follows a collection", () => {
  test("hears of the collections that are made and deleted in it, of those that they may read", () =>
    during(async ({ anyone, operator, server, user }) => {
      await operator.put("/etc/private", "/home/t/secret")
      const { heard, open } = listener(server)
      const stream = await open("/stream/home/")
      await user.ask("MKCOL", "/dav/home/t")
      await user.ask("MKCOL", "/dav/home/t/secret")
      await user.ask("MKCOL", "/dav/home/t/sub")
      await operator.del("/dav/home/t/")
      for (const [op, path] of [
        ["put", "/home/t/"],
        ["put", "/home/t/sub/"],
        ["delete", "/home/t/"],
        ["delete", "/home/t/sub/"]
      ]) {
        expect(await heard(stream)).toMatchObject({ event: "change", data: { path, version: 0, op } })
      }
      expect((await anyone.get("/home/")).text).toBe("")
    }))
})

test("C7.5 a token learns from MKCOL, COPY and PUT nothing of what is above its scope", () =>
  during(async ({ holder, operator, user }) => {
    await user.put("/home/plain", "")
    await user.ask("MKCOL", "/dav/home/made")
    for (const parent of ["plain", "made", "none"]) {
      const target = `/home/${parent}/mine`
      const mine = holder(mintedOf(await operator.post(`/auth/mint?prefix=${target}&mode=rw`)).token)
      expect([parent, (await mine.ask("MKCOL", `/dav${target}`)).status]).toEqual([parent, 201])
    }
  }))
