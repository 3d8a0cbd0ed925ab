import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { headerPairs, people } from "../helpers/People.ts"
import { sha256 } from "../helpers/Secrets.ts"
import { listen } from "../helpers/Sse.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, operator, user } = people(server)

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
const binary = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 255, 254])
const secret = "not-a-byte-of-me"

const worlds: Readonly<Record<string, readonly [ext: string, body: string | Buffer]>> = {
  html: ["html", `<!doctype html><h1>${secret}</h1>`],
  text: ["txt", `${secret} "quoted" \\ \n\t caf\u00e9 \u{1f4a9} \u2028`],
  markdown: ["md", `# ${secret}`],
  json: ["json", `{"secret":"${secret}"}`],
  svg: ["svg", `<svg xmlns="http://www.w3.org/2000/svg"><text>${secret}</text></svg>`],
  xml: ["xml", `<x>${secret}</x>`],
  source: ["ts", `export const secret = "${secret}"`],
  unknown: ["zzz", secret],
  image: ["png", binary],
  blob: ["bin", Buffer.concat([Buffer.from(secret), binary])],
  latin: ["html", Buffer.from([0x3c, 0x70, 0x3e, 0xe9])],
  empty: ["txt", ""]
}

const metaOf = (name: string) => ({ "x-meta-name": name, "x-meta-depends-on": ["a", "b"] })

beforeAll(async () => {
  for (const [name, [ext, body]] of Object.entries(worlds))
    await user.put(`/home/w/${name}?ext=${ext}`, body, metaOf(name))
  await operator.put("/etc/shadow", "root:x")
})

const accepts = ["", "*/*", browser, "application/json", "text/plain", "text/html", "text/markdown", "image/svg+xml"]
const more = ["image/*", "application/xml", "application/octet-stream", "text/html;q=0, */*", "video/mp4"]
const targets = Object.keys(worlds).flatMap((name) =>
  ["", "?raw", "?v=1", "?raw&v=1", "?v=7"].map((q) => `/home/w/${name}${q}`)
)

describe("C2.4 HEAD gives what GET would, status and every header alike", () => {
  const others = [
    "/home/w",
    "/home/w/",
    "/home/w?raw",
    "/home/w/?limit=2",
    "/home/none",
    "/home/none/",
    "/home/",
    "/home",
    "/"
  ]
  const refused = ["/etc/shadow", "/etc/shadow?raw", "/boot/", "/home/%ff", "/nowhere", "/home/w/?limit=x"]
  const proc = [
    "/proc",
    "/proc/",
    "/proc/version",
    "/proc/worlds",
    "/proc/status",
    "/proc/verify/home/w/text",
    "/bin",
    "/dev/"
  ]
  const documents = ["/openapi.json", "/docs", "/shell.js", "/shell.css", "/proc/uptime", "/proc/verify"]

  test.each([...targets, ...others, ...refused, ...proc, ...documents])("C2.4 %s", async (target) => {
    for (const accept of [...accepts, ...more]) {
      for (const asked of target.startsWith("/home/w/") ? [anyone] : [anyone, operator]) {
        const got = await asked.get(target, { accept })
        const head = await asked.head(target, { accept })
        expect([accept, head.status, head.bytes.length]).toEqual([accept, got.status, 0])
        expect([accept, ...headerPairs(head)]).toEqual([accept, ...headerPairs(got)])
      }
    }
  })

  const conditions: ReadonlyArray<Record<string, string>> = [
    { range: "bytes=1-3" },
    { range: "bytes=999-" },
    { range: "bytes=-2" },
    { range: "junk" },
    { "if-none-match": "*" },
    { "if-match": '"x"' },
    { "if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT" },
    { "if-range": '"x"', range: "bytes=0-1" }
  ]
  test.each(conditions)("C2.4 under %o", async (headers) => {
    for (const target of targets) {
      const got = await anyone.get(target, headers)
      const head = await anyone.head(target, headers)
      expect([target, head.status, ...headerPairs(head)]).toEqual([target, got.status, ...headerPairs(got)])
    }
  })

  test.each(["/stream/home/w/text", "/stream/home/w/"])("C2.4 HEAD %s ends", async (target) => {
    const got = await listen(server, target)
    got.close()
    const head = await anyone.head(target)
    expect([head.status, head.headers["content-type"]]).toEqual([got.status, got.headers["content-type"]])
  })
})

describe("C2.4 the hundredth reading is as good as the first", () => {
  test.each(targets.filter((target) => !target.includes("v=1")))("C2.4 %s", async (target) => {
    for (const accept of ["*/*", "text/plain", browser]) {
      for (const ask of [anyone.get, anyone.head]) {
        const first = await ask(target, { accept })
        // What is asked for often may come from a cache.
        for (let i = 0; i < 12; i++) {
          const next = await ask(target, { accept })
          expect([next.status, ...headerPairs(next), next.text]).toEqual([
            first.status,
            ...headerPairs(first),
            first.text
          ])
        }
      }
    }
  })
})

describe("C2.2 the JSON envelope", () => {
  test.each(["", "*/*", "application/json", "*", "application/*", "text/plain;q=0.5, */*"])(
    "C2.2 is what %j gets",
    async (accept) => {
      const read = await anyone.get("/home/w/text", { accept })
      expect([read.status, read.headers["content-type"]]).toEqual([200, "application/json"])
    }
  )

  test.each(Object.keys(worlds))("C2.2 holds its eight fields: %s", async (name) => {
    const [ext, body] = worlds[name] ?? ["", ""]
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
    expect(read.json()).toMatchObject({ stage_html: `{"secret":"${secret}"}` })
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
    expect(read.bytes.equals(Buffer.from(worlds[name]?.[1] ?? ""))).toBe(true)
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
  test.each(Object.keys(worlds))("C2.2 %s", async (name) => {
    const shell = await anyone.get(`/home/w/${name}`, { accept: browser })
    expect([shell.status, shell.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"])
    expect(Object.keys(shell.headers).filter((header) => header.startsWith("x-meta"))).toEqual([])
    for (const header of ["etag", "last-modified", "repr-digest"]) expect(shell.headers[header]).toBeUndefined()
    expect(shell.text).not.toContain(secret)
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
