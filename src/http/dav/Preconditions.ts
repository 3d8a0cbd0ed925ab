import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { type Conditions, conditionsOf, evaluateWrite } from "../../domain/Conditions.ts"
import { resolveReference } from "../../domain/DavReference.ts"
import { BadRequest, PreconditionFailed, type StorageFailure } from "../../domain/Errors.ts"
import { holds, type IfHeader, judgesTags, parseIfHeader, type ResourceState } from "../../domain/IfHeader.ts"
import { currentTags, type Entry } from "../../domain/World.ts"
import type { CanonicalPath } from "../../domain/WorldPath.ts"
import { Locks } from "../../services/Locks.ts"
import type { PluginRequest } from "../../services/Plugin.ts"
import type { Worlds } from "../../services/Worlds.ts"
import { lookUp, type Resource } from "./Resource.ts"

type Asked = Pick<PluginRequest, "authority" | "caller" | "headers">

const nothing: ResourceState = { tags: [], tokens: [] }

const failed = () => new PreconditionFailed({ message: "the If header of the request does not hold" })

/**
 * Judges the If header of a request for `path`, if it has one (RFC 4918 section 10.4), and gives the conditions under
 * which to write: those of HTTP, the lock tokens, and, where If speaks of the tag, that it still is what was judged.
 */
export const judged = (
  request: Asked,
  path: CanonicalPath
): Effect.Effect<Conditions, BadRequest | PreconditionFailed | StorageFailure, Worlds | Locks> =>
  Effect.gen(function* () {
    const conditions = conditionsOf(request.headers)
    const text = request.headers.if
    if (text === undefined) return conditions
    const header = parseIfHeader(text)
    if (header === undefined) return yield* new BadRequest({ message: "the If header cannot be understood" })
    const paths = pathsIn(header, request, path)
    const known = yield* statesOf(request, [...paths.values()])
    const knownAt = (path: CanonicalPath | undefined) => path && known.get(path)
    if (!holds(header, (resource) => knownAt(paths.get(resource))?.state ?? nothing)) return yield* failed()
    if (!judgesTags(header, (resource) => paths.get(resource) === path)) return conditions
    const resource = knownAt(path)?.resource
    // A collection has no tag that could change.
    return resource?.collection === true ? conditions : yield* pinned(conditions, resource?.entry)
  })

/** The path behind each resource that the header names; what is not ours has none. */
const pathsIn = (header: IfHeader, { authority }: Asked, own: CanonicalPath) =>
  new Map<string | undefined, CanonicalPath | undefined>(
    header.map(({ resource }) => [
      resource,
      resource === undefined ? own : Either.getOrUndefined(resolveReference(resource, authority))?.path
    ])
  )

interface Known {
  readonly state: ResourceState
  readonly resource: Resource | undefined
}

/** What is at each path, and its state; of what the caller may not read nothing is known. */
const statesOf = ({ caller }: Asked, paths: ReadonlyArray<CanonicalPath | undefined>) =>
  Effect.gen(function* () {
    const locks = yield* Locks
    const known = new Map<CanonicalPath, Known>()
    for (const path of paths) {
      if (path === undefined || known.has(path)) continue
      const look = Effect.map(lookUp(caller, path), (resource): Known => {
        const tags = resource?.entry === undefined ? [] : currentTags(resource.entry)
        return { resource, state: { tags, tokens: locks.on(path).map(({ token }) => token) } }
      })
      const found = yield* Effect.catchTag(look, "Forbidden", () => Effect.succeed(undefined))
      if (found !== undefined) known.set(path, found)
    }
    return known
  })

/** The conditions, judged now, and that nothing changes until the write: it judges what is put in their place. */
const pinned = (conditions: Conditions, entry: Entry | undefined): Effect.Effect<Conditions, PreconditionFailed> => {
  const current = entry && { tags: currentTags(entry), modified: entry.updatedAt }
  if (evaluateWrite(conditions, current) === "failed") return failed()
  const { ifMatch: _, ifNoneMatch: __, ifUnmodifiedSince: ___, ...rest } = conditions
  return Effect.succeed(entry === undefined ? { ...rest, ifNoneMatch: "*" } : { ...rest, ifMatch: `"${entry.tag}"` })
}
