import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { compareBytes } from "../domain/ByteOrder.ts"
import type { Caller } from "../domain/Caller.ts"
import type { StorageFailure } from "../domain/Errors.ts"
import { mediaTypeOf } from "../domain/MediaType.ts"
import * as RecencyOrder from "../domain/RecencyOrder.ts"
import { canBeFound, findable, narrow, poolSize } from "../domain/RouteCandidates.ts"
import { type Candidate, type Facts, factsOf } from "../domain/RoutePrompt.ts"
import type { Entry } from "../domain/World.ts"
import { namespaceOf } from "../domain/WorldPath.ts"
import { Access } from "./Access.ts"
import { Catalog, type CatalogShape } from "./Catalog.ts"
import { Changes } from "./Changes.ts"
import { Worlds } from "./Worlds.ts"

/** The worlds that a caller may find (C13). */
export interface RoutePool {
  /** those that a path may mean, most alike first, with what a model may know of them */
  readonly candidates: (caller: Caller, path: string) => Effect.Effect<ReadonlyArray<Candidate>, StorageFailure>
  /** which names the caller may still be told, by the rules and worlds of this moment */
  readonly mayKnow: (caller: Caller) => Effect.Effect<(name: string) => boolean, StorageFailure>
}

/** Worlds whose metadata is remembered, so that each miss need not open fifty databases. */
const remembered = 2048

/** Worlds whose metadata is read at a time. */
const readers = 8

export const make: Effect.Effect<RoutePool, never, Worlds | Catalog | Changes | Access | Scope.Scope> = Effect.gen(
  function* () {
    const worlds = yield* Worlds
    const catalog = yield* Catalog
    const access = yield* Access
    const changes = yield* Changes
    /** made when it is first asked for, and kept up with every commit from then on */
    let order: RecencyOrder.RecencyOrder | undefined
    yield* changes.listen(({ name }) => {
      if (order === undefined || !findable.has(namespaceOf(name))) return
      if (catalog.get(name) === undefined) order.forget(name)
      else order.touch(name)
    })
    const known = new Map<string, { readonly tag: string; readonly facts: Facts }>()

    const factsAbout = (caller: Caller, { name, tag }: Entry) =>
      Effect.suspend(() => {
        const found = known.get(name)
        if (found?.tag === tag) return Effect.succeed(found.facts)
        return Effect.map(worlds.head(caller, name), (head) => {
          const facts = factsOf(head.meta)
          known.delete(name)
          known.set(name, { tag: head.tag, facts })
          const [oldest] = known.keys()
          if (known.size > remembered && oldest !== undefined) known.delete(oldest)
          return facts
        })
      })

    /** A candidate, or none where the world has gone meanwhile or cannot be read: others can still be found. */
    const candidateOf = (caller: Caller, entry: Entry) =>
      factsAbout(caller, entry).pipe(
        Effect.map((facts): ReadonlyArray<Candidate> => [{ name: entry.name, type: mediaTypeOf(entry.ext), facts }]),
        Effect.catchTag("StorageFailure", (error) =>
          Effect.as(Effect.logWarning(`/${entry.name} cannot be found by the router`, error), [])
        ),
        Effect.catchAll(() => Effect.succeed([]))
      )

    const mayKnow = (caller: Caller) =>
      Effect.map(
        access.readable(caller),
        (readable) => (name: string) => canBeFound(caller, name) && readable(name) && catalog.get(name) !== undefined
      )

    /** The most recent worlds that a caller may know. */
    const newest = (mayKnow: (name: string) => boolean): ReadonlyArray<Entry> => {
      order ??= orderOf(catalog)
      const found: Array<Entry> = []
      for (const name of order.newestFirst()) {
        const entry = mayKnow(name) ? catalog.get(name) : undefined
        if (entry !== undefined) found.push(entry)
        if (found.length === poolSize) break
      }
      return found
    }

    return {
      mayKnow,
      candidates: (caller, path) =>
        Effect.gen(function* () {
          const nearest = narrow(path, newest(yield* mayKnow(caller)))
          return (yield* Effect.forEach(nearest, (entry) => candidateOf(caller, entry), {
            concurrency: readers
          })).flat()
        })
    }
  }
)

const orderOf = (catalog: CatalogShape): RecencyOrder.RecencyOrder =>
  RecencyOrder.make(
    [...catalog.entries()]
      .filter(({ name }) => findable.has(namespaceOf(name)))
      .sort((a, b) => a.updatedAt - b.updatedAt || compareBytes(b.name, a.name))
      .map(({ name }) => name)
  )
