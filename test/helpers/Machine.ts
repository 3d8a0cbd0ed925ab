import { it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted, type Scope } from "effect"
import { anonymous, type Caller, type Tier } from "../../src/domain/Caller.ts"
import { Resources } from "../../src/layers/Live.ts"
import * as SqliteResources from "../../src/layers/resources/SqliteResources.ts"
import { Access } from "../../src/services/Access.ts"
import { AppConfig, type AppConfigShape } from "../../src/services/AppConfig.ts"
import { Auth } from "../../src/services/Auth.ts"
import { Catalog } from "../../src/services/Catalog.ts"
import { Changes } from "../../src/services/Changes.ts"
import { ConfigWorlds } from "../../src/services/ConfigWorlds.ts"
import type { ResourceStore } from "../../src/services/ResourceStore.ts"
import { Storage, type StorageShape } from "../../src/services/Storage.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { path } from "./Paths.ts"
import { chain, memory, put } from "./Storages.ts"

export const T2 = "user-token"
export const T3 = "operator.token:with all"

/** Callers as Auth would make them. */
export const user = (tier: Tier): Caller => ({ ...anonymous, id: `user:T${tier}`, tier, credentialed: true })
export const operator = user(3)
export const cap = (prefix: string, mode: "r" | "rw"): Caller => ({
  ...user(2),
  id: `cap:${prefix}`,
  scope: { prefix: path(prefix), mode },
  expires: 4_000_000_000
})

/** Storage in memory with some of its functions replaced. */
export const memoryWith = (change: (storage: StorageShape) => Partial<StorageShape>) =>
  Layer.effect(
    Storage,
    Effect.map(Storage, (storage) => ({ ...storage, ...change(storage) }))
  ).pipe(Layer.provide(memory))

/** The services over a storage in memory, with tokens unless told otherwise. */
export const machine = (
  given: Partial<AppConfigShape> = {},
  storage: Layer.Layer<Storage, never, Layer.Layer.Context<typeof memory>> = memory,
  resources: Layer.Layer<ResourceStore> = SqliteResources.layerMemory
) =>
  Layer.mergeAll(Worlds.layer, Auth.layer).pipe(
    Layer.provideMerge(Resources),
    Layer.provideMerge(Access.layer),
    Layer.provideMerge(ConfigWorlds.layer),
    Layer.provideMerge(Layer.mergeAll(Catalog.layer, Changes.layer)),
    Layer.provideMerge(Layer.merge(storage, resources)),
    Layer.provideMerge(chain),
    Layer.provideMerge(
      AppConfig.layerTest({
        token: Option.some(Redacted.make(T2)),
        approveToken: Option.some(Redacted.make(T3)),
        ...given
      })
    )
  )

/** Writes a world as the operator. */
export const write = (name: string, text: string) =>
  Effect.flatMap(Worlds, (worlds) => worlds.overwrite(operator, put(name, text)))

/** Deletes a world, and what is below it, as the operator. */
export const erase = (name: string) => Effect.flatMap(Worlds, (worlds) => worlds.remove(operator, path(name), {}))

/** A test with a machine of its own, in memory. */
export const machineTest = (
  name: string,
  run: Effect.Effect<void, unknown, Layer.Layer.Success<ReturnType<typeof machine>> | Scope.Scope>
): void => it.scoped(name, () => Effect.provide(run, machine()))

/** What came of an effect: "allowed", or the tag of its error. */
export const outcome = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.match(effect, { onFailure: ({ _tag }): string => _tag, onSuccess: () => "allowed" })
