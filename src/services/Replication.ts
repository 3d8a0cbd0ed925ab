import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Overloaded, StorageFailure } from "../domain/Errors.ts"

/**
 * An archive in the making. It is made as fast as it is read, and ends with the scope. A stream that fails was not the
 * whole of it, and what came of it cannot be mistaken for the whole.
 */
export type Archive = Effect.Effect<Stream.Stream<Uint8Array, StorageFailure>, StorageFailure | Overloaded, Scope.Scope>

/** The machine as two archives, tar.gz each, from which it can be started elsewhere (C11.5). One of each at a time. */
export interface ReplicationShape {
  /** all worlds, each as of one moment, and the server's key; memory does not grow with what is stored */
  readonly worlds: Archive
  /** the program's own source, without data and secrets */
  readonly program: Archive
}

export class Replication extends Context.Tag("elastik/Replication")<Replication, ReplicationShape>() {}
