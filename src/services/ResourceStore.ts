import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { StorageFailure } from "../domain/Errors.ts"

/** What is kept of resources beside worlds: locks by token, dead properties and made collections by path. */
export type ResourceKind = "lock" | "properties" | "collection"

/** One kept thing; what its value says is up to who keeps it. */
export interface Kept {
  readonly key: string
  readonly value: string
}

/** One step of a change: without a value the thing goes. */
export interface ResourceChange {
  readonly kind: ResourceKind
  readonly key: string
  readonly value: string | undefined
}

/** Where locks, properties and collections are kept. They are few and small: who needs them has them all in memory. */
export interface ResourceStoreShape {
  /** everything of one kind */
  readonly load: (kind: ResourceKind) => Effect.Effect<ReadonlyArray<Kept>, StorageFailure>
  /** all of these or none of them, on the disk when the effect succeeds */
  readonly change: (changes: ReadonlyArray<ResourceChange>) => Effect.Effect<void, StorageFailure>
}

export class ResourceStore extends Context.Tag("elastik/ResourceStore")<ResourceStore, ResourceStoreShape>() {}
