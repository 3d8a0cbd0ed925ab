import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Command } from "../../src/domain/Command.ts"
import { StorageFailure } from "../../src/domain/Errors.ts"
import { Catalog } from "../../src/services/Catalog.ts"
import { type Change, Changes } from "../../src/services/Changes.ts"
import { Locks } from "../../src/services/Locks.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { lock } from "../helpers/Locking.ts"
import { erase, machine, memoryWith, operator, outcome, write } from "../helpers/Machine.ts"
import { path, world } from "../helpers/Paths.ts"

/** A machine from which worlds can be taken by hand: the storage finds them no more, until they are written again. */
const robbable = () => {
  const robbed = new Set<string>()
  const layer = machine(
    {},
    memoryWith((storage) => {
      const unless = <A, E>(name: string, gone: Effect.Effect<A, E>, there: Effect.Effect<A, E>) =>
        Effect.suspend(() => (robbed.has(name) ? gone : there))
      return {
        read: (name) => unless(name, Effect.succeedNone, storage.read(name)),
        head: (name) => unless(name, Effect.succeedNone, storage.head(name)),
        execute: (command) => {
          if (!robbed.delete(command.name)) return storage.execute(command)
          return Effect.zipRight(Effect.ignore(storage.evict(command.name)), storage.execute(command))
        }
      }
    })
  )
  return { rob: (name: string) => Effect.sync(() => robbed.add(name)), layer }
}

const told = Effect.gen(function* () {
  const changes = yield* Changes
  const seen: Array<Change> = []
  yield* changes.listen((change) => seen.push(change))
  return () => seen.map(({ name, op }) => `${op} ${name}`)
})

describe("C1.4 a world that somebody has taken away by hand", () => {
  it.scoped("is gone for good with the first read that does not find it, and everybody is told", () => {
    const { layer, rob } = robbable()
    return Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/x", "x")
      const seen = yield* told
      yield* rob("home/x")
      expect(yield* outcome(worlds.read(operator, world("home/x")))).toBe("WorldNotFound")
      expect((yield* Catalog).get("home/x")).toBeUndefined()
      expect(seen()).toEqual(["delete home/x"])
      yield* worlds.head(operator, world("home/x")).pipe(Effect.ignore)
      expect(seen()).toEqual(["delete home/x"])
    }).pipe(Effect.provide(layer))
  })

  it.scoped("is no longer locked", () => {
    const { layer, rob } = robbable()
    return Effect.gen(function* () {
      yield* write("home/x", "x")
      yield* lock(operator, "home/x")
      yield* rob("home/x")
      yield* outcome((yield* Worlds).head(operator, world("home/x")))
      expect((yield* Locks).none()).toBe(true)
    }).pipe(Effect.provide(layer))
  })

  it.scoped("is made anew by a PUT", () => {
    const { layer, rob } = robbable()
    return Effect.gen(function* () {
      yield* write("home/x", "x")
      yield* write("home/x", "y")
      yield* rob("home/x")
      expect(yield* write("home/x", "z")).toMatchObject({ created: true, version: 1 })
      expect((yield* Catalog).get("home/x")?.version).toBe(1)
    }).pipe(Effect.provide(layer))
  })

  it.scoped("is not found by DELETE, and is in no listing after that", () => {
    const { layer, rob } = robbable()
    return Effect.gen(function* () {
      yield* write("home/t/x", "x")
      yield* rob("home/t/x")
      expect(yield* outcome(erase("home/t"))).toBe("WorldNotFound")
      expect((yield* Catalog).isThere("home/t")).toBe(false)
    }).pipe(Effect.provide(layer))
  })
})

describe("C5.1 after a failure of the storage", () => {
  it.scoped("what it did all the same is told", () => {
    let broken = false
    const layer = machine(
      {},
      memoryWith((storage) => ({
        execute: (command: Command) =>
          broken
            ? Effect.zipRight(storage.execute(command), new StorageFailure({ message: "no", cause: "disk" }))
            : storage.execute(command)
      }))
    )
    return Effect.gen(function* () {
      yield* write("home/x", "x")
      const seen = yield* told
      broken = true
      expect(yield* outcome(write("home/x", "y"))).toBe("StorageFailure")
      expect(yield* outcome((yield* Worlds).remove(operator, path("home/x"), {}))).toBe("StorageFailure")
      expect(seen()).toEqual(["put home/x", "delete home/x"])
    }).pipe(Effect.provide(layer))
  })
})
