import { describe, expect, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import type { Caller } from "../../src/domain/Caller.ts"
import { StorageFailure } from "../../src/domain/Errors.ts"
import { Catalog } from "../../src/services/Catalog.ts"
import { type Change, Changes } from "../../src/services/Changes.ts"
import { Locks } from "../../src/services/Locks.ts"
import { Properties } from "../../src/services/Properties.ts"
import type { Relocation } from "../../src/services/Relocation.ts"
import { Storage } from "../../src/services/Storage.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { collection, everything, lock } from "../helpers/Locking.ts"
import { cap, machine, machineTest, memoryWith, operator, outcome, user, write } from "../helpers/Machine.ts"
import { path, world } from "../helpers/Paths.ts"
import { eventsOf, payloadsOf, put, readText, setState, verdict } from "../helpers/Storages.ts"

const from =
  (op: "copy" | "move") =>
  (source: string, target: string, given: Partial<Relocation> & { readonly caller?: Caller } = {}) =>
    Effect.flatMap(Worlds, (worlds) => {
      const { caller = operator, ...asked } = given
      const relocation = { depth: "infinity", overwrite: true, conditions: {}, ...asked } as const
      return worlds[op](caller, { ...relocation, from: path(source), to: path(target) })
    })
const copy = from("copy")
const move = from("move")
const both = [
  ["copy", copy],
  ["move", move]
] as const

const text = (name: string) =>
  Effect.flatMap(Storage, (storage) =>
    Effect.map(readText(storage, name), (found) => (found._tag === "Some" ? found.value : undefined))
  )
const typesOf = (name: string) =>
  Effect.map(
    Effect.flatMap(Storage, (storage) => eventsOf(storage, name)),
    (rows) => rows.map(({ event_type }) => event_type)
  )
const newest = (name: string) =>
  Effect.map(
    Effect.flatMap(Storage, (storage) => eventsOf(storage, name)),
    (rows) => payloadsOf(rows).at(-1)
  )

const property = (xml: string) => ({ _tag: "Set", namespace: "urn:x", name: "p", xml }) as const
const mark = (name: string, xml: string) =>
  Effect.flatMap(Properties, (properties) => properties.patch(operator, path(name), [property(xml)], {}))
const marks = (name: string) => Effect.map(Properties, ({ get }) => get(name).map(({ xml }) => xml))

/** A tree with everything in it that there can be. */
const tree = Effect.gen(function* () {
  yield* collection("home/t")
  yield* collection("home/t/empty")
  yield* write("home/t/a", "a")
  yield* write("home/t/sub/b", "b")
  yield* write("home/t", "the collection's own")
  yield* Effect.forEach(["home/t", "home/t/empty", "home/t/a", "home/t/sub"], (name) => mark(name, name))
})
const treeAt = (root: string) => [root, `${root}/`, `${root}/a`, `${root}/empty/`, `${root}/sub/b`]

describe.each(both)("C15 a %s of a world", (op, relocate) => {
  machineTest(
    "has its bytes, type and metadata, and an event that names where it came from",
    Effect.gen(function* () {
      const meta = [["x-meta-author", "me"]] as const
      yield* (yield* Worlds).overwrite(operator, put("home/a", "bytes", { ext: "md", meta }))
      expect(yield* relocate("home/a", "home/b")).toEqual({ created: true, failures: [] })
      expect(yield* (yield* Worlds).read(operator, world("home/b"))).toMatchObject({ ext: "md", meta, version: 1 })
      expect(yield* text("home/b")).toBe("bytes")
      expect(yield* newest("home/b")).toMatchObject({
        op,
        type: op === "copy" ? "stage_copied" : "stage_moved",
        from: "home/a",
        version_after: 1,
        meta_headers: meta
      })
      expect(yield* verdict(yield* Storage, "home/b")).toMatchObject({ chain: { ok: true }, body: { ok: true } })
    })
  )

  machineTest(
    "replaces what was there in its place: the chain goes on, and the properties are the source's",
    Effect.gen(function* () {
      yield* write("home/a", "new")
      yield* write("home/b", "old")
      yield* mark("home/a", "a")
      yield* mark("home/b", "b")
      expect(yield* relocate("home/a", "home/b")).toEqual({ created: false, failures: [] })
      expect(yield* text("home/b")).toBe("new")
      expect(yield* typesOf("home/b")).toEqual(["stage_written", op === "copy" ? "stage_copied" : "stage_moved"])
      expect(yield* marks("home/b")).toEqual(["a"])
      expect(yield* marks("home/a")).toEqual(op === "copy" ? ["a"] : [])
    })
  )

  machineTest(
    "is told to whoever watches, under its own name",
    Effect.gen(function* () {
      const changes = yield* Changes
      const seen: Array<Change> = []
      yield* write("home/a", "")
      yield* changes.listen((change) => seen.push(change))
      yield* relocate("home/a", "home/b")
      expect(seen.map(({ name, op }) => `${op} ${name}`)).toEqual(
        op === "copy" ? ["copy home/b"] : ["move home/b", "delete home/a"]
      )
    })
  )

  machineTest(
    "without Overwrite fails where something is, whatever that is",
    Effect.gen(function* () {
      yield* write("home/a", "a")
      yield* write("home/b", "b")
      yield* write("home/c/x", "x")
      yield* collection("home/d")
      for (const target of ["home/b", "home/c", "home/d"]) {
        expect(yield* outcome(relocate("home/a", target, { overwrite: false }))).toBe("PreconditionFailed")
      }
      expect(yield* outcome(relocate("home/a", "home/e", { overwrite: false }))).toBe("allowed")
    })
  )

  machineTest(
    "onto a collection replaces all of it",
    Effect.gen(function* () {
      yield* write("home/a", "a")
      yield* tree
      expect(yield* relocate("home/a", "home/t")).toMatchObject({ created: false })
      expect(yield* everything).toEqual(op === "copy" ? ["home/a", "home/t"] : ["home/t"])
      expect(yield* text("home/t")).toBe("a")
    })
  )

  machineTest(
    "wants a collection around it, and a legal name",
    Effect.gen(function* () {
      yield* write("home/a", "a")
      yield* write("home/plain", "")
      for (const target of ["home/none/x", "home/plain/x"]) {
        expect(yield* outcome(relocate("home/a", target))).toBe("Conflict")
      }
      for (const target of ["usr", "lib/x/state", `home/${"x".repeat(300)}`]) {
        expect(yield* outcome(relocate("home/a", target))).toBe("BadPath")
      }
      for (const target of ["", "proc/x", "dav/x"]) expect(yield* outcome(relocate("home/a", target))).toBe("Forbidden")
      expect(yield* everything).toEqual(["home/a", "home/plain"])
    })
  )

  machineTest(
    "to where it is, into itself, or onto what holds it, is Forbidden",
    Effect.gen(function* () {
      yield* write("home/a/b", "b")
      for (const [source, target] of [
        ["home/a", "home/a"],
        ["home/a/b", "home/a/b"],
        ["home/a", "home/a/c"],
        ["home/a/b", "home/a"]
      ] as const) {
        expect(yield* outcome(relocate(source, target))).toBe("Forbidden")
      }
      expect(yield* text("home/a/b")).toBe("b")
    })
  )

  machineTest(
    "of nothing is WorldNotFound",
    Effect.gen(function* () {
      expect(yield* outcome(relocate("home/none", "home/b"))).toBe("WorldNotFound")
    })
  )

  machineTest(
    "under a condition that the source does not meet changes nothing",
    Effect.gen(function* () {
      const { tag } = yield* write("home/a", "")
      const under = (ifMatch: string) => outcome(relocate("home/a", "home/b", { conditions: { ifMatch } }))
      expect(yield* under('"stale"')).toBe("PreconditionFailed")
      expect(yield* everything).toEqual(["home/a"])
      expect(yield* under(`"${tag}"`)).toBe("allowed")
    })
  )

  machineTest(
    "C10.1 to where a plugin is resets its state, as any change of its source does",
    Effect.gen(function* () {
      yield* write("lib/a", "a")
      yield* write("lib/b", "b")
      for (const name of ["lib/a", "lib/b"]) yield* (yield* Worlds).setState(operator, setState(name, "active"))
      yield* relocate("lib/a", "lib/b")
      yield* relocate("lib/b", "lib/c")
      for (const name of ["lib/b", "lib/c"]) {
        const entry = (yield* Catalog).get(name)
        if (op === "copy" || name === "lib/c") expect(entry?.state).toBe("pending")
      }
      if (op === "copy") {
        expect(yield* typesOf("lib/b")).toEqual([
          "stage_written",
          "state_transition",
          "stage_copied",
          "state_transition"
        ])
        expect(yield* newest("lib/b")).toMatchObject({ from: "active", to: "pending", reason: "source replaced" })
      }
    })
  )
})

describe.each(both)("C15 a %s of a tree", (op, relocate) => {
  machineTest(
    "takes worlds, empty collections, hidden bytes and properties along",
    Effect.gen(function* () {
      yield* tree
      expect(yield* relocate("home/t", "home/u")).toEqual({ created: true, failures: [] })
      expect(yield* everything).toEqual(op === "copy" ? [...treeAt("home/t"), ...treeAt("home/u")] : treeAt("home/u"))
      for (const below of ["", "/a", "/empty", "/sub"]) {
        expect(yield* marks(`home/u${below}`)).toEqual([`home/t${below}`])
        expect(yield* marks(`home/t${below}`)).toEqual(op === "copy" ? [`home/t${below}`] : [])
      }
    })
  )

  machineTest(
    "onto another leaves there what is in the source, and nothing else",
    Effect.gen(function* () {
      yield* tree
      yield* write("home/u/a", "old")
      yield* write("home/u/sub", "was a world")
      yield* write("home/u/other/x", "x")
      yield* collection("home/u/made")
      yield* mark("home/u/other", "gone")
      yield* mark("home/u/sub", "gone")
      expect(yield* relocate("home/t", "home/u")).toEqual({ created: false, failures: [] })
      expect((yield* everything).filter((name) => name.startsWith("home/u"))).toEqual(treeAt("home/u"))
      expect(yield* text("home/u/a")).toBe("a")
      expect([yield* marks("home/u/other"), yield* marks("home/u/sub")]).toEqual([[], ["home/t/sub"]])
    })
  )

  machineTest(
    "of an empty collection makes one",
    Effect.gen(function* () {
      yield* collection("home/c")
      expect(yield* relocate("home/c", "home/d")).toEqual({ created: true, failures: [] })
      expect(yield* everything).toEqual(op === "copy" ? ["home/c/", "home/d/"] : ["home/d/"])
    })
  )

  machineTest(
    "with a member whose new name cannot be, is refused whole",
    Effect.gen(function* () {
      yield* write("home/p/state", "")
      yield* write("home/p/x", "")
      yield* collection("lib/y")
      expect(yield* outcome(relocate("home/p", "lib/y/z"))).toBe("BadPath")
      expect(yield* everything).toEqual(["home/p/state", "home/p/x"])
    })
  )

  it.scoped("what fails is told, and its source stays; so does what was to go from the target", () =>
    Effect.gen(function* () {
      yield* write("home/t/a", "a")
      yield* write("home/t/b", "b")
      yield* write("home/u/old", "old")
      const { created, failures } = yield* relocate("home/t", "home/u")
      expect(created).toBe(false)
      expect(failures).toMatchObject([{ path: "home/t/b", error: { _tag: "StorageFailure" } }])
      expect(yield* everything).toEqual(["home/t/a", "home/t/b", "home/u/a", "home/u/old"])
    }).pipe(
      Effect.provide(
        machine(
          {},
          memoryWith((storage) => ({
            execute: (command) =>
              command.name === "home/u/b"
                ? new StorageFailure({ message: "no", cause: "disk" })
                : storage.execute(command)
          }))
        )
      )
    )
  )
})

describe("C15 depth 0", () => {
  machineTest(
    "copies a collection without its members",
    Effect.gen(function* () {
      yield* write("home/c/x", "x")
      yield* mark("home/c", "p")
      yield* write("home/d/y", "y")
      expect(yield* copy("home/c", "home/d", { depth: "0" })).toEqual({ created: false, failures: [] })
      expect(yield* everything).toEqual(["home/c/x", "home/d/"])
      expect(yield* marks("home/d")).toEqual(["p"])
    })
  )

  machineTest(
    "means nothing to a move",
    Effect.gen(function* () {
      yield* write("home/c/x", "x")
      yield* move("home/c", "home/d", { depth: "0" })
      expect(yield* everything).toEqual(["home/d/x"])
    })
  )
})

describe("C15, C7.5 who may copy and move", () => {
  machineTest(
    "copying wants reading there and writing here; moving wants deleting, too",
    Effect.gen(function* () {
      yield* write("home/a", "a")
      yield* write("etc/fstab", "secret")
      yield* write("etc/a", "a")
      const ask = (relocate: typeof copy, caller: Caller, source: string, target: string) =>
        outcome(relocate(source, target, { caller }))
      expect(yield* ask(copy, user(1), "home/a", "home/b")).toBe("Forbidden")
      expect(yield* ask(copy, user(2), "etc/fstab", "home/b")).toBe("Forbidden")
      expect(yield* ask(copy, user(2), "home/a", "etc/b")).toBe("Forbidden")
      expect(yield* ask(move, user(2), "home/a", "home/b")).toBe("Forbidden")
      expect(yield* ask(copy, cap("home/a", "rw"), "home/a", "home/b")).toBe("Forbidden")
      expect(yield* ask(copy, cap("home/b", "rw"), "home/a", "home/b")).toBe("Forbidden")
      expect((yield* Catalog).get("home/b")).toBeUndefined()
      expect(yield* ask(copy, user(2), "etc/a", "home/b")).toBe("allowed")
      expect(yield* ask(copy, user(2), "home/none", "etc/b")).toBe("Forbidden")
    })
  )

  machineTest(
    "what the caller may not read is not there for them",
    Effect.gen(function* () {
      yield* write("etc/hosts", "hosts")
      yield* write("etc/shadow", "secret")
      yield* copy("etc", "home/etc", { caller: user(2) })
      expect(yield* everything).toEqual(["etc/hosts", "etc/shadow", "home/etc/hosts"])
    })
  )

  machineTest(
    "who may not delete replaces worlds in their place, and takes away none",
    Effect.gen(function* () {
      yield* write("home/t/a", "new")
      yield* write("home/u/a", "old")
      expect(yield* outcome(copy("home/t", "home/u", { caller: user(2) }))).toBe("allowed")
      yield* write("home/u/b", "more")
      yield* write("home/t/a", "newest")
      expect(yield* outcome(copy("home/t", "home/u", { caller: user(2) }))).toBe("Forbidden")
      expect([yield* text("home/u/a"), yield* text("home/u/b")]).toEqual(["new", "more"])
    })
  )

  machineTest(
    "nobody moves a namespace, or deletes one",
    Effect.gen(function* () {
      yield* write("home/a", "")
      expect(yield* outcome(move("home", "usr/home"))).toBe("Forbidden")
      expect(yield* outcome((yield* Worlds).remove(operator, path("home"), {}))).toBe("Forbidden")
      expect(yield* everything).toEqual(["home/a"])
    })
  )
})

describe("C15 locks bind copies and moves", () => {
  const under = (...tokens: ReadonlyArray<string>) => ({ conditions: { lockTokens: tokens } })

  machineTest(
    "a locked source can be copied and not moved; a locked target, neither",
    Effect.gen(function* () {
      yield* write("home/t/a", "a")
      yield* write("home/u/a", "a")
      const source = yield* lock(operator, "home/t/a")
      const target = yield* lock(operator, "home/u/a")
      expect(yield* outcome(copy("home/t", "home/v"))).toBe("allowed")
      expect(yield* Effect.flip(move("home/t", "home/w"))).toMatchObject({ _tag: "Locked", roots: ["home/t/a"] })
      expect(yield* Effect.flip(copy("home/t", "home/u"))).toMatchObject({ _tag: "Locked", roots: ["home/u/a"] })
      expect(yield* outcome(move("home/t", "home/u", under(target.token)))).toBe("Locked")
      expect(yield* outcome(move("home/t", "home/u", under(source.token, target.token)))).toBe("allowed")
    })
  )

  machineTest(
    "locks stay where they are: none moves along, that of a replaced world stays, those of what goes are over",
    Effect.gen(function* () {
      const locks = yield* Locks
      yield* write("home/t/a", "a")
      yield* write("home/u/a", "a")
      yield* write("home/u/b", "b")
      const taken = yield* Effect.forEach(["home/t/a", "home/u/a", "home/u/b"], (name) => lock(operator, name))
      yield* move("home/t", "home/u", under(...taken.map(({ token }) => token)))
      expect(locks.within("home").map(({ root }) => String(root))).toEqual(["home/u/a"])
    })
  )

  machineTest(
    "a locked collection neither gets a copy nor loses what moves",
    Effect.gen(function* () {
      yield* write("home/c/a", "a")
      yield* write("home/x", "x")
      yield* lock(operator, "home/c")
      expect(yield* outcome(copy("home/x", "home/c/x"))).toBe("Locked")
      expect(yield* outcome(move("home/c/a", "home/y"))).toBe("Locked")
      expect(yield* outcome(copy("home/x", "home/c/a"))).toBe("allowed")
      expect(yield* outcome(copy("home/c/a", "home/y"))).toBe("allowed")
    })
  )
})

describe("C15 nothing is lost", () => {
  it.scoped("a move deletes no source before all is written at the target", () =>
    Effect.gen(function* () {
      const commands: Array<string> = []
      yield* Effect.gen(function* () {
        yield* tree
        yield* write("home/u/old", "old")
        commands.length = 0
        yield* move("home/t", "home/u")
      }).pipe(
        Effect.provide(
          machine(
            {},
            memoryWith((storage) => ({
              execute: (command) =>
                Effect.tap(storage.execute(command), () => Effect.sync(() => commands.push(command._tag)))
            }))
          )
        )
      )
      expect(commands).toEqual(["Overwrite", "Overwrite", "Overwrite", "Delete", "Delete", "Delete", "Delete"])
    })
  )

  it.scoped("a move that cannot delete its source says so, and both are there", () =>
    Effect.gen(function* () {
      yield* write("home/a/x", "x")
      const { failures } = yield* move("home/a", "home/b")
      expect(failures).toMatchObject([{ path: "home/a/x" }])
      expect(yield* everything).toEqual(["home/a/x", "home/b/x"])
    }).pipe(
      Effect.provide(
        machine(
          {},
          memoryWith((storage) => ({
            execute: (command) =>
              command._tag === "Delete"
                ? new StorageFailure({ message: "no", cause: "disk" })
                : storage.execute(command)
          }))
        )
      )
    )
  )

  machineTest(
    "while others write the source and the target: every write is in one of them, or was overwritten by the move",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/t/0", "first")
      const writes = Array.from({ length: 40 }, (_, i) => worlds.overwrite(operator, put(`home/t/${i}`, `body ${i}`)))
      const moves = [move("home/t", "home/u"), move("home/t", "home/v"), copy("home/u", "home/w")]
      const outcomes = yield* Effect.all(
        [...writes.slice(0, 10), moves[0], ...writes.slice(10, 20), moves[1], ...writes.slice(20), moves[2]].map(
          (one) => Effect.either(one ?? Effect.void)
        ),
        { concurrency: "unbounded" }
      )
      expect(outcomes.filter(Either.isLeft)).toEqual([])
      for (let i = 0; i < 40; i++) {
        const found = yield* Effect.forEach(["t", "u", "v"], (root) => text(`home/${root}/${i}`))
        expect([i, found.includes(`body ${i}`)]).toEqual([i, true])
      }
    })
  )
})
