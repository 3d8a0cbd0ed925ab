import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { anonymous, openCaller } from "../../src/domain/Caller.ts"
import { StorageFailure } from "../../src/domain/Errors.ts"
import { Access } from "../../src/services/Access.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { cap, erase, machine, memoryWith, operator, user, write } from "../helpers/Machine.ts"
import { post } from "../helpers/Storages.ts"

const fresh = Layer.fresh(machine())
const may = (caller = anonymous, path = "home/secret/x") =>
  Effect.flatMap(Access, (access) => Effect.isSuccess(access.require(caller, "read", path)))

describe("C7.1 /etc/private", () => {
  it.effect("takes effect with the next request, each time it changes", () =>
    Effect.gen(function* () {
      expect(yield* may()).toBe(true)
      yield* write("etc/private", "# mine\n/home/secret\n")
      expect(yield* may()).toBe(false)
      yield* write("etc/private", "/home/other\n")
      expect([yield* may(), yield* may(anonymous, "home/other")]).toEqual([true, false])
      yield* (yield* Worlds).append(operator, post("etc/private", "/home/secret\n"))
      expect([yield* may(), yield* may(anonymous, "home/other")]).toEqual([false, false])
      yield* erase("etc/private")
      expect(yield* may()).toBe(true)
    }).pipe(Effect.provide(fresh))
  )

  it.effect("any credential will do", () =>
    Effect.gen(function* () {
      yield* write("etc/private", "/home/secret")
      for (const caller of [user(1), user(2), user(3), openCaller, cap("home/secret", "r")]) {
        expect(yield* may(caller)).toBe(true)
      }
      expect(yield* may(cap("home/other", "r"))).toBe(false)
    }).pipe(Effect.provide(fresh))
  )

  it.effect("the predicate for listings says the same as the check", () =>
    Effect.gen(function* () {
      yield* write("etc/private", "/home/secret")
      const access = yield* Access
      for (const caller of [anonymous, user(1), user(2), user(3), cap("home", "rw")]) {
        const readable = yield* access.readable(caller)
        for (const path of [
          "home/secret",
          "home/secret/x",
          "home/secrets",
          "home/x",
          "boot/env",
          "etc/shadow",
          "etc/fstab",
          "lib/x"
        ]) {
          expect(`${path} ${readable(path)}`).toBe(`${path} ${yield* may(caller, path)}`)
        }
      }
    }).pipe(Effect.provide(fresh))
  )

  it.effect("rules that cannot be read refuse instead of opening everything", () =>
    Effect.gen(function* () {
      yield* write("etc/private", "/home/secret")
      expect(yield* may()).toBe(false)
    }).pipe(
      Effect.provide(
        Layer.fresh(
          machine(
            {},
            memoryWith(() => ({ read: () => new StorageFailure({ message: "no", cause: "test" }) }))
          )
        )
      )
    )
  )
})

describe("C7.1 ELASTIK_READ=private", () => {
  it.effect("any credential to read anything", () =>
    Effect.gen(function* () {
      expect([yield* may(anonymous, "home/x"), yield* may(anonymous, "proc/status")]).toEqual([false, false])
      expect([yield* may(user(1), "home/x"), yield* may(user(1), "boot/env")]).toEqual([true, false])
    }).pipe(Effect.provide(Layer.fresh(machine({ privateRead: true }))))
  )
})

describe("C7.5 a refusal", () => {
  it.effect("is the same whether the path exists or not", () =>
    Effect.gen(function* () {
      const access = yield* Access
      yield* write("boot/env", "x")
      const there = yield* Effect.flip(access.require(anonymous, "read", "boot/env"))
      const absent = yield* Effect.flip(access.require(anonymous, "read", "boot/none"))
      expect(there).toEqual(absent)
      expect(there._tag).toBe("Forbidden")
    }).pipe(Effect.provide(fresh))
  )
})
