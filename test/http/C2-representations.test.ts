import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { people } from "../helpers/People.ts"
import { sha256 } from "../helpers/Secrets.ts"
import { start } from "../helpers/TestServer.ts"
import { browser, mark, settle, zoo } from "../helpers/Zoo.ts"

const server = await start()
afterAll(server.stop)
const { anyone, user } = people(server)

beforeAll(() => settle(user))

describe("C2.2 the JSON envelope", () => {
  test.each(["", "*/*", "application/json", "*", "application/*", "text/plain;q=0.5, */*"])(
    "C2.2 is what %j gets",
    async (accept) => {
      const read = await anyone.get("/home/w/text", { accept })
      expect([read.status, read.headers["content-type"]]).toEqual([200, "application/json"])
    }
  )

  test.each(Object.keys(zoo))("C2.2 holds its eight fields: %s", async (name) => {
    const [ext, body] = zoo[name] ?? ["", ""]
    const bytes = Buffer.from(body)
    const isText = typeof body === "string"
    const envelope = (await anyone.get(`/home/w/${name}`)).json()
    expect(envelope).toEqual({
      stage_html: isText ? body : "",
      version: 1,
      ext,
      type: ext,
      state: "active",
      updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      len: bytes.length,
      sha256: sha256(bytes)
    })
  })

  test("C2.2 of a lib world says pending", async () => {
    await user.put("/lib/c22", "export {}")
    expect((await anyone.get("/lib/c22")).json()).toMatchObject({ state: "pending", ext: "ts" })
  })

  test("C2.2 is the answer where application/json is the world's own type", async () => {
    const read = await anyone.get("/home/w/json", { accept: "application/json" })
    expect(read.json()).toMatchObject({ stage_html: `{"secret":"${mark}"}` })
  })
})

describe("C2.2 the bytes, negotiated", () => {
  test.each([
    ["html", "text/plain", "text/plain; charset=utf-8"],
    ["text", "text/plain", "text/plain; charset=utf-8"],
    ["markdown", "text/markdown", "text/markdown; charset=utf-8"],
    ["markdown", "text/*, text/html;q=0", "text/plain; charset=utf-8"],
    ["markdown", "text/markdown, text/plain;q=0.9", "text/markdown; charset=utf-8"],
    ["svg", "image/*", "image/svg+xml"],
    ["xml", "application/xml", "application/xml"],
    ["image", "image/png", "image/png"],
    ["image", "image/webp, image/*;q=0.8, application/json;q=0.1", "image/png"],
    ["unknown", "application/octet-stream", "application/octet-stream"],
    ["unknown", "text/plain", "text/plain; charset=utf-8"]
  ])("C2.2 %s for %s is %s", async (name, accept, type) => {
    const read = await anyone.get(`/home/w/${name}`, { accept })
    expect([read.status, read.headers["content-type"]]).toEqual([200, type])
    expect(read.bytes.equals(Buffer.from(zoo[name]?.[1] ?? ""))).toBe(true)
  })

  test.each(["image", "blob", "latin"])("C2.2 text/plain is not offered for what is no text: %s", async (name) => {
    const { status, text } = await anyone.get(`/home/w/${name}`, { accept: "text/plain" })
    expect(status).toBe(406)
    expect(text).toMatch(/application\/json/)
    expect(text).not.toMatch(/available:.*text\/plain/)
  })

  test("C2.2 406 names what is available, and no more", async () => {
    const refused = await anyone.get("/home/w/image", { accept: "video/mp4" })
    expect(refused.status).toBe(406)
    expect(refused.json()).toMatchObject({ available: ["application/json", "text/html", "image/png"] })
  })
})

describe("C2.2 metadata and validators", () => {
  const described = ["", "?raw"].flatMap((query) =>
    ["application/json", "text/plain", "image/png"].map((accept) => [query, accept] as const)
  )
  test.each(described)("C2.2 X-Meta-* on %j as %s", async (query, accept) => {
    for (const name of ["text", "image"]) {
      const read = await anyone.get(`/home/w/${name}${query}`, { accept })
      if (read.status === 406) continue
      expect([read.headers["x-meta-name"], read.headers["x-meta-depends-on"]]).toEqual([name, "a, b"])
      expect(read.headers["last-modified"]).toMatch(/GMT$/)
    }
  })

  test.each(["application/json", "text/plain", "text/html", "text/markdown"])(
    "C2.2 as %s varies on Accept",
    async (accept) => {
      expect((await anyone.get("/home/w/markdown", { accept })).headers.vary).toMatch(/\baccept\b/i)
    }
  )
})

describe("C2.2 the shell reveals nothing of the world", () => {
  test.each(Object.keys(zoo))("C2.2 %s", async (name) => {
    const shell = await anyone.get(`/home/w/${name}`, { accept: browser })
    expect([shell.status, shell.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"])
    expect(Object.keys(shell.headers).filter((header) => header.startsWith("x-meta"))).toEqual([])
    for (const header of ["etag", "last-modified", "repr-digest"]) expect(shell.headers[header]).toBeUndefined()
    expect(shell.text).not.toContain(mark)
    expect(shell.text).toBe((await anyone.get("/home/w/empty", { accept: browser })).text)
  })

  test("C2.2 even under conditions, as it has no validators of the world's", async () => {
    for (const headers of [{ "if-none-match": "*" }, { "if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT" }]) {
      const shell = await anyone.get("/home/w/text", { accept: browser, ...headers })
      expect(JSON.stringify(shell.headers)).not.toMatch(/x-meta|etag/)
    }
  })
})

describe("C2.5 what is not there", () => {
  test("C2.5 a missing world is 404", async () => {
    for (const target of ["/home/none", "/home/none?raw", "/etc/none", "/home/w/text/below"]) {
      expect([target, (await anyone.get(target)).status]).toEqual([target, 404])
    }
  })
  test("C2.5 a browser gets a page that says so, with that status", async () => {
    const page = await anyone.get("/home/none", { accept: browser })
    expect([page.status, page.headers["content-type"]]).toEqual([404, "text/html; charset=utf-8"])
    expect(page.text).toMatch(/404[\s\S]*home\/none/)
  })
  test("C2.5 a collection-only path lists at once", async () => {
    expect((await anyone.get("/home/w", { accept: "text/plain" })).text).toBe((await anyone.get("/home/w/")).text)
  })
  test("C2.5 ?raw on it is 404 and names the collection", async () => {
    for (const target of ["/home/w?raw", "/home/w/?raw"]) {
      const refused = await anyone.get(target)
      expect(refused.status).toBe(404)
      expect(refused.json()).toMatchObject({ error: expect.any(String), collection: "/home/w/" })
    }
  })
  test("C2.5 a world with children answers for itself", async () => {
    await user.put("/home/both", "mine")
    await user.put("/home/both/child", "x")
    expect((await anyone.get("/home/both?raw")).text).toBe("mine")
    expect((await anyone.get("/home/both")).json()).toMatchObject({ stage_html: "mine" })
  })
})
