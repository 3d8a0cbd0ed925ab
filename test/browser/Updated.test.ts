import { expect, onTestFinished, test } from "vitest"
import { inBrowser, live, see } from "../helpers/Browser.ts"
import { people } from "../helpers/People.ts"
import { start } from "../helpers/TestServer.ts"

const nowhere = { url: "http://127.0.0.1" }
const still = /\/app\/main-[0-9A-Z]+\.js\?still$/

inBrowser(
  "C14 a server that was updated",
  () => nowhere,
  (open) => {
    const opened = async () => {
      const first = await start()
      await people(first).user.put("/home/a.txt", "before")
      const { page } = await open(`${first.url}/home/a.txt`)
      await page.locator(".code", { hasText: "before" }).waitFor()
      await live(page)
      const restart = async () => {
        await first.stop()
        await page.locator(".live[data-state=waiting]").waitFor()
        const second = await start({ port: first.port })
        onTestFinished(second.stop)
        await people(second).user.put("/home/a.txt", "after")
      }
      return { page, restart }
    }

    test("C14: the page says so once its files are gone, and stays until it is reloaded", async () => {
      const { page, restart } = await opened()
      await page.route(still, (route) => route.fulfill({ status: 404 }))
      await restart()
      await see(page, "The program was updated")
      await page.locator(".code", { hasText: "after" }).waitFor()
      await page.getByRole("button", { name: "Reload" }).click()
      await page.locator(".outdated").waitFor({ state: "detached" })
    })

    test("C14: a server that is the same again is none", async () => {
      const { page, restart } = await opened()
      const [response] = await Promise.all([page.waitForResponse(still), restart()])
      expect(response.status()).toBe(200)
      await page.locator(".code", { hasText: "after" }).waitFor()
      expect(await page.locator(".outdated").count()).toBe(0)
    })

    test("C14: a page that follows nothing looks when it goes elsewhere after a while", async () => {
      const { page } = await opened()
      await page.route(still, (route) => route.fulfill({ status: 404 }))
      await page.clock.setFixedTime(Date.now() + 61_000)
      await page.getByRole("link", { name: "Shape" }).click()
      await see(page, "The program was updated")
    })
  }
)
