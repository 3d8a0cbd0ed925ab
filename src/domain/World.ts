import type { MetaHeaders } from "./MetaHeaders.ts"
import { namespaceOf, type WorldName } from "./WorldPath.ts"

/** The life of a plugin; every other world is simply `active` (C10.1). */
export type WorldState = "pending" | "active" | "disabled"

/** The state of a world that has just been created or whose source has just been replaced. */
export const initialState = (name: WorldName): WorldState => (namespaceOf(name) === "lib" ? "pending" : "active")

/** What the catalog knows of a world without opening it. */
export interface Entry {
  readonly name: WorldName
  readonly version: number
  readonly ext: string
  readonly state: string
  /** length of the body in bytes */
  readonly len: number
  /** of its first event, in epoch milliseconds */
  readonly createdAt: number
  /** epoch milliseconds */
  readonly updatedAt: number
  /** id of the newest event */
  readonly eventId: number
  /** opaque entity tag of the bytes: unique across deletion and re-creation (C2.3) */
  readonly tag: string
}

/** The catalog's part of what is known of a world. */
export const entryOf = (known: Entry): Entry => ({
  name: known.name,
  version: known.version,
  ext: known.ext,
  state: known.state,
  len: known.len,
  createdAt: known.createdAt,
  updatedAt: known.updatedAt,
  eventId: known.eventId,
  tag: known.tag
})

/** A world without its body. */
export interface Head extends Entry {
  /** hex SHA-256 of the body */
  readonly sha256: string
  readonly meta: MetaHeaders
  /** length in bytes of the body as a JSON string; undefined when the body is not text (C2.2) */
  readonly jsonLength: number | undefined
}

/** A world and its bytes, as one snapshot. */
export interface World extends Head {
  readonly body: Uint8Array
}

/**
 * The representations of a world that carry tags of their own (C2.3): the bytes as they are, the JSON envelope, and the
 * bytes as text/plain.
 */
export type Representation = "raw" | "json" | "text"

/** The opaque entity tag of one representation. */
export const tagOf = (entry: { readonly tag: string }, representation: Representation): string =>
  representation === "raw" ? entry.tag : `${entry.tag}-${representation}`

/** Every tag that a condition on a write may name (C2.3). */
export const currentTags = (entry: { readonly tag: string }): ReadonlyArray<string> => [
  tagOf(entry, "raw"),
  tagOf(entry, "json"),
  tagOf(entry, "text")
]
