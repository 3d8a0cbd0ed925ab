import * as fc from "fast-check"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type Answer, bearer, start, T2, T3, type TestServer } from "../helpers/TestServer.ts"

let server: TestServer
beforeAll(async () => {
  server = await start()
})
afterAll(() => server.stop())

/**
 * Without a Range, If-Range means nothing (RFC 9110 section 13.1.5), but it makes a request particular: the edge lets
 * it go the whole way. So the same question is asked of both sides.
 */
const wholeWay = { "if-range": '"nothing"' }

const comparable = ({ bytes, rawHeaders, status }: Answer) => {
  const fields: Array<string> = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i] !== "Date") fields.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
  }
  return { status, fields, body: bytes.toString("latin1") }
}

const names = ["/home/e/a", "/home/e/b", "/home/e/a/c", "/home/e/%E5%B8%AE"]
const accepts = ["*/*", "application/json", "text/plain", "text/html", "image/png", "text/html;q=0, */*"]

const write = fc.record({
  kind: fc.constantFrom<"PUT" | "POST" | "DELETE">("PUT", "POST", "DELETE"),
  name: fc.constantFrom(...names),
  body: fc.string({ maxLength: 40 }),
  ext: fc.constantFrom("txt", "html", "json", "svg", "bin"),
  meta: fc.constantFrom<ReadonlyArray<string>>([], ["one"], ["one", "two"])
})
const hide = fc.record({ kind: fc.constant("HIDE" as const), rules: fc.constantFrom("", "/home/e/a", "/home/e/b\n") })
const read = fc.record({
  kind: fc.constantFrom<"GET" | "HEAD">("GET", "HEAD"),
  name: fc.constantFrom(...names, "/bin/home/e/a", "/home%2Fe%2Fa"),
  query: fc.constantFrom("", "?raw", "?v=1", "?raw&x=1"),
  accept: fc.constantFrom(...accepts)
})

test("the edge changes nothing but time: its answers are those of the typed handlers, whatever is written", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(write, hide, { arbitrary: read, weight: 4 }), { maxLength: 40 }),
      async (steps) => {
        for (const step of steps) {
          if (step.kind === "HIDE") {
            await server.request("PUT", "/etc/private", { headers: bearer(T3), body: step.rules })
          } else if ("body" in step) {
            const headers = { ...bearer(step.kind === "DELETE" ? T3 : T2), "x-meta-note": [...step.meta] }
            // node's client frames no body of a DELETE by itself
            const body = step.kind === "DELETE" ? "" : step.body
            await server.request(step.kind, `${step.name}?ext=${step.ext}`, { headers, body })
          } else {
            const target = step.name + step.query
            const ask = (more: Record<string, string>) =>
              server.request(step.kind, target, { headers: { accept: step.accept, ...more } })
            const expected = comparable(await ask(wholeWay))
            // The first may be kept by the edge, the second may come from it.
            expect(comparable(await ask({}))).toEqual(expected)
            expect(comparable(await ask({}))).toEqual(expected)
          }
        }
      }
    ),
    { numRuns: 40 }
  ))

test("a world that was hot is gone with the commit that deletes it", async () => {
  await server.request("PUT", "/home/e/hot", { headers: bearer(T2), body: "hot" })
  for (let n = 0; n < 20; n++) expect((await server.request("GET", "/home/e/hot?raw")).text).toBe("hot")
  await server.request("DELETE", "/home/e/hot", { headers: bearer(T3) })
  expect((await server.request("GET", "/home/e/hot?raw")).status).toBe(404)
})
