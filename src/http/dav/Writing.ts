import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import { parseDepth } from "../../domain/Depth.ts"
import {
  AlreadyExists,
  BadRequest,
  Conflict,
  type DomainError,
  MethodNotAllowed,
  UnsupportedMediaType
} from "../../domain/Errors.ts"
import { extFor } from "../../domain/Ext.ts"
import { metaFromRequest } from "../../domain/MetaHeaders.ts"
import { tagOf } from "../../domain/World.ts"
import { worldName } from "../../domain/WorldPath.ts"
import { Locks } from "../../services/Locks.ts"
import type { PluginRequest } from "../../services/Plugin.ts"
import { Worlds } from "../../services/Worlds.ts"
import { failed } from "./Multistatus.ts"
import { judged } from "./Preconditions.ts"
import { collectionMethods, hrefOf, isFixed, lookUp, requireChangeable, requireParent, targetOf } from "./Resource.ts"

type Answer = Effect.Effect<HttpServerResponse.HttpServerResponse, DomainError, Worlds | Locks>

/** An answer without a body. */
export const empty = (status: number, headers: Readonly<Record<string, string>> = {}) =>
  HttpServerResponse.empty({ status, headers: status === 204 ? headers : { "content-length": "0", ...headers } })

/** PUT (RFC 4918 section 9.7): the bytes of a world, in a collection that is there. Everything is judged before they are read. */
export const put = (request: PluginRequest): Answer =>
  Effect.gen(function* () {
    const { caller, headers } = request
    if (headers["content-range"] !== undefined) {
      return yield* new BadRequest({ message: "a world is written whole: PUT takes no Content-Range" })
    }
    const { path, slash } = yield* targetOf(request)
    yield* requireChangeable("PUT", path)
    const name = yield* worldName(path)
    const resource = yield* lookUp(caller, path)
    if (resource?.collection === true) {
      return yield* new MethodNotAllowed({ message: `${hrefOf(resource)} is a collection`, allow: collectionMethods })
    }
    if (slash) return yield* new Conflict({ message: "the name of a world does not end with a slash" })
    if (resource === undefined) yield* requireParent(caller, path)
    const conditions = yield* judged(request, path)
    yield* (yield* Locks).permit(caller, conditions.lockTokens, [path])
    const body = yield* request.bytes
    const ext = extFor({ name, ext: request.query.get("ext") ?? undefined, contentType: headers["content-type"], body })
    if (ext === undefined) return yield* new BadRequest({ message: "ext wants 1 to 32 letters, digits, . + _ or -" })
    const meta = metaFromRequest(request.rawHeaders)
    const worlds = yield* Worlds
    const receipt = yield* worlds.overwrite(caller, { _tag: "Overwrite", name, body, ext, meta, conditions })
    const etag = `"${tagOf(receipt, "raw")}"`
    return receipt.created ? empty(201, { etag, location: hrefOf({ path, collection: false }) }) : empty(204, { etag })
  })

/** MKCOL (RFC 4918 section 9.3): a collection that is there while it is empty. */
export const mkcol = (request: PluginRequest): Answer =>
  Effect.gen(function* () {
    const { path } = yield* targetOf(request)
    if (isFixed(path)) {
      return yield* new AlreadyExists({ message: `/dav/${path} is always there`, path: `/dav/${path}` })
    }
    const body = Number(request.headers["content-length"] ?? 0) > 0 || (yield* request.bytes).length > 0
    if (body) return yield* new UnsupportedMediaType({ message: "MKCOL takes no body" })
    const conditions = yield* judged(request, path)
    yield* (yield* Worlds).makeCollection(request.caller, path, conditions)
    return empty(201, { location: hrefOf({ path, collection: true }) })
  })

/**
 * DELETE (RFC 4918 section 9.6): a world, or a collection with all that is below it, to the trash. Where members could not
 * be deleted, they are named, and nothing is said of the others (section 9.6.1).
 */
export const remove = (request: PluginRequest): Answer =>
  Effect.gen(function* () {
    const { path } = yield* targetOf(request)
    yield* requireChangeable("DELETE", path)
    const depth = parseDepth(request.headers.depth, "infinity")
    if (depth !== "infinity") {
      const resource = yield* lookUp(request.caller, path)
      if (depth === undefined || resource?.collection === true) {
        return yield* new BadRequest({ message: "a collection is deleted with all below it: Depth is infinity" })
      }
    }
    const conditions = yield* judged(request, path)
    const { failures } = yield* (yield* Worlds).remove(request.caller, path, conditions)
    return failures.length === 0 ? empty(204) : failed(failures)
  })
