import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { people, valuesOf } from "../helpers/People.ts"
import { requestText, sendRaw } from "../helpers/RawSocket.ts"
import { databaseOf, sqlite3 } from "../helpers/Sqlite.ts"
import type { Answer } from "../helpers/TestServer.ts"
import { start, T2 } from "../helpers/TestServer.ts"

const data = mkdtempSync(join(tmpdir(), "elastik-test-"))
const server = await start({ data })
afterAll(async () => {
  await server.stop()
  rmSync(data, { recursive: true })
})
const { anyone, user } = people(server)

/** The X-Meta-* of an answer, in the order of the wire. */
const metaOf = ({ rawHeaders }: Answer) =>
  rawHeaders.flatMap((name, i) => (i % 2 === 0 && /^x-meta-/i.test(name) ? [[name, rawHeaders[i + 1]]] : []))

/** A PUT whose header lines go out byte by byte as they are. */
const putRaw = (target: string, ...fields: ReadonlyArray<string>) =>
  sendRaw(
    server.port,
    `${requestText(`PUT ${target} HTTP/1.1`, `Authorization: Bearer ${T2}`, "Content-Length: 1", ...fields)}x`
  )

describe("C6 what is kept", () => {
  test("C6 names are lower-cased, values are as they came", async () => {
    await putRaw("/home/names", "X-META-Author: Me, Myself", "x-meta-Confidence:\t 0.95 \t")
    expect(metaOf(await anyone.get("/home/names?raw"))).toEqual([
      ["x-meta-author", "Me, Myself"],
      ["x-meta-confidence", "0.95"]
    ])
  })
  test("C6 repeats are kept apart and in order", async () => {
    await putRaw(
      "/home/repeats",
      "X-Meta-Depends-On: one",
      "X-Meta-Author: me",
      "x-meta-depends-on: two",
      "X-Meta-Depends-On: one"
    )
    const read = await anyone.get("/home/repeats?raw")
    expect(valuesOf(read, "x-meta-depends-on")).toEqual(["one", "two", "one"])
    expect(sqlite3(databaseOf(data, "home/repeats"), "SELECT headers FROM stage_meta")).toEqual([
      {
        headers: JSON.stringify([
          ["x-meta-depends-on", "one"],
          ["x-meta-author", "me"],
          ["x-meta-depends-on", "two"],
          ["x-meta-depends-on", "one"]
        ])
      }
    ])
  })
  test("C6 GET and HEAD replay alike, the first time and the twelfth", async () => {
    await putRaw("/home/replay", "X-Meta-A: 1", "X-Meta-A: 2", "X-Meta-B: 3")
    for (const target of ["/home/replay?raw", "/home/replay"]) {
      for (const ask of [user.get, ...Array.from({ length: 12 }, () => [anyone.get, anyone.head]).flat()]) {
        expect(
          metaOf(await ask(target))
            .map(([name, value]) => `${name}=${value}`)
            .sort()
        ).toEqual(["x-meta-a=1", "x-meta-a=2", "x-meta-b=3"])
      }
    }
  })
  test("C6 every visible character, space and tab", async () => {
    const visible = `x${Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join("")} \ty`
    await putRaw("/home/visible", `X-Meta-All: ${visible}`)
    expect(valuesOf(await anyone.get("/home/visible?raw"), "x-meta-all")).toEqual([visible])
  })
  test("C6 an empty value is one", async () => {
    await putRaw("/home/empty", "X-Meta-Empty:", "X-Meta-Other: x")
    expect(metaOf(await anyone.get("/home/empty?raw"))).toContainEqual(["x-meta-other", "x"])
  })
  test("C6 odd tokens are names", async () => {
    await putRaw("/home/tokens", "X-Meta-!#$%&'*+.^_`|~0: x")
    expect(metaOf(await anyone.get("/home/tokens?raw"))).toEqual([["x-meta-!#$%&'*+.^_`|~0", "x"]])
  })
  test("C6 a PUT without any takes them away", async () => {
    await putRaw("/home/away", "X-Meta-Author: me")
    await putRaw("/home/away")
    expect(metaOf(await anyone.get("/home/away?raw"))).toEqual([])
  })
})

describe("C6 what is dropped", () => {
  test.each([
    ["Latin-1", "caf\u00e9"],
    ["UTF-8", "caf\u00c3\u00a9"],
    ["a value over 1024 bytes", "v".repeat(1025)]
  ])("C6 %s drops that header alone", async (what, value) => {
    const target = `/home/dropped/${encodeURIComponent(what)}`
    await putRaw(target, `X-Meta-Bad: ${value}`, "X-Meta-Good: yes")
    expect(metaOf(await anyone.get(`${target}?raw`))).toEqual([["x-meta-good", "yes"]])
  })
  test("C6 a value of 1024 bytes is kept", async () => {
    await putRaw("/home/longest", `X-Meta-Long: ${"v".repeat(1024)}`)
    expect(valuesOf(await anyone.get("/home/longest?raw"), "x-meta-long")).toEqual(["v".repeat(1024)])
  })
  // [["x-meta-1","..."],...]: each pair is 15 + its value, and the commas and brackets beside.
  const fields = (total: number) => {
    const pairs = Array.from({ length: 8 }, (_, i): [string, string] => [`x-meta-${i}`, "v".repeat(900)])
    pairs.push(["x-meta-8", ""])
    const rest = total - JSON.stringify(pairs).length
    pairs[8] = ["x-meta-8", "v".repeat(rest)]
    return { lines: pairs.map(([name, value]) => `${name}: ${value}`), size: JSON.stringify(pairs).length }
  }
  test("C6 a serialisation of 8192 bytes is kept", async () => {
    const { lines, size } = fields(8192)
    expect(size).toBe(8192)
    await putRaw("/home/all", ...lines)
    expect(metaOf(await anyone.get("/home/all?raw"))).toHaveLength(9)
  })
  test("C6 one byte more drops all, and the write is done", async () => {
    expect((await putRaw("/home/none", ...fields(8193).lines)).status).toBe(201)
    expect(metaOf(await anyone.get("/home/none?raw"))).toEqual([])
  })
  test("C6 a too long value does not count towards the sum", async () => {
    await putRaw("/home/sum", `X-Meta-Bad: ${"v".repeat(9000)}`, "X-Meta-Good: yes")
    expect(metaOf(await anyone.get("/home/sum?raw"))).toEqual([["x-meta-good", "yes"]])
  })
  test("C6 what is no X-Meta-* is not replayed, nor kept at all", async () => {
    const mark = "kept-nowhere-7f3a"
    const others = [
      "X-Accel-Redirect",
      "X-Forwarded-For",
      "Cookie",
      "X-Metal",
      "X-Meta",
      "Set-Cookie",
      "User-Agent",
      "X-Meta-"
    ]
    await putRaw("/home/others", ...others.map((name) => `${name}: ${mark}`), "X-Meta-Author: me")
    const read = await anyone.get("/home/others?raw")
    expect(read.rawHeaders.join("\n")).not.toContain(mark)
    const folder = join(data, "home%2Fothers")
    for (const file of readdirSync(folder)) {
      const bytes = readFileSync(join(folder, file))
      expect([file, bytes.includes(mark), bytes.includes(T2)]).toEqual([file, false, false])
    }
  })
})

describe("C6 POST leaves them alone", () => {
  test("C6 of a world that is there", async () => {
    await putRaw("/home/post", "X-Meta-Author: first")
    await user.post("/home/post", "y", { "x-meta-author": "second", "x-meta-more": "x" })
    expect(metaOf(await anyone.get("/home/post?raw"))).toEqual([["x-meta-author", "first"]])
  })
  test("C6 and of one that it creates, as metadata is a PUT's", async () => {
    await user.post("/home/post-created", "y", { "x-meta-author": "x" })
    expect(metaOf(await anyone.get("/home/post-created?raw"))).toEqual([])
  })
})

describe("C6 a database edited by hand injects nothing", () => {
  test.each([
    ["other headers", '[["set-cookie","a=b"],["location","/x"],["x-meta-ok","1"]]', [["x-meta-ok", "1"]]],
    ["a line break", '[["x-meta-bad","a\\r\\nset-cookie: x"],["x-meta-ok","1"]]', [["x-meta-ok", "1"]]],
    ["a line break in a name", '[["x-meta-a\\r\\nset-cookie","x"],["x-meta-ok","1"]]', [["x-meta-ok", "1"]]],
    ["what is not ASCII", '[["x-meta-bad","caf\u00e9"],["x-meta-ok","1"]]', [["x-meta-ok", "1"]]],
    ["a long value", `[["x-meta-bad","${"v".repeat(1025)}"],["x-meta-ok","1"]]`, [["x-meta-ok", "1"]]],
    ["too much", JSON.stringify(Array.from({ length: 20 }, (_, i) => [`x-meta-${i}`, "v".repeat(1000)])), []],
    [
      "no pairs",
      '[["x-meta-a"],["x-meta-b","1","2"],"x",null,{"x-meta-c":"d"},["x-meta-ok","1"]]',
      [["x-meta-ok", "1"]]
    ],
    ["other types", '[["x-meta-a",1],[1,"x"],["x-meta-ok","1"]]', [["x-meta-ok", "1"]]],
    ["an object", '{"x-meta-a":"b"}', []],
    ["no JSON", "x-meta-a: b", []],
    ["nothing", "", []]
  ])("C6 %s", async (what, headers, kept) => {
    const name = `home/edited/${what.replaceAll(" ", "-")}`
    await user.put(`/${name}`, "x")
    sqlite3(databaseOf(data, name), `UPDATE stage_meta SET headers = '${headers}'`)
    for (const target of [`/${name}?raw`, `/${name}`]) {
      const read = await anyone.get(target)
      expect(read.status).toBe(200)
      expect(metaOf(read)).toEqual(kept)
      expect([read.headers["set-cookie"], read.headers.location]).toEqual([undefined, undefined])
    }
  })
})
