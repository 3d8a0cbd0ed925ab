import { Effect, Exit, Scope } from "effect"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { expectClean, framed, inBrowser, onlookers, see, visitAs } from "../helpers/Browser.ts"
import { people } from "../helpers/People.ts"
import { start, T3 } from "../helpers/TestServer.ts"
import { type Upstream, upstream } from "../helpers/Upstream.ts"

const server = await start()
const scope = Effect.runSync(Scope.make())
let elsewhere: Upstream
beforeAll(async () => {
  elsewhere = await Effect.runPromise(
    Scope.extend(
      upstream((_, response) => response.end("<h1>elsewhere</h1>")),
      scope
    )
  )
})
afterAll(async () => {
  await server.stop()
  await Effect.runPromise(Scope.close(scope, Exit.void))
})
const { anyone, operator, user } = people(server)

beforeEach(async () => {
  await operator.put("/etc/secret", "the secret of the machine")
})

/** Tells in its own text what became of each attempt. */
const attempts = `<!doctype html><pre id="o"></pre><script>
const say = (name, value) => { o.textContent += name + "=" + value + "\\n" }
const attempt = (name, run) => { try { say(name, run()) } catch (error) { say(name, error.name) } }
attempt("parent", () => parent.document.title)
attempt("top", () => { top.location = "/home/pwned"; return "asked" })
attempt("cookie", () => document.cookie)
attempt("local", () => localStorage.length)
attempt("session", () => sessionStorage.length)
attempt("open", () => String(window.open("/home/pwned")))
attempt("name", () => JSON.stringify(window.name))
attempt("referrer", () => JSON.stringify(document.referrer))
attempt("frames", () => parent.frames[0] === window)
const heard = []
addEventListener("message", (event) => heard.push(JSON.stringify(event.data)))
parent.postMessage({ html: "<script>document.title = 'pwned'<\\/script>", type: "pwn" }, "*")
const ask = (name, path, init) => fetch(path, init).then((r) => r.text().then((t) => say(name, r.status + t.slice(0, 9))), (e) => say(name, e.name))
Promise.all([
  ask("read", new URL("/proc/worlds", document.baseURI), {}),
  ask("write", new URL("/home/pwned", document.baseURI), { method: "PUT", body: "pwned" }),
  ask("secret", new URL("/etc/secret?raw", document.baseURI), { credentials: "include" })
]).then(() => setTimeout(() => { say("heard", heard.length); say("done", "yes") }, 50))
</script>`

const inert: Readonly<Record<string, (url: string) => string>> = {
  "a meta refresh to another host": (url) =>
    `<meta http-equiv="refresh" content="0; url=${url}/refresh"><h1>shown</h1>`,
  "a form that posts itself": (url) =>
    `<h1>shown</h1><form id=f method=post action="${url}/form"><input name=x></form><script>f.submit()</script>`,
  "a form that posts to the machine": () =>
    `<h1>shown</h1><form id=f method=post action="/home/pwned"><input name=x></form><script>f.submit()</script>`,
  "a script that moves the frame to another host": (url) => `<h1>shown</h1><script>location = "${url}/moved"</script>`,
  "a script that moves the page": (url) =>
    `<h1>shown</h1><script>try { top.location = "${url}/top" } catch {}</script>`,
  "a base and a link that is clicked": (url) =>
    `<base href="${url}/" target="_top"><h1>shown</h1><a id=a href="clicked">x</a><script>a.click()</script>`,
  "a download that nobody asked for": () =>
    `<h1>shown</h1><a id=a href="?raw" download=x.exe>x</a><script>a.click()</script>`,
  "an alert": () => `<h1>shown</h1><script>alert(1)</script>`
}

inBrowser(
  "C14 hostile worlds",
  () => server,
  (open) => {
    describe.each(onlookers)("seen by %s", (_, token) => {
      const show = (path: string) => visitAs(open, token, path)

      test("C14: a script in a world reaches neither page, nor machine, nor token", async () => {
        await user.put("/home/evil/attempts", attempts)
        const { page } = await show("/home/evil/attempts")
        await framed(page, "done=yes").waitFor()
        const said = (await page.frameLocator("iframe:not(.arriving)").locator("#o").textContent()) ?? ""
        expect(said.split("\n")).toEqual(
          expect.arrayContaining([
            "parent=SecurityError",
            "cookie=SecurityError",
            "local=SecurityError",
            "session=SecurityError",
            "open=null",
            'name=""',
            "read=TypeError",
            "write=TypeError",
            "secret=TypeError"
          ])
        )
        expect(said).not.toContain(T3)
        expect(said).not.toContain("secret of the machine")
        expect(await page.title()).toBe("/home/evil/attempts · elastik")
        expect(new URL(page.url()).pathname).toBe("/home/evil/attempts")
        expect(page.context().pages()).toHaveLength(1)
        expect((await anyone.get("/home/pwned")).status).toBe(404)
      })

      test("C14: a click gives a script in a world no more than it had", async () => {
        await user.put(
          "/home/evil/clicked?ext=html",
          `<p>click me</p><a id=t href="/home/pwned" target=_top>x</a><a id=p href="/home/pwned" target=_parent>x</a>
          <a id=b href="${elsewhere.url}/blank" target=_blank>x</a>
          <form id=f action="${elsewhere.url}/form"><input name=x></form><form id=g method=post action="/home/pwned"></form>
          <iframe id=n src="/home/evil"></iframe><script src="/app/seal"></script><style>@import "/app/seal";</style><pre id=o></pre>
          <script>
          const said = []
          const attempt = (name, run) => { try { said.push(name + "=" + run()) } catch (error) { said.push(name + "=" + error.name) } }
          onclick = async (event) => {
            if (!event.isTrusted) return
            for (const link of [t, p, b]) {
              link.click()
              link.dispatchEvent(new MouseEvent("click", { ctrlKey: true, bubbles: true, cancelable: true, view: window }))
            }
            attempt("open", () => open("${elsewhere.url}/open"))
            attempt("top", () => { top.location = "${elsewhere.url}/top" })
            attempt("replace", () => { parent.location.replace("${elsewhere.url}/replace") })
            attempt("close", () => { top.close() })
            attempt("back", () => { top.history.back() })
            attempt("requestSubmit", () => { f.requestSubmit(); g.requestSubmit() })
            attempt("confirm", () => confirm("?"))
            attempt("beacon", () => { navigator.sendBeacon("/home/pwned", "x") })
            attempt("frame", () => n.contentDocument)
            await fetch("/home/pwned", { method: "POST", mode: "no-cors", body: "x" }).catch(() => {})
            await document.documentElement.requestFullscreen().then(() => said.push("full"), () => said.push("full=no"))
            await navigator.clipboard?.readText().then(() => said.push("pasted"), () => said.push("paste=no"))
            await new Promise((resolve) => { new EventSource("/stream/home/").onerror = resolve })
            o.textContent = said.join("\\n") + "\\ndone=yes"
          }
          </script>`
        )
        const asked = elsewhere.asked.length
        const { page } = await show("/home/evil/clicked")
        const downloads: Array<unknown> = []
        page.on("download", (download) => downloads.push(download))
        await framed(page, "click me").click()
        await framed(page, "done=yes").waitFor()
        const said = (await page.frameLocator("iframe:not(.arriving)").locator("#o").textContent()) ?? ""
        expect(said.split("\n")).toEqual(
          expect.arrayContaining(["open=null", "back=SecurityError", "confirm=false", "frame=null", "full=no"])
        )
        expect(said).not.toContain("pasted")
        expect(new URL(page.url()).pathname).toBe("/home/evil/clicked")
        expect([page.context().pages().length, downloads.length]).toEqual([1, 0])
        expect(elsewhere.asked.slice(asked).filter((one) => !/favicon/.test(one))).toEqual([])
        expect((await anyone.get("/home/pwned")).status).toBe(404)
      })

      test.each(Object.entries(inert))("C14: %s comes to nothing", async (name, html) => {
        const path = `/home/evil/${name.replaceAll(" ", "-")}`
        await user.put(`${path}?ext=html`, html(elsewhere.url))
        const asked = elsewhere.asked.length
        const { page } = await show(path)
        // Some of them take their frame with them; the page stays what it is.
        await page.locator("iframe").first().waitFor()
        await see(page, /^version \d+$/)
        await page.getByRole("tab", { name: "Source" }).click()
        await page.locator(".code", { hasText: "shown" }).waitFor()
        expect(new URL(page.url()).pathname).toBe(path)
        expect(elsewhere.asked.slice(asked).filter((one) => !/favicon/.test(one))).toEqual([])
        expect((await anyone.get("/home/pwned")).status).toBe(404)
      })
    })

    test.each([
      [
        "svg",
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="top.pwned=1"><script>top.pwned = 1</script></svg>'
      ],
      ["xml", '<x xmlns:h="http://www.w3.org/1999/xhtml"><h:script>top.pwned = 1</h:script></x>'],
      ["md", "[click](javascript:top.pwned=1) <img src=x onerror=top.pwned=1>"],
      ["json", '{"x": "</script><script>top.pwned = 1</script>"}'],
      ["txt", "<img src=x onerror=top.pwned=1>"]
    ])("C14: nothing in %s runs, in any view", async (ext, source) => {
      await user.put(`/home/evil/inert.${ext}`, source, { "x-meta-title": "<img src=x onerror=top.pwned=1>" })
      const visit = await open(`/home/evil/inert.${ext}`)
      const { page } = visit
      for (const view of ["Source", "Edit", "Metadata", "History", "Rendered"]) {
        await page.getByRole("tab", { name: view }).click()
        await page.getByRole("tabpanel", { name: view }).waitFor()
      }
      expect(await page.evaluate("window.pwned")).toBeUndefined()
      expect(await page.locator(".view a[href^='javascript']").count()).toBe(0)
      expectClean(visit)
    })

    test("C14: names are text wherever they are shown", async () => {
      const name = "a&lt;img src=x onerror=top.pwned=1&gt;'); top.pwned=1; ('"
      await user.put(`/home/evil/names/${encodeURIComponent(name)}`, "x")
      for (const path of ["/home/evil/names/", `/home/evil/names/${encodeURIComponent(name)}`]) {
        const visit = await open(path)
        await see(visit.page, name)
        expect(await visit.page.evaluate("window.pwned")).toBeUndefined()
        expectClean(visit)
      }
    })

    test("C14: a world opened by itself has no origin to speak of", async () => {
      // Where it is itself the top, it may go where it likes; the rest is as in a frame.
      await user.put("/home/evil/alone", attempts.replace(/^attempt\("top".*$/m, ""))
      const { page } = await open("/home/evil/alone?raw")
      await page.getByText("done=yes").waitFor()
      expect(await page.locator("#o").textContent()).toContain("write=TypeError")
      expect((await anyone.get("/home/pwned")).status).toBe(404)
    })

    test("C14: the application is framed by nobody", async () => {
      await user.put(
        "/home/evil/framer",
        '<iframe id=f src="/" onload="o.textContent = \'loaded\'"></iframe><p id=o></p>'
      )
      const { page } = await open("/home/evil/framer")
      await framed(page, "loaded").waitFor()
      expect(
        await page
          .frames()
          .at(-1)
          ?.locator("header.bar")
          .count()
          .catch(() => 0)
      ).toBe(0)
    })
  }
)
