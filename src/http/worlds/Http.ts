import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { negotiate } from "../../domain/Accept.ts"
import type { Receipt } from "../../domain/Command.ts"
import { conditionsOf } from "../../domain/Conditions.ts"
import { BadRequest, NotAcceptable } from "../../domain/Errors.ts"
import { extFor } from "../../domain/Ext.ts"
import { idempotencyKeyOf } from "../../domain/IdempotencyKey.ts"
import { metaFromRequest } from "../../domain/MetaHeaders.ts"
import { tagOf } from "../../domain/World.ts"
import { type CanonicalPath, urlPath, worldName } from "../../domain/WorldPath.ts"
import { AppConfig } from "../../services/AppConfig.ts"
import { Worlds } from "../../services/Worlds.ts"
import { Api } from "../Api.ts"
import { rawHeaders, readBody } from "../Body.ts"
import { CurrentCaller } from "../Caller.ts"
import { Listings } from "../collections/Listings.ts"
import { bytes } from "../Response.ts"
import { shellPage } from "../shell/Pages.ts"
import { bytesAnswer, jsonAnswer, offersOf, rawAnswer } from "./Representations.ts"

type Request = HttpServerRequest.HttpServerRequest

/** The path of a request, canonical since it was read from the raw target (http/RequestTarget.ts). */
const pathOf = (path: { readonly namespace: string; readonly name: string }): CanonicalPath =>
  `${path.namespace}/${path.name}` as CanonicalPath

/** Worlds over HTTP (C2, C4): translates between requests and the one door, and decides nothing of its own. */
export const WorldsLive = HttpApiBuilder.group(Api, "worlds", (handlers) =>
  Effect.gen(function* () {
    const worlds = yield* Worlds
    const listings = yield* Listings
    const { maxBody } = yield* AppConfig

    const readWorld = Effect.fnUntraced(function* (
      request: Request,
      path: CanonicalPath,
      params: { readonly raw?: string | undefined; readonly v?: string | undefined }
    ) {
      const caller = yield* CurrentCaller
      const name = yield* worldName(path)
      const found = yield* request.method === "HEAD" ? worlds.head(caller, name) : worlds.read(caller, name)
      const { accept, range } = request.headers
      const now = yield* Clock.currentTimeMillis
      const selection = { conditions: conditionsOf(request.headers), range, version: params.v, now }
      if (params.raw !== undefined) return yield* orFail(rawAnswer(found, selection))
      const offers = offersOf(found)
      const type = negotiate(accept, offers)
      switch (type) {
        case undefined:
          return yield* new NotAcceptable({ message: `/${path} cannot be had as asked for`, available: offers })
        case "text/html":
          return shellPage({ headers: shellHeaders })
        case "application/json":
          return yield* orFail(jsonAnswer(found, selection))
        default:
          return yield* orFail(bytesAnswer(found, type, selection))
      }
    })

    /** What PUT and POST have in common: who, where, under which conditions, which bytes of which type. */
    const incoming = Effect.fnUntraced(function* (request: Request, path: CanonicalPath, ext: string | undefined) {
      const caller = yield* CurrentCaller
      const name = yield* worldName(path)
      // Judged before the body is read: whoever may not write need not send 64 MiB to hear it.
      yield* worlds.mayWrite(caller, name)
      const body = yield* readBody(request, maxBody)
      const type = extFor({ name, ext, contentType: request.headers["content-type"], body })
      if (type === undefined) return yield* new BadRequest({ message: "ext wants 1 to 32 letters, digits, . + _ or -" })
      return { caller, content: { name, body, ext: type, conditions: conditionsOf(request.headers) } }
    })

    return handlers
      .handle("read", ({ path, request, urlParams }) => {
        const target = pathOf(path)
        const collection = listings.answer(request, target, { ...urlParams, slash: false })
        return readWorld(request, target, urlParams).pipe(
          urlParams.raw === undefined ? Effect.catchTag("CollectionOnly", () => collection) : (effect) => effect
        )
      })
      .handleRaw("overwrite", ({ path, request, urlParams }) =>
        Effect.gen(function* () {
          if (request.headers["content-range"] !== undefined) {
            return yield* new BadRequest({ message: "a world is written whole: PUT takes no Content-Range" })
          }
          const { caller, content } = yield* incoming(request, pathOf(path), urlParams.ext)
          const meta = metaFromRequest(rawHeaders(request))
          return receiptAnswer(yield* worlds.overwrite(caller, { _tag: "Overwrite", ...content, meta }))
        })
      )
      .handleRaw("append", ({ path, request, urlParams }) =>
        Effect.gen(function* () {
          const idempotencyKey = yield* idempotencyKeyOf(request.headers, yield* CurrentCaller)
          const { caller, content } = yield* incoming(request, pathOf(path), urlParams.ext)
          return receiptAnswer(yield* worlds.append(caller, { _tag: "Append", ...content, idempotencyKey }))
        })
      )
      .handle("remove", ({ path, request }) =>
        Effect.gen(function* () {
          const caller = yield* CurrentCaller
          const deleted = yield* worlds.remove(caller, pathOf(path), conditionsOf(request.headers))
          return { deleted }
        })
      )
  })
)

const shellHeaders = { vary: "Accept", "cache-control": "no-cache" }

const orFail = <E>(
  answer: HttpServerResponse.HttpServerResponse | E
): Effect.Effect<HttpServerResponse.HttpServerResponse, E> =>
  HttpServerResponse.isServerResponse(answer) ? Effect.succeed(answer) : Effect.fail(answer)

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
