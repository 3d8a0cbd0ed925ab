import { cpSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { headerPairs, lines, people } from "../helpers/People.ts"
import { tempDirectory } from "../helpers/Temp.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, operator, user } = people(server)

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
const json = { accept: "application/json" }

/** In this order by bytes: U+FFxx (ef ...) comes before the supplementary planes (f0 ...), unlike in UTF-16. */
const names = [
  "!",
  "#",
  "%",
  "&",
  "'",
  "+",
  "-",
  "0",
  "A",
  "Z",
  "_",
  "a",
  "b",
  "b-c",
  "b/",
  "c/",
  "\u00e9",
  "\ue000",
  "\uff21",
  "\u{1f4a9}"
]

const create = async (collection: string, entries: ReadonlyArray<string>) => {
  // Written in an order that is none.
  for (const entry of [...entries].sort((x, y) => y.length - x.length)) {
    const path = entry.endsWith("/") ? `${encodeURIComponent(entry.slice(0, -1))}/child` : encodeURIComponent(entry)
    await user.put(`${collection}/${path}`, entry)
  }
}

beforeAll(() => create("/home/c3", names))

describe("C3.1 immediate children in byte order", () => {
  test("C3.1 as bytes, not as UTF-16 or a locale has it", async () => {
    expect(lines(await anyone.get("/home/c3/"))).toEqual(names)
  })
  test("C3.1 only the immediate ones", async () => {
    await create("/home/c31", ["a", "b/", "b"])
    await user.put("/home/c31/b/deep/deeper/x", "x")
    expect(lines(await anyone.get("/home/c31/"))).toEqual(["a", "b", "b/"])
    expect(lines(await anyone.get("/home/c31/b/"))).toEqual(["child", "deep/"])
  })
  test("C3.1 a neighbour whose name begins alike is no child", async () => {
    await user.put("/home/c31x/y", "x")
    expect(lines(await anyone.get("/home/c31/"))).not.toContain("x/y")
  })
  test("C3.1 the world itself is not its own child", async () => {
    await user.put("/home/c31", "x")
    expect(lines(await anyone.get("/home/c31/"))).toEqual(["a", "b", "b/"])
  })
  test.each(["/home/none/", "/home/none/at/all/", "/usr/", "/home/c3/a/"])(
    "C3.1 %s is 200 and empty",
    async (target) => {
      const list = await anyone.get(target)
      expect([list.status, list.text]).toEqual([200, ""])
      expect((await anyone.get(target, json)).json()).toEqual([])
    }
  )
  test("C3.1 of a namespace", async () => {
    expect(lines(await anyone.get("/home/"))).toEqual(expect.arrayContaining(["c3/", "c31", "c31/"]))
  })
  test("C3.1 a deleted world leaves the listing", async () => {
    await create("/home/c31d", ["a", "b"])
    await operator.del("/home/c31d/a")
    expect(lines(await anyone.get("/home/c31d/"))).toEqual(["b"])
  })
  test("C3.1 what is no namespace has no listing", async () => {
    expect((await anyone.get("/nowhere/")).status).toBe(404)
  })
})

describe("C3.2 forms", () => {
  test.each(["", "*/*", "*", "text/plain", "text/*;q=0.9, text/html;q=0", "text/html, */*"])(
    "C3.2 %j gets one child a line",
    async (accept) => {
      const list = await anyone.get("/home/c3/", { accept })
      expect(list.headers["content-type"]).toBe("text/plain; charset=utf-8")
      expect(list.text).toBe(names.map((name) => `${name}\n`).join(""))
    }
  )
  test("C3.2 JSON: name and dir, and of worlds what is known of them", async () => {
    await create("/home/c32", ["a", "b/"])
    await user.put("/home/c32/a", "twice")
    const list = await anyone.get("/home/c32/", json)
    expect(list.headers["content-type"]).toBe("application/json")
    expect(list.json()).toEqual([
      { name: "a", dir: false, version: 2, updated_at: expect.stringMatching(/^\d{4}-.*Z$/), len: 5 },
      { name: "b", dir: true }
    ])
  })
  test("C3.2 a browser gets the shell", async () => {
    const list = await anyone.get("/home/c3/", { accept: browser })
    expect([list.status, list.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"])
    expect(list.text).not.toContain("b-c")
  })
  test.each(["/home/c3", "/home", "/home/c3/c", "/home/c3%2Fc"])(
    "C3.2 a browser is sent from %s to its slash form",
    async (target) => {
      const sent = await anyone.get(target, { accept: browser })
      expect([301, 302, 303, 307, 308]).toContain(sent.status)
      expect(sent.headers.location).toBe(`${decodeURIComponent(target)}/`)
    }
  )
  test("C3.2 the redirect keeps names as URLs", async () => {
    await user.put("/home/c32%20%C3%A9%23/x", "x")
    const sent = await anyone.get("/home/c32%20%C3%A9%23", { accept: browser })
    expect(sent.headers.location).toBe("/home/c32%20%C3%A9%23/")
  })
  test.each(["/home/c3", "/home"])("C3.2 an API caller gets the listing of %s at once", async (target) => {
    expect((await anyone.get(target)).text).toBe((await anyone.get(`${target}/`)).text)
    expect((await anyone.get(target, json)).text).toBe((await anyone.get(`${target}/`, json)).text)
  })
})

describe("C3.2 pages", () => {
  const walk = async (first: string, headers = {}) => {
    const pages: Array<ReadonlyArray<string>> = []
    let next: string | undefined = first
    while (next !== undefined && pages.length < 50) {
      const page = await anyone.get(next, headers)
      pages.push(lines(page))
      next = /<([^>]+)>;\s*rel="?next"?/.exec(String(page.headers.link))?.[1]
    }
    return pages
  }
  test.each([1, 2, 3, 5, names.length - 1, names.length])(
    "C3.2 ?limit=%i leads through everything, once",
    async (limit) => {
      const pages = await walk(`/home/c3/?limit=${limit}`)
      expect(pages.flat()).toEqual(names)
      expect(pages.every((page) => page.length <= limit)).toBe(true)
      expect(pages).toHaveLength(Math.ceil(names.length / limit))
    }
  )
  test("C3.2 from the bare path too", async () => {
    expect((await walk("/home/c3?limit=7")).flat()).toEqual(names)
  })
  test.each(names.map((name, i) => [name, names.slice(i + 1)] as const))("C3.2 ?after=%s", async (after, rest) => {
    expect(lines(await anyone.get(`/home/c3/?after=${encodeURIComponent(after)}`))).toEqual(rest)
  })
  test("C3.2 ?after= an entry that is gone continues where it was", async () => {
    expect(lines(await anyone.get("/home/c3/?after=b-a"))).toEqual(names.slice(names.indexOf("b-c")))
  })
  test("C3.2 the last page has no Link", async () => {
    expect((await anyone.get(`/home/c3/?limit=${names.length}`)).headers.link).toBeUndefined()
  })
  test("C3.2 JSON pages alike", async () => {
    const page = await anyone.get("/home/c3/?limit=2&after=b", json)
    expect(page.json()).toMatchObject([{ name: "b-c" }, { name: "b", dir: true }])
    expect(page.headers.link).toMatch(/rel="next"/)
  })
  test.each(["0", "-1", "x", "1.5", ""])("C3.2 ?limit=%s is 400", async (limit) => {
    expect((await anyone.get(`/home/c3/?limit=${limit}`)).status).toBe(400)
  })
  test("C3.2 without a limit there is everything, streamed, and HEAD says the same", async () => {
    const data = tempDirectory()
    const seed = await start({ data })
    await people(seed).user.put("/home/seed", "x")
    await seed.stop()
    const many = Array.from({ length: 1100 }, (_, i) => `w${String(i).padStart(5, "0")}`)
    for (const name of many) cpSync(join(data, "home%2Fseed"), join(data, `home%2Fmany%2F${name}`), { recursive: true })
    const full = await start({ data })
    onTestFinished(full.stop)
    const { anyone } = people(full)
    expect(lines(await anyone.get("/home/many/"))).toEqual(many)
    const list = await anyone.get("/home/many/", json)
    expect(list.json()).toHaveLength(many.length)
    // How a body is framed is between two connections, and HEAD has none.
    const framing = "transfer-encoding: chunked"
    const pairs = headerPairs(list).filter((pair) => pair !== framing)
    expect(headerPairs(await anyone.head("/home/many/", json)).filter((pair) => pair !== framing)).toEqual(pairs)
  })
})

describe("C3 what a listing is not", () => {
  test("C2.5 ?raw of a collection is 404 and says what is so, whether or not a world has its name", async () => {
    for (const [target, collection] of [
      ["/home/c3/b/?raw", "/home/c3/b/"],
      ["/home/c3/?raw", "/home/c3/"]
    ] as const) {
      const answer = await anyone.get(target)
      expect([answer.status, answer.json()]).toMatchObject([404, { collection, error: expect.any(String) }])
      expect(answer.text).toContain("a collection, which has no bytes")
    }
    expect((await anyone.get("/home/c3/b?raw")).status).toBe(200)
  })
  test.each(["PUT", "POST", "DELETE"])("C4.6 %s on a collection is 405", async (method) => {
    const refused = await operator.ask(method, "/home/c3/", {}, "x")
    expect([refused.status, refused.headers.allow?.split(", ")]).toEqual([405, expect.arrayContaining(["GET", "HEAD"])])
  })
})
