import { afterAll, describe, expect, test } from "vitest"
import { flawOfWish } from "../../src/http/shell/app/state/Shape.ts"
import { inBrowser, live, see, signIn } from "../helpers/Browser.ts"
import { mintedOf, people } from "../helpers/People.ts"
import { start, T2 } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { operator, user } = people(server)
const group = (title: string) => `.group:has(h2:text("${title}"))`

inBrowser(
  "C14 what is refused",
  () => server,
  (open) => {
    test("C14: what somebody may not read is not shown as if it were not there", async () => {
      const { token } = mintedOf(await operator.post("/auth/mint?prefix=/home/part"))
      const { page } = await open("/")
      await live(page)
      await page.locator(group("Plugins"), { hasText: "None yet" }).waitFor()
      await signIn(page, token)
      for (const [title, words] of [
        ["Plugins", "Plugins cannot be shown: 403"],
        ["Model", "Model cannot be shown: 403"],
        ["Right now", "What happens cannot be shown: 403"]
      ] as const) {
        await page.locator(group(title), { hasText: words }).waitFor()
        expect(await page.locator(group(title)).textContent()).not.toMatch(/None|Quiet/)
      }
      await page.locator(".tree .refusal", { hasText: "/home/ cannot be shown: 403" }).waitFor()
      await page.getByRole("button", { name: "Sign out" }).click()
      await page.locator(group("Plugins"), { hasText: "None yet" }).waitFor()
      await page.locator(group("Right now"), { hasText: "Quiet" }).waitFor()
      expect(await page.locator(".refusal").count()).toBe(0)
    })

    test.each([
      ["**/bin", "Devices", "Devices cannot be shown: 500"],
      ["**/proc/status", "The machine", "Its state cannot be shown: 500"]
    ])("C14: nor is what the server fails to tell: %s", async (route, title, words) => {
      const { page } = await open("/")
      await page.route(route, (route) =>
        route.fulfill({ status: 500, json: { title: "Internal error", detail: "The server failed." } })
      )
      await signIn(page, T2)
      await see(page, words)
      await see(page, title)
    })

    test("C14: a token that no header can hold is one that the server does not know", async () => {
      const { page } = await open("/")
      await signIn(page, "пароль")
      await see(page, "The server does not know these credentials.")
    })

    const shaping = async () => {
      await user.put("/home/shaped.txt", "x")
      const { page } = await open("/home/")
      await signIn(page, T2)
      await page.getByRole("link", { name: /shaped.txt/ }).click()
      await page.getByRole("link", { name: "Shape", exact: true }).click()
      await page.locator("[data-phase=failed]").waitFor()
      return page
    }

    test("C14: an Accept that no header can hold is said to be none, and the next one is asked for", async () => {
      const page = await shaping()
      await page.getByLabel("Accept").fill("text/html, текст")
      await page.getByRole("button", { name: "Shape", exact: true }).click()
      await page.locator(".notice.failure", { hasText: "it cannot have “т”" }).waitFor()
      await page.getByLabel("Accept").fill("text/plain")
      await page.getByRole("button", { name: "Shape", exact: true }).click()
      await page.locator(".failed .status", { hasText: "404" }).waitFor()
    })

    test("C14: an intent of any script travels as UTF-8", async () => {
      const page = await shaping()
      const asked = page.waitForRequest((request) => "x-semantic-intent" in request.headers())
      await page.getByLabel("For whom").fill("бабушка и я")
      await page.getByRole("button", { name: "Shape", exact: true }).click()
      const intent = (await asked).headers()["x-semantic-intent"] ?? ""
      expect(Buffer.from(intent, "latin1").toString("utf8")).toBe("бабушка и я")
    })

    test("C14: an intent of several lines, as an address may have it, travels in one", async () => {
      const page = await shaping()
      const asked = page.waitForRequest((request) => "x-semantic-intent" in request.headers())
      await page.evaluate("history.pushState(null, '', '?intent=one%0Atwo'); dispatchEvent(new Event('popstate'))")
      expect((await asked).headers()["x-semantic-intent"]).toBe("one two")
    })
  }
)

describe("C14 what may be wished", () => {
  test.each(["*/*", "text/html;q=0.5, text/plain", ""])("C14: %j", (accept) =>
    expect(flawOfWish({ accept, intent: "ü" })).toBeUndefined()
  )
  test.each(["é", "text/html\n", "text/html\u0000", "漢"])("C14: not %j", (accept) =>
    expect(flawOfWish({ accept, intent: "" })).toMatch(/^Accept names media types/)
  )
})
