import { afterAll, describe, expect, onTestFinished, test } from "vitest"
import { people, receiptOf } from "../helpers/People.ts"
import { sha256 } from "../helpers/Secrets.ts"
import { tempDirectory } from "../helpers/Temp.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, operator, user } = people(server)

describe("C2 whoever reads after a write was acknowledged reads that write", () => {
  test.each([
    ["nobody in particular", anyone],
    ["a user", user]
  ])("C2 %s, in every form", async (_, reader) => {
    for (let i = 0; i < 60; i++) {
      const { sha256: digest, version } = receiptOf(await user.put("/home/after", `the body of ${i}`))
      const [raw, envelope, text, head] = [
        await reader.get("/home/after?raw"),
        await reader.get("/home/after"),
        await reader.get("/home/after", { accept: "text/plain" }),
        await reader.head("/home/after?raw")
      ]
      expect([raw.text, text.text]).toEqual([`the body of ${i}`, `the body of ${i}`])
      expect(envelope.json()).toMatchObject({ stage_html: `the body of ${i}`, version, sha256: digest })
      expect(head.headers.etag).toBe(raw.headers.etag)
    }
  })
  test("C2 after a deletion nobody reads it, after a re-creation everybody the new one", async () => {
    for (let i = 0; i < 30; i++) {
      await user.put("/home/mortal", `life ${i}`)
      expect((await anyone.get("/home/mortal?raw")).text).toBe(`life ${i}`)
      await operator.del("/home/mortal")
      expect((await anyone.get("/home/mortal?raw")).status).toBe(404)
    }
  })
  test("C2 a condition that was refused changed nothing that is read", async () => {
    await user.put("/home/kept", "x")
    const before = await anyone.get("/home/kept?raw")
    await user.put("/home/kept", "y", { "if-match": '"no"' })
    const after = await anyone.get("/home/kept?raw")
    expect([after.text, after.headers.etag]).toEqual([before.text, before.headers.etag])
  })
})

describe("C2 an answer is one snapshot", () => {
  test("C2 bytes, digest, tag, metadata and version belong together, whatever is written meanwhile", async () => {
    const bodyOf = (version: number) => `${version};`.repeat(2000)
    const write = (i: number) => user.put("/home/snapshot", bodyOf(i), { "x-meta-number": String(i) })
    await write(0)
    const tags = new Map<string, string>()
    let writing = true
    const read = async (reader: typeof anyone) => {
      while (writing) {
        const raw = await reader.get("/home/snapshot?raw")
        const digest = `sha-256=:${Buffer.from(sha256(raw.bytes), "hex").toString("base64")}:`
        expect(raw.headers["repr-digest"]).toBe(digest)
        expect(raw.text).toBe(bodyOf(Number(raw.headers["x-meta-number"])))
        const { etag = "" } = raw.headers
        expect(tags.get(etag) ?? digest).toBe(digest)
        tags.set(etag, digest)
        const envelope = JSON.parse((await reader.get("/home/snapshot")).text)
        expect(envelope.stage_html).toBe(bodyOf(envelope.version - 1))
        expect(envelope.sha256).toBe(sha256(envelope.stage_html))
      }
    }
    const readers = [read(anyone), read(anyone), read(user), read(user)]
    for (let i = 1; i <= 150; i++) await write(i)
    writing = false
    await Promise.all(readers)
    expect(tags.size).toBeGreaterThan(1)
  })
})

describe("C2.4 HEAD does not read the body", () => {
  test("C2.4 of a large world it takes a fraction of what GET takes", async () => {
    const disk = await start({ data: tempDirectory() })
    onTestFinished(disk.stop)
    const { anyone, user } = people(disk)
    await user.put("/home/large", Buffer.alloc(48 * 1024 * 1024, "text "))
    const quickest = async (run: () => Promise<unknown>) => {
      let best = Number.POSITIVE_INFINITY
      for (let i = 0; i < 4; i++) {
        const began = performance.now()
        await run()
        best = Math.min(best, performance.now() - began)
      }
      return best
    }
    for (const target of ["/home/large?raw", "/home/large"]) {
      const got = await quickest(() => anyone.get(target))
      expect(await quickest(() => anyone.head(target))).toBeLessThan(got / 4)
    }
  })
})

describe("C2.1 nosniff always", () => {
  test.each([
    ["GET", "/home/sniff?raw", 200],
    ["GET", "/home/sniff", 200],
    ["HEAD", "/home/sniff?raw", 200],
    ["GET", "/home/sniff?v=1", 304],
    ["GET", "/home/", 200],
    ["GET", "/", 200],
    ["GET", "/home/none", 404],
    ["GET", "/home/%ff", 400],
    ["OPTIONS", "/home/sniff", 204],
    ["PATCH", "/home/sniff", 405],
    ["PUT", "/home/sniff", 403],
    ["GET", "/docs", 200],
    ["GET", "/openapi.json", 200],
    ["GET", "/proc/metrics", 200],
    ["HEAD", "/stream/home/sniff", 200]
  ])("C2.1 %s %s", async (method, target, status) => {
    await user.put("/home/sniff", "x", { "if-none-match": "*" })
    const answer = await anyone.ask(method, target, {}, method === "PUT" ? "x" : undefined)
    expect([answer.status, answer.headers["x-content-type-options"]]).toEqual([status, "nosniff"])
  })
})
