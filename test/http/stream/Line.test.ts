import { once } from "node:events"
import * as Http from "node:http"
import { type AddressInfo, Socket } from "node:net"
import { PassThrough } from "node:stream"
import { pipeline } from "node:stream/promises"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { anonymous } from "../../../src/domain/Caller.ts"
import * as Chunk from "../../../src/http/stream/Chunk.ts"
import { Line } from "../../../src/http/stream/Line.ts"
import { dechunk } from "../../helpers/Chunked.ts"
import { connection, everything } from "../../helpers/RawSocket.ts"

/** What the next request is answered with. */
let answer: (response: Http.ServerResponse) => void = () => {}
const server = Http.createServer((_, response) => answer(response))
let port = 0
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  server.close()
})

const first = Chunk.make("first;")

/** A line that says word after word whenever it is ready, and ends then. */
const speaking = (words: ReadonlyArray<string>): Line<number> => {
  const line = new Line(anonymous, 0, first, () => {
    while (line.ready && line.place < words.length) line.say(Chunk.make(words[line.place++] ?? ""))
    if (line.ready) line.end()
  })
  return line
}

/** All that a connection hears of an answer. */
const hearing = async (version: "1.0" | "1.1"): Promise<string> => {
  const socket = await connection(port)
  const heard = everything(socket)
  socket.write(`GET / HTTP/${version}\r\nhost: x\r\nconnection: close\r\n\r\n`)
  const said = await heard
  return said.slice(said.indexOf("\r\n\r\n") + 4)
}

/** A connection that takes nothing more before it is told to. */
class Held extends Socket {
  private taken = ""
  private hearer = () => {}
  /** lets it take what comes next */
  free = () => {}

  override _write(bytes: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this.hold([bytes], done)
  }

  override _writev(pieces: Array<{ chunk: string | Uint8Array; encoding: BufferEncoding }>, done: () => void): void {
    this.hold(
      pieces.map(({ chunk, encoding }) => (typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk)),
      done
    )
  }

  /** resolves when a text is among what it is taking */
  async takes(text: string): Promise<void> {
    while (!this.taken.includes(text)) {
      await new Promise<void>((resolve) => {
        this.hearer = resolve
      })
    }
  }

  private hold(pieces: ReadonlyArray<Uint8Array>, done: () => void): void {
    this.taken = Buffer.concat(pieces).toString("latin1")
    this.free = done
    this.hearer()
  }
}

const words = fc.array(
  fc.oneof(
    fc.integer({ min: 1, max: 40 }),
    fc.constantFrom(255, 256, 4095, 4096, 16_383, 16_384, 65_535, 65_536, 300_000)
  ),
  { maxLength: 12 }
)
const spoken = (lengths: ReadonlyArray<number>) => lengths.map((length, n) => `${n};`.padEnd(length, "x"))

describe("C9 a line", () => {
  test("C9: is the bytes it says, one after another, each in a chunk of its own, and the end", async () => {
    await fc.assert(
      fc.asyncProperty(words, async (lengths) => {
        const said = spoken(lengths)
        answer = (response) => void pipeline(speaking(said), response).catch(() => undefined)
        expect(dechunk(await hearing("1.1"))).toEqual({ chunks: ["first;", ...said], ended: true, rest: "" })
      }),
      { numRuns: 40 }
    )
  })

  test("C9: is the same bytes without chunks for who does not know them", async () => {
    await fc.assert(
      fc.asyncProperty(words, async (lengths) => {
        const said = spoken(lengths)
        answer = (response) => void pipeline(speaking(said), response).catch(() => undefined)
        expect(await hearing("1.0")).toBe(["first;", ...said].join(""))
      }),
      { numRuns: 20 }
    )
  })

  test("C9: says what it would say if node took it to the answer piece by piece", async () => {
    const said = spoken([1, 15, 16, 17, 255, 256, 20_000, 5, 70_000, 3])
    answer = (response) => void pipeline(speaking(said), new PassThrough(), response).catch(() => undefined)
    const ordinary = await hearing("1.1")
    answer = (response) => void pipeline(speaking(said), response).catch(() => undefined)
    expect(dechunk(await hearing("1.1")).chunks.join("")).toBe(dechunk(ordinary).chunks.join(""))
  })

  test("C9: is not ready while the connection takes no more, and leaves nothing behind there", async () => {
    const socket = new Held()
    const response = new Http.ServerResponse(new Http.IncomingMessage(socket))
    response.assignSocket(socket)
    let asked = 0
    const line = new Line(anonymous, 0, first, () => asked++)
    line.pipe(response)
    await socket.takes("first;")
    socket.free()
    expect([line.ready, asked]).toEqual([true, 1])

    line.say(Chunk.make("short;"))
    await socket.takes("short;")
    expect(line.ready, "a little may wait in the connection").toBe(true)

    const most = "x".repeat(socket.writableHighWaterMark)
    line.say(Chunk.make(most))
    expect([line.ready, socket.listenerCount("drain")]).toEqual([false, 1])
    const drained = once(socket, "drain")
    socket.free()
    await socket.takes(most)
    expect([line.ready, asked]).toEqual([false, 1])
    socket.free()
    await drained
    expect([line.ready, asked, socket.listenerCount("drain")]).toEqual([true, 2, 0])

    line.say(Chunk.make(most))
    await socket.takes(most)
    line.end()
    const freed = once(socket, "drain")
    socket.free()
    await freed
    expect([line.ready, asked, socket.listenerCount("drain")]).toEqual([false, 2, 0])
  })

  test("C9: says nothing more when it has ended or is destroyed, though others use the connection on", async () => {
    const line = new Line(anonymous, 0, first, () => undefined)
    const late = () => line.say(Chunk.make("late;"))
    answer = (response) => {
      response.once("close", late)
      void pipeline(line, response)
        .catch(() => undefined)
        .then(late)
      line.once("data", () => {
        line.end()
        late()
      })
    }
    expect(dechunk(await hearing("1.1"))).toEqual({ chunks: ["first;"], ended: true, rest: "" })
    expect(line.ready).toBe(false)
  })
})
