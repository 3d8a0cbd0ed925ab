import { afterAll, describe, expect, onTestFinished, test } from "vitest"
import { people } from "../helpers/People.ts"
import { connection, patience, requestText } from "../helpers/RawSocket.ts"
import { listener } from "../helpers/Sse.ts"
import { start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, user } = people(server)

const { heard, open } = listener(server)

describe("C9 slow readers and the end", () => {
  test("C9 a reader that does not read is skipped ahead to the newest state, and nothing piles up for it", async () => {
    const size = 100_000
    const commits = 400
    await user.put("/home/c9-slow", "first")
    const socket = await connection(server.port)
    onTestFinished(() => {
      socket.destroy()
    })
    socket.pause()
    socket.write(requestText("GET /stream/home/c9-slow HTTP/1.1"))
    const other = await open("/stream/home/c9-slow")
    for (let i = 1; i <= commits; i++) await user.put("/home/c9-slow", `${i};`.padEnd(size, "x"))
    let version = 0
    while (version !== commits + 1) version = (await heard(other))?.data.version

    // Everything that was kept for the reader is what it now gets.
    let received = 0
    let tail = ""
    await new Promise<void>((resolve, reject) => {
      const impatient = setTimeout(() => reject(new Error("the newest state did not come")), patience)
      socket.on("data", (chunk) => {
        received += chunk.length
        tail = (tail + chunk.toString("latin1")).slice(-2 * size)
        if (!tail.includes(`"version":${commits + 1},`)) return
        clearTimeout(impatient)
        resolve()
      })
      socket.resume()
    })
    // The system's socket buffers take a few megabytes whatever the server does.
    expect(received).toBeLessThan((size * commits) / 3)
  })

  test("C9 a reader that left is forgotten", async () => {
    await user.put("/home/c9-left", "x")
    const streams = await Promise.all(Array.from({ length: 20 }, () => open("/stream/home/c9-left")))
    const count = async () => Number(/^elastik_streams (\d+)$/m.exec((await anyone.get("/proc/metrics")).text)?.[1])
    const before = await count()
    for (const stream of streams) stream.close()
    await Promise.all(streams.map(({ ended }) => ended))
    const deadline = Date.now() + patience
    while ((await count()) > before - streams.length && Date.now() < deadline) await user.put("/home/c9-left", "x")
    expect(await count()).toBeLessThanOrEqual(before - streams.length)
  })

  test("C9 shutdown ends streams at once", async () => {
    const stopping = await start()
    const { user } = people(stopping)
    await user.put("/home/x", "x")
    const streams = [await open("/stream/home/x", {}, stopping), await open("/stream/home/", {}, stopping)]
    await streams[0]?.next()
    const began = performance.now()
    const stopped = stopping.stop()
    for (const stream of streams) {
      await stream.ended
      expect(await stream.next()).toBeUndefined()
    }
    expect(performance.now() - began).toBeLessThan(1000)
    await stopped
    expect(performance.now() - began).toBeLessThan(2000)
  })
})
