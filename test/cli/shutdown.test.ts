import { describe, expect, test } from "vitest"
import { commandLine } from "../helpers/CommandLine.ts"
import { people, receiptOf } from "../helpers/People.ts"
import { dataIn, serve } from "../helpers/Program.ts"
import { connection, everything, parseAnswer, requestText } from "../helpers/RawSocket.ts"
import { databaseOf, eventsIn } from "../helpers/Sqlite.ts"
import { listen } from "../helpers/Sse.ts"
import { tempDirectory } from "../helpers/Temp.ts"

const env = { ELASTIK_TOKEN: "t2", ELASTIK_APPROVE_TOKEN: "t3", ELASTIK_KEY: "k" }

const upload = async (port: number, target: string, length: number, part: string) => {
  const socket = await connection(port)
  const said = everything(socket)
  const fields = ["Authorization: Bearer t2", `Content-Length: ${length}`]
  await new Promise((resolve) => socket.write(requestText(`PUT ${target} HTTP/1.1`, ...fields) + part, resolve))
  return { socket, said }
}

describe("C17 SIGTERM and SIGINT", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "C17 %s with open streams, idle connections and a slow upload: exit 0 within 5 seconds, streams ended at once",
    async (signal) => {
      const cwd = tempDirectory()
      const running = await serve({ cwd, env })
      await people(running).holder("t2").put("/home/x", "x")
      const streams = await Promise.all(
        ["/stream/home/x", "/stream/home/", "/stream/home/x"].map((target) => listen(running, target))
      )
      await streams[0]?.next()
      const idle = await connection(running.port)
      const slow = await upload(running.port, "/home/slow", 1000, "half")
      const began = performance.now()
      running.signal(signal)
      await Promise.all(streams.map(({ ended }) => ended))
      expect(performance.now() - began).toBeLessThan(1500)
      const { code, stderr } = await running.ended
      expect(performance.now() - began).toBeLessThan(5000)
      expect(code).toBe(0)
      expect(stderr).not.toMatch(/error|\bat .*:\d+:\d+/i)
      await slow.said
      idle.destroy()
      // The upload that was not finished left nothing, and what was written verifies.
      const { code: verified, stdout } = await commandLine(["verify"], { cwd, env })
      expect([verified, stdout.includes("home/slow"), stdout.includes("home/x")]).toEqual([0, false, true])
    }
  )

  test("C17 finishes writes: what is answered after the signal is done, and nothing is half done", async () => {
    const cwd = tempDirectory()
    const running = await serve({ cwd, env })
    const last = await upload(running.port, "/home/last", 8, "half")
    const user = people(running).holder("t2")
    const flood = Array.from({ length: 40 }, (_, i) =>
      user.post(`/home/flood/${i % 4}`, `${i};`).catch(() => undefined)
    )
    running.signal("SIGTERM")
    last.socket.write("done")
    const answer = parseAnswer(await last.said)
    const answers = await Promise.all(flood)
    expect((await running.ended).code).toBe(0)
    expect(answer.status).toBe(201)
    expect(eventsIn(databaseOf(dataIn(cwd), "home/last")).map(({ said }) => said.len)).toEqual([8])
    for (const [i, answer] of answers.entries()) {
      if (answer === undefined || answer.status > 201) continue
      const receipt = receiptOf(answer)
      const event = eventsIn(databaseOf(dataIn(cwd), `home/flood/${i % 4}`))[receipt.version - 1]
      expect(event?.said.body_sha256_after).toBe(receipt.sha256)
    }
    expect((await commandLine(["verify"], { cwd, env })).code).toBe(0)
  })

  test("C17 accepts nobody new once it stops", async () => {
    const running = await serve({ cwd: tempDirectory(), env })
    const slow = await upload(running.port, "/home/slow", 1000, "half")
    const stream = await listen(running, "/stream/home/")
    running.signal("SIGTERM")
    await stream.ended
    const refused = await connection(running.port).then(everything, () => "")
    expect(refused).toBe("")
    slow.socket.destroy()
    expect((await running.ended).code).toBe(0)
  })
})
