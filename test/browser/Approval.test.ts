import { afterAll, expect, test } from "vitest"
import { expectClean, inBrowser, see, signIn } from "../helpers/Browser.ts"
import { people } from "../helpers/People.ts"
import { plugin, shelve } from "../helpers/Plugins.ts"
import { start, T3 } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { user } = people(server)

inBrowser(
  "C14 what an operator reads before approving",
  () => server,
  (open) => {
    test("C14: characters that turn the direction, or cannot be seen, are named in the source of a plugin", async () => {
      const honest = shelve(plugin({ ROUTES: ["/hidden"] }))
      await user.put("/lib/hidden", `// \u202e is \u2066read\u2069 backwards, \u200bnothing here\n${honest}`)
      const visit = await open("/lib/hidden")
      await visit.page.locator(".code").waitFor()
      expect(await visit.page.locator(".code mark").allTextContents()).toEqual(["U+202E", "U+2066", "U+2069", "U+200B"])
      expect(await visit.page.locator(".code").textContent()).not.toMatch(/[\u200b\u202e\u2066\u2069]/)
      await see(visit.page, "characters that nobody sees, in 4 places")
      expectClean(visit)
    })

    test("C14: an honest source has no marks, and nothing is said of any", async () => {
      await user.put("/lib/honest", "export {} // שלום, é, 👩🏽‍🦰\r\n")
      const { page } = await open("/lib/honest")
      await page.locator(".code", { hasText: "export" }).waitFor()
      expect(await page.locator("mark, .plugin .notice").count()).toBe(0)
    })

    test.each([
      ["as it is shown", ""],
      ["as source", "#source"]
    ])("C14: what hides in a text is named, %s", async (_, view) => {
      await user.put("/home/hidden.md", "a\u202eb")
      const { page } = await open(`/home/hidden.md${view}`)
      await page.locator(".code mark", { hasText: "U+202E" }).waitFor()
    })

    test.each([
      ["a source that is too long to be shown whole", `// ${"x".repeat(1_000_000)}\nexport {}`],
      ["a source with more marks than a page holds", `// ${"x\u200b".repeat(10_001)}\nexport {}`]
    ])("C14: %s cannot be approved", async (_, source) => {
      await user.put("/lib/long", source)
      const { page } = await open("/lib/long")
      await signIn(page, T3)
      await see(page, "too long to be shown whole")
      expect(await page.getByRole("button", { name: "Approve this source" }).isDisabled()).toBe(true)
    })
  }
)
