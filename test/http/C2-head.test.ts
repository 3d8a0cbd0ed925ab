import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { headerPairs, people } from "../helpers/People.ts"
import { listen } from "../helpers/Sse.ts"
import { start } from "../helpers/TestServer.ts"
import { browser, settle, zoo } from "../helpers/Zoo.ts"

const server = await start()
afterAll(server.stop)
const { anyone, operator, user } = people(server)

beforeAll(async () => {
  await settle(user)
  await operator.put("/etc/shadow", "root:x")
})

const accepts = ["", "*/*", browser, "application/json", "text/plain", "text/html", "text/markdown", "image/svg+xml"]
const more = ["image/*", "application/xml", "application/octet-stream", "text/html;q=0, */*", "video/mp4"]
const targets = Object.keys(zoo).flatMap((name) =>
  ["", "?raw", "?v=1", "?raw&v=1", "?v=7"].map((q) => `/home/w/${name}${q}`)
)

describe("C2.4 HEAD gives what GET would, status and every header alike", () => {
  const others = [
    "/home/w",
    "/home/w/",
    "/home/w?raw",
    "/home/w/?limit=2",
    "/home/none",
    "/home/none/",
    "/home/",
    "/home",
    "/"
  ]
  const refused = [
    "/etc/shadow",
    "/etc/shadow?raw",
    "/boot/",
    "/home/%ff",
    "/nowhere",
    "/auth/mint",
    "/home/w/?limit=x"
  ]
  const proc = [
    "/proc",
    "/proc/",
    "/proc/version",
    "/proc/worlds",
    "/proc/status",
    "/proc/verify/home/w/text",
    "/bin",
    "/dev/"
  ]
  const documents = [
    "/openapi.json",
    "/docs",
    "/manifest.json",
    "/sw.js",
    "/opensearch.xml",
    "/proc/self",
    "/proc/uptime",
    "/proc/verify"
  ]

  test.each([...targets, ...others, ...refused, ...proc, ...documents])("C2.4 %s", async (target) => {
    for (const accept of [...accepts, ...more]) {
      for (const asked of target.startsWith("/home/w/") ? [anyone] : [anyone, operator]) {
        const got = await asked.get(target, { accept })
        const head = await asked.head(target, { accept })
        expect([accept, head.status, head.bytes.length]).toEqual([accept, got.status, 0])
        expect([accept, ...headerPairs(head)]).toEqual([accept, ...headerPairs(got)])
      }
    }
  })

  const conditions: ReadonlyArray<Record<string, string>> = [
    { range: "bytes=1-3" },
    { range: "bytes=999-" },
    { range: "bytes=-2" },
    { range: "junk" },
    { "if-none-match": "*" },
    { "if-match": '"x"' },
    { "if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT" },
    { "if-range": '"x"', range: "bytes=0-1" }
  ]
  test.each(conditions)("C2.4 under %o", async (headers) => {
    for (const target of targets) {
      const got = await anyone.get(target, headers)
      const head = await anyone.head(target, headers)
      expect([target, head.status, ...headerPairs(head)]).toEqual([target, got.status, ...headerPairs(got)])
    }
  })

  test.each(["/stream/home/w/text", "/stream/home/w/"])("C2.4 HEAD %s ends", async (target) => {
    const got = await listen(server, target)
    got.close()
    const head = await anyone.head(target)
    expect([head.status, head.headers["content-type"]]).toEqual([got.status, got.headers["content-type"]])
  })
})

describe("C2.4 the hundredth reading is as good as the first", () => {
  test.each(targets.filter((target) => !target.includes("v=1")))("C2.4 %s", async (target) => {
    for (const accept of ["*/*", "text/plain", browser]) {
      for (const ask of [anyone.get, anyone.head]) {
        const first = await ask(target, { accept })
        // What is asked for often may come from a cache.
        for (let i = 0; i < 12; i++) {
          const next = await ask(target, { accept })
          expect([next.status, ...headerPairs(next), next.text]).toEqual([
            first.status,
            ...headerPairs(first),
            first.text
          ])
        }
      }
    }
  })
})
