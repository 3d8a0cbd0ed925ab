import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { negotiate, prefersHtml } from "../../domain/Accept.ts"
import type { Caller } from "../../domain/Caller.ts"
import { BadRequest, CollectionOnly, NotAcceptable } from "../../domain/Errors.ts"
import { entryOf } from "../../domain/Listing.ts"
import { type CanonicalPath, urlPath } from "../../domain/WorldPath.ts"
import { Worlds } from "../../services/Worlds.ts"
import type { Asked } from "../Asked.ts"
import { redirect, withHeaders } from "../Response.ts"
import { shellPage } from "../shell/Pages.ts"
import { type Listed, offers, render, renderStream } from "./Render.ts"

/** What a request for a collection says beyond its path. */
export interface Query {
  /** whether the path was written with its trailing slash */
  readonly slash: boolean
  readonly limit?: string | undefined
  readonly after?: string | undefined
  readonly raw?: string | undefined
}

/** Children that are fetched, and written, at a time: a listing of any length takes the memory of one page. */
const pageSize = 1000

/** Answers requests for collections, from whichever route they come (C3). */
export class Listings extends Effect.Service<Listings>()("elastik/http/Listings", {
  effect: Effect.gen(function* () {
    const worlds = yield* Worlds

    const page = (caller: Caller, path: CanonicalPath, after: string | undefined, size: number) =>
      Effect.map(worlds.list(caller, path, after), (children) => take(children, size))

    /** The pages behind an entry; each looks again for where the one before ended, whatever was written meanwhile. */
    const pagesAfter = (caller: Caller, path: CanonicalPath, after: string) =>
      Stream.paginateChunkEffect(after, (cursor) =>
        Effect.map(page(caller, path, cursor, pageSize), ({ children, last, more }) => [
          Chunk.unsafeFromArray(children),
          more ? Option.some(last) : Option.none()
        ])
      )

    const answer = Effect.fnUntraced(function* (
      caller: Caller,
      { headers: { accept } }: Pick<Asked, "headers">,
      path: CanonicalPath,
      query: Query
    ) {
      const limit = yield* limitOf(query.limit)
      const first = yield* page(caller, path, query.after, limit ?? pageSize)
      if (query.raw !== undefined) return yield* bytesless(path)
      if (prefersHtml(accept, offers)) {
        return query.slash ? shellPage({ headers: common }) : redirect(`${urlPath(path)}/`, common)
      }
      const type = negotiate(accept, offers)
      if (type === undefined) {
        return yield* new NotAcceptable({ message: "a listing cannot be had as asked for", available: offers })
      }
      if (limit === undefined && first.more) {
        const all = Stream.concat(Stream.fromIterable(first.children), pagesAfter(caller, path, first.last))
        return withHeaders(renderStream(all, type), common)
      }
      const next = first.more ? `<${urlPath(path)}/?limit=${limit}&after=${encodeURIComponent(first.last)}>` : undefined
      return withHeaders(render(first.children, type), { ...common, link: next && `${next}; rel="next"` })
    })

    /** A listing that does not come from the catalog; the shell, too, when `shell` says that it can show it. */
    const fixed = (
      { headers: { accept } }: Pick<Asked, "headers">,
      children: ReadonlyArray<Listed>,
      shell: boolean
    ): Effect.Effect<HttpServerResponse.HttpServerResponse, NotAcceptable> => {
      if (shell && prefersHtml(accept, offers)) return Effect.succeed(shellPage({ headers: common }))
      const type = negotiate(accept, offers)
      return type === undefined
        ? new NotAcceptable({ message: "a listing cannot be had as asked for", available: offers })
        : Effect.succeed(withHeaders(render(children, type), common))
    }

    return { answer, fixed } as const
  })
}) {}

/** A collection has no bytes, whether or not a world has its name. */
const bytesless = (path: CanonicalPath): CollectionOnly => {
  const message = `/${path}/ is a collection, which has no bytes; those of a world are at its name without the slash`
  return new CollectionOnly({ message, collection: `/${path}/` })
}

/** At most `size` children, the last one's entry, and whether there are more. */
const take = (children: Iterable<Listed>, size: number) => {
  const taken: Array<Listed> = []
  for (const child of children) {
    if (taken.length === size) return { children: taken, last: entryOf(taken[size - 1] as Listed), more: true }
    taken.push(child)
  }
  return { children: taken, last: "", more: false }
}

const common = { vary: "Accept", "cache-control": "no-cache" }

/** The longest page that is made at once; a larger limit gets this much and a link to go on. */
const largestPage = 10_000

const limitOf = (limit: string | undefined): Effect.Effect<number | undefined, BadRequest> => {
  if (limit === undefined) return Effect.succeed(undefined)
  return /^[1-9]\d{0,8}$/.test(limit)
    ? Effect.succeed(Math.min(Number(limit), largestPage))
    : new BadRequest({ message: "limit wants a positive whole number" })
}
