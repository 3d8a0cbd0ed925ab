import { chmodSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { parseHttpDate } from "../../../src/domain/HttpDate.ts"
import { get, mounted, outcomeOf, ways } from "../../helpers/Mounts.ts"
import { tree } from "../../helpers/Trees.ts"

const past = new Date("2020-02-03T04:05:06.789Z")

describe.each(ways)("C11.2 a mounted file, held %s", (_, anchors) => {
  const over = (root: string, options = "ro") => Effect.provide(mounted(`${root} /mnt/work ${options}`, anchors))
  /** A file of ten bytes, long unchanged, and the root that it lies in. */
  const ten = () => {
    const { root } = tree({ "ten.txt": "0123456789" })
    utimesSync(join(root, "ten.txt"), past, past)
    return root
  }

  it.live("has its bytes, its length, a type by its name, and validators", () => {
    const root = ten()
    return Effect.gen(function* () {
      const { headers, status, text } = yield* get("work/ten.txt")
      expect([status, text]).toEqual([200, "0123456789"])
      expect(headers).toEqual({
        "content-type": "text/plain; charset=utf-8",
        "content-length": "10",
        "accept-ranges": "bytes",
        "cache-control": "no-cache",
        "last-modified": "Mon, 03 Feb 2020 04:05:06 GMT",
        "x-mount-version": `mtime:${statSync(join(root, "ten.txt"), { bigint: true }).mtimeNs}`,
        etag: headers.etag
      })
      expect(headers.etag).toMatch(/^(?:W\/)?"[0-9a-z.]+"$/)
    }).pipe(over(root))
  })

  it.live.each([
    ["a.json", "application/json"],
    ["a.tar.gz", "application/gzip"],
    ["a.PNG", "image/png"],
    ["a.ts", "text/typescript; charset=utf-8"],
    ["README", "application/octet-stream"],
    ["a.unknown", "application/octet-stream"],
    ["v1.2", "application/octet-stream"]
  ] as const)("%s is %s", ([name, type]) => {
    const { root } = tree({ [name]: "x" })
    return Effect.gen(function* () {
      const { headers } = yield* get(`work/${name}`)
      expect(headers["content-type"]).toBe(type)
      expect(headers["content-security-policy"]).toBeUndefined()
    }).pipe(over(root))
  })

  it.live.each(["a.html", "a.htm", "a.svg", "a.xml", "a.xhtml", "a.rss"])(
    "%s is markup, and never runs with this origin's authority (C2.1)",
    (name) => {
      const { root } = tree({ [name]: "<script>alert(1)</script>" })
      return Effect.gen(function* () {
        for (const headers of [{}, { range: "bytes=0-3" }]) {
          const answer = yield* get(`work/${name}`, { headers })
          expect(answer.headers["content-security-policy"]).toBe("sandbox allow-scripts")
        }
      }).pipe(over(root))
    }
  )

  it.live("may have any name that a request can have", () => {
    const names = [
      "a b",
      "100%",
      "%41",
      "%2F",
      "a+b",
      "a&b=c",
      "#x",
      "é",
      "😀",
      "a;b",
      "[x]",
      "~",
      "'",
      "x".repeat(255)
    ]
    const { root } = tree(Object.fromEntries(names.map((name) => [name, `this is ${name}`])))
    return Effect.gen(function* () {
      for (const name of names) expect((yield* get(`work/${name}`)).text).toBe(`this is ${name}`)
    }).pipe(over(root))
  })

  it.live("whose name is NFD on disk cannot be asked for by the NFC of a request", () => {
    const { root } = tree({ "cafe\u0301": "decomposed", "th\u00e9": "composed" })
    return Effect.gen(function* () {
      expect(yield* outcomeOf("work/caf\u00e9")).toBe("ResourceNotFound")
      expect((yield* get("work/the\u0301")).text).toBe("composed")
    }).pipe(over(root))
  })

  it.live.each([
    ["bytes=2-4", 206, "234", "bytes 2-4/10"],
    ["bytes=8-", 206, "89", "bytes 8-9/10"],
    ["bytes=-3", 206, "789", "bytes 7-9/10"],
    ["bytes=0-99", 206, "0123456789", "bytes 0-9/10"],
    ["bytes=0-1,3-4", 200, "0123456789", undefined],
    ["lines=1-2", 200, "0123456789", undefined]
  ] as const)("Range: %s gives %d %j (C2.1)", ([range, status, text, contentRange]) => {
    const root = ten()
    return Effect.gen(function* () {
      const answer = yield* get("work/ten.txt", { headers: { range } })
      expect([answer.status, answer.text]).toEqual([status, text])
      expect(answer.headers["content-range"]).toBe(contentRange)
      expect(answer.headers["content-length"]).toBe(String(text.length))
    }).pipe(over(root))
  })

  it.live("a range outside cannot be satisfied, and says how long the file is (C2.1)", () => {
    const root = ten()
    return Effect.gen(function* () {
      const error = yield* Effect.flip(get("work/ten.txt", { headers: { range: "bytes=10-" } }))
      expect(error).toMatchObject({ _tag: "RangeNotSatisfiable", length: 10 })
    }).pipe(over(root))
  })

  it.live("an empty file is one", () => {
    const { root } = tree({ empty: "" })
    return Effect.gen(function* () {
      const answer = yield* get("work/empty", { headers: { range: "bytes=-5" } })
      expect([answer.status, answer.text, answer.headers["content-length"]]).toEqual([200, "", "0"])
    }).pipe(over(root))
  })

  it.live("HEAD says what GET would, without a body, of parts too (C2.4)", () => {
    const root = ten()
    return Effect.gen(function* () {
      for (const headers of [{}, { range: "bytes=2-4" }]) {
        const [whole, head] = [
          yield* get("work/ten.txt", { headers }),
          yield* get("work/ten.txt", { headers, method: "HEAD" })
        ]
        expect([head.status, head.headers, head.body]).toEqual([whole.status, whole.headers, false])
      }
    }).pipe(over(root))
  })

  it.live("is not sent again to whoever has it (C2.3)", () => {
    const root = ten()
    return Effect.gen(function* () {
      const { headers } = yield* get("work/ten.txt")
      const { etag = "", "last-modified": modified = "" } = headers
      const status = (headers: Record<string, string>) => outcomeOf("work/ten.txt", { headers })
      expect(yield* status({ "if-none-match": etag })).toBe(304)
      expect(yield* status({ "if-none-match": `"x", ${etag}` })).toBe(304)
      expect(yield* status({ "if-none-match": "*" })).toBe(304)
      expect(yield* status({ "if-none-match": '"x"', "if-modified-since": modified })).toBe(200)
      expect(yield* status({ "if-modified-since": modified })).toBe(304)
      expect(yield* status({ "if-modified-since": "Mon, 03 Feb 2020 04:05:05 GMT" })).toBe(200)
      expect(yield* status({ "if-match": '"x"' })).toBe("PreconditionFailed")
      expect(yield* status({ "if-unmodified-since": "Mon, 03 Feb 2020 04:05:05 GMT" })).toBe("PreconditionFailed")
      const fresh = yield* get("work/ten.txt", { headers: { "if-none-match": etag } })
      expect(fresh.body).toBe(false)
      expect(fresh.headers).toEqual({
        etag,
        "last-modified": modified,
        "cache-control": "no-cache",
        "x-mount-version": headers["x-mount-version"]
      })
    }).pipe(over(root))
  })

  it.live("If-Range gives the part only of what the caller knows (RFC 9110 13.1.5)", () => {
    const root = ten()
    return Effect.gen(function* () {
      const part = (ifRange: string) =>
        Effect.map(
          get("work/ten.txt", { headers: { range: "bytes=0-0", "if-range": ifRange } }),
          ({ status }) => status
        )
      const { etag = "", "last-modified": modified = "" } = (yield* get("work/ten.txt")).headers
      expect(yield* part('"x"')).toBe(200)
      expect(yield* part(modified)).toBe(206)
      expect(yield* part("Mon, 03 Feb 2020 04:05:05 GMT")).toBe(200)
      // The tag of a file that was touched a moment ago is weak, and good for no part.
      expect(etag).toMatch(/^W\//)
      expect(yield* part(etag)).toBe(200)
    }).pipe(over(root))
  })

  it.live("has another tag and version after every change, in content or in time", () => {
    const root = ten()
    const file = join(root, "ten.txt")
    return Effect.gen(function* () {
      const tags: Array<string | undefined> = []
      const look = Effect.map(get("work/ten.txt"), ({ headers }) => tags.push(headers.etag?.replace("W/", "")))
      yield* look
      writeFileSync(file, "abcdefghij")
      yield* look
      // Back to the old time, which is all that a version by mtime could tell.
      utimesSync(file, past, past)
      yield* look
      writeFileSync(file, "abcdefghijk")
      utimesSync(file, past, past)
      yield* look
      expect(new Set(tags).size).toBe(4)
    }).pipe(over(root))
  })

  it.live("a time to come is no Last-Modified (RFC 9110 8.8.2.1)", () => {
    const { root } = tree({ a: "x" })
    utimesSync(join(root, "a"), new Date("2100-01-01"), new Date("2100-01-01"))
    return Effect.gen(function* () {
      const { headers } = yield* get("work/a")
      expect(parseHttpDate(headers["last-modified"] ?? "")).toBeLessThanOrEqual(Date.now())
    }).pipe(over(root))
  })

  it.live.skipIf(process.getuid?.() === 0)("that this server may not read is 403", () => {
    const { root } = tree({ a: "x" })
    chmodSync(join(root, "a"), 0)
    return Effect.gen(function* () {
      for (const method of ["GET", "HEAD"]) expect(yield* outcomeOf("work/a", { method })).toBe("Forbidden")
    }).pipe(over(root))
  })

  it.live("other methods are not for it", () =>
    Effect.gen(function* () {
      for (const method of ["PUT", "DELETE", "PATCH"]) {
        expect(yield* outcomeOf("work/ten.txt", { method })).toBe("MethodNotAllowed")
      }
    }).pipe(over(ten()))
  )
})
