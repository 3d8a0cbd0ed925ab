import { describe, expect } from "@effect/vitest"
import { Effect } from "effect"
import { anonymous, type Caller } from "../../src/domain/Caller.ts"
import { Storage } from "../../src/services/Storage.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { machineTest, user as ofTier, operator, write } from "../helpers/Machine.ts"
import { path, world } from "../helpers/Paths.ts"
import { verdict } from "../helpers/Storages.ts"

const user = ofTier(2)
const told = (reader: Caller, name: string) =>
  Effect.flatMap(Worlds, (worlds) => worlds.events(reader, world(name), 0, 10))

describe("C7 what the events of a world tell to whom", () => {
  for (const op of ["copy", "move"] as const) {
    machineTest(
      `C7.5: the source of a ${op} to those who may read it`,
      Effect.gen(function* () {
        const worlds = yield* Worlds
        yield* write("etc/private", "/home/hidden\n")
        yield* write("home/hidden/x", "x")
        const [from, to] = [path("home/hidden/x"), path("home/shown")]
        yield* worlds[op](operator, { from, to, depth: "infinity", overwrite: true, conditions: {} })
        const [whole] = yield* told(user, "home/shown")
        expect(JSON.parse(whole?.payload ?? "")).toMatchObject({ op, from: "home/hidden/x" })
        const [part] = yield* told(anonymous, "home/shown")
        expect(part).toMatchObject({ hmac: whole?.hmac, withheld: ["from"] })
        expect(JSON.stringify(part)).not.toContain("hidden")
        expect(yield* verdict(yield* Storage, "home/shown")).toMatchObject({ chain: { ok: true } })
      })
    )
  }

  machineTest(
    "C7.5: the caller of a device to themselves and to operators",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      const details = { scheme: "fake", caller: user.id, errored: 0 }
      yield* worlds.record(world("var/log/gpu"), { type: "gpu_call", details })
      for (const reader of [user, operator]) {
        const [event] = yield* told(reader, "var/log/gpu")
        expect(JSON.parse(event?.payload ?? "")).toMatchObject({ caller: user.id })
        expect(event).not.toHaveProperty("withheld")
      }
      const [event] = yield* told(anonymous, "var/log/gpu")
      expect(JSON.stringify(event)).not.toContain(user.id)
    })
  )
})
