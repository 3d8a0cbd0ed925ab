import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { afterAll, expect, test } from "vitest"
import { expectClean, framed, holds, inBrowser, see, signIn } from "../helpers/Browser.ts"
import { mintedOf, people } from "../helpers/People.ts"
import { start, T2, T3 } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { operator, user } = people(server)
const picture = readFileSync(new URL("../../src/http/shell/app/icon-192.png", import.meta.url))

inBrowser(
  "C14 signing in",
  () => server,
  (open) => {
    test.each([
      [T2, "T2"],
      [T3, "T3"]
    ])("C14: the server says what a token is worth", async (token, tier) => {
      const visit = await open("/")
      await signIn(visit.page, token)
      await visit.page.locator(".tier", { hasText: tier }).waitFor()
      expectClean(visit)
    })

    test("C14: a token that the server does not know is not kept", async () => {
      const { page } = await open("/")
      await signIn(page, "wrong")
      await see(page, "The server does not know these credentials.")
      await page.keyboard.press("Escape")
      await page.getByRole("button", { name: "Sign in" }).waitFor()
    })

    test("C14: a user has a password", async () => {
      await operator.put("/etc/passwd", "ada:T2\n")
      await operator.put("/etc/shadow", `ada:${createHash("sha256").update("p:w ü").digest("hex")}\n`)
      const { page } = await open("/")
      await signIn(page, "p:w ü", "ada")
      await page.locator(".tier", { hasText: "ada · T2" }).waitFor()
    })

    test("C14: a capability shows its scope, and opens its part", async () => {
      await user.put("/home/part/x.txt", "within")
      const { token } = mintedOf(await operator.post("/auth/mint?prefix=/home/part&mode=r"))
      const { page } = await open("/home/part/x.txt")
      await signIn(page, token)
      await page.locator(".tier", { hasText: "reads /home/part" }).waitFor()
      await page.locator(".code", { hasText: "within" }).waitFor()
    })

    test("C14: the token is in the page's memory, and nowhere else", async () => {
      await user.put("/home/any.txt", "x")
      const { page } = await open("/home/any.txt")
      await signIn(page, T3)
      await see(page, "T3")
      for (const view of ["Edit", "History", "Source"]) await page.getByRole("tab", { name: view }).click()
      const kept = await page.evaluate(
        `Promise.all([indexedDB.databases(), caches.keys()]).then((databases) => JSON.stringify([
          { ...localStorage }, { ...sessionStorage }, document.cookie, location.href, history.state, window.name,
          document.documentElement.outerHTML, performance.getEntriesByType("resource").map(({ name }) => name), databases
        ]))`
      )
      expect(kept).not.toContain(T3)
      expect(await page.context().cookies()).toEqual([])
    })

    test("C14: a reload forgets it", async () => {
      const { page } = await open("/")
      await signIn(page, T3)
      await see(page, "T3")
      await page.reload()
      await page.getByRole("button", { name: "Sign in" }).waitFor()
      expect(await page.locator(".tier").count()).toBe(0)
    })

    test("C14: it lasts from place to place, and ends with signing out, with what it showed", async () => {
      await operator.put("/etc/private", "/home/diary\n")
      await user.put("/home/diary/today.html", "<p>dear diary</p>")
      const { page } = await open("/")
      await signIn(page, T2)
      await see(page, "T2")
      await page.getByRole("link", { name: "home/", exact: true }).click()
      await page.getByRole("link", { name: "diary/" }).click()
      await page.getByRole("link", { name: /today.html/ }).click()
      await framed(page, "dear diary").waitFor()
      await page.getByRole("button", { name: "Sign out" }).click()
      await see(page, "Forbidden")
      expect(await page.locator("iframe").count()).toBe(0)
      await operator.del("/etc/private")
    })

    test("C14: pictures that need credentials are shown to who has them", async () => {
      await operator.put("/etc/private", "/home/album\n")
      await user.put("/home/album/one.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"/>')
      const visit = await open("/")
      await signIn(visit.page, T2)
      await see(visit.page, "T2")
      await visit.page.getByRole("searchbox").fill("home/album/one.svg")
      await visit.page.keyboard.press("Enter")
      await holds(visit.page, "document.querySelector('.media img')?.naturalWidth === 7")
      expectClean(visit)
      await operator.del("/etc/private")
    })

    test.each([
      ["svg", '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"/>', /^data:image\/svg\+xml;base64,/],
      ["png", picture, /^blob:/]
    ])(
      "C14: a picture that could run when it is opened by itself has no address of this origin: %s",
      async (ext, bytes, address) => {
        await user.put(`/home/pictures/one.${ext}`, bytes)
        const { page } = await open(`/home/pictures/one.${ext}`)
        await signIn(page, T2)
        const source = "document.querySelector('.media img')?.src"
        await expect.poll(() => page.evaluate(source), { timeout: 10_000 }).toMatch(address)
        await holds(page, "document.querySelector('.media img')?.naturalWidth > 0")
      }
    )
  }
)
