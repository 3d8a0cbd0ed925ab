import { afterAll, describe, expect, test } from "vitest"
import { entry } from "../../src/http/shell/Assets.ts"
import { people } from "../helpers/People.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone } = people(server)

describe("C14 files that keep their names", () => {
  // What the build makes is there when it was built.
  const files = ["/opensearch.xml", ...(entry === undefined ? [] : ["/manifest.json", "/sw.js", "/favicon.ico"])]

  test.each(files)("C14 %s has a tag: who has it already need not have it again", async (target) => {
    const first = await anyone.get(target)
    expect([first.status, first.headers["cache-control"]]).toEqual([200, "no-cache"])
    const tag = String(first.headers.etag)
    expect(tag).toMatch(/^"[\w-]{22}"$/)
    const again = await anyone.get(target, { "if-none-match": tag })
    expect([again.status, again.text, again.headers.etag]).toEqual([304, "", tag])
    expect((await anyone.get(target, { "if-none-match": '"other"' })).bytes.equals(first.bytes)).toBe(true)
    expect((await anyone.get(target, { "if-match": '"other"' })).status).toBe(412)
  })

  test("C14 /opensearch.xml is another one for those who know the server by another name", async () => {
    const [one, other] = await Promise.all(
      ["a.localhost", "b.localhost"].map((host) => anyone.get("/opensearch.xml", { host }))
    )
    expect(one?.headers.etag).not.toBe(other?.headers.etag)
    expect(one?.headers.vary).toBe("Host")
  })
})
