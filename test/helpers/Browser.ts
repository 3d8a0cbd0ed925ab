import { existsSync } from "node:fs"
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, onTestFinished } from "vitest"
import { T3 } from "./TestServer.ts"

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync)

const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync"
]

/** A page, and what it should not have done. */
export interface Visit {
  readonly page: Page
  /** errors of scripts, and whatever the console calls an error but statuses that a test provokes */
  readonly complaints: ReadonlyArray<string>
  /** the origins of all requests */
  readonly origins: ReadonlySet<string>
}

/** What a test opens: a page of its own in a context of its own, that goes with the test. */
export type Open = (path: string, options?: BrowserContextOptions) => Promise<Visit>

/** Tests in chromium, against a server; none where there is no chromium, but for CI. */
export const inBrowser = (name: string, server: () => { readonly url: string }, tests: (open: Open) => void): void => {
  describe.skipIf(executablePath === undefined && !process.env.CI)(name, () => {
    let browser: Browser
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: executablePath ?? "", args })
    })
    afterAll(() => browser.close())

    tests(async (path, options = {}) => {
      const context = await browser.newContext({ baseURL: server().url, serviceWorkers: "block", ...options })
      onTestFinished(() => context.close())
      const page = await context.newPage()
      page.setDefaultTimeout(10_000)
      const complaints: Array<string> = []
      const origins = new Set<string>()
      page.on("pageerror", (error) => complaints.push(error.message))
      page.on("console", (message) => {
        if (message.type() === "error" && !/Failed to load resource: the server responded/.test(message.text())) {
          complaints.push(message.text())
        }
      })
      page.on("request", (request) => {
        const { origin, protocol } = new URL(request.url())
        if (protocol.startsWith("http")) origins.add(origin)
      })
      await page.goto(path)
      return { page, complaints, origins }
    })
  })
}

/** Signs in through the page's own dialog. */
export const signIn = async (page: Page, secret: string, user?: string): Promise<void> => {
  await page.getByRole("button", { name: "Sign in", exact: true }).first().click()
  const dialog = page.getByRole("dialog")
  await dialog.getByLabel("Token or password").fill(secret)
  if (user !== undefined) await dialog.getByLabel("User").fill(user)
  await dialog.getByRole("button", { name: "Sign in" }).click()
}

/** Who looks at what a test is about. */
export const onlookers = [
  ["anybody", undefined],
  ["an operator who signed in", T3]
] as const

/** Opens a page as one of them: whoever signs in does so before, and then goes there by the page's own field. */
export const visitAs = async (open: Open, token: string | undefined, path: string): Promise<Visit> => {
  if (token === undefined) return open(path)
  const visit = await open("/")
  await signIn(visit.page, token)
  await see(visit.page, "T3")
  await visit.page.getByRole("searchbox").fill(path)
  await visit.page.keyboard.press("Enter")
  return visit
}

/** Waits until something is visible. */
export const see = async (page: Page, text: string | RegExp): Promise<void> => {
  await page.getByText(text).first().waitFor()
}

/** Waits until the page's stream is open: what is written from now on shows. */
export const live = async (page: Page): Promise<void> => {
  await page.locator(".live[data-state=live]").waitFor()
}

/** The text within the frame that is shown. */
export const framed = (page: Page, text: string) =>
  page.frameLocator("iframe:not(.arriving)").getByText(text, { exact: false })

/** Waits until an expression is true of the page; its policy lets nobody evaluate text from within. */
export const holds = (page: Page, expression: string): Promise<void> =>
  expect.poll(() => page.evaluate(expression), { timeout: 10_000 }).toBe(true)

/** Milliseconds that something takes. */
export const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now()
  await work()
  return performance.now() - began
}

/** That a page did nothing that it should not have. */
export const expectClean = ({ complaints, origins, page }: Visit): void => {
  expect(complaints).toEqual([])
  expect([...origins]).toEqual([new URL(page.url()).origin])
}
