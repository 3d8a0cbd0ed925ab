import type * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import type { StorageFailure } from "../../domain/Errors.ts"
import type { Entry } from "../../domain/World.ts"
import type { WorldName } from "../../domain/WorldPath.ts"
import type { Database } from "./Database.ts"

/** Where the databases of worlds are: directories on disk, or memory. */
export interface Volume {
  /** shows the worlds for which a note of an earlier run can vouch, in parts; the others have to be opened */
  readonly scan: (
    visit: (known: ReadonlyArray<Entry>) => void
  ) => Effect.Effect<ReadonlyArray<WorldName>, StorageFailure>
  /** tells the file of a world from any that takes its place; undefined when there is none */
  readonly identity: (name: WorldName) => Effect.Effect<number | undefined, StorageFailure>
  /** makes a world: what `write` does to an empty one is there, whole and durable, or nothing is; then `open` finds it */
  readonly create: <A extends Entry, E>(
    name: WorldName,
    write: (db: Database) => Either.Either<A, E>
  ) => Effect.Effect<A, E | StorageFailure>
  /** takes away a closed world for good */
  readonly remove: (name: WorldName) => Effect.Effect<void, StorageFailure>
  readonly open: (name: WorldName) => Effect.Effect<Database, StorageFailure, Scope.Scope>
  /** notes what a world holds, now that its database is closed, so that the next start need not open it */
  readonly settle: (entry: Entry) => Effect.Effect<void>
  /** leaves a mark that the world is about to be moved to the trash; it goes with the move */
  readonly condemn: (name: WorldName) => Effect.Effect<void, StorageFailure>
  /** takes the mark back */
  readonly spare: (name: WorldName) => Effect.Effect<void>
  readonly isCondemned: (name: WorldName) => Effect.Effect<boolean>
  /** moves a closed world to the trash, apart from everything deleted before */
  readonly discard: (name: WorldName, deletion: string) => Effect.Effect<void, StorageFailure>
}
