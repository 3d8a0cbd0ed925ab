import type { Conditions } from "./Conditions.ts"
import type { EventType } from "./Event.ts"
import type { MetaHeaders } from "./MetaHeaders.ts"
import type { Entry, WorldState } from "./World.ts"
import type { WorldName } from "./WorldPath.ts"

/**
 * Writes are data: a command holds all that a write needs, preconditions included, and can be run in this thread,
 * another thread or another database. Row and event are one transaction wherever it runs (C5.1).
 */
export type Command = Overwrite | Append | SetState | Annotate | Delete

/** PUT: the bytes, type and metadata of a world, created when absent (C4.1). */
export interface Overwrite {
  readonly _tag: "Overwrite"
  readonly name: WorldName
  readonly body: Uint8Array
  readonly ext: string
  readonly meta: MetaHeaders
  readonly conditions: Conditions
  /** what its event is called when the machine writes for itself; otherwise stage_written */
  readonly type?: "semantic_cache_write" | "router_cache_write"
  /** the world that this one is a copy of; its event then is stage_copied or stage_moved, and names it (C5.2) */
  readonly origin?: { readonly op: "copy" | "move"; readonly from: WorldName }
}

/** POST: bytes at the end of a world; ext and metadata stay. `ext` counts when the world is created (C4.2). */
export interface Append {
  readonly _tag: "Append"
  readonly name: WorldName
  readonly body: Uint8Array
  readonly ext: string
  readonly conditions: Conditions
  readonly idempotencyKey: string | undefined
}

/** The state of a plugin, recorded as state_transition (C10.1). */
export interface SetState {
  readonly _tag: "SetState"
  readonly name: WorldName
  readonly to: WorldState
  readonly conditions: Conditions
}

/** What an event says that leaves its world as it is, such as plugin_load_failed or gpu_call (C5.2). */
export interface Remark {
  readonly type: EventType
  readonly details: Readonly<Record<string, string | number>>
}

/** Events that leave the world as it is: all of them, in their order, or none. A log world is made when it is not there. */
export interface Annotate {
  readonly _tag: "Annotate"
  readonly name: WorldName
  readonly remarks: readonly [Remark, ...ReadonlyArray<Remark>]
}

/** One world, after its final event, out of its place and into the trash (C4.5). */
export interface Delete {
  readonly _tag: "Delete"
  readonly name: WorldName
  readonly conditions: Conditions
  /** deletions of one request share a folder in the trash */
  readonly deletion: string
}

/** What a write leaves behind: the world as the catalog will know it, and the receipt's own facts (C4.1). */
export interface Receipt extends Entry {
  readonly created: boolean
  readonly sha256: string
  /** the answer to an earlier request with the same Idempotency-Key; nothing was written now (C4.4) */
  readonly replayed: boolean
}
