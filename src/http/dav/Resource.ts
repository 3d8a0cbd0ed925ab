import * as Effect from "effect/Effect"
import type { Caller } from "../../domain/Caller.ts"
import { davRoot } from "../../domain/DavReference.ts"
import { type BadPath, Conflict, type Forbidden, MethodNotAllowed, type StorageFailure } from "../../domain/Errors.ts"
import type { Entry } from "../../domain/World.ts"
import {
  type CanonicalPath,
  canonicalText,
  isWorldNamespace,
  type ParsedPath,
  urlPath
} from "../../domain/WorldPath.ts"
import type { PluginRequest } from "../../services/Plugin.ts"
import { Worlds } from "../../services/Worlds.ts"

/** What WebDAV sees at a path: a collection, or a world with its bytes (C15). */
export type Resource =
  | { readonly path: CanonicalPath; readonly collection: true; readonly entry?: undefined }
  | { readonly path: CanonicalPath; readonly collection: false; readonly entry: Entry }

export type Existing = Effect.Effect<Resource | undefined, Forbidden | StorageFailure, Worlds>

export const collectionAt = (path: CanonicalPath): Resource => ({ path, collection: true })

/** What a request is for: the path below /dav, and whether it was written as that of a collection. */
export const targetOf = ({ path, slash }: Pick<PluginRequest, "path" | "slash">): Effect.Effect<ParsedPath, BadPath> =>
  Effect.map(canonicalText(path.slice(davRoot.length + 1)), (below) => ({ path: below.path, slash }))

/** Whether a path is /dav itself or a namespace: always there, and nobody's to make, move or delete. */
export const isFixed = (path: string): boolean => path === "" || isWorldNamespace(path)

/** What is at a path for this caller; a world with something below it is a collection. */
export const lookUp = (caller: Caller, path: CanonicalPath): Existing =>
  path === ""
    ? Effect.succeed(collectionAt(path))
    : Effect.flatMap(Worlds, (worlds) =>
        Effect.map(worlds.find(caller, path), ({ collection, entry }) => {
          if (collection) return collectionAt(path)
          return entry && { path, collection: false, entry }
        })
      )

/** The URL path of a resource; that of a collection ends with a slash (RFC 4918 section 5.2). */
export const hrefOf = ({ collection, path }: { readonly path: string; readonly collection: boolean }): string =>
  `/${davRoot}${path === "" ? "" : urlPath(path)}${collection ? "/" : ""}`

const parentOf = (path: CanonicalPath): CanonicalPath =>
  // A prefix of a canonical path that ends before a slash is canonical.
  path.slice(0, Math.max(path.lastIndexOf("/"), 0)) as CanonicalPath

/**
 * Fails unless a new member may be made at `path`: what is above it is a collection (RFC 4918 section 9.7.1). To whom the
 * collection is none of theirs, as the scope of their token ends below it, it says nothing.
 */
export const requireParent = (
  caller: Caller,
  path: CanonicalPath
): Effect.Effect<void, Conflict | StorageFailure, Worlds> =>
  lookUp(caller, parentOf(path)).pipe(
    Effect.flatMap((parent) =>
      parent?.collection === true
        ? Effect.void
        : new Conflict({
            message:
              parent === undefined
                ? `there is no collection at ${hrefOf({ path: parentOf(path), collection: true })}`
                : `${hrefOf(parent)} is a world, which can have no members here`
          })
    ),
    Effect.catchTag("Forbidden", () => Effect.void)
  )

const readingMethods = ["OPTIONS", "GET", "HEAD", "PROPFIND"]

/** What can be done with what is always there (C4.6). */
export const fixedMethods: ReadonlyArray<string> = readingMethods

/** What can be done with a collection. */
export const collectionMethods: ReadonlyArray<string> = [
  ...readingMethods,
  ...["PROPPATCH", "DELETE", "COPY", "MOVE", "LOCK", "UNLOCK"]
]

/** Fails for what nobody may change. */
export const requireChangeable = (method: string, path: string): Effect.Effect<void, MethodNotAllowed> =>
  isFixed(path)
    ? new MethodNotAllowed({
        message: `${method} is not for ${hrefOf({ path, collection: true })}`,
        allow: fixedMethods
      })
    : Effect.void
