import { afterAll, expect, test } from "vitest"
import { expectClean, inBrowser, live, see, signIn } from "../helpers/Browser.ts"
import { people, receiptOf } from "../helpers/People.ts"
import { start, T2, T3 } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { user } = people(server)

inBrowser(
  "C14 history",
  () => server,
  (open) => {
    const checks = async (page: Awaited<ReturnType<typeof open>>["page"]) =>
      Object.fromEntries(
        await Promise.all(
          (await page.locator(".check").all()).map(async (card) => [
            await card.locator("h2").textContent(),
            [await card.getAttribute("data-outcome"), await card.locator(".verdict").textContent()]
          ])
        )
      )

    /** Signing in forgets what has passed by; from here on the page has seen what is in view. */
    const signedIn = async (page: Awaited<ReturnType<typeof open>>["page"]) => {
      await signIn(page, T2)
      await page.locator(".tier", { hasText: "T2" }).waitFor()
      await live(page)
      await see(page, "1 receipt,")
      await see(page, "Matches the newest receipt")
    }

    test("C14: both checks are shown to everybody, each by itself", async () => {
      await user.put("/home/h/both.txt", "one")
      await user.post("/home/h/both.txt", "two")
      const visit = await open("/home/h/both.txt#history")
      await see(visit.page, "Matches the newest receipt")
      expect(await checks(visit.page)).toEqual({
        Chain: ["good", "Intact"],
        Body: ["good", "Matches the newest receipt"],
        Signatures: ["open", "Known to the server alone"]
      })
      expect(await visit.page.locator(".receipt strong").allTextContents()).toEqual(["appended to", "written"])
      expectClean(visit)
    })

    test("C14: an operator sees the server's verdict", async () => {
      await user.put("/home/h/verdict.txt", "one")
      const { page } = await open("/home/h/verdict.txt#history")
      await see(page, "Known to the server alone")
      await signIn(page, T3)
      await see(page, "Verified by the server")
    })

    test("C14: each write adds its receipt, live", async () => {
      await user.put("/home/h/live.txt", "one")
      const { page } = await open("/home/h/live.txt#history")
      await see(page, "1 receipt,")
      await user.put("/home/h/live.txt", "two")
      await see(page, "2 receipts,")
      await see(page, "Matches the newest receipt")
    })

    test("C14: a chain that was touched is broken, and the body is another question", async () => {
      for (const text of ["one", "two", "three"]) await user.put("/home/h/chain.txt", text)
      const { page } = await open("/home/h/chain.txt")
      await page.route("**/proc/events/**", async (route) => {
        const answer = await (await route.fetch()).json()
        answer.events[1].hmac = "0".repeat(64)
        await route.fulfill({ json: answer })
      })
      await page.getByRole("tab", { name: "History" }).click()
      await see(page, "Matches the newest receipt")
      expect(await checks(page)).toMatchObject({
        Chain: ["bad", "Broken at receipt 3"],
        Body: ["good", expect.anything()]
      })
    })

    test("C14: bytes that were touched differ, and the chain is another question", async () => {
      await user.put("/home/h/body.txt", "one")
      const { page } = await open("/home/h/body.txt")
      await page.route("**/home/h/body.txt?raw", (route) => route.fulfill({ body: "another" }))
      await page.getByRole("tab", { name: "History" }).click()
      await see(page, "Not what the newest receipt says")
      expect(await checks(page)).toMatchObject({ Chain: ["good", "Intact"] })
    })

    test("C14: a receipt shows what was signed, and its signature", async () => {
      await user.put("/home/h/proof.txt", "one", { "x-meta-author": "codex" })
      const { page } = await open("/home/h/proof.txt#history")
      await page.getByRole("button", { name: "Receipt" }).click()
      await see(page, /"meta_headers":\[\["x-meta-author","codex"\]\]/)
      await see(page, "nothing: it is the first")
    })

    test("C14: a receipt says what of it is withheld", async () => {
      await user.put("/home/h/withheld.txt", "one")
      const { page } = await open("/home/h/withheld.txt")
      await page.route("**/proc/events/**", async (route) => {
        const answer = await (await route.fetch()).json()
        answer.events[0].withheld = ["from", "caller"]
        await route.fulfill({ json: answer })
      })
      await page.getByRole("tab", { name: "History" }).click()
      await page.getByRole("button", { name: "Receipt" }).click()
      await see(page, "signed, with more: from, caller")
    })

    test("C14: an earlier version that passed by can be shown and restored, hash, type, metadata and all", async () => {
      const first = receiptOf(await user.put("/home/h/undo?ext=md", "# the first\n", { "x-meta-author": "codex" }))
      const { page } = await open("/home/h/undo#history")
      await signedIn(page)
      await user.put("/home/h/undo?ext=txt", "the second")
      await see(page, "2 receipts,")
      await page.getByRole("button", { name: "Show" }).click()
      await page.locator(".receipt .code", { hasText: "# the first" }).waitFor()
      await page.getByRole("button", { name: "Restore version 1" }).click()
      await see(page, "Version 3 has the bytes of version 1, hash and all.")
      const restored = await user.get("/home/h/undo", { accept: "application/json" })
      expect(restored.json()).toMatchObject({ version: 3, sha256: first.sha256, ext: "md" })
      expect(restored.headers["x-meta-author"]).toBe("codex")
    })

    test("C14: nothing is restored over what somebody else has written since", async () => {
      await user.put("/home/h/race.txt", "first")
      const { page } = await open("/home/h/race.txt#history")
      await signedIn(page)
      await user.put("/home/h/race.txt", "second")
      await see(page, "2 receipts,")
      // The page hears nothing more, and does not know of the third.
      await page.route("**/home/h/race.txt", async (route) => {
        if (route.request().method() === "GET") await user.put("/home/h/race.txt", "third")
        await route.continue()
      })
      await page.getByRole("button", { name: "Restore version 1" }).click()
      await see(page, "Somebody wrote meanwhile")
      expect((await user.get("/home/h/race.txt?raw")).text).toBe("third")
    })

    test("C14: of a very long history the newest are checked unasked, and all of them on demand", {
      timeout: 60_000
    }, async () => {
      for (let i = 0; i < 2100; i++) await user.post("/home/h/endless.txt", "x")
      const { page } = await open("/home/h/endless.txt#history")
      await see(page, "Intact in the newest 1000")
      await page.getByRole("button", { name: "Check all of them" }).click()
      await see(page, "2,100 receipts,")
      expect(await checks(page)).toMatchObject({ Chain: ["good", "Intact"] })
    })

    test("C14: a long history is looked through as far as one asks", async () => {
      for (let i = 0; i < 120; i++) await user.put("/home/h/long.txt", `version ${i}`)
      const { page } = await open("/home/h/long.txt#history")
      await see(page, "120 receipts,")
      expect(await page.locator(".receipt").count()).toBe(50)
      await page.getByRole("button", { name: /Show older ones/ }).click()
      expect(await page.locator(".receipt").count()).toBe(120)
    })
  }
)
