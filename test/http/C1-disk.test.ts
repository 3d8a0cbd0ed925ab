import { cpSync, existsSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { lines, namesOf, people } from "../helpers/People.ts"
import { databaseOf, sqlite3, worldDirectories } from "../helpers/Sqlite.ts"
import { tempDirectory } from "../helpers/Temp.ts"
import { start } from "../helpers/TestServer.ts"

/** Does something to a server on a directory, and stops it again. */
const during = async <A>(data: string, run: (as: ReturnType<typeof people>) => Promise<A>): Promise<A> => {
  const server = await start({ data })
  try {
    return await run(people(server))
  } finally {
    await server.stop()
  }
}

test.each([
  ["/home/findings/x", "home%2Ffindings%2Fx"],
  ["/home/100%25", "home%2F100%25"],
  ["/home/%2541", "home%2F%2541"],
  ["/home/a%20;b", "home%2Fa ;b"],
  ["/home/cafe%CC%81", "home%2Fcaf\u00e9"]
])("C1.4 %s is the directory %s", async (target, directory) => {
  const data = tempDirectory()
  await during(data, ({ user }) => user.put(target, "x"))
  expect(worldDirectories(data)).toEqual([directory])
  expect(existsSync(join(data, directory, "universe.db"))).toBe(true)
})

test("C1.4 a name survives the way to the disk and back", async () => {
  const data = tempDirectory()
  const names = [
    "100%25",
    "%2541",
    "a%252Fb",
    "\u00e2\u0082\u00ac".replace(/./g, (c) => `%${c.charCodeAt(0).toString(16)}`)
  ]
  await during(data, async ({ user }) => {
    for (const name of names) await user.put(`/home/d/${name}`, name)
  })
  await during(data, async ({ anyone }) => {
    for (const name of names) expect((await anyone.get(`/home/d/${name}?raw`)).text).toBe(name)
  })
})

test("C1.4 everything else that is kept there starts with a dot", async () => {
  const data = tempDirectory()
  await during(data, async ({ operator }) => {
    await operator.put("/home/a", "x")
    await operator.del("/home/a")
    await operator.put("/home/b", "x")
  })
  expect(readdirSync(data).filter((name) => !name.startsWith("."))).toEqual(["home%2Fb"])
})

test("C1.4 with the server stopped, removing a directory uninstalls", async () => {
  const data = tempDirectory()
  await during(data, async ({ user }) => {
    await user.put("/lib/gone", "x")
    await user.put("/lib/kept", "x")
  })
  rmSync(join(data, "lib%2Fgone"), { recursive: true })
  await during(data, async ({ anyone }) => {
    expect((await anyone.get("/lib/gone?raw")).status).toBe(404)
    expect(lines(await anyone.get("/lib/"))).toEqual(["kept"])
  })
})

test("C1.4 copying a directory in adds a world", async () => {
  const data = tempDirectory()
  await during(data, ({ user }) => user.put("/home/origin", "copied", { "x-meta-author": "me" }))
  cpSync(join(data, "home%2Forigin"), join(data, "home%2Fdeep%2Fcopy"), { recursive: true })
  await during(data, async ({ anyone, operator }) => {
    const copy = await anyone.get("/home/deep/copy?raw")
    expect([copy.text, copy.headers["x-meta-author"]]).toEqual(["copied", "me"])
    expect(lines(await anyone.get("/home/"))).toEqual(["deep/", "origin"])
    expect((await operator.get("/proc/verify/home/deep/copy")).json()).toMatchObject({ chain: { ok: true } })
  })
})

test("C1.4 a replaced directory counts, whatever the catalog remembers", async () => {
  const data = tempDirectory()
  await during(data, async ({ user }) => {
    await user.put("/home/a", "first")
    await user.put("/home/b", "second, and longer")
    await user.put("/home/b", "second, and longer still")
  })
  rmSync(join(data, "home%2Fa"), { recursive: true })
  cpSync(join(data, "home%2Fb"), join(data, "home%2Fa"), { recursive: true })
  await during(data, async ({ anyone }) => {
    expect((await anyone.get("/home/a?raw")).text).toBe("second, and longer still")
    expect((await anyone.get("/proc/worlds")).text).toContain('"name":"home/a","version":2')
  })
})

test("C1.4 what was edited by hand meanwhile counts", async () => {
  const data = tempDirectory()
  await during(data, ({ user }) => user.put("/home/a", "x"))
  sqlite3(databaseOf(data, "home/a"), "UPDATE stage_meta SET version = 7, ext = 'md', stage_html = CAST('# y' AS BLOB)")
  await during(data, async ({ anyone }) => {
    expect((await anyone.get("/proc/worlds")).text).toContain('"name":"home/a","version":7')
    expect((await anyone.get("/home/a")).json()).toMatchObject({ version: 7, ext: "md", stage_html: "# y", len: 3 })
    expect((await anyone.get("/home/", { accept: "application/json" })).json()).toMatchObject([{ version: 7, len: 3 }])
  })
})

test.each(["without", "with junk for"])("C1.4 directories are the truth, %s the catalog", async (how) => {
  const data = tempDirectory()
  await during(data, async ({ user }) => {
    for (const name of ["a", "b", "c/d"]) await user.put(`/home/${name}`, name)
  })
  for (const file of readdirSync(data).filter((name) => name.startsWith(".catalog"))) {
    if (how === "without") rmSync(join(data, file))
    else writeFileSync(join(data, file), "junk ".repeat(3000))
  }
  await during(data, async ({ anyone, user }) => {
    expect(namesOf(await anyone.get("/proc/worlds"))).toEqual(["home/a", "home/b", "home/c/d"])
    expect((await user.put("/home/a", "again")).json()).toMatchObject({ version: 2 })
  })
})

test("C1.4 directories that could not be the name of a world are left alone", async () => {
  const data = tempDirectory()
  await during(data, ({ user }) => user.put("/home/a", "x"))
  for (const odd of ["home%2F..%2Fa", "nowhere%2Fa", "home", "home%2Fa%41", "home%2F%2Fa"]) {
    cpSync(join(data, "home%2Fa"), join(data, odd), { recursive: true })
  }
  await during(data, async ({ operator }) => expect(namesOf(await operator.get("/proc/worlds"))).toEqual(["home/a"]))
  expect(worldDirectories(data)).toHaveLength(6)
})

test("C1.5 sqlite3 reads a world while the server runs", async () => {
  const data = tempDirectory()
  await during(data, async ({ user }) => {
    await user.put("/home/x", "caf\u00e9", { "x-meta-author": "me" })
    const file = databaseOf(data, "home/x")
    const [row] = sqlite3(
      file,
      `SELECT id, CAST(stage_html AS TEXT) AS body, typeof(stage_html) AS kind, version, updated_at, ext, headers, state
       FROM stage_meta`
    )
    expect(row).toEqual({
      id: 1,
      body: "caf\u00e9",
      kind: "blob",
      version: 1,
      updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      ext: "txt",
      headers: '[["x-meta-author","me"]]',
      state: "active"
    })
    expect(sqlite3(file, "SELECT count(*) AS n FROM stage_meta")).toEqual([{ n: 1 }])
    const columns = sqlite3(file, "SELECT name FROM pragma_table_info('events')").map(({ name }) => name)
    expect(columns).toEqual(expect.arrayContaining(["id", "timestamp", "event_type", "payload", "hmac", "prev_hmac"]))
  })
})

test("C1.5 a database that has only the documented tables and columns is a world", async () => {
  const data = tempDirectory()
  await during(data, ({ user }) => user.put("/home/place", "x"))
  const file = databaseOf(data, "home/place")
  rmSync(file)
  sqlite3(
    file,
    `CREATE TABLE stage_meta (id INTEGER PRIMARY KEY, stage_html BLOB, version INTEGER, updated_at TEXT, ext TEXT,
       headers TEXT, state TEXT);
     CREATE TABLE events (id INTEGER PRIMARY KEY, timestamp TEXT, event_type TEXT, payload TEXT, hmac TEXT, prev_hmac TEXT);
     INSERT INTO stage_meta VALUES (1, 'by hand', 3, '2024-01-02T03:04:05.678Z', 'txt', '[["x-meta-a","b"]]', 'active')`
  )
  await during(data, async ({ anyone, user }) => {
    const read = await anyone.get("/home/place?raw")
    expect([read.text, read.headers["x-meta-a"], read.headers["last-modified"]]).toEqual([
      "by hand",
      "b",
      "Tue, 02 Jan 2024 03:04:05 GMT"
    ])
    expect((await user.post("/home/place", " and more")).json()).toMatchObject({ version: 4 })
    expect((await anyone.get("/home/place?raw")).text).toBe("by hand and more")
  })
})
