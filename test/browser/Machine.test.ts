import { Effect } from "effect"
import { afterAll, expect, test } from "vitest"
import { expectClean, holds, inBrowser, live, see, timed } from "../helpers/Browser.ts"
import { people } from "../helpers/People.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { operator, user } = people(server)

/** So many worlds that no page could hold a row for each. */
const many = 5000

inBrowser(
  "C14 the machine and its collections",
  () => server,
  (open) => {
    test("C14: what is written anywhere shows on the machine, at once and counted", async () => {
      await user.put("/home/m/one", "1")
      const visit = await open("/")
      const { page } = visit
      await live(page)
      await see(page, "1 world")
      await user.put("/home/m2", "2")
      expect(
        await timed(() => page.locator(".activity").getByRole("link", { name: "/home/m2" }).waitFor())
      ).toBeLessThan(1000)
      await see(page, "2 worlds")
      await page.locator(".leaf", { hasText: "m2" }).waitFor()
      await operator.del("/home/m2")
      await page.locator(".leaf", { hasText: "m2" }).waitFor({ state: "detached" })
      await see(page, "1 world")
      expectClean(visit)
    })

    test("C14: a page holds one stream, and none when it is hidden", async () => {
      const { page } = await open("/home/")
      await live(page)
      const streams = async () => /_streams (\d+)/.exec((await user.get("/proc/metrics")).text)?.[1]
      await expect.poll(streams, { timeout: 5000 }).toBe("1")
      await page.evaluate(`Object.defineProperty(document, "hidden", { value: true, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"))`)
      await expect.poll(streams, { timeout: 5000 }).toBe("0")
      await page.evaluate(`Object.defineProperty(document, "hidden", { value: false, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"))`)
      await live(page)
    })

    test("C14: a collection is live: rows come, change and go", async () => {
      await user.put("/home/rows/a", "x")
      const visit = await open("/home/rows/")
      const { page } = visit
      await live(page)
      await page.locator(".row", { hasText: /^av1/ }).waitFor()
      await user.put("/home/rows/b", "xx")
      await page.locator(".row", { hasText: /^bv/ }).waitFor()
      await user.put("/home/rows/a", "xxx")
      await page.locator(".row", { hasText: /^av23 B/ }).waitFor()
      await user.put("/home/rows/c/d", "x")
      await page.locator(".row", { hasText: "c/" }).waitFor()
      await operator.del("/home/rows/b")
      await page.locator(".row", { hasText: /^bv/ }).waitFor({ state: "detached" })
      expectClean(visit)
    })

    test("C14: every address works cold and by going there, back and forth", async () => {
      await user.put("/home/walk/x.txt", "at the end")
      const { page } = await open("/")
      await page.getByRole("link", { name: "home/", exact: true }).click()
      await page.getByRole("link", { name: "walk/" }).click()
      await page.getByRole("link", { name: /x.txt/ }).click()
      await page.locator(".code", { hasText: "at the end" }).waitFor()
      await page.goBack()
      await see(page, "/home/walk/")
      await page.goForward()
      await page.locator(".code", { hasText: "at the end" }).waitFor()
      await page.reload()
      await page.locator(".code", { hasText: "at the end" }).waitFor()
    })

    test.each([
      ["/nowhere", "404", "No such route"],
      ["/home/a%5cb", "400", "Bad path"],
      ["/etc/shadow", "403", "Forbidden"],
      ["/home/nope", "404", "No such world"]
    ])("C14: %s is still the application, with its status", async (path, status, title) => {
      const { page } = await open(path)
      await see(page, title)
      expect(await page.locator(".failed .status").textContent()).toBe(status)
      await page.locator("header.bar").waitFor()
    })

    test("C14: thousands of worlds in a collection stay responsive", { timeout: 60_000 }, async () => {
      await Effect.runPromise(
        Effect.forEach(
          Array.from({ length: many }, (_, i) => i),
          (i) => Effect.promise(() => user.put(`/home/many/w${String(i).padStart(4, "0")}`, "x")),
          { concurrency: 64, discard: true }
        )
      )
      const visit = await open("/")
      const { page } = visit
      await live(page)
      expect(
        await timed(async () => {
          await page.goto("/home/many/")
          await page.locator(".row").first().waitFor()
        })
      ).toBeLessThan(1500)
      expect(await page.locator(".row").count()).toBeLessThan(100)
      // Down to the end, where the last of them is.
      const last = page.locator(".row", { hasText: `w${many - 1}` })
      await page
        .locator(".list")
        .focus()
        .catch(() => {})
      await expect
        .poll(
          async () => {
            await page.evaluate("document.querySelector('.list').scrollTop = 1e9")
            return last.count()
          },
          { timeout: 30_000, interval: 50 }
        )
        .toBe(1)
      await see(page, "5,000 entries")
      expect(await page.locator(".row").count()).toBeLessThan(100)
      // What comes in then shows, and a key is answered within a frame or two.
      await live(page)
      await user.put("/home/many/w4999", "changed")
      await page.locator(".row", { hasText: "w4999v2" }).waitFor()
      await page.getByLabel("Filter by name").fill("w123")
      await see(page, "10 of 5,000 entries")
      await holds(page, "document.querySelectorAll('.row').length === 10")
      expectClean(visit)
    })
  }
)
