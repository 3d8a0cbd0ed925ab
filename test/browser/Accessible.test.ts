import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { Option } from "effect"
import type { Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { expectClean, inBrowser, live, see, signIn } from "../helpers/Browser.ts"
import { people } from "../helpers/People.ts"
import { plugin, shelve } from "../helpers/Plugins.ts"
import { start, T3 } from "../helpers/TestServer.ts"

const server = await start({ token: Option.none() })
afterAll(server.stop)
const { anyone, operator } = people(server)
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

beforeAll(async () => {
  await anyone.put("/home/notes.md", "# Notes\n\nTwelve crates of **apples**.\n", { "x-meta-author": "codex" })
  await anyone.put("/home/notes.md", "# Notes\n\nThirteen crates of `apples`.\n", { "x-meta-author": "codex" })
  await anyone.put("/home/code.ts", 'import { x } from "y" // why\nexport const A = x(1, true)\n')
  await anyone.put("/home/data.json", '{"a": [1, true, "x"]}')
  await anyone.put("/home/page.html", "<!doctype html><html lang=en><title>x</title><main><h1>Hello</h1></main>")
  await anyone.put("/home/bytes.bin", Buffer.from([0, 255]))
  await anyone.put("/home/sub/x", "x")
  await anyone.put("/lib/manual", shelve(plugin({ ROUTES: ["/manual"], DESCRIPTION: "Says what it is." })))
  await operator.put("/lib/manual/state", "active")
  await anyone.put("/lib/pending", "export {}")
})

const places: Readonly<Record<string, readonly [path: string, ready: string]>> = {
  "the machine": ["/", "home/"],
  "a collection": ["/home/", "notes.md"],
  "an empty collection": ["/home/none/", "Nothing lies here yet"],
  "a page": ["/home/page.html", "version 1"],
  "a text": ["/home/notes.md", "Thirteen"],
  "a source": ["/home/code.ts#source", "import"],
  "some data": ["/home/data.json", "true"],
  bytes: ["/home/bytes.bin", "which browsers do not show"],
  "the editor": ["/home/notes.md#edit", "Replace by a file"],
  metadata: ["/home/notes.md#metadata", "codex"],
  history: ["/home/notes.md#history", "Matches the newest receipt"],
  "a plugin": ["/lib/pending", "Pending"],
  "a missing world": ["/home/missing", "No such world"],
  "an error": ["/nowhere", "No such route"],
  "a shape that failed": ["/shaped/home/notes.md", "No such route"],
  "a manual page": ["/manual", "Says what it is."]
}

/** What axe finds, by rule. */
const violations = async (page: Page): Promise<ReadonlyArray<string>> => {
  await page.evaluate(`${axe}; undefined`)
  const found: { readonly violations: ReadonlyArray<{ readonly id: string; readonly nodes: ReadonlyArray<unknown> }> } =
    await page.evaluate("axe.run(document, { iframes: false })")
  return found.violations.map(({ id, nodes }) => `${id}: ${JSON.stringify(nodes).slice(0, 600)}`)
}

const focused = (page: Page): Promise<string> =>
  page.evaluate("(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).trim()")

inBrowser(
  "C14 for everybody",
  () => server,
  (open) => {
    describe.each(["light", "dark"] as const)("%s", (colorScheme) => {
      test.each(Object.entries(places))("C14: axe has nothing against %s", async (_, [path, ready]) => {
        const { page } = await open(path, { colorScheme, reducedMotion: "reduce" })
        await see(page, ready)
        expect(await violations(page)).toEqual([])
      })
      test("C14: axe has nothing against the sign-in", async () => {
        const { page } = await open("/", { colorScheme, reducedMotion: "reduce" })
        await page.getByRole("button", { name: "Sign in" }).click()
        await page.getByRole("dialog").waitFor()
        expect(await violations(page)).toEqual([])
      })
      test("C14: axe has nothing against a conflict", async () => {
        await anyone.put("/home/conflict.txt", "one")
        const { page } = await open("/home/conflict.txt#edit", { colorScheme, reducedMotion: "reduce" })
        await page.getByRole("textbox", { name: /^Text of/ }).fill("mine")
        await anyone.put("/home/conflict.txt", `theirs, ${colorScheme}`)
        await see(page, "Somebody has written")
        await page.keyboard.press("Control+s")
        await see(page, "came in between")
        expect(await violations(page)).toEqual([])
      })
    })

    test.each(Object.entries(places))("C14: %s fits a phone", async (_, [path, ready]) => {
      const visit = await open(path, { viewport: { width: 360, height: 700 }, isMobile: true, hasTouch: true })
      await see(visit.page, ready)
      expect(await visit.page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360)
      expectClean(visit)
    })

    test("C14: a world is found, edited and saved by keyboard alone", async () => {
      await anyone.put("/home/keys.txt", "before")
      const { page } = await open("/")
      await live(page)
      await page.keyboard.press("Tab")
      expect(await focused(page)).toBe("Skip to the content")
      await page.keyboard.press("/")
      expect(await focused(page)).toBe("Go to a path, or say what you look for")
      await page.keyboard.type("home/")
      await page.keyboard.press("Enter")
      await page.locator(".row").first().waitFor()
      while (!(await focused(page)).startsWith("bytes.bin")) await page.keyboard.press("Tab")
      while (!(await focused(page)).startsWith("keys.txt")) await page.keyboard.press("ArrowDown")
      await page.keyboard.press("Enter")
      await page.locator(".code", { hasText: "before" }).waitFor()
      await page.keyboard.press("e")
      await page.locator("textarea:focus").waitFor()
      await page.keyboard.press("Control+a")
      await page.keyboard.type("after")
      await page.keyboard.press("Control+s")
      await page.locator(".code", { hasText: "after" }).waitFor()
      expect((await anyone.get("/home/keys.txt?raw")).text).toBe("after")
    })

    test("C14: tabs have one stop and arrows within", async () => {
      const { page } = await open("/home/notes.md")
      await page.getByRole("tab", { name: "Rendered" }).focus()
      await page.keyboard.press("ArrowRight")
      expect(await focused(page)).toBe("Source")
      await page.keyboard.press("End")
      expect(await focused(page)).toBe("History")
      expect(new URL(page.url()).hash).toBe("#history")
    })

    test("C14: the sign-in is a dialog that gives the focus back", async () => {
      const { page } = await open("/")
      await page.getByRole("button", { name: "Sign in" }).focus()
      await page.keyboard.press("Enter")
      await page.waitForFunction('document.activeElement?.name === "secret"')
      await page.keyboard.press("Escape")
      await page.getByRole("dialog").waitFor({ state: "hidden" })
      expect(await focused(page)).toBe("Sign in")
      await signIn(page, T3)
      await see(page, "T3")
    })
  }
)
