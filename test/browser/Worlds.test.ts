import { readFileSync } from "node:fs"
import { afterAll, expect, test } from "vitest"
import { expectClean, framed, holds, inBrowser, live, see, signIn, timed } from "../helpers/Browser.ts"
import { people } from "../helpers/People.ts"
import { start, T2, T3 } from "../helpers/TestServer.ts"
import { browser } from "../helpers/Zoo.ts"

const server = await start()
afterAll(server.stop)
const { operator, user } = people(server)
const picture = readFileSync(new URL("../../src/http/shell/app/icon-192.png", import.meta.url))

inBrowser(
  "C14 a world in the browser",
  () => server,
  (open) => {
    test("C14: a missing world has status 404, and shows within a second when somebody writes it", async () => {
      const visit = await open("/home/first")
      const { page } = visit
      expect((await page.request.get("/home/first", { headers: { accept: browser } })).status()).toBe(404)
      await see(page, "No such world")
      await live(page)
      await user.put("/home/first", "<h1>I am alive</h1>")
      expect(await timed(() => framed(page, "I am alive").waitFor())).toBeLessThan(1000)
      expectClean(visit)
    })

    test("C14: each commit shows without a reload", async () => {
      await user.put("/home/live", "<p>one</p>")
      const visit = await open("/home/live")
      const { page } = visit
      await framed(page, "one").waitFor()
      await user.put("/home/live", "<p>two</p>")
      expect(await timed(() => framed(page, "two").waitFor())).toBeLessThan(1000)
      await see(page, "version 2")
      await user.put("/home/live?ext=txt", "three")
      await page.locator(".code", { hasText: "three" }).waitFor()
      expectClean(visit)
    })

    test("C14: HTML runs, in an origin of its own", async () => {
      await user.put("/home/runs", "<p id=o></p><script>o.textContent = 'ran in ' + origin</script>")
      const visit = await open("/home/runs")
      await framed(visit.page, "ran in null").waitFor()
      expectClean(visit)
    })

    test("C14: HTML runs for somebody with credentials too, and finds what stands beside it", async () => {
      await user.put(
        "/home/beside/a",
        "<!doctype html><p id=o></p><script>o.textContent = document.compatMode + ' ' + origin + ' ' + new URL('b', document.baseURI).pathname</script>"
      )
      const visit = await open("/")
      await signIn(visit.page, T2)
      await see(visit.page, "T2")
      await visit.page.getByRole("searchbox").fill("/home/beside/a")
      await visit.page.keyboard.press("Enter")
      await framed(visit.page, "CSS1Compat null /home/beside/b").waitFor()
      expectClean(visit)
    })

    test.each([
      ["html", "<b>bold</b>"],
      ["md", "# Title <b>bold</b>"],
      ["json", '{"<b>": "bold"}'],
      ["xml", "<b>bold</b>"]
    ])("C14: the source of %s is text, byte for byte", async (ext, source) => {
      await user.put(`/home/source.${ext}`, source)
      const { page } = await open(`/home/source.${ext}#source`)
      await page.locator(".code").waitFor()
      expect(await page.locator(".code pre").textContent()).toBe(source)
    })

    test("C14: images are displayed", async () => {
      await user.put("/home/picture.png", picture)
      await user.put("/home/picture.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"/>')
      for (const [name, width] of [
        ["png", 192],
        ["svg", 7]
      ] as const) {
        const visit = await open(`/home/picture.${name}`)
        const image = visit.page.locator(".media img")
        await image.waitFor()
        await holds(visit.page, `document.querySelector(".media img")?.naturalWidth === ${width}`)
        expectClean(visit)
      }
    })

    test("C14: bytes that no browser shows can be had as a file", async () => {
      const bytes = Buffer.from([0, 1, 2, 253, 254, 255])
      await user.put("/home/bytes.bin", bytes)
      const visit = await open("/home/bytes.bin")
      await see(visit.page, "00 01 02 fd fe ff")
      const [download] = await Promise.all([
        visit.page.waitForEvent("download"),
        visit.page.getByRole("link", { name: "Download" }).click()
      ])
      expect(download.suggestedFilename()).toBe("bytes.bin")
      expect(readFileSync(await download.path())).toEqual(bytes)
      expectClean(visit)
    })

    test("C14: metadata is shown as its writer sent it", async () => {
      await user.put("/home/meta", "x", { "x-meta-author": "codex <i>", "x-meta-scope": "a & b" })
      const visit = await open("/home/meta#metadata")
      await see(visit.page, "codex <i>")
      await see(visit.page, "a & b")
      expectClean(visit)
    })

    test("C14: a deletion shows, and what was seen can be brought back", async () => {
      await user.put("/home/gone.txt", "still here", { "x-meta-author": "me" })
      const { page } = await open("/")
      await signIn(page, T2)
      await see(page, "T2")
      await page.getByRole("searchbox").fill("home/gone.txt")
      await page.keyboard.press("Enter")
      await page.locator(".code", { hasText: "still here" }).waitFor()
      await operator.del("/home/gone.txt")
      await see(page, "This world was deleted")
      await page.getByRole("button", { name: /Bring back/ }).click()
      await page.locator(".code", { hasText: "still here" }).waitFor()
      expect((await user.get("/home/gone.txt?raw")).text).toBe("still here")
    })

    test("C14: an operator deletes what is in view, after a question", async () => {
      await user.put("/home/old.txt", "old")
      const { page } = await open("/home/old.txt#metadata")
      expect(await page.getByRole("button", { name: "Delete" }).count()).toBe(0)
      await signIn(page, T3)
      page.once("dialog", (dialog) => dialog.dismiss())
      await page.getByRole("button", { name: "Delete" }).click()
      expect((await user.get("/home/old.txt")).status).toBe(200)
      page.once("dialog", (dialog) => dialog.accept())
      await page.getByRole("button", { name: "Delete" }).click()
      await see(page, "This world was deleted")
      expect((await user.get("/home/old.txt")).status).toBe(404)
    })

    test("C14: whoever may not see a world is told so, and can sign in", async () => {
      await operator.put("/etc/private", "/home/private\n")
      await user.put("/home/private/diary", "<p id=o>dear diary</p><script>o.append(', ', origin)</script>")
      const visit = await open("/home/private/diary")
      await see(visit.page, "Forbidden")
      await signIn(visit.page, T3)
      await framed(visit.page, "dear diary, null").waitFor()
      await operator.del("/etc/private")
    })

    test("C14: the page says that the server is away, and takes up where it was when it is back", async () => {
      const first = await start()
      await people(first).user.put("/home/a.txt", "before")
      const { page } = await open(`${first.url}/home/a.txt`)
      await page.locator(".code", { hasText: "before" }).waitFor()
      await first.stop()
      await page.locator(".live[data-state=waiting]").waitFor()
      const second = await start({ port: first.port })
      await people(second).user.put("/home/a.txt", "after")
      await page.locator(".code", { hasText: "after" }).waitFor()
      await second.stop()
    })
  }
)
