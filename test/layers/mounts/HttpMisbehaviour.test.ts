import type * as Http from "node:http"
import type * as Net from "node:net"
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { anonymous } from "../../../src/domain/Caller.ts"
import { MountTable } from "../../../src/services/MountTable.ts"
import { inside } from "../../helpers/Inside.ts"
import { get, mounted, outcomeOf } from "../../helpers/Mounts.ts"
import { announced, nowhere, rawUpstream, upstream } from "../../helpers/Upstream.ts"

const over = (url: string) => Effect.provide(mounted(`${url} /mnt/api ro,bearer=s3cr3t`))
const limit = 5 * 1024 * 1024

/** A server that answers with the given bytes and closes; `keep` leaves the connection open. */
const saying = (text: string, keep = false) =>
  rawUpstream((socket) => {
    socket.write(Buffer.from(text, "latin1"))
    if (!keep) socket.end()
  })

describe("C11.2 a mounted server that misbehaves is 502, names the mount, and tells nothing else", () => {
  const cases: ReadonlyArray<readonly [string, (socket: Net.Socket) => void]> = [
    ["closes without a word", (socket) => socket.end()],
    ["resets the connection", (socket) => socket.resetAndDestroy()],
    ["breaks off within its head", (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Le")],
    ["does not speak HTTP", (socket) => socket.end("220 mail.example ESMTP\r\n")],
    ["speaks in bytes", (socket) => socket.end(Buffer.alloc(100_000, 0xff))],
    ["sends less than it announced", (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")],
    [
      "breaks off within a chunk",
      (socket) => socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")
    ],
    ["sends a bad chunk", (socket) => socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n")],
    [
      "resets within its body",
      (socket) => {
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", () => socket.resetAndDestroy())
      }
    ],
    [
      "names two lengths",
      (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd")
    ],
    [
      "names a length and chunks",
      (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    ],
    ["has an endless head", (socket) => socket.end(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(1_000_000)}\r\n\r\n`)],
    ["sends a part nobody asked for", (socket) => socket.end("HTTP/1.1 206 P\r\nContent-Length: 1\r\n\r\nx")],
    ["has a status of its own", (socket) => socket.end("HTTP/1.1 999 X\r\nContent-Length: 1\r\n\r\nx")],
    ["switches protocols", (socket) => socket.end("HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nx")]
  ]

  it.scoped.each(cases)("%s", ([, answer]) =>
    Effect.gen(function* () {
      const server = yield* rawUpstream(answer)
      const error = yield* Effect.flip(get("api/x")).pipe(over(server.url))
      expect(error._tag).toBe("UpstreamFailed")
      expect(error.message).toMatch(/^the server of mount api /)
      expect(error.message).not.toMatch(inside)
      expect(`${JSON.stringify(error)}${error.message}`).not.toContain("s3cr3t")
      yield* server.idle
    })
  )

  it.scoped("is not there", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(get("api/x")).pipe(over(yield* nowhere))
      expect(error).toMatchObject({
        _tag: "UpstreamFailed",
        message: "the server of mount api gives no answer"
      })
    })
  )

  it.scoped("has a name that nobody knows", () =>
    Effect.gen(function* () {
      expect(yield* outcomeOf("api/x").pipe(over("http://name.invalid"))).toBe("UpstreamFailed")
    })
  )

  it.scoped("speaks http where https is declared", () =>
    Effect.gen(function* () {
      const server = yield* upstream((_, response) => response.end("x"))
      expect(yield* outcomeOf("api/x").pipe(over(server.url.replace("http:", "https:")))).toBe("UpstreamFailed")
    })
  )

  it.scoped("sends more than it announced: what it announced counts, and the rest harms nobody", () =>
    Effect.gen(function* () {
      const server = yield* saying(
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
      )
      yield* Effect.gen(function* () {
        for (let i = 0; i < 3; i++) {
          const answer = yield* Effect.either(get("api/x"))
          if (answer._tag === "Right") expect(answer.right.text).toBe("abc")
          else expect(answer.left._tag).toBe("UpstreamFailed")
        }
      }).pipe(over(server.url))
    })
  )

  it.scoped("sends hints before its answer: the answer counts", () =>
    Effect.gen(function* () {
      const server = yield* saying("HTTP/1.1 103 E\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
      expect((yield* get("api/x").pipe(over(server.url))).text).toBe("x")
    })
  )

  it.scoped("announces no length and closes: that is an answer", () =>
    Effect.gen(function* () {
      const server = yield* saying("HTTP/1.0 200 OK\r\n\r\nabc")
      expect((yield* get("api/x").pipe(over(server.url))).text).toBe("abc")
    })
  )
})

describe("C11.2 a mounted server may answer with 5 MB", () => {
  const sized = (length: number, announce: boolean) =>
    upstream((_, response) => {
      if (announce) response.setHeader("content-length", length)
      response.end(Buffer.alloc(length, "x"))
    })

  it.scoped.each([true, false])("and no byte more, announced: %s", (announce) =>
    Effect.gen(function* () {
      const most = yield* sized(limit, announce)
      expect((yield* get("api/x").pipe(over(most.url))).bytes.length).toBe(limit)
      const more = yield* sized(limit + 1, announce)
      expect(yield* Effect.flip(get("api/x")).pipe(over(more.url))).toMatchObject({ _tag: "BodyTooLarge", limit })
      yield* more.idle
    })
  )

  it.scoped("what announces more is not waited for", () =>
    Effect.gen(function* () {
      const server = yield* saying(`HTTP/1.1 200 OK\r\nContent-Length: ${limit + 1}\r\n\r\n`, true)
      for (const method of ["GET", "HEAD"]) {
        expect(yield* outcomeOf("api/x", { method }).pipe(over(server.url))).toBe("BodyTooLarge")
      }
      yield* server.idle
    })
  )

  it.scoped("an endless body is read to the limit, and its connection closed", () =>
    Effect.gen(function* () {
      let sent = 0
      const server = yield* upstream((_, response) => {
        const part = Buffer.alloc(64 * 1024)
        const more = () => {
          while (!response.destroyed && response.write(part)) sent += part.length
        }
        response.on("drain", more)
        more()
      })
      expect(yield* outcomeOf("api/x").pipe(over(server.url))).toBe("BodyTooLarge")
      yield* server.idle
      expect(sent).toBeLessThan(limit + 16 * 1024 * 1024)
    })
  )
})

describe("C11.2 answers of mounted servers", () => {
  it.scoped("take only so much memory, however slowly they are read: more are 503 until one has been sent", () =>
    Effect.gen(function* () {
      const body = gzipSync(Buffer.alloc(limit))
      const server = yield* upstream((_, response) => {
        response.writeHead(200, { "content-encoding": "gzip" })
        response.end(body)
      })
      yield* Effect.gen(function* () {
        const mounts = yield* MountTable
        const request = { caller: anonymous, method: "GET", slash: false, search: "", headers: {} }
        const read = Effect.match(mounts.read({ ...request, path: "api/x" }), {
          onFailure: ({ _tag }): string | number => _tag,
          onSuccess: ({ status }): string | number => status
        })
        const outcomes = yield* Effect.scoped(Effect.replicateEffect(read, 54, { concurrency: 4 }))
        expect(outcomes.filter((outcome) => outcome === 200)).toHaveLength(51)
        expect(outcomes.filter((outcome) => outcome === "Overloaded")).toHaveLength(3)
        expect(yield* outcomeOf("api/x")).toBe(200)
      }).pipe(over(server.url))
    })
  )
})

describe("C11.2 a mounted server that compresses although nobody asked", () => {
  const text = "this is what was compressed"
  const coded = (coding: string, body: Buffer, headers: Http.OutgoingHttpHeaders = {}) =>
    upstream((_, response) => {
      response.writeHead(200, { "content-encoding": coding, "content-type": "text/plain", ...headers })
      response.end(body)
    })

  it.scoped.each([
    ["gzip", gzipSync(text)],
    ["x-gzip", gzipSync(text)],
    ["GZIP", gzipSync(text)],
    ["deflate", deflateSync(text)],
    ["br", brotliCompressSync(text)],
    ["identity", Buffer.from(text)]
  ] as const)("with %s is understood", ([coding, body]) =>
    Effect.gen(function* () {
      const server = yield* coded(coding, body, { etag: '"v1"' })
      const { headers, text: read } = yield* get("api/x").pipe(over(server.url))
      expect(read).toBe(text)
      expect(headers["content-length"]).toBe(String(text.length))
      expect(headers["content-encoding"]).toBeUndefined()
      // The bytes are others than those that the tag was given to.
      expect(headers.etag).toBe(coding === "identity" ? '"v1"' : 'W/"v1"')
    })
  )

  it.scoped("says the same to HEAD as to GET", () =>
    Effect.gen(function* () {
      const server = yield* coded("gzip", gzipSync(text), { etag: '"v1"', "content-length": gzipSync(text).length })
      const [head, whole] = yield* Effect.all([get("api/x", { method: "HEAD" }), get("api/x")]).pipe(over(server.url))
      expect(head.headers.etag).toBe('W/"v1"')
      // The length once decoded is known to nobody who has not decoded it.
      const { "content-length": _, ...rest } = whole.headers
      expect(head.headers).toEqual(rest)
    })
  )

  it.scoped("with no coding at all, said in an empty header, is understood", () =>
    Effect.gen(function* () {
      const server = yield* coded("", Buffer.from(text))
      expect((yield* get("api/x").pipe(over(server.url))).text).toBe(text)
    })
  )

  it.scoped("into a bomb is 413, and the bomb does not go off", () =>
    Effect.gen(function* () {
      for (const [coding, body] of [
        ["gzip", gzipSync(Buffer.alloc(200 * 1024 * 1024))],
        ["br", brotliCompressSync(Buffer.alloc(limit + 1))]
      ] as const) {
        const server = yield* coded(coding, body)
        expect(yield* outcomeOf("api/x").pipe(over(server.url))).toBe("BodyTooLarge")
      }
    })
  )

  it.scoped.each([
    ["gzip", gzipSync(text).subarray(0, 20)],
    ["gzip", Buffer.from(text)],
    ["br", Buffer.from(text)],
    ["zstd", Buffer.from(text)],
    ["constructor", Buffer.from(text)],
    ["gzip, br", Buffer.from(text)]
  ] as const)("with %s that cannot be undone is 502", ([coding, body]) =>
    Effect.gen(function* () {
      const server = yield* coded(coding, body)
      expect(yield* outcomeOf("api/x").pipe(over(server.url))).toBe("UpstreamFailed")
    })
  )
})

describe("C11.2 a mounted server that takes its time", () => {
  const silent: ReadonlyArray<readonly [string, (response: Http.ServerResponse) => void]> = [
    ["does not answer", () => {}],
    ["sends a head and no body", (response) => response.flushHeaders()],
    ["stops within its body", (response) => response.write("abc")]
  ]

  it.scoped.each(silent)("and %s has 30 seconds for all of it", ([, answer]) =>
    Effect.gen(function* () {
      const { arrived, handler } = yield* announced((_, response) => answer(response))
      const server = yield* upstream(handler)
      const asking = yield* Effect.fork(Effect.flip(get("api/x")).pipe(over(server.url)))
      yield* arrived
      yield* TestClock.adjust("29999 millis")
      expect(asking.unsafePoll()).toBeNull()
      yield* TestClock.adjust("1 millis")
      expect(yield* Fiber.join(asking)).toMatchObject({
        _tag: "UpstreamFailed",
        message: "the server of mount api took too long"
      })
      yield* server.idle
    })
  )

  it.scoped.each(silent)("and %s is left as soon as nobody waits any more", ([, answer]) =>
    Effect.gen(function* () {
      const { arrived, handler } = yield* announced((_, response) => answer(response))
      const server = yield* upstream(handler)
      const asking = yield* Effect.fork(get("api/x").pipe(over(server.url)))
      yield* arrived
      expect(server.open()).toBe(1)
      yield* Fiber.interrupt(asking)
      yield* server.idle
    })
  )

  it.scoped("keeps nobody else waiting", () =>
    Effect.gen(function* () {
      const waiting: Array<Http.ServerResponse> = []
      const server = yield* upstream(({ url }, response) => {
        if (url === "/slow") waiting.push(response)
        else response.end("fast")
      })
      yield* Effect.gen(function* () {
        const slow = yield* Effect.fork(
          Effect.forEach(Array(50).fill(0), () => get("api/slow"), { concurrency: "unbounded" })
        )
        while (waiting.length < 50) expect((yield* get("api/x")).text).toBe("fast")
        for (const response of waiting) response.end("slow")
        expect((yield* Fiber.join(slow)).map(({ text }) => text)).toEqual(Array(50).fill("slow"))
      }).pipe(over(server.url))
      yield* server.idle
    })
  )
})
