import { it } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import { describe } from "vitest"
import { Storage, type StorageShape } from "../../src/services/Storage.ts"
import { chain, files, memory, temporary, threads } from "./Storages.ts"

const sameThread = [
  ["in memory", memory],
  ["in files", Layer.unwrapScoped(Effect.map(temporary, (data) => files(data)))]
] as const

const kinds = [
  ...sameThread,
  ["in threads", Layer.unwrapScoped(Effect.map(temporary, (data) => threads(data)))]
] as const

/** One test of the storage contract, with a storage of its own. */
export type StorageTest = (
  name: string,
  run: (storage: StorageShape) => Effect.Effect<void, unknown, Scope.Scope>
) => void

const against =
  (storages: typeof kinds | typeof sameThread) =>
  (define: (test: StorageTest) => void): void =>
    describe.each(storages)("storage %s", (_, layer) =>
      define((name, run) =>
        it.scoped(name, () => Effect.provide(Effect.flatMap(Storage, run), Layer.provide(layer, chain)))
      )
    )

/** Holds one set of tests against every kind of storage there is. */
export const everyStorage = against(kinds)

/** The same for tests that set the clock: other threads have their own. */
export const everyTimedStorage = against(sameThread)
