import { execFileSync } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { anonymous } from "../../../src/domain/Caller.ts"
import { inside } from "../../helpers/Inside.ts"
import { user, write } from "../../helpers/Machine.ts"
import { get, mounted, namesIn, outcomeOf, ways } from "../../helpers/Mounts.ts"
import { tree } from "../../helpers/Trees.ts"

describe.each(ways)("C11.2 a mounted directory, held %s", (_, anchors) => {
  const over = (root: string, options = "ro") => Effect.provide(mounted(`${root} /mnt/work ${options}`, anchors))

  it.live("lists files and directories in byte order, with and without a slash", () => {
    const names = { "b.txt": "12345", "B.txt": "", "a/x": "1", "a/": "", "ä.txt": "1", "😀": "", ﬁx: "" }
    const { root } = tree(names)
    return Effect.gen(function* () {
      for (const slash of [false, true]) {
        const answer = yield* get("work", { slash })
        expect(answer.status).toBe(200)
        expect(answer.headers["content-type"]).toBe("application/json")
        expect(answer.headers["content-length"]).toBe(String(answer.bytes.length))
        expect(answer.json()).toEqual({
          path: "/mnt/work",
          mount: "work",
          mode: "ro",
          entries: [
            { name: "B.txt", type: "file", size: 0 },
            { name: "a", type: "dir", size: 0 },
            { name: "b.txt", type: "file", size: 5 },
            { name: "ä.txt", type: "file", size: 1 },
            { name: "ﬁx", type: "file", size: 0 },
            { name: "😀", type: "file", size: 0 }
          ]
        })
      }
    }).pipe(over(root))
  })

  it.live("lists what lies deeper under its own path", () => {
    const { root } = tree({ "a b/c%d/x": "1", "a b/c%d/y/": "" })
    return Effect.gen(function* () {
      expect((yield* get("work/a b/c%d")).json()).toEqual({
        path: "/mnt/work/a b/c%d",
        mount: "work",
        mode: "rw",
        entries: [
          { name: "x", type: "file", size: 1 },
          { name: "y", type: "dir", size: 0 }
        ]
      })
    }).pipe(over(root, "rw"))
  })

  it.live("leaves out names that no request can have, and what is neither file nor directory", () => {
    const { root } = tree({
      "ok ; [x] 100% #1 + & 'é'": "",
      "new\nline": "",
      "tab\t": "",
      "a:b": "",
      "a?b": "",
      "a*b": "",
      'a"b': "",
      "a<b": "",
      "a|b": "",
      "a\\b": "",
      "cafe\u0301": "",
      "del\u007f": ""
    })
    const server = createServer()
    return Effect.gen(function* () {
      writeFileSync(Buffer.concat([Buffer.from(`${root}/latin1-`), Buffer.from([0xe9])]), "")
      execFileSync("mkfifo", [join(root, "fifo")])
      yield* Effect.async<void>((resume) => {
        server.listen(join(root, "socket"), () => resume(Effect.void))
      })
      expect(yield* namesIn("work")).toEqual(["ok ; [x] 100% #1 + & 'é'"])
      for (const name of ["fifo", "socket"]) expect(yield* outcomeOf(`work/${name}`)).toBe("Forbidden")
    }).pipe(
      over(root),
      Effect.ensuring(
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
        })
      )
    )
  })

  it.live("a device is refused and not read", () =>
    Effect.gen(function* () {
      for (const device of ["zero", "null", "tty"]) expect(yield* outcomeOf(`work/${device}`)).toBe("Forbidden")
    }).pipe(over("/dev"))
  )

  it.live("neither lists nor serves names that start with a dot", () => {
    const { root } = tree({ ".secret": "1", ".git/config": "2", "a/.x/y": "3", a1: "4" })
    return Effect.gen(function* () {
      expect(yield* namesIn("work")).toEqual(["a", "a1"])
      expect(yield* namesIn("work/a")).toEqual([])
      for (const path of [".secret", ".git", ".git/config", "a/.x", "a/.x/y"]) {
        expect(yield* outcomeOf(`work/${path}`)).toBe("ResourceNotFound")
      }
    }).pipe(over(root))
  })

  it.live("with the option dotfiles it does both", () => {
    const { root } = tree({ ".secret": "1", ".git/config": "2" })
    return Effect.gen(function* () {
      expect(yield* namesIn("work")).toEqual([".git", ".secret"])
      expect((yield* get("work/.git/config")).text).toBe("2")
    }).pipe(over(root, "ro,dotfiles"))
  })

  it.live("what is missing is 404, a file is no directory, and no message tells of this host", () => {
    const { root } = tree({ "a.txt": "1" })
    return Effect.gen(function* () {
      for (const path of ["b.txt", "a.txt/x", "b/c/d", "A.TXT"]) {
        const error = yield* Effect.flip(get(`work/${path}`))
        expect(error).toMatchObject({ _tag: "ResourceNotFound", path: `/mnt/work/${path}` })
        expect(error.message).not.toMatch(inside)
      }
      expect(yield* outcomeOf("work/a.txt", { slash: true })).toBe("ResourceNotFound")
      expect(yield* outcomeOf(`work/${"x".repeat(256)}`)).toBe("BadPath")
    }).pipe(over(root))
  })

  it.live("a mount whose directory is gone, or is a file, is 404 until it is there", () => {
    const { root } = tree({ a: "1" })
    return Effect.gen(function* () {
      rmSync(root, { recursive: true })
      expect([yield* outcomeOf("work"), yield* outcomeOf("work/a")]).toEqual(["ResourceNotFound", "ResourceNotFound"])
      writeFileSync(root, "")
      expect(yield* outcomeOf("work")).toBe("ResourceNotFound")
      rmSync(root)
      mkdirSync(root)
      expect(yield* namesIn("work")).toEqual([])
    }).pipe(over(root))
  })

  it.live("C7.1 a listing names only what the caller may read", () => {
    const { root } = tree({ secret: "1", "secret2/x": "2", open: "3", "sub/secret": "4", "sub/open": "5" })
    return Effect.gen(function* () {
      yield* write("etc/private", "/mnt/work/secret\n/mnt/work/sub/secret")
      expect(yield* namesIn("work", { caller: anonymous })).toEqual(["open", "secret2", "sub"])
      expect(yield* namesIn("work/sub", { caller: anonymous })).toEqual(["open"])
      expect(yield* namesIn("work", { caller: user(1) })).toEqual(["open", "secret", "secret2", "sub"])
    }).pipe(over(root))
  })

  it.live("HEAD says what GET would, without a body", () => {
    const { root } = tree({ a: "1", "b/": "" })
    return Effect.gen(function* () {
      const [whole, head] = [yield* get("work"), yield* get("work", { method: "HEAD" })]
      expect(head.headers).toEqual(whole.headers)
      expect(head.body).toBe(false)
    }).pipe(over(root))
  })

  it.live("X-Mount-Version of a directory changes with what it lists", () => {
    const { root } = tree({ a: "1" })
    const version = Effect.map(get("work"), ({ headers }) => headers["x-mount-version"])
    return Effect.gen(function* () {
      const first = yield* version
      expect(first).toMatch(/^len=\d+;head=[0-9a-f]{32}$/)
      expect(yield* version).toBe(first)
      writeFileSync(join(root, "a"), "12")
      expect(yield* version).not.toBe(first)
    }).pipe(over(root))
  })

  it.live("many entries are listed whole, whatever comes and goes meanwhile", () => {
    const lasting = Array.from({ length: 2000 }, (_, n) => `lasting-${String(n).padStart(4, "0")}`)
    const { root } = tree(Object.fromEntries(lasting.map((name) => [name, ""])))
    return Effect.gen(function* () {
      const coming = yield* Effect.fork(
        Effect.forever(
          Effect.promise(async () => {
            await writeFile(join(root, "passing"), "")
            await rm(join(root, "passing"))
          })
        )
      )
      for (let i = 0; i < 5; i++) {
        expect((yield* namesIn("work")).filter((name) => name !== "passing")).toEqual(lasting)
      }
      yield* Fiber.interrupt(coming)
    }).pipe(over(root))
  })
})
