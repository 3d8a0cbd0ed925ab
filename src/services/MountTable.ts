import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Caller } from "../domain/Caller.ts"
import type {
  BadPath,
  BadRequest,
  BodyTooLarge,
  Forbidden,
  MethodNotAllowed,
  Overloaded,
  PreconditionFailed,
  RangeNotSatisfiable,
  ResourceNotFound,
  StorageFailure,
  UnsupportedScheme,
  UpstreamFailed,
  UpstreamRefused
} from "../domain/Errors.ts"
import type { UnreadLine } from "../domain/Fstab.ts"

/** How reaching into a mount can fail. Messages name the path as the caller wrote it, never one of this host. */
export type MountError =
  | BadPath
  | BadRequest
  | BodyTooLarge
  | Forbidden
  | MethodNotAllowed
  | Overloaded
  | ResourceNotFound
  | StorageFailure
  | UnsupportedScheme
  | UpstreamFailed
  | UpstreamRefused

/** The mounts that a caller may know of, as `GET /mnt/` shows them (C11.2). */
export interface MountList {
  readonly mounts: ReadonlyArray<{
    readonly name: string
    /** the declared source for users and operators, `/mnt/<name>` for everybody else, capabilities among them */
    readonly path: string
    readonly mode: "ro" | "rw"
  }>
  /** lines of /etc/fstab that mount nothing, and options that mean nothing; for operators alone */
  readonly unread?: ReadonlyArray<UnreadLine>
}

/** A GET or HEAD of something mounted. A request of a plugin is one, once its path is told from below /mnt. */
export interface MountRequest {
  readonly caller: Caller
  readonly method: string
  /** `<mount>/<path below it>`, canonical (C1.2) */
  readonly path: string
  /** whether the target ended in a slash */
  readonly slash: boolean
  /** the query as sent, with its `?`, or "" */
  readonly search: string
  /** by lower-cased name */
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** What a GET or HEAD is answered with, whatever kind of mount it came from. */
export interface MountAnswer {
  readonly status: number
  /** by lower-cased name; fit to be sent as they are */
  readonly headers: Readonly<Record<string, string>>
  /** none for HEAD and for statuses without a body */
  readonly body: Uint8Array | Stream.Stream<Uint8Array, StorageFailure> | undefined
}

/** What lies at a mounted path, for those who work on its content. */
export interface MountSource {
  /** its beginning: all of it, unless that is more than was asked for */
  readonly bytes: Uint8Array
  /** bytes that there are in all */
  readonly length: number
  /** with its parameters, as a header would say it */
  readonly contentType: string
  /** different whenever the content is: X-Mount-Version, and the query that was passed on */
  readonly version: string
}

/** What POST answers with. `path` is canonical with its leading slash, `size` in bytes. */
export interface MountReceipt {
  readonly ok: true
  readonly path: string
  readonly size: number
}

/**
 * Foreign trees under /mnt, as the world `/etc/fstab` declares them (C11.2). Read anew when that world changes. The policy
 * is asked before (C7.5): by whoever translates a request into one of these calls.
 */
export interface MountTableShape {
  readonly list: (caller: Caller) => Effect.Effect<MountList, StorageFailure>
  /** a directory as JSON, the bytes of a file, or what another server answered; the scope holds what is still sent */
  readonly read: (
    request: MountRequest
  ) => Effect.Effect<MountAnswer, MountError | PreconditionFailed | RangeNotSatisfiable, Scope.Scope>
  /** puts a file in its place, whole or not at all, and replaces one that is there if the conditions hold (C4.3) */
  readonly write: <E>(
    request: Pick<MountRequest, "path" | "slash" | "headers">,
    body: Stream.Stream<Uint8Array, E>
  ) => Effect.Effect<MountReceipt, MountError | PreconditionFailed | E>
  /** what can be done with `<mount>/<path>`, or with /mnt itself (""), as far as this caller may know (C4.6) */
  readonly methods: (request: Pick<MountRequest, "caller" | "path" | "slash">) => Effect.Effect<ReadonlyArray<string>>
  /** the first `limit` bytes of what `<mount>/<path>` has for this caller, and what they are; for C12.1 */
  readonly source: (
    request: Pick<MountRequest, "caller" | "path" | "search">,
    limit: number
  ) => Effect.Effect<MountSource, MountError>
  /** the file on this host behind `<mount>/<path>`, which exists and lies within its mount; only file mounts have such */
  readonly localFile: (path: string) => Effect.Effect<string, MountError>
}

export class MountTable extends Context.Tag("elastik/MountTable")<MountTable, MountTableShape>() {}
