import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type { StorageFailure } from "../domain/Errors.ts"
import { type CanonicalPath, canonicalText } from "../domain/WorldPath.ts"
import { Catalog } from "./Catalog.ts"
import { Changes } from "./Changes.ts"
import { ResourceStore } from "./ResourceStore.ts"

/**
 * Collections that were made (MKCOL, C15) and so are there while they are empty. Which there are is the catalog's to
 * tell; this keeps them, and lets the catalog know what is kept, and in the same step those who watch (C9).
 */
export interface CollectionsShape {
  readonly make: (paths: ReadonlyArray<CanonicalPath>) => Effect.Effect<void, StorageFailure>
  /** they are no more, or only as long as something is below them */
  readonly forget: (paths: ReadonlyArray<string>) => Effect.Effect<void, StorageFailure>
}

export class Collections extends Context.Tag("elastik/Collections")<Collections, CollectionsShape>() {
  static readonly layer: Layer.Layer<Collections, StorageFailure, Catalog | Changes | ResourceStore> = Layer.effect(
    Collections,
    Effect.gen(function* () {
      const catalog = yield* Catalog
      const changes = yield* Changes
      const store = yield* ResourceStore
      for (const { key } of yield* store.load("collection")) {
        const parsed = Either.getOrUndefined(canonicalText(key))
        if (parsed?.path === key) catalog.make(parsed.path)
        else yield* Effect.logWarning("a kept collection has no canonical path; left alone", key)
      }
      return {
        make: (paths) =>
          Effect.suspend(() => {
            const added = paths.filter((path) => !catalog.isMade(path))
            if (added.length === 0) return Effect.void
            return Effect.map(store.change(added.map((key) => ({ kind: "collection", key, value: "" }))), () => {
              for (const path of added) {
                catalog.make(path)
                changes.tell({ name: `${path}/`, version: 0, op: "put" })
              }
            })
          }),
        forget: (paths) =>
          Effect.suspend(() => {
            const gone = paths.filter(catalog.isMade)
            if (gone.length === 0) return Effect.void
            return Effect.map(store.change(gone.map((key) => ({ kind: "collection", key, value: undefined }))), () => {
              for (const path of gone) catalog.unmake(path)
              for (const path of gone) {
                if (!catalog.isCollection(path)) changes.tell({ name: `${path}/`, version: 0, op: "delete" })
              }
            })
          })
      }
    })
  )
}
