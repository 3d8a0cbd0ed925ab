import { Option } from "effect"
import { afterAll, expect, test } from "vitest"
import { expectClean, holds, inBrowser, live, see } from "../helpers/Browser.ts"
import { people } from "../helpers/People.ts"
import { start } from "../helpers/TestServer.ts"

// Open mode: whoever is here may write.
const server = await start({ token: Option.none() })
afterAll(server.stop)
const { anyone } = people(server)

inBrowser(
  "C14 editing",
  () => server,
  (open) => {
    const editor = (page: Awaited<ReturnType<typeof open>>["page"]) => page.getByRole("textbox", { name: /^Text of/ })

    test("C14: what is edited is saved, and keeps its type and metadata", async () => {
      await anyone.put("/home/edit.txt?ext=md", "before", { "x-meta-author": "codex" })
      const visit = await open("/home/edit.txt#edit")
      await editor(visit.page).fill("after")
      await visit.page.keyboard.press("Control+s")
      await see(visit.page, "Saved as version 2.")
      const stored = await anyone.get("/home/edit.txt?raw")
      expect([stored.text, stored.headers["x-meta-author"], stored.headers["content-type"]]).toEqual([
        "after",
        "codex",
        "text/markdown; charset=utf-8"
      ])
      expectClean(visit)
    })

    test.each([
      ["CRLF", "one\r\ntwo\r\n", "one!\r\ntwo\r\n"],
      ["LF", "one\ntwo\n", "one!\ntwo\n"],
      ["a BOM", "\ufeffone", "\ufeffone!"]
    ])("C14: what was not edited stays as it was: %s", async (_, before, after) => {
      await anyone.put("/home/ends.txt", before)
      const { page } = await open("/home/ends.txt#edit")
      await editor(page).focus()
      await page.keyboard.press("Control+Home")
      await page.keyboard.press("End")
      await page.keyboard.type("!")
      await page.keyboard.press("Control+s")
      await see(page, /^Saved as version/)
      expect((await anyone.get("/home/ends.txt?raw")).text).toBe(after)
    })

    test("C14: a world is made in a collection", async () => {
      const visit = await open("/home/made/")
      const { page } = visit
      await page.getByLabel("Name of a new world").fill("by/hand.txt")
      await page.getByRole("button", { name: "Create" }).click()
      await editor(page).fill("made by hand")
      await page.getByRole("button", { name: "Create" }).click()
      await page.locator(".code", { hasText: "made by hand" }).waitFor()
      expect((await anyone.get("/home/made/by/hand.txt?raw")).text).toBe("made by hand")
      expectClean(visit)
    })

    test("C14: a name that no world can have is refused in words, before anything is sent", async () => {
      const { page } = await open("/home/made/")
      await page.getByLabel("Name of a new world").fill("a:b")
      await page.getByRole("button", { name: "Create" }).click()
      await see(page, /A name has none of/)
      expect(new URL(page.url()).pathname).toBe("/home/made/")
    })

    const conflicting = async () => {
      const path = `/home/conflict/${Math.random()}`
      await anyone.put(`${path}?ext=txt`, "first line\nours\nlast line")
      const { page } = await open(`${path}#edit`)
      await editor(page).fill("first line\nmine\nlast line")
      await anyone.put(`${path}?ext=txt`, "first line\ntheirs\nlast line")
      await see(page, "Somebody has written version 2 meanwhile")
      await page.getByRole("button", { name: "Save" }).click()
      await see(page, "Version 2 came in between")
      return { page, path }
    }

    test("C14: on a conflict both texts are shown, and nothing is written", async () => {
      const { page, path } = await conflicting()
      expect(await page.locator(".differs td:not(.none)").allTextContents()).toEqual(["mine", "theirs"])
      expect((await anyone.get(`${path}?raw`)).text).toContain("theirs")
    })
    test("C14: on a conflict mine may be chosen, over exactly the version that was shown", async () => {
      const { page, path } = await conflicting()
      await page.getByRole("button", { name: "Save mine over version 2" }).click()
      await see(page, "Saved as version 3.")
      expect((await anyone.get(`${path}?raw`)).text).toContain("mine")
    })
    test("C14: a file that is saved over a conflict is that file, not what stood in the editor", async () => {
      const path = `/home/conflict/${Math.random()}`
      await anyone.put(`${path}?ext=txt`, "first")
      const { page } = await open(`${path}#edit`)
      await editor(page).waitFor()
      await anyone.put(`${path}?ext=txt`, "theirs")
      await see(page, "Somebody has written version 2 meanwhile")
      page.on("dialog", (dialog) => dialog.accept())
      const file = { name: "mine.txt", mimeType: "text/plain", buffer: Buffer.from("of the file") }
      await page.locator("input[type=file]").setInputFiles(file)
      await page.getByRole("button", { name: "Save mine over version 2" }).click()
      await see(page, "Saved as version 3.")
      expect((await anyone.get(`${path}?raw`)).text).toBe("of the file")
    })
    test("C14: on a conflict a third version is a conflict again", async () => {
      const { page, path } = await conflicting()
      await anyone.put(`${path}?ext=txt`, "third")
      await page.getByRole("button", { name: "Save mine over version 2" }).click()
      await see(page, "Version 3 came in between")
      expect((await anyone.get(`${path}?raw`)).text).toBe("third")
    })
    test("C14: on a conflict theirs may be chosen", async () => {
      const { page, path } = await conflicting()
      await page.getByRole("button", { name: "Discard mine" }).click()
      await page.locator(".code", { hasText: "theirs" }).waitFor()
      expect((await anyone.get(path, { accept: "application/json" })).json()).toMatchObject({ version: 2 })
    })
    test("C14: on a conflict one may go on editing", async () => {
      const { page, path } = await conflicting()
      await page.getByRole("button", { name: "Keep editing mine" }).click()
      await editor(page).fill("both")
      await page.getByRole("button", { name: "Save" }).click()
      await see(page, "Saved as version 3.")
      expect((await anyone.get(`${path}?raw`)).text).toBe("both")
    })

    test("C14: two who make the same world: the second is shown the first", async () => {
      const { page } = await open("/home/both#edit")
      await live(page)
      await editor(page).fill("mine")
      await anyone.put("/home/both?ext=txt", "theirs")
      await page.getByRole("button", { name: "Create" }).click()
      await see(page, "Version 1 came in between")
    })

    test("C14: what was not saved survives a look at other places", async () => {
      await anyone.put("/home/draft.txt", "stored")
      const { page } = await open("/home/draft.txt#edit")
      await editor(page).fill("not yet saved")
      await page.getByRole("tab", { name: "History" }).click()
      await page.getByRole("link", { name: "home", exact: true }).click()
      await page.getByRole("link", { name: /draft.txt/ }).click()
      await page.getByRole("tab", { name: "Edit" }).click()
      await holds(page, "document.querySelector('textarea')?.value === 'not yet saved'")
    })

    test("C14: a draft that was started before a deletion can still be saved, as a new world", async () => {
      const own = await start({ token: Option.none() })
      const { anyone, operator } = people(own)
      await anyone.put("/home/x.txt", "one")
      const { page } = await open(`${own.url}/home/x.txt#edit`)
      await editor(page).fill("two")
      await operator.del("/home/x.txt")
      await page.locator(".facts").waitFor({ state: "detached" })
      await page.getByRole("button", { name: "Save" }).click()
      await see(page, "deleted meanwhile")
      await page.getByRole("button", { name: "Create" }).click()
      await page.locator(".code", { hasText: "two" }).waitFor()
      await own.stop()
    })
  }
)
