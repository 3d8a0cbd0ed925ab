import * as Effect from "effect/Effect"
import { compareBytes } from "../domain/ByteOrder.ts"
import type { Caller } from "../domain/Caller.ts"
import type { StorageFailure } from "../domain/Errors.ts"
import { wordsOf } from "../domain/Likeness.ts"
import { mediaTypeOf } from "../domain/MediaType.ts"
import * as RecencyOrder from "../domain/RecencyOrder.ts"
import { canBeFound, findable, mostCandidates, narrow, poolSize } from "../domain/RouteCandidates.ts"
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

/** Worlds whose words and metadata are remembered, so that not every miss takes names apart and opens databases. */
const remembered = 2048

/** Worlds whose metadata is read at a time. */
const readers = 8

/** The pool, for as long as the scope lives. */
export const make = Effect.gen(function* () {
  const worlds = yield* Worlds
  const catalog = yield* Catalog
  const access = yield* Access
  const changes = yield* Changes
  const words = new Map<string, ReadonlyArray<string>>()
  const known = new Map<string, { readonly tag: string; readonly facts: Facts }>()

  /** Made when it is first asked for, since few machines route, and kept up with every commit from then on. */
  let order: RecencyOrder.RecencyOrder | undefined
  yield* changes.listen(({ name }) => {
    if (order === undefined || !findable.has(namespaceOf(name))) return
    if (catalog.get(name) === undefined) order.forget(name)
    else order.touch(name)
  })

  const wordsIn = (name: string) => words.get(name) ?? keep(words, name, wordsOf(name))

  const factsAbout = (caller: Caller, { name, tag }: Entry) =>
    Effect.suspend(() => {
      const found = known.get(name)
      if (found?.tag === tag) return Effect.succeed(found.facts)
      return Effect.map(
        worlds.head(caller, name),
        (head) => keep(known, name, { tag: head.tag, facts: factsOf(head.meta) }).facts
      )
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

  const pool: RoutePool = {
    mayKnow,
    candidates: (caller, path) =>
      Effect.gen(function* () {
        const nearest = narrow(path, newest(yield* mayKnow(caller)), mostCandidates, wordsIn)
        return (yield* Effect.forEach(nearest, (entry) => candidateOf(caller, entry), { concurrency: readers })).flat()
      })
  }
  return pool
})

/** Remembers a value, and the oldest one no more when there are too many. */
const keep = <A>(memory: Map<string, A>, key: string, value: A): A => {
  memory.delete(key)
  memory.set(key, value)
  const [oldest] = memory.keys()
  if (memory.size > remembered && oldest !== undefined) memory.delete(oldest)
  return value
}

const orderOf = (catalog: CatalogShape): RecencyOrder.RecencyOrder =>
  RecencyOrder.make(
    [...catalog.entries()]
      .filter(({ name }) => findable.has(namespaceOf(name)))
      .sort((a, b) => a.updatedAt - b.updatedAt || compareBytes(b.name, a.name))
      .map(({ name }) => name)
  )
