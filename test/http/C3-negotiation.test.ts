import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { people } from "../helpers/People.ts"
import { requestText, sendRaw } from "../helpers/RawSocket.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, operator, user } = people(server)

beforeAll(async () => {
  await user.put("/home/md.md", "# x")
  await user.put("/home/dir/x", "x")
})

const essence = (type: string | undefined) => type?.split(";")[0]

/** A Markdown world offers, in this order: application/json, text/html, text/plain, text/markdown. */
const cases: ReadonlyArray<readonly [accept: string, type: string | 406]> = [
  ["", "application/json"],
  ["*/*", "application/json"],
  ["*", "application/json"],
  ["*;q=0.1, text/plain;q=0.2", "text/plain"],
  ["text/html", "text/html"],
  ["TEXT/HTML", "text/html"],
  ["text/plain", "text/plain"],
  ["text/markdown", "text/markdown"],
  ["text/html;q=0, */*", "application/json"],
  ["application/json;q=0, text/html;q=0, */*", "text/plain"],
  ["application/json;q=0, text/*;q=0, */*", 406],
  ["text/html;q=0", 406],
  ["*/*;q=0", 406],
  ["*/*;q=0, text/plain", "text/plain"],
  ["text/*;q=0, text/markdown", "text/markdown"],
  ["text/plain;q=0.5, text/markdown;q=0.6", "text/markdown"],
  ["text/plain;q=0.001, image/png", "text/plain"],
  ["text/plain;q=0.000, image/png", 406],
  ["text/html, */*", "application/json"],
  ["text/html, */*;q=0.9", "text/html"],
  ["text/html, application/json", "application/json"],
  ["text/plain, text/html", "text/html"],
  ["text/markdown, text/plain", "text/plain"],
  ["text/html;q=0.5, */*;q=0.1, application/json;q=0.4", "text/html"],
  // An element with an unparsable q is ignored.
  ["text/html;q=1.5, text/plain;q=0.1", "text/plain"],
  ["text/html;q=high, text/plain;q=0.1", "text/plain"],
  ["text/html;q=, text/plain;q=0.1", "text/plain"],
  ["text/html;q=-1, text/plain;q=0.1", "text/plain"],
  ["text/html;q=0.1234, text/plain;q=0.1", "text/plain"],
  ["text/html;q=0,5, text/plain;q=0.1", "text/plain"],
  ["*/*;q=x, text/plain", "text/plain"],
  // Parameters and quoted strings are parsed.
  ["text/plain;charset=utf-8", "text/plain"],
  ['text/plain; charset="UTF-8"', "text/plain"],
  ["text/plain;charset=iso-8859-1", 406],
  ["application/json; charset=utf-8", "application/json"],
  ["application/json;odata=verbose", "application/json"],
  ["text/plain;format=flowed", "text/plain"],
  ["text/html;level=1, text/plain;q=0.5", "text/plain"],
  ['text/html;x="a,b;q=0.1", text/plain;q=0.5', "text/plain"],
  ['image/png;x="text/html, text/plain", text/markdown', "text/markdown"],
  ['image/png;x="\\", application/json", text/markdown', "text/markdown"],
  ["text/plain ; q=0.2 , text/markdown\t;\tq=0.3", "text/markdown"],
  ["text/plain;Q=0.2, text/markdown;q=0.3", "text/markdown"],
  [", ,text/plain,,", "text/plain"],
  ["text/plain;", "text/plain"],
  // What is no media range is ignored.
  ["text, text/plain;q=0.2", "text/plain"],
  ["*/html, text/plain;q=0.2", "text/plain"],
  ["text/html/x, text/plain;q=0.2", "text/plain"],
  ["image/png", 406],
  ["image/*, video/mp4;q=0.5", 406]
]

describe("C3.3 negotiation is RFC 9110 section 12.5.1", () => {
  test.each(cases)("C3.3 Accept: %s", async (accept, type) => {
    const read = await anyone.get("/home/md.md", { accept })
    expect(read.status === 406 ? 406 : essence(read.headers["content-type"])).toBe(type)
  })

  test("C3.3 no Accept at all accepts everything", async () => {
    expect(essence((await anyone.get("/home/md.md")).headers["content-type"])).toBe("application/json")
  })

  test("C3.3 several Accept lines are one list", async () => {
    const lines = ["Accept: text/plain;q=0.2", "Accept: text/markdown;q=0.3"]
    const read = await sendRaw(server.port, requestText("GET /home/md.md HTTP/1.1", ...lines))
    expect(essence(read.headers.get("content-type"))).toBe("text/markdown")
  })

  test("C3.3 ten thousand elements are read in no time", async () => {
    const accept = `${"image/png;q=0.5,".repeat(5000)}text/plain`
    expect(essence((await anyone.get("/home/md.md", { accept })).headers["content-type"])).toBe("text/plain")
  })
})

describe("C3.3 on every surface that negotiates", () => {
  const surfaces = ["/home/md.md", "/home/dir", "/home/dir/", "/home/", "/", "/proc/", "/proc/version", "/proc/uptime"]
  const rest = ["/proc/worlds", "/bin", "/dev/", "/proc/verify", "/stream/home/md.md", "/stream/home/"]
  test.each([...surfaces, ...rest])(
    "C3.3 %s: nothing acceptable is 406 and names what is available",
    async (target) => {
      const refused = await anyone.get(target, { accept: "video/mp4" })
      expect(refused.status).toBe(406)
      expect(refused.headers["content-type"]).toMatch(/^application\/problem\+json/)
      expect(refused.json()).toMatchObject({
        available: expect.arrayContaining([expect.stringMatching(/^\w+\/[\w-]+$/)])
      })
    }
  )

  test.each([...surfaces, "/proc/worlds", "/bin", "/dev/"])(
    "C3.3 %s says Vary: Accept, whatever it answers",
    async (target) => {
      for (const accept of ["*/*", "text/html", "application/json", "text/plain", "video/mp4"]) {
        const { headers } = await operator.get(target, { accept })
        expect([accept, headers.vary?.toLowerCase().split(/\s*,\s*/)]).toEqual([
          accept,
          expect.arrayContaining(["accept"])
        ])
      }
    }
  )

  test("C3.3 text/html;q=0 forbids the shell of a collection too", async () => {
    const list = await anyone.get("/home/dir/", { accept: "text/html;q=0, */*" })
    expect(essence(list.headers["content-type"])).toBe("text/plain")
  })

  test("C3.3 a listing of equal rank is text, the server's first", async () => {
    const list = await anyone.get("/home/dir/", { accept: "application/json, text/plain" })
    expect(essence(list.headers["content-type"])).toBe("text/plain")
  })
})
