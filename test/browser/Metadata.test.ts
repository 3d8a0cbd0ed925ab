import { Option } from "effect"
import { afterAll, expect, test } from "vitest"
import { expectClean, inBrowser, see } from "../helpers/Browser.ts"
import { people } from "../helpers/People.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start({ token: Option.none() })
afterAll(server.stop)
const { anyone } = people(server)

/** The names and values that the page shows as said by the writer. */
const said =
  "Array.from(document.querySelectorAll('.sheet section:first-of-type dl > div'), (row) => row.innerText.split('\\n').join('='))"

inBrowser(
  "C14 metadata that stands there more than once",
  () => server,
  (open) => {
    const written = async (path: string) => {
      const values = { "x-meta-source": ["one, two", "three"], "x-meta-author": "me" }
      await anyone.put(path, "first", values)
    }

    test("C14: it is shown as its writer sent it", async () => {
      await written("/home/meta/shown")
      // What the writer said is not in the newest receipts.
      for (let i = 0; i < 30; i++) await anyone.post("/home/meta/shown", "and more ")
      const visit = await open("/home/meta/shown#metadata")
      await expect
        .poll(() => visit.page.evaluate(said), { timeout: 10_000 })
        .toEqual(["source=one, two", "source=three", "author=me"])
      expectClean(visit)
    })

    test("C14: a value with a comma stays one", async () => {
      await anyone.put("/home/meta/comma", "x", { "x-meta-source": "one, two" })
      const { page } = await open("/home/meta/comma#metadata")
      await page.waitForResponse(/\/proc\/events\//)
      await see(page, "one, two")
      expect(await page.evaluate(said)).toEqual(["source=one, two"])
    })

    test("C14: who edits the world is told what becomes of it", async () => {
      await written("/home/meta/edited.txt")
      const { page } = await open("/home/meta/edited.txt#edit")
      await see(page, "x-meta-source stands there more than once; a browser sends it joined by commas.")
    })

    test("C14: who restores a version is told what becomes of it", async () => {
      await written("/home/meta/restored.txt")
      const { page } = await open("/home/meta/restored.txt#history")
      await see(page, "1 receipt,")
      await anyone.put("/home/meta/restored.txt", "second")
      await see(page, "2 receipts,")
      await page.getByRole("button", { name: "Restore version 1" }).click()
      await see(page, /hash and all\. x-meta-source stands there more than once/)
      expect((await anyone.get("/home/meta/restored.txt?raw")).headers["x-meta-source"]).toBe("one, two, three")
    })
  }
)
