import { afterAll, describe, expect, test } from "vitest"
import { people } from "../../helpers/People.ts"
import { plugin, shelve } from "../../helpers/Plugins.ts"
import { start } from "../../helpers/TestServer.ts"
import { browser } from "../../helpers/Zoo.ts"

const server = await start()
afterAll(server.stop)
const { anyone, operator, user } = people(server)

const visit = { accept: browser, "sec-fetch-mode": "navigate" }
const inFrame = { ...visit, "sec-fetch-dest": "iframe" }
const clicked = { ...inFrame, "sec-fetch-user": "?1" }

await user.put("/home/a", "<p>secret</p>", { "x-meta-author": "somebody" })
await operator.put("/boot/x", "secret")
const seal = (await anyone.get("/app/seal")).text

describe("C14 a page of the application that a frame asks for", () => {
  test.each([
    ["/", 200],
    ["/home/a", 200],
    ["/home/", 200],
    ["/home/none", 404],
    ["/boot/x", 403],
    ["/home/%ff", 400],
    ["/nothing", 404],
    ["/docs", 200]
  ])("C14: %s is a doorway there, with its own status", async (path, status) => {
    const page = await anyone.get(path, clicked)
    expect(page.status).toBe(status)
    expect(page.headers["content-security-policy"]).toMatch(
      /^sandbox allow-scripts; default-src 'none'; script-src 'sha256-[^']+'; .*frame-ancestors 'self'$/
    )
    expect(page.text).toContain("This leads to")
    expect(page.text).toContain(seal)
    expect(page.text).not.toContain("secret")
    expect(page.headers).not.toHaveProperty("x-meta-author")
    expect(page.headers["cache-control"]).toBe("no-store")
    expect(page.headers.vary).toMatch(/\bSec-Fetch-Dest, Sec-Fetch-User\b/)
  })

  test("C14: it bears the seal only after a click", async () => {
    expect(seal).toMatch(/^[\w-]{22}$/)
    for (const headers of [inFrame, { ...inFrame, "sec-fetch-user": "?0" }]) {
      expect((await anyone.get("/home/a", headers)).text).not.toContain(seal)
    }
    expect((await anyone.get("/app/doorway.html", clicked)).text).not.toContain(seal)
  })

  test("C14: it is the page itself everywhere else, which no frame shows", async () => {
    for (const dest of [undefined, "document", "embed", "object", "fencedframe", "empty"]) {
      const page = await anyone.get("/home/a", { ...visit, ...(dest === undefined ? {} : { "sec-fetch-dest": dest }) })
      expect(page.headers["content-security-policy"]).toContain("frame-ancestors 'none'")
      expect(page.headers.vary).toContain("Sec-Fetch-Dest")
      expect(page.text).not.toContain(seal)
    }
  })

  test("C14: the description of the API is framed by nobody either, and is whole", async () => {
    const page = await anyone.get("/docs", visit)
    expect(page.headers["content-security-policy"]).toBe("frame-ancestors 'none'")
    expect(page.text).toContain("swagger-ui")
  })

  test("C14: bytes are bytes in a frame, too", async () => {
    expect((await anyone.get("/home/a?raw", clicked)).text).toBe("<p>secret</p>")
  })

  test("C14: a frame asks nobody for a password", async () => {
    await user.put("/lib/guarded", shelve(plugin({ AUTH: "auth", ROUTES: ["/guarded"] })))
    await operator.put("/lib/guarded/state", "active")
    const { "sec-fetch-mode": _, ...plain } = visit
    expect((await anyone.get("/guarded", plain)).headers).toHaveProperty("www-authenticate")
    const page = await anyone.get("/guarded", clicked)
    expect(page.status).toBe(403)
    expect(page.headers).not.toHaveProperty("www-authenticate")
  })

  test("C14: the seal is not kept, and no script or style", async () => {
    const { headers } = await anyone.get("/app/seal")
    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "content-type": "text/plain; charset=utf-8",
      "x-content-type-options": "nosniff"
    })
    expect(headers).not.toHaveProperty("access-control-allow-origin")
  })
})

describe("C14 the pages for frames", () => {
  test.each(["stage-alive", "stage-quiet", "doorway"])(
    "C14: %s keeps its name when the program changes, and is asked for anew",
    async (name) => {
      const { headers, status } = await anyone.get(`/app/${name}.html`)
      expect([status, headers["cache-control"]]).toEqual([200, "no-cache"])
      expect(headers["content-security-policy"]).toMatch(/^sandbox allow-scripts;.*frame-ancestors 'self'$/)
    }
  )
})
