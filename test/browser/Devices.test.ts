import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { expectClean, inBrowser, live, see, signIn } from "../helpers/Browser.ts"
import { type Person, people } from "../helpers/People.ts"
import { type Running, serve } from "../helpers/Program.ts"
import { tempDirectory } from "../helpers/Temp.ts"
import { T2, T3 } from "../helpers/TestServer.ts"

const source = (name: string) => readFileSync(new URL(`../../plugins/${name}.ts`, import.meta.url), "utf8")

const machine = async () => {
  const env = { ELASTIK_TOKEN: T2, ELASTIK_APPROVE_TOKEN: T3, ELASTIK_KEY: "k" }
  const server = await serve({ cwd: tempDirectory(), env })
  return { server, ...people(server) }
}
const install = async (name: string, { operator, user }: { readonly operator: Person; readonly user: Person }) => {
  await user.put(`/lib/${name}`, source(name))
  expect((await operator.put(`/lib/${name}/state`, "active")).status).toBe(200)
}

const nowhere: Pick<Running, "url"> = { url: "http://127.0.0.1" }

inBrowser(
  "C14 plugins and shapes",
  () => nowhere,
  (open) => {
    test("C14: an operator approves the source in view, and its routes are served", async () => {
      const { anyone, server, user } = await machine()
      await user.put("/lib/example", source("example"))
      const visit = await open(`${server.url}/lib/`)
      const { page } = visit
      await page.locator(".badge", { hasText: "pending" }).waitFor()
      await page.getByRole("link", { name: /example/ }).click()
      await page.locator(".code", { hasText: 'ROUTES = ["/example"]' }).waitFor()
      expect(await page.getByRole("button", { name: "Approve" }).count()).toBe(0)
      await signIn(page, T3)
      await page.getByRole("button", { name: "Approve this source" }).click()
      await page.locator(".badge", { hasText: "active" }).waitFor()
      expect((await anyone.get("/example")).status).toBe(200)
      await page.getByRole("button", { name: "Disable" }).click()
      await page.locator(".badge", { hasText: "disabled" }).waitFor()
      expect((await anyone.get("/example")).status).toBe(404)
      expectClean(visit)
    })

    test("C14: a source that was exchanged behind the reader's back is not approved", async () => {
      const { anyone, server, user } = await machine()
      await user.put("/lib/example", source("example"))
      const { page } = await open(`${server.url}/lib/example`)
      await signIn(page, T3)
      await page.getByRole("button", { name: "Approve this source" }).waitFor()
      // At the last moment: between the look at the source and the decision.
      await page.route("**/lib/example/state", async (route) => {
        await user.put("/lib/example", source("example").replace("hello", "evil"))
        await route.continue()
      })
      await page.getByRole("button", { name: "Approve this source" }).click()
      await page.locator(".failed .status", { hasText: "412" }).waitFor()
      expect((await anyone.get("/example")).status).toBe(404)
    })

    test("C14: a source that changes while it is read is approved only by who says to have read the new one", async () => {
      const { server, user } = await machine()
      await user.put("/lib/example", source("example"))
      const { page } = await open(`${server.url}/lib/example`)
      await signIn(page, T3)
      const approve = page.getByRole("button", { name: "Approve this source" })
      await approve.waitFor()
      await user.put("/lib/example", source("example").replace("hello", "evil"))
      await page.getByRole("button", { name: "I have read the new one" }).waitFor()
      expect(await approve.count()).toBe(0)
      await page.getByRole("button", { name: "I have read the new one" }).click()
      await approve.waitFor()
      await page.getByRole("tab", { name: "History" }).click()
      expect(await approve.isDisabled()).toBe(true)
    })

    test("C14: why a plugin cannot be activated is shown", async () => {
      const { server, user } = await machine()
      await user.put("/lib/broken", "export const AUTH = 'none'")
      const { page } = await open(`${server.url}/lib/broken`)
      await signIn(page, T3)
      await page.getByRole("button", { name: "Approve this source" }).click()
      await page.locator(".failed .status", { hasText: "422" }).waitFor()
      await see(page, "handle wants to be a function of a request")
    })

    test("C10.4: the manual page of a plugin tries it", async () => {
      const all = await machine()
      await install("gpu", all)
      await all.operator.put("/etc/gpu.conf", "fake://")
      const visit = await open(`${all.server.url}/dev/gpu`)
      await visit.page.getByLabel("Token").fill(T2)
      await visit.page.getByLabel("Body").fill("hello")
      await visit.page.getByRole("button", { name: "Send" }).click()
      await see(visit.page, /maple slate north/)
      expectClean(visit)
    })

    test("C14: a shape streams into view, and what is asked stands in the address", async () => {
      const all = await machine()
      await install("semantic", all)
      await all.operator.put("/etc/gpu.conf", "fake://")
      await all.user.put("/home/notes.md", "# Notes\n\nTwelve crates of apples.\n")
      const visit = await open(`${all.server.url}/shaped/home/notes.md?accept=text/plain&intent=a%20printer`)
      const { page } = visit
      await see(page, "Credentials needed")
      await signIn(page, T2)
      await see(page, "Done")
      await see(page, "written by the model just now")
      expect((await page.locator(".shape .code").textContent())?.split(/\s+/)).toHaveLength(16)
      await page.getByRole("button", { name: "Shape", exact: true }).click()
      await see(page, "kept from an earlier answer; no model was asked")
      await page.getByRole("button", { name: "48 columns" }).click()
      await page.waitForURL((url) => url.searchParams.get("intent") === "receipt printer, 48 columns")
      await see(page, "Done")
      await page.goBack()
      await page.waitForURL((url) => url.searchParams.get("intent") === "a printer")
      expectClean(visit)
    })

    test("C14: an answer that Accept does not allow is said to be none", async () => {
      const all = await machine()
      await install("semantic", all)
      await all.operator.put("/etc/gpu.conf", "fake://")
      await all.user.put("/home/notes.md", "# Notes\n")
      const { page } = await open(`${all.server.url}/shaped/home/notes.md?accept=text/csv`)
      await signIn(page, T2)
      await page.locator("[data-phase=failed]").waitFor()
      await page.locator(".notice.failure").waitFor()
    })

    test("C14: without a model a page is what an exact converter makes of the source, and none of it runs", async () => {
      const all = await machine()
      await install("semantic", all)
      await all.user.put("/home/notes.md", "# Notes\n\n<script>top.pwned = 1</script>\n")
      const visit = await open(`${all.server.url}/shaped/home/notes.md`)
      const { page } = visit
      await signIn(page, T2)
      await page.frameLocator("iframe").getByRole("heading", { name: "Notes" }).waitFor()
      await see(page, "no model answered, so it was converted exactly")
      await page.getByLabel("Accept").fill("text/csv")
      await page.getByRole("button", { name: "Shape", exact: true }).click()
      await page.locator(".failed .status", { hasText: "503" }).waitFor()
      await see(page, "no model answered, and there is no exact conversion")
      expect(await page.evaluate("window.pwned")).toBeUndefined()
      expectClean(visit)
    })

    test("C14: the machine shows plugins, devices, model and mounts as they come", async () => {
      const all = await machine()
      const visit = await open(all.server.url)
      const { page } = visit
      await live(page)
      await install("gpu", all)
      await install("fstab", all)
      await page.getByRole("link", { name: "/dev/gpu", exact: true }).waitFor()
      await all.operator.put("/etc/gpu.conf", "# a comment\nfake://\n")
      await page.getByRole("link", { name: "fake://" }).waitFor()
      // Who may not read the mount table does not hear of it either.
      await signIn(page, T3)
      await see(page, "T3")
      await live(page)
      await all.operator.put("/etc/fstab", `${tempDirectory()} /mnt/inbox ro`)
      await page.getByRole("link", { name: "/mnt/inbox" }).waitFor()
      expectClean(visit)
    })
  }
)
