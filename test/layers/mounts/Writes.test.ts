import { execFileSync } from "node:child_process"
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { BadRequest } from "../../../src/domain/Errors.ts"
import { MountTable } from "../../../src/services/MountTable.ts"
import { inside } from "../../helpers/Inside.ts"
import { get, mounted, post, ways } from "../../helpers/Mounts.ts"
import { plant, tree } from "../../helpers/Trees.ts"

const bytes = (text: string) => Buffer.from(text)
const isRoot = process.getuid?.() === 0

describe.each(ways)("C11.2 POST to a mounted directory, held %s", (_, anchors) => {
  const over = (root: string, options = "rw") => Effect.provide(mounted(`${root} /mnt/work ${options}`, anchors))
  const tagOf = (path: string, body = "x", headers = {}) =>
    Effect.match(post(path, body, { headers }), { onFailure: ({ _tag }): string => _tag, onSuccess: () => "written" })

  it.live("writes a new file and says so", () => {
    const { root } = tree({ "a b/": "" })
    return Effect.gen(function* () {
      expect(yield* post("work/a b/n%", Stream.make(bytes("one"), bytes(""), bytes("two")))).toEqual({
        ok: true,
        path: "/mnt/work/a b/n%",
        size: 6
      })
      expect(readFileSync(join(root, "a b/n%"), "utf8")).toBe("onetwo")
      expect(readdirSync(join(root, "a b"))).toEqual(["n%"])
    }).pipe(over(root))
  })

  it.live("writes an empty file from an empty body", () => {
    const { root } = tree()
    return Effect.gen(function* () {
      expect(yield* post("work/empty", Stream.empty)).toMatchObject({ size: 0 })
      expect(statSync(join(root, "empty")).size).toBe(0)
    }).pipe(over(root))
  })

  it.live("replaces a file whole, keeps its permissions, and leaves other names of it alone", () => {
    const { root } = tree({ file: "the old and longer content" })
    chmodSync(join(root, "file"), 0o640)
    linkSync(join(root, "file"), join(root, "other"))
    return Effect.gen(function* () {
      yield* post("work/file", "new")
      expect(readFileSync(join(root, "file"), "utf8")).toBe("new")
      expect(readFileSync(join(root, "other"), "utf8")).toBe("the old and longer content")
      expect(statSync(join(root, "file")).mode & 0o777).toBe(0o640)
    }).pipe(over(root))
  })

  it.live("through a link it writes the file that the link leads to, there or not yet", () => {
    const { root } = tree({ "d/file": "old" })
    plant(root, { link: { to: "d/file" }, dangling: { to: "d/new" } })
    return Effect.gen(function* () {
      yield* post("work/link", "1")
      yield* post("work/dangling", "2")
      expect(["link", "dangling"].map((name) => lstatSync(join(root, name)).isSymbolicLink())).toEqual([true, true])
      expect(["d/file", "d/new"].map((name) => readFileSync(join(root, name), "utf8"))).toEqual(["1", "2"])
    }).pipe(over(root))
  })

  it.live("a reader has the old file or the new one, and never a part", () => {
    const [a, b] = ["a".repeat(300_000), "b".repeat(300_000)]
    const { root } = tree({ file: a })
    return Effect.gen(function* () {
      const writing = yield* Effect.fork(
        Effect.forEach([b, a, b, a, b], (text) => post("work/file", Stream.rechunk(Stream.make(bytes(text)), 1)), {
          discard: true
        })
      )
      for (let i = 0; i < 20; i++) expect([a, b]).toContain((yield* get("work/file")).text)
      yield* Fiber.join(writing)
      expect((yield* get("work/file")).text === b).toBe(true)
    }).pipe(over(root))
  })

  it.live("nothing is left behind when the client leaves, and what was there stays", () => {
    const { root } = tree({ file: "old" })
    return Effect.gen(function* () {
      for (const name of ["file", "new"]) {
        const arrived = yield* Deferred.make<void>()
        const body = Stream.make(bytes("half")).pipe(
          Stream.concat(Stream.execute(Deferred.succeed(arrived, undefined))),
          Stream.concat(Stream.never)
        )
        const writing = yield* Effect.fork(post(`work/${name}`, body))
        yield* Deferred.await(arrived)
        expect(readdirSync(root)).toHaveLength(2)
        yield* Fiber.interrupt(writing)
        expect(readdirSync(root)).toEqual(["file"])
        expect(readFileSync(join(root, "file"), "utf8")).toBe("old")
      }
    }).pipe(over(root))
  })

  it.live("nothing is left behind when the body fails, and the failure is the body's", () => {
    const { root } = tree()
    return Effect.gen(function* () {
      const broken = new BadRequest({ message: "the body could not be read to its end" })
      const body = Stream.concat(Stream.make(bytes("half")), Stream.fail(broken))
      expect(yield* Effect.flip(post("work/file", body))).toBe(broken)
      expect(readdirSync(root)).toEqual([])
    }).pipe(over(root))
  })

  it.live.each(["rw", "rw,dotfiles"])(
    "what is being written is neither listed nor served, on a mount that is %s",
    (options) => {
      const { root } = tree()
      return Effect.gen(function* () {
        const arrived = yield* Deferred.make<void>()
        const body = Stream.concat(Stream.execute(Deferred.succeed(arrived, undefined)), Stream.never)
        const writing = yield* Effect.fork(post("work/file", body))
        yield* Deferred.await(arrived)
        expect((yield* get("work")).json()).toMatchObject({ entries: [] })
        const [temporary = ""] = readdirSync(root)
        expect((yield* Effect.flip(get(`work/${temporary}`)))._tag).toBe("ResourceNotFound")
        expect((yield* Effect.flip(post(`work/${temporary}`, "x")))._tag).toBe("ResourceNotFound")
        yield* Fiber.interrupt(writing)
      }).pipe(over(root, options))
    }
  )

  it.live("on a mount that is ro it is 405, before anything is read of the body", () => {
    const { root } = tree({ file: "old" })
    return Effect.gen(function* () {
      const error = yield* Effect.flip(post("work/file", Stream.dieMessage("read")))
      expect(error).toMatchObject({ _tag: "MethodNotAllowed", allow: ["GET", "HEAD", "OPTIONS"] })
    }).pipe(over(root, "ro"))
  })

  it.live("has its refusals: directories 405, a missing parent 404, hidden names 404, odd names 400", () => {
    const { root } = tree({ "d/": "", file: "", ".hidden": "x", ".git/": "" })
    return Effect.gen(function* () {
      for (const path of ["work", "work/d"]) expect(yield* tagOf(path)).toBe("MethodNotAllowed")
      for (const path of ["work/no/file", "work/file/x"]) expect(yield* tagOf(path)).toBe("ResourceNotFound")
      for (const path of ["work/.hidden", "work/.new", "work/.git/x"])
        expect(yield* tagOf(path)).toBe("ResourceNotFound")
      expect((yield* Effect.flip(post("work/file", "x", { slash: true })))._tag).toBe("BadPath")
      expect(yield* tagOf(`work/${"x".repeat(256)}`)).toBe("BadPath")
      expect(yield* tagOf("other/x")).toBe("ResourceNotFound")
      expect(yield* tagOf("")).toBe("MethodNotAllowed")
      expect(readdirSync(root).sort()).toEqual([".git", ".hidden", "d", "file"])
      expect(readFileSync(join(root, ".hidden"), "utf8")).toBe("x")
    }).pipe(over(root))
  })

  it.live("neither waits for a FIFO nor replaces it", () => {
    const { root } = tree()
    execFileSync("mkfifo", [join(root, "fifo")])
    return Effect.gen(function* () {
      expect(yield* tagOf("work/fifo")).toBe("Forbidden")
      expect(lstatSync(join(root, "fifo")).isFIFO()).toBe(true)
    }).pipe(over(root))
  })

  it.live("replaces no directory, FIFO or link that took the name while the body came", () => {
    const { root } = tree({ file: "1" })
    const takes: ReadonlyArray<readonly [string, () => void]> = [
      ["directory", () => mkdirSync(join(root, "directory"))],
      ["fifo", () => execFileSync("mkfifo", [join(root, "fifo")])],
      ["link", () => symlinkSync("file", join(root, "link"))]
    ]
    return Effect.gen(function* () {
      for (const [name, take] of takes) {
        const body = Stream.as(Stream.fromEffect(Effect.sync(take)), bytes("x"))
        expect((yield* Effect.flip(post(`work/${name}`, body)))._tag).toBe("Forbidden")
      }
      expect(readdirSync(root).sort()).toEqual(["directory", "fifo", "file", "link"])
      const [directory, fifo, link] = takes.map(([name]) => lstatSync(join(root, name)))
      expect([directory?.isDirectory(), fifo?.isFIFO(), link?.isSymbolicLink()]).toEqual([true, true, true])
    }).pipe(over(root))
  })

  it.live.runIf(isRoot)("a file that is replaced stays its owner's, where this server may give files away", () => {
    const { root } = tree({ file: "old" })
    chmodSync(join(root, "file"), 0o640)
    chownSync(join(root, "file"), 1234, 1235)
    return Effect.gen(function* () {
      yield* post("work/file", "new")
      const { gid, mode, uid } = statSync(join(root, "file"))
      expect([uid, gid, mode & 0o777]).toEqual([1234, 1235, 0o640])
      yield* post("work/other", "new")
      expect(statSync(join(root, "other")).uid).toBe(0)
    }).pipe(over(root))
  })

  it.live("C4.3 conditions are judged against the file that is there when the body has come", () => {
    const { root } = tree({ file: "1" })
    return Effect.gen(function* () {
      const mounts = yield* MountTable
      const current = Effect.map(get("work/file"), ({ headers }) => headers.etag?.replace("W/", "") ?? "")
      expect(yield* tagOf("work/file", "x", { "if-none-match": "*" })).toBe("PreconditionFailed")
      expect(yield* tagOf("work/file", "x", { "if-match": '"other"' })).toBe("PreconditionFailed")
      expect(yield* tagOf("work/new", "x", { "if-match": "*" })).toBe("PreconditionFailed")
      expect(yield* tagOf("work/new", "x", { "if-none-match": "*" })).toBe("written")
      const tag = yield* current
      const changed = Stream.fromEffect(Effect.sync(() => writeFileSync(join(root, "file"), "somebody else's")))
      const body = Stream.as(changed, bytes("mine"))
      const request = { path: "work/file", slash: false, headers: { "if-match": tag } }
      expect((yield* Effect.flip(mounts.write(request, body)))._tag).toBe("PreconditionFailed")
      expect(readFileSync(join(root, "file"), "utf8")).toBe("somebody else's")
      expect(yield* tagOf("work/file", "2", { "if-match": yield* current })).toBe("written")
      expect(readdirSync(root).sort()).toEqual(["file", "new"])
    }).pipe(over(root))
  })

  it.live("C4.3 of many that come with the same condition exactly one is written", () => {
    const { root } = tree()
    return Effect.gen(function* () {
      const outcomes = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, n) => String(n)),
        (text) => tagOf("work/file", text, { "if-none-match": "*" }),
        { concurrency: "unbounded" }
      )
      expect(outcomes.filter((outcome) => outcome === "written")).toHaveLength(1)
      expect(readFileSync(join(root, "file"), "utf8")).toBe(String(outcomes.indexOf("written")))
    }).pipe(over(root))
  })

  it.live("a directory that goes meanwhile takes the write with it, and nothing else", () => {
    const { root } = tree({ "d/": "" })
    return Effect.gen(function* () {
      const body = Stream.as(
        Stream.fromEffect(Effect.sync(() => rmSync(join(root, "d"), { recursive: true }))),
        bytes("x")
      )
      const error = yield* Effect.flip(post("work/d/file", body))
      expect(error._tag).toBe("ResourceNotFound")
      expect(error.message).not.toMatch(inside)
      expect(readdirSync(root)).toEqual([])
    }).pipe(over(root))
  })

  it.live.skipIf(isRoot)("where this server has no permission it is 403, and a file that is read-only stays", () => {
    const { root } = tree({ "d/file": "1", file: "old" })
    chmodSync(join(root, "file"), 0o444)
    chmodSync(join(root, "d"), 0o555)
    return Effect.gen(function* () {
      for (const path of ["work/file", "work/d/file", "work/d/new"]) expect(yield* tagOf(path)).toBe("Forbidden")
      expect(readFileSync(join(root, "file"), "utf8")).toBe("old")
    }).pipe(over(root), Effect.ensuring(Effect.sync(() => chmodSync(join(root, "d"), 0o755))))
  })

  it.live.skipIf(isRoot)("a directory that may be written and not read takes files all the same", () => {
    const { root } = tree({ "drop/": "" })
    chmodSync(join(root, "drop"), 0o333)
    return Effect.gen(function* () {
      expect(yield* tagOf("work/drop/file")).toBe("written")
    }).pipe(over(root), Effect.ensuring(Effect.sync(() => chmodSync(join(root, "drop"), 0o755))))
  })
})
