import * as fc from "fast-check"
import { afterAll, expect, test, vi } from "vitest"
import { lockInfo, wanting } from "../helpers/Dav.ts"
import { people } from "../helpers/People.ts"
import { shelve } from "../helpers/Plugins.ts"
import { start } from "../helpers/TestServer.ts"

// In the server the host links a plugin to its own modules; here they are these.
vi.mock("elastik/plugin", () => import("../../src/plugin.ts"))

const server = await start()
afterAll(() => server.stop())
const { anyone, operator, user } = people(server)
await user.put("/lib/dav", shelve(await import("../../plugins/dav.ts")))
await operator.put("/lib/dav/state", "active")

const method = fc.constantFrom(
  ...["OPTIONS", "GET", "HEAD", "PUT", "DELETE", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK"]
)
const segment = fc.constantFrom(
  "a",
  "b",
  "c",
  "a/b",
  "a/b/c",
  "a/",
  "%C3%BC",
  "%",
  "%2e%2e",
  "x%00",
  "b%2Fc",
  "y".repeat(90)
)
const target = fc.oneof(
  fc
    .tuple(fc.constantFrom("/dav/home/", "/dav/lib/", "/dav/etc/", "/dav/", "/bin/dav/home/"), segment)
    .map((parts) => parts.join("")),
  fc.constantFrom("/dav", "/dav/", "/dav/home", "/dav/home/", "/dav/boot/", "/dav/nowhere/x")
)
const printable = fc.string({ unit: "grapheme-ascii", maxLength: 20 })
const token = "<urn:uuid:00000000-0000-0000-0000-000000000000>"
const headers = fc.record(
  {
    depth: fc.constantFrom("0", "1", "infinity", "2", ""),
    destination: fc.oneof(target, printable, fc.constant(`${server.url}/dav/home/c`)),
    overwrite: fc.constantFrom("T", "F", "x"),
    if: fc.oneof(printable, fc.constantFrom(`(${token})`, `(Not ${token})`, '(["x"])', "(Not <DAV:no-lock>)")),
    "if-match": fc.constantFrom("*", '"x"', "x"),
    "if-none-match": fc.constantFrom("*", '"x"', "x"),
    timeout: fc.oneof(printable, fc.constantFrom("Infinite", "Second-1")),
    "lock-token": fc.oneof(printable, fc.constant(token)),
    range: fc.constantFrom("bytes=0-0", "bytes=9-", "x")
  },
  { requiredKeys: [] }
)
const update = (prop: string) =>
  `<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop>${prop}</D:prop></D:set></D:propertyupdate>`
const xml = fc.constantFrom(
  lockInfo(),
  lockInfo("shared"),
  wanting("getetag", "nothing"),
  update("<x/>"),
  update("<D:getetag/>")
)
const body = fc.oneof(
  fc.constant(""),
  xml,
  fc.tuple(xml, fc.nat(120)).map(([text, length]) => text.slice(0, length)),
  fc.uint8Array({ maxLength: 40 })
)

test("C16 whatever is asked of /dav in whatever order is answered, and is never our mistake", async () => {
  const answerable = new Set([502, 507])
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(method, target, headers, body), { minLength: 5, maxLength: 20 }),
      async (asked) => {
        for (const [method, target, headers, body] of asked) {
          const sent = method === "GET" || method === "HEAD" ? undefined : body
          const { status } = await operator.ask(method, target, headers, sent)
          if (!answerable.has(status))
            expect([method, target, headers, status < 500]).toEqual([method, target, headers, true])
        }
      }
    ),
    { numRuns: 40 }
  )
  expect((await anyone.ask("PROPFIND", "/dav/", { depth: "infinity" })).status).toBe(207)
}, 60_000)
