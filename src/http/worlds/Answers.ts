import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { negotiate } from "../../domain/Accept.ts"
import type { Caller } from "../../domain/Caller.ts"
import type { Receipt } from "../../domain/Command.ts"
import { allConditionsOf, conditionsOf } from "../../domain/Conditions.ts"
import { BadRequest, NotAcceptable } from "../../domain/Errors.ts"
import { extFor } from "../../domain/Ext.ts"
import { idempotencyKeyOf } from "../../domain/IdempotencyKey.ts"
import { metaFromRequest } from "../../domain/MetaHeaders.ts"
import { tagOf } from "../../domain/World.ts"
import { type CanonicalPath, urlPath, worldName } from "../../domain/WorldPath.ts"
import { AppConfig } from "../../services/AppConfig.ts"
import { Locks } from "../../services/Locks.ts"
import { Worlds } from "../../services/Worlds.ts"
import type { Asked } from "../Asked.ts"
import { readBody } from "../Body.ts"
import { Listings } from "../collections/Listings.ts"
import { Origins } from "../Origins.ts"
import { bytes } from "../Response.ts"
import { shellPage } from "../shell/Pages.ts"
import { bytesAnswer, jsonAnswer, offersOf, rawAnswer } from "./Representations.ts"

/** What a query says about a read: which representation of a world (C2.1, C2.3), or which page of a collection. */
export interface ReadQuery {
  readonly raw?: string | undefined
  readonly v?: string | undefined
  readonly limit?: string | undefined
  readonly after?: string | undefined
}

/** What is answered about worlds (C2, C4): translates between requests and the one door, and decides nothing itself. */
export class WorldAnswers extends Effect.Service<WorldAnswers>()("elastik/http/worlds/Answers", {
  effect: Effect.gen(function* () {
    const worlds = yield* Worlds
    const listings = yield* Listings
    const locks = yield* Locks
    const origins = yield* Origins
    const { maxBody } = yield* AppConfig

    /** What a write wants of the worlds that it names, for the one door to judge. */
    const conditions = (asked: Asked, path: CanonicalPath) =>
      allConditionsOf(asked.headers, path, origins.authority(asked))

    /** A read writes nothing over, so its If is judged at once (RFC 4918 section 10.4). */
    const unlessIfFails = (caller: Caller, asked: Asked, path: CanonicalPath) =>
      Effect.flatMap(conditions(asked, path), ({ states }) =>
        states === undefined ? Effect.void : locks.judge(caller, path, { states })
      )

    /** What PUT and POST have in common: where, under which conditions, which bytes of which type. */
    const incoming = Effect.fnUntraced(function* (
      caller: Caller,
      asked: Asked,
      path: CanonicalPath,
      ext: string | undefined
    ) {
      const { headers, message } = asked
      const name = yield* worldName(path)
      // Judged before the body is read: whoever may not write need not send 64 MiB to hear it.
      yield* worlds.mayWrite(caller, name)
      const body = yield* readBody(message, maxBody)
      const type = extFor({ name, ext, contentType: headers["content-type"], body })
      if (type === undefined) return yield* new BadRequest({ message: "ext wants 1 to 32 letters, digits, . + _ or -" })
      return { name, body, ext: type, conditions: yield* conditions(asked, path) }
    })

    const readWorld = Effect.fnUntraced(function* (
      caller: Caller,
      asked: Asked,
      path: CanonicalPath,
      query: ReadQuery
    ) {
      const name = yield* worldName(path)
      if (asked.headers.if !== undefined) yield* unlessIfFails(caller, asked, path)
      const found = yield* asked.method === "HEAD" ? worlds.head(caller, name) : worlds.read(caller, name)
      const { accept, range } = asked.headers
      const now = yield* Clock.currentTimeMillis
      const selection = { conditions: conditionsOf(asked.headers), range, version: query.v, now }
      if (query.raw !== undefined) return yield* rawAnswer(found, selection)
      const offers = offersOf(found)
      const type = negotiate(accept, offers)
      switch (type) {
        case undefined:
          return yield* new NotAcceptable({ message: `/${path} cannot be had as asked for`, available: offers })
        case "text/html":
          return shellPage({ headers: shellHeaders })
        case "application/json":
          return yield* jsonAnswer(found, selection)
        default:
          return yield* bytesAnswer(found, type, selection)
      }
    })

    return {
      conditions,

      /** a path that has only children answers with their listing (C2.5), but has no bytes */
      read: (caller: Caller, asked: Asked, path: CanonicalPath, query: ReadQuery) =>
        query.raw !== undefined
          ? readWorld(caller, asked, path, query)
          : Effect.catchTag(readWorld(caller, asked, path, query), "CollectionOnly", () =>
              listings.answer(caller, asked, path, { ...query, slash: false })
            ),

      overwrite: Effect.fnUntraced(function* (
        caller: Caller,
        asked: Asked,
        path: CanonicalPath,
        ext: string | undefined
      ) {
        if (asked.headers["content-range"] !== undefined) {
          return yield* new BadRequest({ message: "a world is written whole: PUT takes no Content-Range" })
        }
        const content = yield* incoming(caller, asked, path, ext)
        const meta = metaFromRequest(asked.message.rawHeaders)
        return receiptAnswer(yield* worlds.overwrite(caller, { _tag: "Overwrite", ...content, meta }))
      }),

      append: Effect.fnUntraced(function* (caller: Caller, asked: Asked, path: CanonicalPath, ext: string | undefined) {
        const idempotencyKey = yield* idempotencyKeyOf(asked.headers, caller)
        const content = yield* incoming(caller, asked, path, ext)
        return receiptAnswer(yield* worlds.append(caller, { _tag: "Append", ...content, idempotencyKey }))
      })
    } as const
  })
}) {}

const shellHeaders = { vary: "Accept", "cache-control": "no-cache" }

const receiptAnswer = (receipt: Receipt): HttpServerResponse.HttpServerResponse =>
  bytes(
    JSON.stringify({
      version: receipt.version,
      ext: receipt.ext,
      type: receipt.ext,
      len: receipt.len,
      sha256: receipt.sha256
    }),
    "application/json",
    {
      etag: `"${tagOf(receipt, "raw")}"`,
      location: receipt.created ? urlPath(receipt.name) : undefined
    },
    receipt.created ? 201 : 200
  )
