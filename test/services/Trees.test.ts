import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Command } from "../../src/domain/Command.ts"
import { StorageFailure } from "../../src/domain/Errors.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { collection, everything, lock } from "../helpers/Locking.ts"
import { cap, erase, machine, machineTest, memoryWith, operator, outcome, user, write } from "../helpers/Machine.ts"
import { path } from "../helpers/Paths.ts"

/** A machine that cannot delete what is named. */
const stubborn = (...names: ReadonlyArray<string>) =>
  machine(
    {},
    memoryWith((storage) => ({
      execute: (command: Command) =>
        command._tag === "Delete" && names.includes(command.name)
          ? new StorageFailure({ message: "no", cause: "disk" })
          : storage.execute(command)
    }))
  )

const make = (caller: Parameters<typeof lock>[0], name: string) =>
  Effect.flatMap(Worlds, (worlds) => outcome(worlds.makeCollection(caller, path(name), {})))

describe("C4.5, C15 a tree of which something cannot be deleted", () => {
  it.scoped("is deleted but for that, and it is named; the collections that it is in stay", () =>
    Effect.gen(function* () {
      for (const name of ["home/t", "home/t/in", "home/t/in/empty", "home/t/out"]) yield* collection(name)
      for (const name of ["home/t/a", "home/t/in/bad", "home/t/in/good", "home/t/z"]) yield* write(name, name)
      const { failures, names } = yield* erase("home/t")
      expect(failures).toMatchObject([{ path: "home/t/in/bad", error: { _tag: "StorageFailure" } }])
      expect(names).toEqual(["home/t/a", "home/t/in/good", "home/t/z", "home/t/in/empty/", "home/t/out/"])
      expect(yield* everything).toEqual(["home/t/", "home/t/in/", "home/t/in/bad"])
    }).pipe(Effect.provide(stubborn("home/t/in/bad")))
  )

  it.scoped("stays whole when that is what the request is about", () =>
    Effect.gen(function* () {
      for (const name of ["home/t", "home/t/a"]) yield* write(name, name)
      expect(yield* outcome(erase("home/t"))).toBe("StorageFailure")
      expect(yield* everything).toEqual(["home/t", "home/t/a"])
    }).pipe(Effect.provide(stubborn("home/t")))
  )

  machineTest(
    "stays whole when that is locked",
    Effect.gen(function* () {
      for (const name of ["home/t/a", "home/t/b"]) yield* write(name, name)
      yield* lock(operator, "home/t/b")
      expect(yield* outcome(erase("home/t"))).toBe("Locked")
      expect(yield* everything).toEqual(["home/t/a", "home/t/b"])
    })
  )
})

describe("C7.5 what is above the scope of a token", () => {
  machineTest(
    "cannot be found out by what is made, copied or moved below it",
    Effect.gen(function* () {
      yield* write("home/plain", "")
      yield* collection("home/made")
      for (const parent of ["home/plain", "home/made", "home/none"]) {
        const target = `${parent}/mine`
        const holder = cap(target, "rw")
        expect([parent, yield* make(holder, target)]).toEqual([parent, "allowed"])
        yield* write(`${target}/x`, "")
        const copy = (yield* Worlds).copy(holder, {
          from: path(`${target}/x`),
          to: path(`${target}/y`),
          depth: "infinity",
          overwrite: true,
          conditions: {}
        })
        expect([parent, yield* outcome(copy)]).toEqual([parent, "allowed"])
      }
    })
  )

  machineTest(
    "is a collection for those who may read it, or Conflict",
    Effect.gen(function* () {
      yield* write("home/plain", "")
      yield* collection("home/made")
      expect(yield* make(user(2), "home/made/x")).toBe("allowed")
      expect(yield* make(cap("home/made", "rw"), "home/made/none/x")).toBe("Conflict")
      for (const name of ["home/plain/x", "home/none/x"]) expect(yield* make(user(2), name)).toBe("Conflict")
    })
  )
})
