import { it } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import { describe } from "vitest"
import { Storage, type StorageShape } from "../../src/services/Storage.ts"
import { chain, files, memory, temporary } from "./Storages.ts"

const kinds = [
  ["in memory", memory],
  ["in files", Layer.unwrapScoped(Effect.map(temporary, (data) => files(data)))]
] as const

/** One test of the storage contract, with a storage of its own. */
export type StorageTest = (
  name: string,
  run: (storage: StorageShape) => Effect.Effect<void, unknown, Scope.Scope>
) => void

/** Holds one set of tests against every kind of storage there is. */
export const everyStorage = (define: (test: StorageTest) => void): void =>
  describe.each(kinds)("storage %s", (_, layer) =>
    define((name, run) =>
      it.scoped(name, () => Effect.provide(Effect.flatMap(Storage, run), Layer.provide(layer, chain)))
    )
  )
