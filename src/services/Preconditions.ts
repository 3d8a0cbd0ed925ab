import * as Effect from "effect/Effect"
import type { Caller } from "../domain/Caller.ts"
import { type Conditions, evaluateWrite } from "../domain/Conditions.ts"
import { PreconditionFailed, type StorageFailure } from "../domain/Errors.ts"
import { holds, type ResourceState } from "../domain/IfHeader.ts"
import type { Lock } from "../domain/Lock.ts"
import { currentTags } from "../domain/World.ts"
import type { CanonicalPath } from "../domain/WorldPath.ts"
import type { AccessShape } from "./Access.ts"
import type { CatalogShape } from "./Catalog.ts"

/**
 * Judges the conditions of a request for `path`, those of If among them (RFC 4918 section 10.4), by what is known now:
 * whoever wants it to stay so has a turn. Gives the conditions for what is done under the same turn: where If was judged,
 * that the world is still the same, as no storage knows of If.
 */
export type Judge = (
  caller: Caller,
  path: CanonicalPath,
  conditions: Conditions
) => Effect.Effect<Conditions, PreconditionFailed | StorageFailure>

const nothing: ResourceState = { tags: [], tokens: [] }

/** `locksOn` gives the locks that bind what is at a path. */
export const make =
  (access: AccessShape, catalog: CatalogShape, locksOn: (path: string) => ReadonlyArray<Lock>): Judge =>
  (caller, path, conditions) =>
    Effect.suspend(() => {
      const own = catalog.get(path)
      const current = own && { tags: currentTags(own), modified: own.updatedAt }
      if (evaluateWrite(conditions, current) === "failed") {
        return new PreconditionFailed({ message: "a condition of the request does not hold" })
      }
      const { lockTokens, states } = conditions
      if (states === undefined) return Effect.succeed(conditions)
      return Effect.flatMap(access.readable(caller), (readable) => {
        const known = holds(states, (resource) => {
          // What is not ours, and what the caller may not read, has no state that anybody could tell them.
          if (resource === undefined || !readable(resource)) return nothing
          const entry = catalog.get(resource)
          const tokens = locksOn(resource).map(({ token }) => token)
          return { tags: entry === undefined ? [] : currentTags(entry), tokens }
        })
        if (!known) return new PreconditionFailed({ message: "the If header of the request does not hold" })
        const same = own === undefined ? { ifNoneMatch: "*" } : { ifMatch: `"${own.tag}"` }
        return Effect.succeed<Conditions>(lockTokens === undefined ? same : { ...same, lockTokens })
      })
    })
