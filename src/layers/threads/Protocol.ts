import * as Schema from "effect/Schema"
import type { Command, Receipt } from "../../domain/Command.ts"
import { IdempotencyConflict, PreconditionFailed, StorageFailure, WorldNotFound } from "../../domain/Errors.ts"
import type { EventRow } from "../../domain/Event.ts"
import type { Head, World } from "../../domain/World.ts"
import type { WorldName } from "../../domain/WorldPath.ts"
import type { Kept, ResourceChange, ResourceKind } from "../../services/ResourceStore.ts"
import type { WriteError } from "../../services/Storage.ts"
import type { Packed } from "./Packed.ts"

/**
 * What a storage thread can be asked: the functions of `Storage` as plain data, which can be posted, and of the first one
 * those of `ResourceStore`.
 */
export type Question =
  | { readonly _tag: "Execute"; readonly command: Command }
  | { readonly _tag: "Evict"; readonly name: WorldName }
  | { readonly _tag: "Scan" }
  | { readonly _tag: "Unread" }
  | { readonly _tag: "Head"; readonly name: WorldName }
  | { readonly _tag: "Read"; readonly name: WorldName }
  | { readonly _tag: "Events"; readonly name: WorldName; readonly after: number; readonly limit: number }
  | { readonly _tag: "Load"; readonly kind: ResourceKind }
  | { readonly _tag: "Change"; readonly changes: ReadonlyArray<ResourceChange> }

/** What each question is answered with, and how it can fail. */
export interface Answers {
  readonly Execute: readonly [Receipt, WriteError]
  readonly Evict: readonly [undefined, StorageFailure]
  readonly Scan: readonly [undefined, StorageFailure]
  readonly Unread: readonly [ReadonlyArray<WorldName>, StorageFailure]
  readonly Head: readonly [Head | undefined, StorageFailure]
  readonly Read: readonly [World | undefined, StorageFailure]
  readonly Events: readonly [ReadonlyArray<EventRow>, StorageFailure]
  readonly Load: readonly [ReadonlyArray<Kept>, StorageFailure]
  readonly Change: readonly [undefined, StorageFailure]
}

/** A question under a number that its reply repeats. */
export interface Ask {
  readonly id: number
  readonly question: Question
}

/** Of a scan, what has been found; its reply comes when all has been. Neither side holds all of it a second time. */
export interface Part {
  readonly id: number
  readonly part: Packed
}

/** `failure` is an encoded `WriteError`; `defect` a mistake of this program, which stays one on the other side. */
export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: unknown }
  | { readonly id: number; readonly defect: unknown }

/** Asks a thread to close its databases and end. */
export const close = "close"

/** What a thread is told at its start. */
export interface Assignment {
  /** the data directory */
  readonly data: string
  /** the server's key, which signs the events */
  readonly key: Uint8Array
  /** bytes that a body can have */
  readonly maxBody: number
  /** which of `count` threads this is, from 0 */
  readonly index: number
  readonly count: number
}

/** The thread that alone opens a world. FNV-1a, because it spreads names that differ in their last letter. */
export const threadOf = (name: string, count: number): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % count
}

/** Errors as they are posted. */
export const Failure = Schema.Union(PreconditionFailed, WorldNotFound, IdempotencyConflict, StorageFailure)

/** Bytes that can be handed to another thread without a copy: alone in their buffer, which many of node's are not. */
export const alone = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength
    ? new Uint8Array(bytes.buffer)
    : new Uint8Array(bytes)
