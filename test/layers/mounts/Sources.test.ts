import { execFileSync } from "node:child_process"
import { realpathSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Logger, LogLevel } from "effect"
import { anonymous } from "../../../src/domain/Caller.ts"
import { MountTable } from "../../../src/services/MountTable.ts"
import { inside } from "../../helpers/Inside.ts"
import { user, write } from "../../helpers/Machine.ts"
import { get, mounted, ways } from "../../helpers/Mounts.ts"
import { plant, tree } from "../../helpers/Trees.ts"
import { nowhere, upstream } from "../../helpers/Upstream.ts"

const source = (path: string, limit = 1_000_000, caller = anonymous, search = "") =>
  Effect.map(
    Effect.flatMap(MountTable, (mounts) => mounts.source({ caller, path, search }, limit)),
    ({ bytes, ...rest }) => ({ ...rest, text: Buffer.from(bytes).toString() })
  )
const refusalOf = (path: string) => Effect.map(Effect.flip(source(path)), ({ _tag }) => _tag)

describe("C12.1 what is mounted, as content", () => {
  it.live("a file: its beginning, its length, its type, and the version that a reader sees", () => {
    const { root } = tree({ "a.md": "0123456789", "d/.x": "1", "d/y": "2" }, { x: "" })
    plant(root, { out: { to: "../outside/x" } })
    return Effect.gen(function* () {
      const { headers } = yield* get("work/a.md")
      const expected = { length: 10, contentType: "text/markdown; charset=utf-8", version: headers["x-mount-version"] }
      expect(yield* source("work/a.md")).toEqual({ ...expected, text: "0123456789" })
      expect(yield* source("work/a.md", 3)).toEqual({ ...expected, text: "012" })
      expect(yield* source("work/a.md", 0)).toEqual({ ...expected, text: "" })
      for (const [path, tag] of [
        ["work/none", "ResourceNotFound"],
        ["work/d/.x", "ResourceNotFound"],
        ["none/x", "ResourceNotFound"],
        ["work/out", "Forbidden"],
        ["work/../x", "BadPath"]
      ] as const) {
        expect(yield* refusalOf(path)).toBe(tag)
      }
    }).pipe(Effect.provide(mounted(`${root} /mnt/work ro`)))
  })

  it.live("a directory: its listing, as far as the caller may read it", () => {
    const { root } = tree({ open: "1", secret: "2" })
    return Effect.gen(function* () {
      yield* write("etc/private", "/mnt/work/secret")
      const [mine, yours] = [yield* source("work", 1000), yield* source("work", 1000, user(1))]
      expect(mine.contentType).toBe("application/json")
      expect(mine.text).not.toContain("secret")
      expect(yours.text).toBe((yield* get("work", { caller: user(1) })).text)
      expect(mine.version).not.toBe(yours.version)
      expect(yield* source("work", 5)).toMatchObject({ text: mine.text.slice(0, 5), length: mine.length })
    }).pipe(Effect.provide(mounted(`${root} /mnt/work ro`)))
  })

  it.scoped("another server: its answer, if it has one; its refusals keep their status, its failures their kind", () =>
    Effect.gen(function* () {
      const server = yield* upstream(({ url }, response) => {
        const status = Number(url?.slice(1)) || 200
        response.writeHead(status, { "content-type": "text/csv", etag: '"v1"' })
        response.end(status === 200 ? "a,b" : "an error page")
      })
      yield* Effect.gen(function* () {
        expect(yield* source("api/x")).toEqual({
          text: "a,b",
          length: 3,
          contentType: "text/csv",
          version: 'etag:"v1"'
        })
        expect(yield* source("api/x", 1)).toMatchObject({ text: "a", length: 3 })
        expect(yield* refusalOf("api/404")).toBe("ResourceNotFound")
        expect(yield* refusalOf("api/301")).toBe("UpstreamFailed")
        for (const status of [400, 401, 410, 500, 503]) {
          expect(yield* Effect.flip(source(`api/${status}`))).toMatchObject({ _tag: "UpstreamRefused", status })
        }
        expect(yield* refusalOf("gone/x")).toBe("UpstreamFailed")
        expect(yield* refusalOf("s3/x")).toBe("UnsupportedScheme")
      }).pipe(Effect.provide(mounted(`${server.url} /mnt/api ro\n${yield* nowhere} /mnt/gone ro\ns3://x /mnt/s3 ro`)))
    })
  )
})

describe("C12.1 the query of what is mounted", () => {
  it.scoped("is passed on to another server, and is part of what its answer is", () =>
    Effect.gen(function* () {
      const server = yield* upstream(({ url }, response) => {
        response.writeHead(200, { etag: '"v1"' })
        response.end(url)
      })
      yield* Effect.gen(function* () {
        expect(yield* source("api/x", 100, anonymous, "?page=1&q=a+b")).toMatchObject({
          text: "/x?page=1&q=a+b",
          version: 'etag:"v1"?page=1&q=a+b'
        })
        expect(yield* source("api/x")).toMatchObject({ text: "/x", version: 'etag:"v1"' })
      }).pipe(Effect.provide(mounted(`${server.url} /mnt/api ro`)))
    })
  )

  it.live("means nothing to a file", () => {
    const { root } = tree({ "a.md": "0123456789" })
    return Effect.gen(function* () {
      expect(yield* source("work/a.md", 100, anonymous, "?page=1")).toEqual(yield* source("work/a.md"))
    }).pipe(Effect.provide(mounted(`${root} /mnt/work ro`)))
  })
})

describe.each(ways)("C11.3 the file on this host behind a mounted path, held %s", (_, anchors) => {
  const localFile = (path: string) => Effect.flatMap(MountTable, (mounts) => mounts.localFile(path))

  it.live("is where it really lies", () => {
    const { outside, root } = tree({ "a b/x.db": "1" })
    plant(root, { link: { to: "a b/x.db" } })
    symlinkSync(root, join(outside, "declared"))
    return Effect.gen(function* () {
      const real = join(realpathSync(root), "a b/x.db")
      for (const path of ["work/a b/x.db", "/work/a b/x.db", "work/link", "declared/link"]) {
        expect(yield* localFile(path)).toBe(real)
      }
    }).pipe(Effect.provide(mounted(`${root} /mnt/work ro\n${outside}/declared /mnt/declared ro`, anchors)))
  })

  it.live("is refused when it is outside, none, hidden, or no file", () => {
    const { root } = tree({ "d/x": "1", ".hidden": "2" }, { x: "3" })
    plant(root, { out: { to: "../outside/x" }, dangling: { to: "nothing" } })
    execFileSync("mkfifo", [join(root, "fifo")])
    return Effect.gen(function* () {
      for (const [path, tag] of [
        ["work/out", "Forbidden"],
        ["work/../outside/x", "Forbidden"],
        ["work/d/../../../etc/passwd", "Forbidden"],
        ["..", "Forbidden"],
        ["work/fifo", "Forbidden"],
        ["work/none", "ResourceNotFound"],
        ["work/dangling", "ResourceNotFound"],
        ["work/.hidden", "ResourceNotFound"],
        ["work/d", "ResourceNotFound"],
        ["work/d/x/", "ResourceNotFound"],
        ["work", "ResourceNotFound"],
        ["none/x", "ResourceNotFound"],
        ["", "ResourceNotFound"],
        ["work//d/x", "BadPath"],
        ["work/./d/x", "BadPath"],
        ["work/d\0", "BadPath"],
        ["web/x", "BadRequest"],
        ["s3/x", "BadRequest"]
      ] as const) {
        const error = yield* Effect.flip(localFile(path))
        expect(`${path} ${error._tag}`).toBe(`${path} ${tag}`)
        expect(error.message).not.toMatch(inside)
      }
      expect((yield* Effect.flip(localFile("web/x"))).message).toContain("http")
      expect((yield* Effect.flip(localFile("s3/x"))).message).toContain("s3")
    }).pipe(
      Effect.provide(mounted(`${root} /mnt/work ro\nhttp://a.invalid /mnt/web ro\ns3://x /mnt/s3 ro`, anchors)),
      Logger.withMinimumLogLevel(LogLevel.None)
    )
  })
})
