import { afterAll, describe, expect, test } from "vitest"
import { people, receiptOf } from "../helpers/People.ts"
import { start } from "../helpers/TestServer.ts"

const limit = 100_000
const server = await start({ maxBody: limit })
afterAll(server.stop)
const { anyone, user } = people(server)

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

describe("C4.2 ext", () => {
  const cases: ReadonlyArray<readonly [name: string, query: string, type: string, body: string | Buffer, ext: string]> =
    [
      // ?ext= over everything
      ["a.md", "?ext=csv", "text/html", "<p>", "csv"],
      ["a", "?ext=TXT", "", "<p>", "txt"],
      ["a", "?ext=tar.gz", "", "x", "tar.gz"],
      // then a meaningful Content-Type
      ["a.md", "", "text/html", "# x", "html"],
      ["a.md", "", "text/html; charset=utf-8", "# x", "html"],
      ["a", "", "application/json", "x", "json"],
      ["a", "", "image/png", "x", "png"],
      ["a", "", "TEXT/CSV", "x", "csv"],
      ["a", "", "text/markdown", "x", "md"],
      ["a", "?ext=", "image/svg+xml", "x", "svg"],
      // curl's default says nothing, and so do these
      ["a.md", "", "application/x-www-form-urlencoded", "# x", "md"],
      ["a.md", "", "application/octet-stream", "# x", "md"],
      ["a", "", "application/x-www-form-urlencoded", "<h1>x</h1>", "html"],
      ["a", "", "multipart/form-data; boundary=x", "x", "txt"],
      ["a", "", "no such thing", "x", "txt"],
      ["a", "", "*/*", "x", "txt"],
      // then the name's extension
      ["a.json", "", "", "<p>", "json"],
      ["a.tar.gz", "", "", "x", "gz"],
      ["a.PNG", "", "", "x", "png"],
      ["a.weird1", "", "", "<p>", "weird1"],
      ["a.dat", "", "application/x-www-form-urlencoded", everyByte, "dat"],
      ["a.v2", "", "application/octet-stream", "x", "v2"],
      [".bashrc", "", "", "x", "txt"],
      ["v1.2", "", "", "x", "txt"],
      ["d.md/a", "", "", "x", "txt"],
      // then what the bytes look like
      ["a", "", "", "<!doctype html>", "html"],
      ["a", "", "", " \n\t<h1>x</h1>", "html"],
      ["a", "", "", "\ufeff<p>", "html"],
      ["a", "", "", "1 < 2", "txt"],
      ["a", "", "", "< 2", "txt"],
      ["a", "", "", "", "txt"],
      ["a", "", "", "caf\u00e9", "txt"],
      ["a", "", "", Buffer.from([0x3c, 0x70, 0x3e, 0xff]), "bin"],
      ["a", "", "", everyByte, "bin"]
    ]
  test.each(cases)("C4.2 PUT %s%s as %j", async (name, query, type, body, ext) => {
    const target = `/home/c42/${cases.findIndex((one) => one[0] === name && one[1] === query && one[2] === type && one[3] === body)}/${name}`
    const headers = type === "" ? {} : { "content-type": type }
    expect(receiptOf(await user.put(target + query, body, headers)).ext).toBe(ext)
    expect((await anyone.get(target)).json()).toMatchObject({ ext, type: ext })
  })
  test.each([
    ["source", "", "export {}", "ts"],
    ["page", "", "<p>", "ts"],
    ["typed.md", "", "x", "md"],
    ["named", "?ext=txt", "x", "txt"]
  ])("C4.2 under /lib: %s%s", async (name, query, body, ext) => {
    expect(receiptOf(await user.put(`/lib/c42-${name}${query}`, body)).ext).toBe(ext)
  })
  test.each(["?ext=a/b", "?ext=%20", "?ext=a%0d%0ab", `?ext=${"x".repeat(64)}`, "?ext=<"])(
    "C4.2 %s is 400",
    async (query) => {
      expect((await user.put(`/home/c42-bad${query}`, "x")).status).toBe(400)
      expect((await anyone.get("/home/c42-bad")).status).toBe(404)
    }
  )
  test("C2.1 an ext that nobody knows is served as the bytes that were sent", async () => {
    await user.put("/home/c42-P.weird1", everyByte, { "content-type": "application/x-www-form-urlencoded" })
    const { bytes, headers } = await anyone.get("/home/c42-P.weird1?raw")
    expect(headers["content-type"]).toBe("application/octet-stream")
    expect(bytes.equals(everyByte)).toBe(true)
  })
  test("C4.2 PUT decides anew", async () => {
    await user.put("/home/c42-anew", "<p>")
    expect(receiptOf(await user.put("/home/c42-anew", "x")).ext).toBe("txt")
  })
  test("C4.2 append keeps ext and metadata, whatever it says itself", async () => {
    await user.put("/home/c42-kept", "x", { "content-type": "text/markdown", "x-meta-author": "first" })
    const headers = { "content-type": "image/png", "x-meta-author": "second" }
    expect(receiptOf(await user.post("/home/c42-kept?ext=csv", everyByte, headers)).ext).toBe("md")
    const read = await anyone.get("/home/c42-kept?raw")
    expect([read.headers["content-type"], read.headers["x-meta-author"]]).toEqual([
      "text/markdown; charset=utf-8",
      "first"
    ])
  })
})
