import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Conditions } from "../../domain/Conditions.ts"
import type { PreconditionFailed, StorageFailure } from "../../domain/Errors.ts"
import type { Mount } from "../../domain/Fstab.ts"
import type { MountError, MountRequest } from "../../services/MountTable.ts"

/** A place in a mount. */
export interface Target {
  readonly mount: Mount
  /** below the mount, canonical; "" is the mount itself */
  readonly path: string
  /** whether it was written with a slash at its end */
  readonly slash: boolean
}

/** A GET or HEAD of a place. */
export interface Reading extends Target, Pick<MountRequest, "search" | "headers"> {
  readonly method: "GET" | "HEAD"
}

/** One entry of a directory; `size` in bytes, 0 for directories. */
export interface DirectoryEntry {
  readonly name: string
  readonly type: "file" | "dir"
  readonly size: number
}

/** What an adapter found. What HTTP makes of it (listings, ranges, conditions) is the same for every kind of mount. */
export type Found =
  | { readonly _tag: "Directory"; readonly entries: ReadonlyArray<DirectoryEntry> }
  | FoundFile
  | FoundReply

/** A file whose bytes can be read as long as the scope in which it was found. */
export interface FoundFile {
  readonly _tag: "File"
  /** bytes */
  readonly length: number
  /** epoch milliseconds */
  readonly modified: number
  /** the opaque part of an entity tag: another one after every change */
  readonly tag: string
  /** false while a change could still come too soon after the last to be told from it: then the tag is weak */
  readonly settled: boolean
  /** X-Mount-Version */
  readonly version: string
  /** from `start` up to, not including, `end` */
  readonly bytes: (start: number, end: number) => Stream.Stream<Uint8Array, StorageFailure>
}

/** What another server answered, whole. */
export interface FoundReply {
  readonly _tag: "Reply"
  readonly status: number
  /** by lower-cased name, unchecked */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
  /** whether the body came, or would come, in a content coding, which it has no longer */
  readonly decoded: boolean
}

/** One kind of mount. What an adapter does not have, its mounts cannot do. */
export interface Adapter {
  /** the options of /etc/fstab that it reads */
  readonly options: ReadonlyArray<string>
  readonly read: (reading: Reading) => Effect.Effect<Found, MountError, Scope.Scope>
  /** puts the body in its place as a whole; its size */
  readonly write?: <E>(
    target: Target,
    body: Stream.Stream<Uint8Array, E>,
    conditions: Conditions
  ) => Effect.Effect<number, MountError | PreconditionFailed | E>
  /** the path on this host of a file that is there */
  readonly localFile?: (target: Target) => Effect.Effect<string, MountError>
}

/** The place as callers write it. */
export const urlOf = ({ mount, path }: Pick<Target, "mount" | "path">): string =>
  path === "" ? `/mnt/${mount.name}` : `/mnt/${mount.name}/${path}`
