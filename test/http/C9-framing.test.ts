import fc from "fast-check"
import { afterAll, describe, expect, onTestFinished, test } from "vitest"
import { dechunk } from "../helpers/Chunked.ts"
import { people } from "../helpers/People.ts"
import { connection, patience } from "../helpers/RawSocket.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { operator, user } = people(server)

/** A connection, what it has heard so far, and a way to wait for more of it. */
const listening = async (...requests: ReadonlyArray<string>) => {
  const socket = await connection(server.port)
  onTestFinished(() => {
    socket.destroy()
  })
  let heard = ""
  let wake = () => {}
  socket.on("data", (bytes) => {
    heard += bytes.toString("latin1")
    wake()
  })
  let closed = false
  socket.once("close", () => {
    closed = true
    wake()
  })
  const until = (enough: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      const impatient = setTimeout(() => reject(new Error(`it stays at ${heard.slice(-200)}`)), patience)
      wake = () => {
        if (!enough()) return
        clearTimeout(impatient)
        resolve()
      }
      wake()
    })
  socket.write(requests.map((lines) => `${lines}\r\n\r\n`).join(""))
  await until(() => heard.includes("\r\n\r\n"))
  const begin = heard.indexOf("\r\n\r\n") + 4
  return {
    head: heard.slice(0, begin).toLowerCase(),
    body: () => heard.slice(begin),
    /** waits until something has been said */
    hears: (text: string) => until(() => heard.includes(text, begin)),
    closes: () => until(() => closed)
  }
}

const get = (target: string, version = "1.1") => `GET ${target} HTTP/${version}\r\nhost: 127.0.0.1`

/** Both ways that requests for streams take: a page of our own says where it comes from, and goes the whole way. */
const ways = [
  ["plain", ""],
  ["with an Origin", `\r\norigin: ${server.url}`]
] as const

const lengths = fc.array(
  fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.constantFrom(15_000, 16_384, 65_536, 200_000)),
  { minLength: 1, maxLength: 6 }
)

describe("C9 the bytes of a stream", () => {
  test.each(ways)("C9: are chunks of HTTP/1.1, an event in each, whatever their lengths (%s)", async (way, fields) => {
    const world = `/home/c9-framing-${way.length}`
    await fc.assert(
      fc.asyncProperty(lengths, async (sizes) => {
        await user.put(world, "")
        const stream = await listening(get(`/stream${world}`) + fields)
        expect(stream.head).toContain("transfer-encoding: chunked")
        const bodies = ["", ...sizes.map((size, n) => `${n};`.padEnd(size, "x"))]
        for (const body of bodies.slice(1)) {
          await user.put(world, body)
          await stream.hears(`"stage_html":"${body}"`)
          await stream.hears("\n\n\r\n")
        }
        await operator.del(world)
        await stream.hears("\r\n0\r\n\r\n")
        const { chunks, ended, rest } = dechunk(stream.body())
        expect([ended, rest]).toEqual([true, ""])
        expect(chunks.map((chunk) => /^(?:id: \d+\n)?event: (\w+)\ndata: .*\n\n$/.exec(chunk)?.[1])).toEqual([
          ...bodies.map(() => "update"),
          "deleted"
        ])
        const events = chunks.map((chunk) => JSON.parse(chunk.slice(chunk.indexOf("data: ") + 6)))
        expect(events.slice(0, -1).map(({ stage_html }) => stage_html)).toEqual(bodies)
      }),
      { numRuns: 10 }
    )
  })

  test.each(ways)("C9: are the bare events in HTTP/1.0, and the end is the connection's (%s)", async (_, fields) => {
    await user.put("/home/c9-bare", "one")
    const stream = await listening(get("/stream/home/c9-bare", "1.0") + fields)
    expect(stream.head).not.toContain("transfer-encoding")
    for (const body of ["two", "three"]) {
      await user.put("/home/c9-bare", body)
      await stream.hears(`"stage_html":"${body}"`)
    }
    await operator.del("/home/c9-bare")
    await stream.closes()
    const events = stream.body().split("\n\n")
    expect(events.map((event) => /^event: (\w+)$/m.exec(event)?.[1])).toEqual([
      ...["update", "update", "update", "deleted"],
      undefined
    ])
    expect(events.at(-1)).toBe("")
  })

  test("C9: end before the answer to the next request of the connection begins", async () => {
    await user.put("/home/c9-next", "one")
    const stream = await listening(get("/stream/home/c9-next"), get("/proc/version"))
    await user.put("/home/c9-next", "two")
    await stream.hears('"stage_html":"two"')
    await operator.del("/home/c9-next")
    await stream.hears("HTTP/1.1 200")
    const { chunks, ended, rest } = dechunk(stream.body())
    expect([chunks.length, ended]).toEqual([3, true])
    expect(rest).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  })

  test("C9: may be followed by those of another stream, over the same connection", async () => {
    const worlds = ["/home/c9-again-1", "/home/c9-again-2"]
    for (const world of worlds) await user.put(world, "one")
    const stream = await listening(...worlds.map((world) => get(`/stream${world}`)))
    await user.put(worlds[0] ?? "", "two")
    await stream.hears('"stage_html":"two"')
    await operator.del(worlds[0] ?? "")
    await stream.hears("HTTP/1.1 200")
    await user.put(worlds[1] ?? "", "three")
    await stream.hears('"stage_html":"three"')
    const { rest } = dechunk(stream.body())
    const second = dechunk(rest.slice(rest.indexOf("\r\n\r\n") + 4))
    expect([second.chunks.length, second.ended, second.rest]).toEqual([2, false, ""])
  })
})
