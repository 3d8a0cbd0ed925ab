import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { get, mounted, outcomeOf } from "../../helpers/Mounts.ts"
import { upstream } from "../../helpers/Upstream.ts"

const over = (url: string) => Effect.provide(mounted(`${url} /mnt/api ro,bearer=secret`))

/** A server that sends from some paths to others, and answers every other with its name. */
const sending = (ways: Readonly<Record<string, string | undefined>>, status = 302) =>
  upstream(({ method, url = "" }, response) => {
    if (url in ways) {
      const location = ways[url]
      response.writeHead(status, location === undefined ? {} : { location })
      response.end("a redirect")
    } else response.end(`${method} ${url}`)
  })

describe("C11.2 a mounted server that redirects", () => {
  it.scoped.each([301, 302, 303, 307, 308])("within its origin is followed, %d", (status) =>
    Effect.gen(function* () {
      const server = yield* sending({ "/a": "/b", "/b": "c/d?x=1", "/c/d?x=1": "?y=%202#part" }, status)
      yield* Effect.gen(function* () {
        const answer = yield* get("api/a")
        expect([answer.status, answer.text]).toEqual([200, "GET /c/d?y=%202"])
        expect(server.asked).toEqual(["GET /a", "GET /b", "GET /c/d?x=1", "GET /c/d?y=%202"])
        expect(server.headers.map(({ authorization }) => authorization)).toEqual(Array(4).fill("Bearer secret"))
      }).pipe(over(server.url))
      yield* server.idle
    })
  )

  it.scoped("is followed by its full URL, without the userinfo in it", () =>
    Effect.gen(function* () {
      const ways: Record<string, string> = {}
      const server = yield* sending(ways)
      ways["/a"] = `${server.url.replace("http://", "HTTP://me:pw@")}/b`
      expect((yield* get("api/a").pipe(over(server.url))).text).toBe("GET /b")
      expect(server.headers[1]?.authorization).toBe("Bearer secret")
    })
  )

  it.scoped("stays HEAD", () =>
    Effect.gen(function* () {
      const server = yield* sending({ "/a": "/b" }, 303)
      expect(yield* outcomeOf("api/a", { method: "HEAD" }).pipe(over(server.url))).toBe(200)
      expect(server.asked).toEqual(["HEAD /a", "HEAD /b"])
    })
  )

  it.scoped("five times at most", () =>
    Effect.gen(function* () {
      const server = yield* sending({
        "/6": "/5",
        "/5": "/4",
        "/4": "/3",
        "/3": "/2",
        "/2": "/1",
        "/1": "/0",
        "/o": "/o"
      })
      yield* Effect.gen(function* () {
        expect((yield* get("api/5")).text).toBe("GET /0")
        for (const path of ["api/6", "api/o"]) {
          const error = yield* Effect.flip(get(path))
          expect(error).toMatchObject({
            _tag: "UpstreamFailed",
            message: "the server of mount api redirects in circles"
          })
        }
      }).pipe(over(server.url))
      yield* server.idle
    })
  )

  it.scoped("elsewhere is 502, and elsewhere is asked nothing: nobody else gets the bearer", () =>
    Effect.gen(function* () {
      const other = yield* sending({})
      const ways: Record<string, string> = {}
      const server = yield* sending(ways)
      const { host: there } = new URL(other.url)
      const { host: here, port } = new URL(server.url)
      const targets = [
        `http://${there}/x`,
        `//${there}/x`,
        `/\\${there}/x`,
        `\\\\${there}/x`,
        `http:\\\\${there}\\x`,
        `http://${here}@${there}/x`,
        `  http://${there}/x`,
        `ht\ttp://${there}/x`,
        `https://${here}/x`,
        `http://localhost:${port}/x`,
        `http://127.0.0.1/x`,
        "file:///etc/passwd",
        "data:text/plain,x",
        "javascript:1",
        "about:blank",
        "http://[",
        "http://"
      ]
      yield* Effect.gen(function* () {
        for (const [index, target] of targets.entries()) {
          ways[`/${index}`] = target
          const error = yield* Effect.flip(get(`api/${index}`))
          expect(`${target}: ${error.message}`).toBe(`${target}: the server of mount api redirects to another server`)
          expect(error._tag).toBe("UpstreamFailed")
        }
        ways["/log"] = `http://me:pw@${there}/x?key=1`
        // Whoever reads the log learns where to, and no more.
        expect(yield* Effect.flip(get("api/log"))).toMatchObject({ cause: `to http://${there}` })
      }).pipe(over(server.url))
      expect(other.asked).toEqual([])
      expect(server.asked).toHaveLength(targets.length + 1)
    })
  )

  it.scoped("to nowhere, or with a choice, is an answer like any other", () =>
    Effect.gen(function* () {
      const nowhere = yield* sending({ "/a": undefined })
      const lost = yield* get("api/a").pipe(over(nowhere.url))
      expect([lost.status, lost.text, lost.headers.location]).toEqual([302, "a redirect", undefined])
      const choice = yield* sending({ "/a": "/b" }, 300)
      const many = yield* get("api/a").pipe(over(choice.url))
      expect([many.status, many.text, many.headers.location]).toEqual([300, "a redirect", undefined])
    })
  )
})
