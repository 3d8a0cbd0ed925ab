import { createHash } from "node:crypto"
import { afterAll, describe, expect, test } from "vitest"
import { inBrowser, see } from "../helpers/Browser.ts"
import { people } from "../helpers/People.ts"
import { start } from "../helpers/TestServer.ts"
import { browser } from "../helpers/Zoo.ts"

const server = await start()
afterAll(server.stop)
const { anyone, user } = people(server)

/** The addresses that the application's page names. */
const named = async () =>
  [...(await anyone.get("/", { accept: browser })).text.matchAll(/(?:href|src)="([^"]+)"/g)].map(
    ([, href]) => href ?? ""
  )

describe("C14 the application's files", () => {
  test("C14: all that the page names is there, under this origin", async () => {
    const hrefs = await named()
    expect(hrefs.length).toBeGreaterThan(4)
    for (const href of hrefs) {
      expect(href).toMatch(/^\/[a-z]/)
      expect([href, (await anyone.get(href)).status]).toEqual([href, 200])
    }
  })

  test("C14: names that change with their content are good for ever, and what keeps its name is asked for again", async () => {
    for (const href of await named()) {
      const control = (await anyone.get(href)).headers["cache-control"]
      expect([href, control]).toEqual([
        href,
        href.startsWith("/app/") ? "public, max-age=31536000, immutable" : "no-cache"
      ])
    }
  })

  test("C14: script and style come compressed, and are under 100 KB together", async () => {
    let size = 0
    for (const href of (await named()).filter((href) => /\.(?:js|css)$/.test(href))) {
      const packed = await anyone.get(href, { "accept-encoding": "gzip, br" })
      expect([packed.headers["content-encoding"], packed.headers.vary]).toEqual(["br", "Accept-Encoding"])
      size += packed.bytes.length
      const plain = await anyone.get(href)
      expect(plain.headers["content-encoding"]).toBeUndefined()
      expect(plain.headers.etag).not.toBe(packed.headers.etag)
    }
    expect(size).toBeLessThan(50_000)
  })

  test("C14: who has a file already is told so", async () => {
    const { etag = "" } = (await anyone.get("/sw.js")).headers
    expect((await anyone.get("/sw.js", { "if-none-match": etag })).status).toBe(304)
  })

  test("C14: a file that is not there is 404", async () => {
    expect((await anyone.get("/app/none.js")).status).toBe(404)
    expect((await anyone.get("/app/")).status).toBe(404)
  })

  test.each(["/", "/home/missing", "/nowhere"])(
    "C14: %s runs its own script alone, and is framed by nobody",
    async (path) => {
      const { headers, text } = await anyone.get(path, { accept: browser })
      const [, src = "", integrity] = /<script type="module" src="([^"]+)" integrity="([^"]+)">/.exec(text) ?? []
      expect(text.match(/<script/g)).toHaveLength(1)
      const { bytes } = await anyone.get(src)
      expect(integrity).toBe(`sha256-${createHash("sha256").update(bytes).digest("base64")}`)
      expect(String(headers["content-security-policy"]).split("; ")).toEqual(
        expect.arrayContaining([
          "default-src 'none'",
          `script-src '${integrity}'`,
          "worker-src *:*/sw.js",
          "style-src 'self'",
          "frame-src 'self'",
          "frame-ancestors 'none'",
          "base-uri 'none'",
          "form-action 'none'",
          "require-trusted-types-for 'script'"
        ])
      )
    }
  )

  test("C14: the manifest says how it is installed, with pictures that are there", async () => {
    const manifest = JSON.parse((await anyone.get("/manifest.json")).text)
    expect(manifest).toMatchObject({ name: "elastik", start_url: "/", display: "standalone" })
    for (const { sizes, src, type } of manifest.icons) {
      const icon = await anyone.get(src)
      expect([icon.status, icon.headers["content-type"]]).toEqual([200, type])
      if (type === "image/png") expect(sizes).toBe(`${icon.bytes.readUInt32BE(16)}x${icon.bytes.readUInt32BE(20)}`)
    }
  })

  test("C14: what is typed into the browser's search box becomes a path", async () => {
    const { headers, text } = await anyone.get("/opensearch.xml", { host: `localhost:${server.port}` })
    expect(headers["content-type"]).toBe("application/opensearchdescription+xml")
    expect(text).toContain(`template="http://localhost:${server.port}/{searchTerms}"`)
  })
})

inBrowser(
  "C14 the worker",
  () => server,
  (open) => {
    /** The page with all of its policy but for what keeps a test from naming scripts. */
    const unguarded = async () => {
      const visit = await open("/manifest.json", { serviceWorkers: "allow" })
      await visit.page.route("**/", async (route) => {
        if (route.request().resourceType() !== "document") return route.continue()
        const response = await route.fetch()
        const headers = response.headers()
        const policy = (headers["content-security-policy"] ?? "").replace(/; require-trusted-types-for.*$/, "")
        await route.fulfill({ response, headers: { ...headers, "content-security-policy": policy } })
      })
      await visit.page.goto("/")
      await visit.page.locator("header.bar").waitFor()
      return visit.page
    }

    test("C14: a stored script is none of the page's", async () => {
      await user.put("/home/evil.js", "window.pwned = 1")
      const page = await unguarded()
      expect(
        await page.evaluate(`new Promise((resolve) => {
          const script = document.createElement("script")
          script.onload = () => resolve("ran")
          script.onerror = () => resolve("refused")
          script.src = "/home/evil.js?raw"
          document.head.append(script)
        })`)
      ).toBe("refused")
      expect(await page.evaluate("window.pwned")).toBeUndefined()
    })

    test("C14: a stored script is no worker", async () => {
      await user.put("/home/evil.js", "self.pwned = 1")
      const page = await unguarded()
      const registered = (path: string) =>
        page.evaluate(`navigator.serviceWorker.register("${path}").then(() => "registered", (error) => error.name)`)
      expect(await registered("/home/evil.js?raw")).toBe("SecurityError")
      expect(await registered("/sw.js")).toBe("registered")
    })

    test("C14: it keeps the application's files, and no world", async () => {
      await user.put("/home/kept.txt", "first")
      const { page } = await open("/home/kept.txt", { serviceWorkers: "allow" })
      await see(page, "first")
      await page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
      await page.reload()
      await see(page, "first")
      const keptPaths = (): Promise<ReadonlyArray<string>> =>
        page.evaluate(`caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name).then((cache) => cache.keys()))))
          .then((all) => all.flat().map(({ url }) => new URL(url).pathname))`)
      await expect.poll(async () => (await keptPaths()).length, { timeout: 5000 }).toBeGreaterThan(0)
      for (const path of await keptPaths()) expect(path).toMatch(/^\/app\/[\w.-]+$/)
      await user.put("/home/kept.txt", "second")
      await page.reload()
      await see(page, "second")
    })
  }
)
