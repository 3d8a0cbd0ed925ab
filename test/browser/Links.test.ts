import { createServer, type Server } from "node:http"
import type { Frame, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { expectClean, framed, inBrowser, onlookers, see, signIn, visitAs } from "../helpers/Browser.ts"
import { people } from "../helpers/People.ts"
import { start, T3 } from "../helpers/TestServer.ts"

const server = await start()
let elsewhere: Server
let elsewhereUrl: string
/** requests to the other server, and connections to it; browsers open some in advance where links may be followed */
let asked = 0
let touched = 0
beforeAll(async () => {
  elsewhere = createServer((_, response) => {
    asked++
    response.end("<h1>elsewhere</h1>")
  })
  elsewhere.on("connection", () => {
    touched++
  })
  await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve))
  const address = elsewhere.address()
  elsewhereUrl = typeof address === "object" ? `http://127.0.0.1:${address?.port}` : ""
})
afterAll(async () => {
  elsewhere.closeAllConnections()
  elsewhere.close()
  await server.stop()
})
const { anyone, user } = people(server)

const pathOf = (page: Page): string => new URL(page.url()).pathname
const pathInFrame = (frame: Frame): string => (URL.canParse(frame.url()) ? new URL(frame.url()).pathname : "")
const inFrame = (page: Page) => page.frameLocator("iframe:not(.arriving)")
const isPath = (page: Page, path: string) => page.waitForURL((url) => url.pathname === path && url.hash === "")

inBrowser(
  "C14 links in worlds",
  () => server,
  (open) => {
    describe.each(onlookers)("seen by %s", (_, token) => {
      const show = (path: string) => visitAs(open, token, path)

      test("C14: a link to another world leads the page there, and back comes back", async () => {
        await user.put("/home/links/a", '<h1>this is a</h1><a href="b?x=1#edit">to b</a>')
        await user.put("/home/links/b", "<h1>this is b</h1>")
        const { page } = await show("/home/links/a")
        await inFrame(page).getByRole("link").click()
        await framed(page, "this is b").waitFor()
        await isPath(page, "/home/links/b")
        expect(new URL(page.url()).search).toBe("")
        expect(await page.getByText("T3").count()).toBe(token === undefined ? 0 : 1)
        await page.goBack()
        await framed(page, "this is a").waitFor()
        expect(pathOf(page)).toBe("/home/links/a")
      })

      test("C14: a link to a world that is not there leads to the page that says so", async () => {
        await user.put("/home/links/dead", '<a href="/home/links/nobody">to nobody</a>')
        const { page } = await show("/home/links/dead")
        await inFrame(page).getByRole("link").click()
        await see(page, "No such world")
        expect(pathOf(page)).toBe("/home/links/nobody")
      })

      test("C14: a link to the world itself shows it again", async () => {
        await user.put("/home/links/self", '<p>once more</p><a href="self">again</a>')
        const { page } = await show("/home/links/self")
        await inFrame(page).getByRole("link").click()
        await framed(page, "This leads to").waitFor({ state: "detached" })
        await framed(page, "once more").waitFor()
        expect(pathOf(page)).toBe("/home/links/self")
      })

      test.each([
        ["", "#far"],
        ["", "/home/links/long#far"],
        ['<base href="/home/links/">', "long#far"],
        ['<base target="_self">', "#far"]
      ])("C14: with “%s” a link to %s scrolls, each time", async (base, href) => {
        const source = `<!doctype html>${base}<a href="${href}">down</a><p style="height:4000px"><p id="far">far away`
        await user.put("/home/links/long?ext=html", source)
        const { page } = await show("/home/links/long")
        for (let i = 0; i < 2; i++) {
          await inFrame(page).getByRole("link").click()
          if (href === "#far" || token !== undefined) {
            await expect.poll(() => inFrame(page).locator("html").evaluate("scrollY")).toBeGreaterThan(1000)
            await inFrame(page).locator("html").evaluate("scrollTo(0, 0)")
          } else await framed(page, "far away").waitFor()
        }
        expect(pathOf(page)).toBe("/home/links/long")
      })

      test.each([
        ["a plugin", "/lib/links"],
        ["a shape", "/shaped/home/links/a"],
        ["a page of the program's", "/proc/status/x"]
      ])("C14: the page goes to %s in a tab of its own alone", async (_, href) => {
        await user.put("/lib/links", "// nothing")
        await user.put("/home/links/far", `<p>still here</p><a href="${href}">far</a>`)
        const { page } = await show("/home/links/far")
        await inFrame(page).getByRole("link").click()
        const link = page.locator(".lead a")
        expect(await link.getAttribute("href")).toBe(`${server.url}${href}`)
        expect([await link.getAttribute("target"), await link.getAttribute("rel")]).toEqual([
          "_blank",
          "noopener noreferrer"
        ])
        expect(pathOf(page)).toBe("/home/links/far")
        await page.getByRole("button", { name: "Back" }).click()
        await framed(page, "still here").waitFor()
      })

      test("C14: a link to another server is refused, named, and not asked for", async () => {
        await user.put("/home/links/out", `<p>still here</p><a href="${elsewhereUrl}/secret">out</a>`)
        const { page } = await show("/home/links/out")
        const before = asked
        await inFrame(page).getByRole("link").click()
        await see(page, `This leads to ${elsewhereUrl}`)
        expect(asked).toBe(before)
        await page.getByRole("button", { name: "Back" }).click()
        await framed(page, "still here").waitFor()
      })

      test("C14: a script that moves its frame moves nothing else, until somebody clicks", async () => {
        await user.put("/home/links/b", "<h1>this is b</h1>")
        await user.put("/home/links/restless", '<script>location = "/home/links/b"</script>')
        const { page } = await show("/home/links/restless")
        // Looking into a frame counts as a click there, as far as the browser is concerned: not before it has moved.
        await expect.poll(() => page.frames().map(pathInFrame), { timeout: 10_000 }).toContain("/home/links/b")
        const link = inFrame(page).getByRole("link", { name: "/home/links/b" })
        await link.waitFor()
        expect(pathOf(page)).toBe("/home/links/restless")
        await link.click()
        await framed(page, "this is b").waitFor()
        expect(pathOf(page)).toBe("/home/links/b")
      })

      test("C14: messages that only look like a link's come to nothing, with a click too", async () => {
        await user.put(
          "/home/links/liar",
          `<p id="o">click me</p><script>
          onclick = () => {
            focus()
            for (const to of ["/home/links/b", location.origin + "/home/links/b", "${server.url}/home/links/b", "javascript:1"])
              for (const seal of [undefined, "", "SEAL", {}, null]) parent.postMessage({ to, seal }, "*")
            parent.postMessage(null, "*")
            fetch("/app/seal").then((r) => r.text()).then((t) => "read " + t, (e) => e.name).then((t) => { o.textContent = t })
          }
          </script>`
        )
        const { page } = await show("/home/links/liar")
        await framed(page, "click me").click()
        await framed(page, "TypeError").waitFor()
        await page.getByRole("tab", { name: "History" }).click()
        await see(page, "written")
        expect(pathOf(page)).toBe("/home/links/liar")
        expect(await page.locator(".lead").count()).toBe(0)
      })

      test("C14: a frame within a world learns no seal", async () => {
        await user.put(
          "/home/links/nested",
          `<p id="o">waiting</p><iframe src="/home/links/b" onload="o.textContent = 'heard ' + heard.length"></iframe>
          <script>const heard = []; onmessage = ({ data }) => heard.push(data)</script>`
        )
        const { page } = await show("/home/links/nested")
        await framed(page, "heard 0").waitFor()
      })
    })

    test("C14: the names in a world's scripts are its own", async () => {
      await user.put(
        "/home/links/names",
        "<p id=o></p><script>const show = 1, cut = 2, address = 3; o.textContent = 'all mine'</script>"
      )
      const visit = await open("/")
      await signIn(visit.page, T3)
      await see(visit.page, "T3")
      await visit.page.getByRole("searchbox").fill("/home/links/names")
      await visit.page.keyboard.press("Enter")
      await framed(visit.page, "all mine").waitFor()
      expectClean(visit)
    })

    test("C14: a stage takes what its page hands it, whatever it was told before", async () => {
      await user.put("/home/links/late", "<p>here at last</p>")
      const { page } = await open("/")
      // Somebody else's message comes first: another stage's, an extension's.
      await page.route("**/app/stage-alive*.html", async (route) => {
        const response = await route.fetch()
        const early = "<script>postMessage({ html: 'of mine', base: '/' }, '*'); postMessage('x', '*')</script>"
        const { "content-security-policy": _, ...headers } = response.headers()
        await route.fulfill({ response, headers, body: `${await response.text()}${early}` })
      })
      await signIn(page, T3)
      await see(page, "T3")
      await page.getByRole("searchbox").fill("/home/links/late")
      await page.keyboard.press("Enter")
      await framed(page, "here at last").waitFor()
    })

    describe("in what a model wrote", () => {
      const shaped = async (html: string) => {
        const visit = await open("/")
        const { page } = visit
        await page.route("**/shaped/home/links/source", (route) =>
          route.fulfill({
            contentType: "text/event-stream",
            body: `${html
              .split("\n")
              .map((line) => `data: ${line}\n`)
              .join("")}\nevent: done\ndata: {"ct":"text/html","shape":"page","cache":"generated"}\n\n`
          })
        )
        await page.getByRole("searchbox").fill("/shaped/home/links/source")
        await page.keyboard.press("Enter")
        return visit
      }

      test("C14: a link leads the page to another world, after a click", async () => {
        await user.put("/home/links/b", "<h1>this is b</h1>")
        const { page } = await shaped('<h1>shaped</h1><a href="b">to b</a>')
        await inFrame(page).getByRole("link").click()
        await framed(page, "this is b").waitFor()
        expect(pathOf(page)).toBe("/home/links/b")
        await page.goBack()
        await framed(page, "shaped").waitFor()
      })

      test.each([{}, { modifiers: ["Control" as const] }, { button: "middle" as const }])(
        "C14: a link to another server is shown, whole, and not followed: %j",
        async (how) => {
          const { page } = await shaped(
            `<p>shaped</p><a href="${elsewhereUrl}/a?b#c" ping="${elsewhereUrl}/ping" target="_top">out</a>`
          )
          const before = touched
          await inFrame(page).getByRole("link").click(how)
          const link = page.locator(".lead a", { hasText: `${elsewhereUrl}/a?b#c` })
          await link.waitFor()
          expect(await link.getAttribute("rel")).toBe("noopener noreferrer")
          expect(page.context().pages()).toHaveLength(1)
          expect(touched).toBe(before)
          expect(pathOf(page)).toBe("/shaped/home/links/source")
        }
      )

      test.each(["javascript:top.pwned=1", "data:text/html,x", "blob:x", "//user:password@127.0.0.1/", "http://["])(
        "C14: a link to %s leads nowhere",
        async (href) => {
          const { page } = await shaped(`<p>shaped</p><a href="${href}">nowhere</a>`)
          await inFrame(page).getByRole("link").click()
          await page.getByRole("searchbox").click()
          await framed(page, "shaped").waitFor()
          expect(await page.locator(".lead").count()).toBe(0)
          expect(pathOf(page)).toBe("/shaped/home/links/source")
        }
      )

      test("C14: a link within scrolls", async () => {
        const { page } = await shaped('<a href="#far">down</a><p style="height:4000px"><p id="far">far away')
        await inFrame(page).getByRole("link").click()
        await expect.poll(() => inFrame(page).locator("html").evaluate("scrollY")).toBeGreaterThan(1000)
      })

      test("C14: nothing is fetched, connected to or looked up, and nothing runs", async () => {
        const before = touched
        const to = (name: string) => `${elsewhereUrl}/${name}`
        const { page } = await shaped(
          [
            "dns-prefetch preconnect prefetch modulepreload preload stylesheet icon prerender manifest"
              .split(" ")
              .map((rel) => `<link rel="${rel}" as="script" href="${to(rel)}">`),
            `<meta http-equiv="refresh" content="0; url=${to("refresh")}">`,
            `<base href="${to("base/")}"><script src="${to("script")}"></script>`,
            `<script type="speculationrules">{"prefetch":[{"urls":["${to("speculated")}"]}]}</script>`,
            `<img src="${to("img")}" srcset="${to("srcset")} 2x" onerror="document.title = 'ran'">`,
            `<video src="${to("video")}" poster="${to("poster")}" autoplay></video><audio src="${to("audio")}" autoplay></audio>`,
            `<iframe src="${to("iframe")}"></iframe><object data="${to("object")}"></object><embed src="${to("embed")}">`,
            `<style>@import "${to("import")}"; @font-face { font-family: f; src: url(${to("font")}) } body { font-family: f; background: url(${to("background")}) }</style>`,
            `<svg width="9" height="9"><image href="${to("image")}" width="9" height="9"/><use href="${to("use")}"/><a href="${to("svga")}"><animate attributeName="href" values="${to("animated")}"/><rect width="9" height="9"/></a></svg>`,
            `<math><mtext href="${to("math")}">math</mtext></math><input type="image" src="${to("input")}">`,
            `<form action="${to("form")}"><button autofocus>send</button></form><p>shaped</p>`
          ]
            .flat()
            .join("")
        )
        await framed(page, "shaped").waitFor()
        await inFrame(page).getByRole("button", { name: "send" }).click()
        await inFrame(page).locator("rect").click()
        await page.getByRole("button", { name: "Source" }).click()
        await page.locator(".code").waitFor()
        expect(touched).toBe(before)
        expect(await page.title()).not.toBe("ran")
        const { headers } = await anyone.get("/app/stage-quiet.html")
        expect(headers["x-dns-prefetch-control"]).toBe("off")
      })
    })
  }
)
