import { inspect } from "node:util"
import { describe, expect, it } from "@effect/vitest"
import { Effect, HashMap, Logger } from "effect"
import { anonymous, openCaller } from "../../../src/domain/Caller.ts"
import { MountTable } from "../../../src/services/MountTable.ts"
import { cap, erase, operator, user, write } from "../../helpers/Machine.ts"
import { get, mounted, outcomeOf, post } from "../../helpers/Mounts.ts"
import { tree } from "../../helpers/Trees.ts"

const list = (caller = anonymous) => Effect.flatMap(MountTable, (mounts) => mounts.list(caller))
const namesOf = (caller = anonymous) => Effect.map(list(caller), ({ mounts }) => mounts.map(({ name }) => name))

const table = `# mounts
/srv/some files /mnt/work rw,dotfiles
https://me:userinfo-secret@api.example/v1 /mnt/api ro,bearer=option-secret
s3://key:scheme-secret@bucket /mnt/s3 ro
bad line bearer=line-secret
`

describe("C11.2 GET /mnt/", () => {
  it.effect(
    "shows the declared sources to T2 and T3, without options and userinfo, and their paths to all others",
    () =>
      Effect.gen(function* () {
        const declared = [
          { name: "work", path: "/srv/some files", mode: "rw" },
          { name: "api", path: "https://api.example/v1", mode: "ro" },
          { name: "s3", path: "s3://bucket", mode: "ro" }
        ]
        const hidden = declared.map((mount) => ({ ...mount, path: `/mnt/${mount.name}` }))
        for (const caller of [user(2), openCaller]) expect(yield* list(caller)).toEqual({ mounts: declared })
        expect((yield* list(operator)).mounts).toEqual(declared)
        for (const caller of [anonymous, user(1), cap("mnt", "rw"), cap("", "rw")]) {
          expect(yield* list(caller)).toEqual({ mounts: hidden })
        }
      }).pipe(Effect.provide(mounted(table)))
  )

  it.effect("reports to T3 alone what it could not read, by line, without a word of it", () =>
    Effect.gen(function* () {
      const { unread } = yield* list(operator)
      expect(unread).toEqual([
        { line: 4, reason: "nothing here speaks the scheme of its source" },
        { line: 5, reason: "the second field wants to be /mnt/ and one name" }
      ])
      for (const caller of [anonymous, user(1), user(2), openCaller, cap("mnt", "rw")]) {
        expect(yield* list(caller)).not.toHaveProperty("unread")
      }
      expect(inspect(yield* list(operator), { depth: 9 })).not.toContain("secret")
    }).pipe(Effect.provide(mounted(table)))
  )

  it.effect("reports options that mean nothing, and mounts without them", () =>
    Effect.gen(function* () {
      const { mounts, unread } = yield* list(operator)
      expect(mounts.map(({ name }) => name)).toEqual(["a", "b", "c"])
      expect(unread?.map(({ line }) => line)).toEqual([1, 3])
    }).pipe(
      Effect.provide(
        mounted(
          "/a /mnt/a ro,dotfile\nhttp://b.example /mnt/b ro,bearer=x\nhttp://c.example /mnt/c ro,dotfiles,bearer=x"
        )
      )
    )
  )

  it.effect("C7.1 names only mounts that the caller may read", () =>
    Effect.gen(function* () {
      yield* write("etc/private", "/mnt/api\n/mnt/s3/deeper")
      expect(yield* namesOf()).toEqual(["work", "s3"])
      expect(yield* namesOf(user(1))).toEqual(["work", "api", "s3"])
      expect(yield* namesOf(cap("mnt/work", "r"))).toEqual(["work"])
    }).pipe(Effect.provide(mounted(table)))
  )

  it.effect("follows /etc/fstab with the next request: written, replaced, deleted", () =>
    Effect.gen(function* () {
      expect(yield* namesOf()).toEqual(["work", "api", "s3"])
      yield* write("etc/fstab", "/x /mnt/x ro")
      expect(yield* namesOf()).toEqual(["x"])
      expect(yield* outcomeOf("work")).toBe("ResourceNotFound")
      yield* erase("etc/fstab")
      expect(yield* list()).toEqual({ mounts: [] })
    }).pipe(Effect.provide(mounted(table)))
  )

  it.effect("bad lines are logged once for each state of the table, and say nothing that is secret", () => {
    const said: Array<string> = []
    const logger = Logger.make(({ annotations, cause, message }) => {
      said.push(inspect({ message, cause, annotations: HashMap.toEntries(annotations) }, { depth: 9 }))
    })
    return Effect.gen(function* () {
      for (let i = 0; i < 3; i++) yield* list(operator)
      expect(said).toHaveLength(1)
      yield* write("etc/fstab", table)
      yield* list()
      expect(said).toHaveLength(2)
      expect(said.join()).toContain("line: 5")
      expect(said.join()).not.toContain("secret")
    }).pipe(Effect.provide([mounted(table), Logger.replace(Logger.defaultLogger, logger)]))
  })
})

describe("C11.2 mounts that are none", () => {
  it.effect("an unknown mount is 404, for reading and writing", () =>
    Effect.gen(function* () {
      for (const path of ["other", "other/x", "Work", ""]) expect(yield* outcomeOf(path)).toBe("ResourceNotFound")
      expect((yield* Effect.flip(post("other/x", "x")))._tag).toBe("ResourceNotFound")
    }).pipe(Effect.provide(mounted(table)))
  )

  it.effect("an unknown scheme is 501, for reading and writing, and named", () =>
    Effect.gen(function* () {
      const read = (method: string) => Effect.flip(get("s3/x", { method }))
      for (const refusal of [yield* read("GET"), yield* read("HEAD"), yield* Effect.flip(post("s3/x", "x"))]) {
        expect(refusal).toMatchObject({
          _tag: "UnsupportedScheme",
          scheme: "s3",
          message: "mount s3 is of scheme s3, which nothing here speaks"
        })
      }
    }).pipe(Effect.provide(mounted(table)))
  )

  it.effect.each(["constructor", "__proto__", "toString"])("a scheme or mount named %s is nothing special", (name) =>
    Effect.gen(function* () {
      expect(yield* outcomeOf(name)).toBe("ResourceNotFound")
      expect(yield* outcomeOf("x")).toBe("UnsupportedScheme")
    }).pipe(Effect.provide(mounted(`${name.replaceAll("_", "").toLowerCase()}://a /mnt/x ro`)))
  )

  it.effect("no path but a canonical one reaches a mount", () => {
    const { root } = tree({ "a/x": "1" }, { x: "secret" })
    return Effect.gen(function* () {
      for (const path of [
        "work/../work/a",
        "work/./a",
        "work//a",
        "work/a/../../outside/x",
        "..",
        "work/a\0",
        "work/a:b"
      ]) {
        expect(yield* outcomeOf(path)).toBe("BadPath")
        expect((yield* Effect.flip(post(path, "x")))._tag).toBe("BadPath")
      }
    }).pipe(Effect.provide(mounted(`${root} /mnt/work rw`)))
  })
})
