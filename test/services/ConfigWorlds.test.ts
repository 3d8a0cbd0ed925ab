import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { ConfigWorlds } from "../../src/services/ConfigWorlds.ts"
import { Storage } from "../../src/services/Storage.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { erase, machine, memoryWith, operator, write } from "../helpers/Machine.ts"
import { post, put } from "../helpers/Storages.ts"

const lines = (text: string) => text.split("\n").filter((line) => line !== "")

/** A machine that counts how often a world's bytes are read. */
const counting = () => {
  const reads: Array<string> = []
  const layer = machine(
    {},
    memoryWith((storage) => ({
      read: (name) =>
        Effect.zipRight(
          Effect.sync(() => reads.push(name)),
          storage.read(name)
        )
    }))
  )
  return { reads, layer: Layer.fresh(layer) }
}

describe("ConfigWorlds: a commit takes effect with the next call", () => {
  it.effect("from absent to written, appended, deleted and written anew", () => {
    const { layer } = counting()
    return Effect.gen(function* () {
      const followed = (yield* ConfigWorlds).follow("etc/list", lines)
      const worlds = yield* Worlds
      expect(yield* followed).toEqual([])
      yield* write("etc/list", "a\n")
      expect(yield* followed).toEqual(["a"])
      yield* worlds.append(operator, post("etc/list", "b\n"))
      expect(yield* followed).toEqual(["a", "b"])
      yield* erase("etc/list")
      expect(yield* followed).toEqual([])
      yield* write("etc/list", "a\n")
      expect(yield* followed).toEqual(["a"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("what the machine started with counts too", () =>
    Effect.gen(function* () {
      const storage = yield* Storage
      yield* storage.execute(put("etc/list", "old\n"))
      // The services come up over a storage that holds something already.
      const again = Layer.fresh(machine({}, Layer.succeed(Storage, storage)))
      const followed = Effect.flatMap(ConfigWorlds, (config) => config.follow("etc/list", lines))
      expect(yield* Effect.provide(followed, again)).toEqual(["old"])
    }).pipe(Effect.provide(Layer.fresh(machine())))
  )

  it.effect("an unchanged world is read once, an absent one never", () => {
    const { layer, reads } = counting()
    return Effect.gen(function* () {
      const config = yield* ConfigWorlds
      const followed = config.follow("etc/list", lines)
      for (let i = 0; i < 5; i++) yield* config.follow("etc/none", lines)
      yield* write("etc/list", "a\n")
      for (let i = 0; i < 5; i++) yield* followed
      expect(reads).toEqual(["etc/list"])
      yield* write("etc/list", "a\n")
      for (let i = 0; i < 5; i++) yield* followed
      expect(reads).toEqual(["etc/list", "etc/list"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("two followers of one world do not disturb each other", () => {
    const { layer } = counting()
    return Effect.gen(function* () {
      const config = yield* ConfigWorlds
      const [all, count] = [config.follow("etc/list", lines), config.follow("etc/list", (text) => lines(text).length)]
      yield* write("etc/list", "a\nb\n")
      expect([yield* all, yield* count]).toEqual([["a", "b"], 2])
    }).pipe(Effect.provide(layer))
  })

  it.effect("a byte that is no UTF-8 spoils its own line alone", () => {
    const { layer } = counting()
    return Effect.gen(function* () {
      const followed = (yield* ConfigWorlds).follow("etc/list", lines)
      yield* (yield* Worlds).overwrite(operator, put("etc/list", Uint8Array.of(0x61, 0x0a, 0x62, 0xff)))
      expect(yield* followed).toEqual(["a", "b\ufffd"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("a world that is just being deleted says what it said, or nothing; it is no error", () =>
    Effect.gen(function* () {
      const followed = (yield* ConfigWorlds).follow("etc/list", lines)
      yield* write("etc/list", "a\n")
      const deleting = yield* Effect.fork(erase("etc/list"))
      const seen: Array<string> = []
      for (let i = 0; i < 40; i++) {
        yield* Effect.yieldNow()
        seen.push(yield* Effect.match(followed, { onFailure: ({ _tag }) => _tag, onSuccess: (found) => found.join() }))
      }
      yield* Fiber.join(deleting)
      expect(seen.filter((said) => said !== "" && said !== "a")).toEqual([])
    }).pipe(
      // The commit is done, and known to the catalog a few turns of the scheduler later.
      Effect.provide(
        machine(
          {},
          memoryWith((storage) => ({
            execute: (command) => Effect.zipLeft(storage.execute(command), Effect.repeatN(Effect.yieldNow(), 5))
          }))
        )
      )
    )
  )
})
