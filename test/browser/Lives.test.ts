import { createHash } from "node:crypto"
import type { Page } from "playwright-core"
import { afterAll, expect, test } from "vitest"
import { expectClean, framed, inBrowser, live, see, signIn } from "../helpers/Browser.ts"
import { people } from "../helpers/People.ts"
import { start, T3 } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { operator, user } = people(server)

const hide = (page: Page, hidden: boolean) =>
  page.evaluate(`Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"))`)

/** What happens while nobody looks: the world goes, and another one comes to its path. */
const anew = async (page: Page, path: string, ...texts: ReadonlyArray<string>): Promise<void> => {
  await hide(page, true)
  await page.locator(".live[data-state=paused]").waitFor()
  await operator.del(path)
  for (const text of texts) await user.put(path, text)
}

const short = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 12)

inBrowser(
  "C14 a world that was deleted and made anew",
  () => server,
  (open) => {
    test("C14: its page is the new one", async () => {
      await user.put("/home/again.html", "<p>the first life</p>")
      const visit = await open("/home/again.html")
      await framed(visit.page, "the first life").waitFor()
      await anew(visit.page, "/home/again.html", "<p>the second life</p>")
      await hide(visit.page, false)
      await framed(visit.page, "the second life").waitFor()
      expectClean(visit)
    })

    test("C14: its metadata are the new ones", async () => {
      await user.put("/home/again.meta", "same", { "x-meta-life": "the first" })
      const { page } = await open("/home/again.meta#metadata")
      await see(page, "the first")
      await hide(page, true)
      await operator.del("/home/again.meta")
      await user.put("/home/again.meta", "same", { "x-meta-life": "the second" })
      await hide(page, false)
      await see(page, "the second")
    })

    test.each([
      ["as long", ["one"], ["another"]],
      ["longer", ["one", "two"], ["another", "other", "last"]],
      ["shorter", ["one", "two", "three"], ["another"]]
    ])("C14: its history is the new one, %s", async (name, before, after) => {
      const path = `/home/again/${name.replace(" ", "-")}`
      for (const text of before) await user.put(path, text)
      const { page } = await open(`${path}#history`)
      await see(page, `${before.length} receipt`)
      await anew(page, path, ...after)
      await hide(page, false)
      await see(page, `${after.length} receipt`)
      await page.locator(".receipt .short", { hasText: short(after[0] ?? "") }).waitFor()
      expect(await page.locator(".receipt .short").allTextContents()).toEqual(after.map(short).reverse())
      await see(page, "Matches the newest receipt")
      expect(await page.locator(".check").first().getAttribute("data-outcome")).toBe("good")
    })

    test("C14: it is not deleted by who means the one before", async () => {
      await user.put("/home/again.del", "one")
      const { page } = await open("/home/again.del#metadata")
      await signIn(page, T3)
      await page.locator(".tier", { hasText: "T3" }).waitFor()
      await live(page)
      await page.getByRole("button", { name: "Delete" }).waitFor()
      await anew(page, "/home/again.del", "another")
      page.once("dialog", (dialog) => dialog.accept())
      await page.getByRole("button", { name: "Delete" }).click()
      await see(page, "Somebody wrote meanwhile")
      expect((await user.get("/home/again.del?raw")).text).toBe("another")
    })

    test("C14: nothing of the one before is restored over it", async () => {
      await user.put("/home/again.txt", "one")
      const { page } = await open("/home/again.txt#history")
      await signIn(page, T3)
      await page.locator(".tier", { hasText: "T3" }).waitFor()
      await live(page)
      await see(page, "Matches the newest receipt")
      await user.put("/home/again.txt", "two")
      await see(page, "2 receipts,")
      await anew(page, "/home/again.txt", "another", "other")
      await page.getByRole("button", { name: "Restore version 1" }).click()
      await see(page, "Somebody wrote meanwhile")
      expect((await user.get("/home/again.txt?raw")).text).toBe("other")
    })

    test("C14: who edits the one before is told", async () => {
      await user.put("/home/again.edit", "one")
      const { page } = await open("/home/again.edit#edit")
      await page.getByRole("textbox", { name: /^Text of/ }).fill("mine")
      await anew(page, "/home/again.edit", "another")
      await hide(page, false)
      await see(page, "Somebody has written version 1 meanwhile")
    })
  }
)
