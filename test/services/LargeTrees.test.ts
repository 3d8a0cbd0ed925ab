import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Option } from "effect"
import type { Caller } from "../../src/domain/Caller.ts"
import type { Command } from "../../src/domain/Command.ts"
import { Storage } from "../../src/services/Storage.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { everything } from "../helpers/Locking.ts"
import { machine, memoryWith, operator, outcome, user, write } from "../helpers/Machine.ts"
import { path } from "../helpers/Paths.ts"
import { readText } from "../helpers/Storages.ts"

const relocate = (op: "copy" | "move", from: string, to: string, conditions = {}, caller = operator) =>
  Effect.flatMap(Worlds, (worlds) =>
    worlds[op](caller, { from: path(from), to: path(to), depth: "infinity", overwrite: true, conditions })
  )
const text = (name: string) =>
  Effect.map(
    Effect.flatMap(Storage, (storage) => readText(storage, name)),
    Option.getOrUndefined
  )

/** A machine whose storage waits before what `holds` names, from when it `came` until it may `go`. */
const held = (holds: (command: Command) => boolean) =>
  Effect.gen(function* () {
    const came = yield* Deferred.make<void>()
    const go = yield* Deferred.make<void>()
    const layer = machine(
      {},
      memoryWith((storage) => ({
        execute: (command) =>
          holds(command)
            ? Deferred.succeed(came, undefined).pipe(
                Effect.zipRight(Deferred.await(go)),
                Effect.zipRight(storage.execute(command))
              )
            : storage.execute(command)
      }))
    )
    return { came: Deferred.await(came), go: Deferred.succeed(go, undefined), layer }
  })
const below = (prefix: string) => (command: Command) => command.name.startsWith(prefix)

describe("C15 while a tree is copied or moved", () => {
  it.scoped("worlds in the source of a copy are written, and it is as it was planned", () =>
    Effect.gen(function* () {
      const { came, go, layer } = yield* held(below("home/u/"))
      yield* Effect.gen(function* () {
        yield* write("home/t/a", "a")
        const copy = yield* Effect.fork(relocate("copy", "home/t", "home/u"))
        yield* came
        yield* write("home/t/a", "after")
        yield* write("home/t/new", "new")
        yield* go
        expect(yield* Fiber.join(copy)).toEqual({ created: true, failures: [] })
        expect(yield* text("home/u/a")).toBe("a")
        expect(yield* everything).toEqual(["home/t/a", "home/t/new", "home/u/a"])
      }).pipe(Effect.provide(layer))
    })
  )

  it.scoped("nobody deletes from the source of a copy", () =>
    Effect.gen(function* () {
      const { came, go, layer } = yield* held(below("home/u/"))
      yield* Effect.gen(function* () {
        const worlds = yield* Worlds
        yield* write("home/t/a", "a")
        const copy = yield* Effect.fork(relocate("copy", "home/t", "home/u"))
        yield* came
        const deletion = yield* Effect.fork(worlds.remove(operator, path("home/t/a"), {}))
        yield* Effect.repeatN(Effect.yieldNow(), 20)
        expect(yield* everything).toContain("home/t/a")
        yield* go
        yield* Fiber.joinAll<unknown, unknown>([copy, deletion])
        expect(yield* everything).toEqual(["home/u/a"])
      }).pipe(Effect.provide(layer))
    })
  )

  it.scoped("those who wait for it leave places to those who write elsewhere", () =>
    Effect.gen(function* () {
      const { came, go, layer } = yield* held(below("home/u/"))
      yield* Effect.gen(function* () {
        yield* write("home/t/a", "a")
        const move = yield* Effect.fork(relocate("move", "home/t", "home/u"))
        yield* came
        const waiting = yield* Effect.forEach(Array.from({ length: 1100 }), (_, i) =>
          Effect.fork(outcome(write(`home/t/${i}`, "")))
        )
        yield* Effect.repeatN(Effect.yieldNow(), 20)
        expect(yield* outcome(write("home/elsewhere", "x"))).toBe("allowed")
        yield* go
        yield* Fiber.join(move)
        expect(new Set(yield* Fiber.joinAll(waiting))).toEqual(new Set(["allowed", "Overloaded"]))
      }).pipe(Effect.provide(layer))
    })
  )

  it.scoped("not more than 8 of its commands are on their way, of several copies together", () =>
    Effect.gen(function* () {
      let now = 0
      let most = 0
      const counting = machine(
        {},
        memoryWith((storage) => ({
          execute: (command) =>
            Effect.acquireUseRelease(
              Effect.sync(() => {
                now++
                most = Math.max(most, now)
              }),
              () => Effect.zipRight(Effect.repeatN(Effect.yieldNow(), 10), storage.execute(command)),
              () => Effect.sync(() => now--)
            )
        }))
      )
      yield* Effect.gen(function* () {
        for (let i = 0; i < 40; i++) yield* write(`home/t/${i}`, "")
        yield* Effect.all(
          ["u", "v", "w"].map((name) => relocate("copy", "home/t", `home/${name}`)),
          { concurrency: "unbounded" }
        )
      }).pipe(Effect.provide(counting))
      expect(most).toBe(8)
    })
  )

  it.scoped("the conditions are judged of the bytes that are copied", () =>
    Effect.gen(function* () {
      const reading = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const layer = machine(
        {},
        memoryWith((storage) => ({
          read: (name) =>
            Deferred.succeed(reading, undefined).pipe(
              Effect.zipRight(Deferred.await(go)),
              Effect.zipRight(storage.read(name))
            )
        }))
      )
      yield* Effect.gen(function* () {
        const { tag } = yield* write("home/a", "old")
        const copy = yield* Effect.fork(outcome(relocate("copy", "home/a", "home/b", { ifMatch: `"${tag}"` })))
        yield* Deferred.await(reading)
        yield* write("home/a", "new")
        yield* Deferred.succeed(go, undefined)
        expect(yield* Fiber.join(copy)).toBe("PreconditionFailed")
        expect(yield* everything).toEqual(["home/a"])
      }).pipe(Effect.provide(layer))
    })
  )

  describe("a member that somebody has taken away by hand is not there", () => {
    /** What there is after a tree without one of its members was copied over another. */
    const copiedBy = (caller: Caller) => {
      const missing = (name: string) => name === "home/t/b"
      const layer = machine(
        {},
        memoryWith((storage) => ({
          read: (name) => (missing(name) ? Effect.succeedNone : storage.read(name)),
          head: (name) => (missing(name) ? Effect.succeedNone : storage.head(name))
        }))
      )
      return Effect.gen(function* () {
        for (const name of ["home/t/a", "home/t/b", "home/u/b"]) yield* write(name, name)
        expect(yield* relocate("copy", "home/t", "home/u", {}, caller)).toEqual({ created: false, failures: [] })
        return yield* everything
      }).pipe(Effect.provide(layer))
    }

    it.scoped("nor at the target", () =>
      Effect.gen(function* () {
        expect(yield* copiedBy(operator)).toEqual(["home/t/a", "home/u/a"])
      })
    )

    it.scoped("but what is at the target stays when the caller may replace it, and not delete it", () =>
      Effect.gen(function* () {
        expect(yield* copiedBy(user(2))).toEqual(["home/t/a", "home/u/a", "home/u/b"])
      })
    )
  })
})
