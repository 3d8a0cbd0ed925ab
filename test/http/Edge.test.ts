import { Effect } from "effect"
import * as fc from "fast-check"
import { afterAll, beforeAll, expect, test } from "vitest"
import { canonicalText, worldName } from "../../src/domain/WorldPath.ts"
import * as Response from "../../src/http/plugins/Answers.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { plugin, shelve } from "../helpers/Plugins.ts"
import { type Answer, bearer, start, T2, T3, type TestServer } from "../helpers/TestServer.ts"

let server: TestServer
let cap: string
beforeAll(async () => {
  server = await start()
  const minted = await server.request("POST", "/auth/mint?prefix=/home/e/a", { headers: bearer(T3) })
  cap = `Bearer ${(minted.json() as { token: string }).token}`
  await server.request("PUT", "/lib/shaped", { headers: bearer(T2), body: shelve(shaped) })
  await server.request("PUT", "/lib/shaped/state", { headers: bearer(T3), body: "active" })
})
afterAll(() => server.stop())

/** Answers as /shaped does from its cache: by the source, the intent, the client and who asks. */
const shaped = plugin({
  AUTH: "auth",
  ROUTES: ["/shaped"],
  SHELL: true,
  touches: ({ path }) =>
    Effect.map(canonicalText(path.slice("/shaped".length)), ({ path }) => ({ action: "read", path })),
  handle: ({ caller, headers, path }) =>
    Effect.gen(function* () {
      const name = yield* Effect.flatMap(canonicalText(path.slice("/shaped".length)), ({ path }) => worldName(path))
      const { tag } = yield* Effect.flatMap(Worlds, (worlds) => worlds.head(caller, name))
      const { accept, "user-agent": agent, "x-semantic-intent": intent } = headers
      const text = JSON.stringify({ tag, accept, agent, intent, caller: caller.id })
      return Response.text(text, { headers: { etag: '"x"', "x-semantic-cache": "hit" } })
    })
})

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

/** Requests after which an answer comes from memory, and a few more. */
const untilHot = 11

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
const callers = ["", "Bearer junk", `Bearer ${T2}`, `Bearer ${T3}`, "cap"]
const about = fc.record({
  authorization: fc.constantFrom(...callers),
  "x-semantic-intent": fc.constantFrom("", "big", "small"),
  "user-agent": fc.constantFrom("", "curl", "small")
})
const read = fc.record({
  about,
  kind: fc.constantFrom<"GET" | "HEAD">("GET", "HEAD"),
  name: fc.constantFrom(
    ...[...names, "/bin/home/e/a", "/home%2Fe%2Fa"],
    ...["/shaped/home/e/a", "/bin/shaped/home/e/a", "/%73haped/home/e/a", "/shaped/home/e/a/c"]
  ),
  query: fc.constantFrom("", "?raw", "?v=1", "?raw&x=1"),
  accept: fc.constantFrom(...accepts)
})

test("the edge changes nothing but time: its answers are those of the typed handlers, whatever is written", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(write, hide, { arbitrary: read, weight: 2 }), { maxLength: 30 }),
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
            const said = Object.entries({ ...step.about, accept: step.accept }).filter(([, value]) => value !== "")
            const headers = Object.fromEntries(said.map(([name, value]) => [name, value === "cap" ? cap : value]))
            const ask = (more: Record<string, string>) =>
              server.request(step.kind, target, { headers: { ...headers, ...more } })
            const expected = comparable(await ask(wholeWay))
            // At first the answers are made, then one is kept, and the last come from memory.
            for (let n = 0; n < untilHot; n++) expect(comparable(await ask({}))).toEqual(expected)
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

test("a capability that has expired is served nothing from memory", async () => {
  await server.request("PUT", "/home/e/hot", { headers: bearer(T2), body: "hot" })
  await server.request("PUT", "/etc/private", { headers: bearer(T3), body: "/home/e" })
  const minted = await server.request("POST", "/auth/mint?prefix=/home/e&ttl=1", { headers: bearer(T3) })
  const { exp, token } = minted.json() as { exp: number; token: string }
  for (;;) {
    const before = Date.now()
    const { status } = await server.request("GET", "/home/e/hot?raw", { headers: bearer(token) })
    if (before >= exp * 1000) {
      expect(status).toBe(403)
      break
    }
  }
  await server.request("PUT", "/etc/private", { headers: bearer(T3), body: "" })
})

test("a plugin that is disabled is served nothing from memory, and a browser that navigates gets a page", async () => {
  await server.request("PUT", "/home/e/a", { headers: bearer(T2), body: "a" })
  const ask = (more: Record<string, string> = {}) =>
    server.request("GET", "/shaped/home/e/a", { headers: { ...bearer(T2), accept: "text/html", ...more } })
  for (let n = 0; n < untilHot; n++) expect((await ask()).json()).toMatchObject({ accept: "text/html" })
  const visited = await ask({ "sec-fetch-mode": "navigate" })
  expect(visited.headers["content-type"]).toBe("text/html; charset=utf-8")
  await server.request("PUT", "/lib/shaped/state", { headers: bearer(T3), body: "disabled" })
  expect((await ask()).status).toBe(404)
})
