import { existsSync } from "node:fs"
import { join } from "node:path"
import { call, operator } from "../plugins.mjs"
import { startElastik } from "../server.mjs"
import { below } from "../table.mjs"
import { makeTemplate, makeTree } from "../worlds.mjs"

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync)
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
const many = 20_000

/** The application in chromium: how soon it can be used, how soon a commit shows, and how it bears many worlds. */
export const browser = async (bench) => {
  if (executablePath === undefined) {
    console.error("no chromium: browser is left out")
    return []
  }
  const { chromium } = await import("playwright-core")
  const data = join(bench.temp, "browser")
  makeTree(data, await makeTemplate(bench), many)
  const elastik = await startElastik(bench, data)
  const url = `http://127.0.0.1:${elastik.port}`
  await call(elastik, "PUT", "/home/page.txt", operator, "a page of text")
  const chrome = await chromium.launch({ executablePath, args })
  // The first page of a browser's life pays for the browser.
  await visit(chrome, `${url}/home/page.txt`, ".code")
  const times = { shell: [], world: [], machine: [], list: [], commit: [], end: [] }
  for (let round = 0; round < bench.rounds; round++) {
    times.shell.push(await visit(chrome, `${url}/`, ".goto input"))
    times.world.push(await visit(chrome, `${url}/home/page.txt`, ".code"))
    times.machine.push(await visit(chrome, `${url}/`, ".leaf, .none"))
    times.list.push(await visit(chrome, `${url}/home/bench/`, ".row"))
    times.commit.push(await commit(chrome, elastik, `${url}/home/page.txt`, round))
    times.end.push(await toTheEnd(chrome, `${url}/home/bench/`))
  }
  await chrome.close()
  await elastik.stop()
  return [
    { name: "cold browser: the shell can be used", unit: "ms", ours: times.shell, target: below(300) },
    { name: "cold browser: a world is shown", unit: "ms", ours: times.world, target: below(300) },
    { name: "cold browser: the machine is shown", unit: "ms", ours: times.machine, target: below(500) },
    { name: "cold browser: a list of 20,000 is shown", unit: "ms", ours: times.list, target: below(500) },
    { name: "from a PUT to the page that shows it", unit: "ms", ours: times.commit, target: below(200) },
    { name: "to the end of a list of 20,000, all loaded on the way", unit: "ms", ours: times.end }
  ]
}

/**
 * A page in a context of its own, with nothing cached; milliseconds from its beginning until `ready` stands on it, by the
 * page's own clock: what drives the browser from outside would be measured, too.
 */
const visit = async (chrome, href, ready) => {
  const context = await chrome.newContext({ serviceWorkers: "block" })
  const page = await context.newPage()
  await page.addInitScript((selector) => {
    const look = () => {
      if (document.querySelector(selector) === null || window.readyAt !== undefined) return
      window.readyAt = performance.now()
      observer.disconnect()
    }
    const observer = new MutationObserver(look)
    observer.observe(document, { childList: true, subtree: true })
  }, ready)
  await page.goto(href, { waitUntil: "commit" })
  await page.locator(ready).first().waitFor({ state: "attached" })
  const took = await page.evaluate(() => window.readyAt)
  await context.close()
  return took
}

const commit = async (chrome, elastik, href, round) => {
  const context = await chrome.newContext({ serviceWorkers: "block" })
  const page = await context.newPage()
  await page.goto(href)
  await page.locator(".live[data-state=live]").waitFor()
  await page.locator(".code").waitFor()
  const text = `written in round ${round}`
  const shown = page.locator(".code", { hasText: text }).waitFor()
  const began = performance.now()
  await call(elastik, "PUT", "/home/page.txt", operator, text)
  await shown
  const took = performance.now() - began
  await context.close()
  return took
}

const toTheEnd = async (chrome, href) => {
  const context = await chrome.newContext({ serviceWorkers: "block" })
  const page = await context.newPage()
  await page.goto(href)
  await page.locator(".row").first().waitFor()
  const began = performance.now()
  const last = page.locator(`[aria-posinset="${many}"]`)
  while ((await last.count()) === 0) await page.evaluate("document.querySelector('.list').scrollTop = 1e9")
  const took = performance.now() - began
  await context.close()
  return took
}
