import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { compareBytes } from "../../domain/ByteOrder.ts"
import type { Caller } from "../../domain/Caller.ts"
import type { Forbidden, StorageFailure } from "../../domain/Errors.ts"
import { type Child, entryOf } from "../../domain/Listing.ts"
import { isOperatorOnly } from "../../domain/Policy.ts"
import type { Entry } from "../../domain/World.ts"
import { type CanonicalPath, worldNamespaces } from "../../domain/WorldPath.ts"
import { Worlds } from "../../services/Worlds.ts"
import { collectionAt, type Resource } from "./Resource.ts"

/** Members that are fetched, and written, at a time: an answer of any length takes the memory of some pages. */
const pageSize = 1000

/** A collection that is still to be gone through, and behind which entry. */
interface Waiting {
  readonly collection: CanonicalPath
  readonly after?: string
}

type Listed = Child & { readonly entry: Entry | undefined }

type ListError = Forbidden | StorageFailure

/**
 * What is below a collection, page by page: its members, or with `deep` all descendants, each before its own members.
 * Each page looks again for where the one before ended, whatever was written meanwhile; what the caller may not know of
 * is not among them.
 */
export const membersOf = (
  caller: Caller,
  collection: CanonicalPath,
  deep: boolean
): Stream.Stream<Resource, ListError, Worlds> =>
  Stream.paginateChunkEffect<ReadonlyArray<Waiting>, Resource, ListError, Worlds>([{ collection }], (waiting) => {
    const next = waiting[waiting.length - 1]
    if (next === undefined) return Effect.succeed([Chunk.empty(), Option.none()])
    return Effect.map(page(caller, next), ({ more, resources }) => {
      const below = deep
        ? resources.filter(({ collection }) => collection).map(({ path }) => ({ collection: path }))
        : []
      const rest = [...waiting.slice(0, -1), ...(more === undefined ? [] : [more]), ...below.reverse()]
      return [Chunk.unsafeFromArray(resources), rest.length === 0 ? Option.none() : Option.some(rest)]
    })
  })

/** The members of the page that begins there, and where the next one does. */
export const page = (
  caller: Caller,
  { after, collection }: Waiting
): Effect.Effect<{ readonly resources: Array<Resource>; readonly more: Waiting | undefined }, ListError, Worlds> =>
  collection === ""
    ? Effect.succeed({ resources: namespacesFor(caller), more: undefined })
    : Effect.gen(function* () {
        const worlds = yield* Worlds
        const { children, more } = take(yield* worlds.list(caller, collection, after))
        const folders = new Set(children.flatMap(({ dir, name }) => (dir ? name : [])))
        const resources: Array<Resource> = []
        for (const child of children) {
          // What is below a canonical path under a name of its listing is canonical.
          const path = `${collection}/${child.name}` as CanonicalPath
          if (child.entry === undefined) {
            resources.push(collectionAt(path))
            continue
          }
          // A world that has members is listed twice, its slash form perhaps on the next page; here it is the collection.
          const mayFollow = more !== undefined && compareBytes(`${child.name}/`, more) > 0
          if (folders.has(child.name) || (mayFollow && (yield* worlds.isCollection(caller, path)))) continue
          resources.push({ path, collection: false, entry: child.entry })
        }
        return { resources, more: more === undefined ? undefined : { collection, after: more } }
      })

/** A page of children, taken at once, and its last entry if there are more. */
const take = (listing: Iterable<Listed>): { readonly children: ReadonlyArray<Listed>; readonly more?: string } => {
  const children: Array<Listed> = []
  for (const child of listing) {
    const last = children[pageSize - 1]
    if (last !== undefined) return { children, more: entryOf(last) }
    children.push(child)
  }
  return { children }
}

const namespacesFor = (caller: Caller): Array<Resource> =>
  worldNamespaces
    .filter((namespace) => caller.tier === 3 || !isOperatorOnly(namespace))
    .map((namespace) => collectionAt(namespace as CanonicalPath))
