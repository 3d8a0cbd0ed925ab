import { createHash } from "node:crypto"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { get, mounted, outcomeOf, post } from "../../helpers/Mounts.ts"
import { upstream } from "../../helpers/Upstream.ts"

const over = (url: string, options = "ro") => Effect.provide(mounted(`${url} /mnt/api ${options}`))

/** A server that answers everything with 200 and its own word for what it was asked. */
const echo = upstream(({ method, url }, response) => {
  response.setHeader("content-type", "text/plain")
  response.end(`${method} ${url}`)
})

describe("C11.2 another server as a mount: what it is asked", () => {
  it.scoped("the path below the mount, re-encoded segment by segment, and the query", () =>
    Effect.gen(function* () {
      const server = yield* echo
      yield* Effect.gen(function* () {
        for (const [path, query, expected] of [
          ["api", "", "/"],
          ["api/users/42", "", "/users/42"],
          ["api/a b/100%/é/😀", "", "/a%20b/100%25/%C3%A9/%F0%9F%98%80"],
          ["api/%2e%2e/x", "", "/%252e%252e/x"],
          ["api/%2F", "", "/%252F"],
          ["api/a+b&c=d;e,f@g$h!'()~", "", "/a+b&c=d;e,f@g$h!'()~"],
          ["api/[x]#y", "", "/%5Bx%5D%23y"],
          ["api/x", "a=1&b=2&a=3", "/x?a=1&b=2&a=3"],
          ["api/x", "q=a%20b+c&plus=%2B&e=%C3%A9&h=%23&amp=%26", "/x?q=a%20b+c&plus=%2B&e=%C3%A9&h=%23&amp=%26"],
          ["api/x", "%3F=?", "/x?%3F=?"],
          ["api/x", "wsdl", "/x?wsdl"],
          ["api/x", "a=b=c&&d=%FF", "/x?a=b=c&&d=%FF"],
          ["api/x", Buffer.from("é").toString("latin1"), "/x?%C3%A9"]
        ] as const) {
          expect((yield* get(path, { query })).text).toBe(`GET ${expected}`)
        }
        expect((yield* get("api", { slash: true })).text).toBe("GET /")
        expect((yield* get("api/x", { slash: true })).text).toBe("GET /x/")
      }).pipe(over(server.url))
    })
  )

  it.scoped("below the path that is declared, whether that ends in a slash or not", () =>
    Effect.gen(function* () {
      const server = yield* echo
      const asked = Effect.gen(function* () {
        const direct = yield* get("api")
        const slash = yield* get("api", { slash: true })
        const below = yield* get("api/x/y", { query: "z=1" })
        return [direct.text, slash.text, below.text]
      })
      expect(yield* asked.pipe(over(`${server.url}/v1`))).toEqual(["GET /v1", "GET /v1/", "GET /v1/x/y?z=1"])
      expect(yield* asked.pipe(over(`${server.url}/v1/`))).toEqual(["GET /v1/", "GET /v1/", "GET /v1/x/y?z=1"])
      expect(yield* asked.pipe(over(`${server.url}/a b`))).toEqual(["GET /a%20b", "GET /a%20b/", "GET /a%20b/x/y?z=1"])
    })
  )

  it.scoped("with the bearer, or else the userinfo, and nothing of the caller but its conditions", () =>
    Effect.gen(function* () {
      const server = yield* echo
      const headers = {
        authorization: "Bearer the caller's",
        cookie: "session=1",
        "x-forwarded-for": "10.0.0.1",
        range: "bytes=0-1",
        accept: "text/html",
        "if-none-match": '"x"',
        "if-modified-since": "Mon, 03 Feb 2020 04:05:06 GMT"
      }
      const withUserinfo = server.url.replace("http://", "http://me:p%40ss@")
      yield* get("api/x", { headers }).pipe(over(server.url, "ro,bearer=secret"))
      yield* get("api/x").pipe(over(withUserinfo))
      yield* get("api/x").pipe(over(withUserinfo, "ro,bearer=secret"))
      yield* get("api/x").pipe(over(server.url))
      expect(server.headers.map(({ authorization }) => authorization)).toEqual([
        "Bearer secret",
        `Basic ${Buffer.from("me:p@ss").toString("base64")}`,
        "Bearer secret",
        undefined
      ])
      const { host, via, ...sent } = server.headers[0] ?? {}
      expect(host).toBe(new URL(server.url).host)
      expect(via).toMatch(/^1\.1 elastik-[0-9a-f]+$/)
      expect(sent).toEqual({
        accept: "*/*",
        "accept-encoding": "identity",
        "user-agent": "elastik",
        authorization: "Bearer secret",
        connection: "close",
        "if-none-match": '"x"',
        "if-modified-since": "Mon, 03 Feb 2020 04:05:06 GMT"
      })
    })
  )

  it.scoped("writing is 405 before it is asked anything, on a mount that says rw too", () =>
    Effect.gen(function* () {
      const server = yield* echo
      for (const mode of ["ro", "rw"]) {
        const error = yield* Effect.flip(post("api/x", "body")).pipe(over(server.url, mode))
        expect(error).toMatchObject({ _tag: "MethodNotAllowed", allow: ["GET", "HEAD", "OPTIONS"] })
        expect(yield* outcomeOf("api/x", { method: "PUT" }).pipe(over(server.url, mode))).toBe("MethodNotAllowed")
      }
      expect(server.asked).toEqual([])
    })
  )

  it.scoped("a request that has been here before is not sent on", () =>
    Effect.gen(function* () {
      const server = yield* echo
      yield* Effect.gen(function* () {
        yield* get("api/x", { headers: { via: "1.1 somebody, 1.0 else" } })
        const [{ via = "" } = {}] = server.headers
        expect(via).toMatch(/^1\.1 somebody, 1\.0 else, 1\.1 elastik-/)
        expect(yield* outcomeOf("api/x", { headers: { via: `${via}, 1.1 another` } })).toBe("UpstreamFailed")
        expect(server.asked).toHaveLength(1)
      }).pipe(over(server.url))
    })
  )
})

describe("C11.2 another server as a mount: what it answers", () => {
  const modified = "Mon, 03 Feb 2020 04:05:06 GMT"

  it.scoped("the body, and the headers that say what it is; no others", () =>
    Effect.gen(function* () {
      const server = yield* upstream((_, response) => {
        response.writeHead(200, {
          "content-type": "application/json; charset=utf-8",
          etag: '"v1"',
          "last-modified": modified,
          "set-cookie": ["a=1", "b=2"],
          "www-authenticate": "Basic",
          "access-control-allow-origin": "*",
          "strict-transport-security": "max-age=1",
          "x-mount-version": "a lie",
          link: "</x>; rel=next",
          server: "x"
        })
        response.end('{"a":1}')
      })
      yield* Effect.gen(function* () {
        const answer = yield* get("api/x")
        expect([answer.status, answer.text]).toEqual([200, '{"a":1}'])
        expect(answer.headers).toEqual({
          "content-type": "application/json; charset=utf-8",
          "content-length": "7",
          "cache-control": "no-cache",
          etag: '"v1"',
          "last-modified": modified,
          "x-mount-version": 'etag:"v1"'
        })
      }).pipe(over(server.url))
    })
  )

  it.scoped("without a tag its version is its length and the first half of its SHA-256", () =>
    Effect.gen(function* () {
      const server = yield* echo
      yield* Effect.gen(function* () {
        const { headers, text } = yield* get("api/x")
        const digest = createHash("sha256").update(text).digest("hex")
        expect(headers["x-mount-version"]).toBe(`len=${text.length};head=${digest.slice(0, 32)}`)
        expect(headers.etag).toBeUndefined()
      }).pipe(over(server.url))
    })
  )

  it.scoped.each([400, 401, 403, 404, 418, 429, 500, 503])("its status %d, with its body", (status) =>
    Effect.gen(function* () {
      const server = yield* upstream((_, response) => {
        response.writeHead(status, { "content-type": "text/plain", "retry-after": "7", "www-authenticate": "Basic" })
        response.end(`this is ${status}`)
      })
      yield* Effect.gen(function* () {
        const answer = yield* get("api/x")
        expect([answer.status, answer.text]).toEqual([status, `this is ${status}`])
        expect(answer.headers["retry-after"]).toBe("7")
        // Whoever is asked for a password here would give it to us.
        expect(answer.headers["www-authenticate"]).toBeUndefined()
      }).pipe(over(server.url))
    })
  )

  it.scoped("C16 a status of 500 or more is logged, without what was asked and sent", () =>
    Effect.gen(function* () {
      const said: Array<unknown> = []
      const logger = Logger.make(({ logLevel, message }) => said.push(logLevel.label, message))
      const server = yield* upstream(({ url }, response) => {
        response.writeHead(Number(url?.slice(1, 4)))
        response.end("secret")
      })
      yield* Effect.gen(function* () {
        for (const status of [200, 404, 499, 503]) yield* get(`api/${status}`, { query: "key=secret" })
      }).pipe(over(server.url, "ro,bearer=secret"), Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
      expect(said).toEqual(["WARN", ["the server behind /mnt/api/503 answers with status 503"]])
    })
  )

  it.scoped("204, 205 and 304 have no body and say nothing of one", () =>
    Effect.gen(function* () {
      const server = yield* upstream(({ url }, response) => {
        response.writeHead(Number(url?.slice(1)), { etag: '"v1"' })
        response.end()
      })
      yield* Effect.gen(function* () {
        for (const status of [204, 205, 304]) {
          const answer = yield* get(`api/${status}`, { headers: { "if-none-match": '"v1"' } })
          expect([answer.status, answer.body]).toEqual([status, false])
          expect(answer.headers).toEqual({
            "cache-control": "no-cache",
            etag: '"v1"',
            "x-mount-version": 'etag:"v1"'
          })
        }
      }).pipe(over(server.url))
    })
  )

  it.scoped("HEAD asks for nothing but the head, and repeats its length", () =>
    Effect.gen(function* () {
      const server = yield* upstream((_, response) => {
        response.writeHead(200, { "content-type": "image/png", "content-length": "12345", etag: 'W/"v1"' })
        response.end()
      })
      yield* Effect.gen(function* () {
        const answer = yield* get("api/x", { method: "HEAD" })
        expect([answer.status, answer.body]).toEqual([200, false])
        expect(answer.headers).toEqual({
          "content-type": "image/png",
          "content-length": "12345",
          "cache-control": "no-cache",
          etag: 'W/"v1"',
          "x-mount-version": 'etag:W/"v1"'
        })
        expect(server.asked).toEqual(["HEAD /x"])
      }).pipe(over(server.url))
    })
  )

  it.scoped.each([
    ["text/html", "text/html", true],
    ["text/html; charset=utf-8", "text/html; charset=utf-8", true],
    ["TEXT/HTML", "TEXT/HTML", true],
    ["image/svg+xml", "image/svg+xml", true],
    ["application/xhtml+xml", "application/xhtml+xml", true],
    ["application/atom+xml", "application/atom+xml", true],
    ["text/xml", "text/xml", true],
    ["multipart/x-mixed-replace; boundary=x", "multipart/x-mixed-replace; boundary=x", true],
    ["application/json", "application/json", false],
    ["image/png", "image/png", false],
    ["text/html, text/plain", "application/octet-stream", false],
    ["nonsense", "application/octet-stream", false],
    ["", "application/octet-stream", false],
    [undefined, "application/octet-stream", false]
  ] as const)("of type %s: markup never runs with this origin's authority (C2.1)", ([type, expected, active]) =>
    Effect.gen(function* () {
      const server = yield* upstream((_, response) => {
        if (type !== undefined) response.setHeader("content-type", type)
        response.end("<script>alert(1)</script>")
      })
      yield* Effect.gen(function* () {
        const { headers } = yield* get("api/x")
        expect(headers["content-type"]).toBe(expected)
        expect(headers["content-security-policy"]).toBe(active ? "sandbox allow-scripts" : undefined)
      }).pipe(over(server.url))
    })
  )

  it.scoped("headers that say nothing sensible are not passed on", () =>
    Effect.gen(function* () {
      const server = yield* upstream((_, response) => {
        response.writeHead(200, {
          etag: "no quotes",
          "last-modified": "yesterday",
          "content-type": "text/plain; x=\u00e9",
          "retry-after": "\u00e9"
        })
        response.end("x")
      })
      yield* Effect.gen(function* () {
        const { headers } = yield* get("api/x")
        expect(headers).toEqual({
          "content-type": "application/octet-stream",
          "content-length": "1",
          "cache-control": "no-cache",
          "x-mount-version": headers["x-mount-version"]
        })
        expect(headers["x-mount-version"]).toMatch(/^len=1;/)
      }).pipe(over(server.url))
    })
  )
})
