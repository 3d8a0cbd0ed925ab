import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Overwrite } from "../../domain/Command.ts"
import { parseDepth } from "../../domain/Depth.ts"
import { BadRequest, Conflict, type DomainError, PreconditionFailed } from "../../domain/Errors.ts"
import { extFor } from "../../domain/Ext.ts"
import { grantedTimeout, type Lock } from "../../domain/Lock.ts"
import { wantedTimeout } from "../../domain/LockTimeout.ts"
import { trimOws } from "../../domain/Text.ts"
import { type CanonicalPath, type WorldName, worldName } from "../../domain/WorldPath.ts"
import { Locks } from "../../services/Locks.ts"
import type { PluginRequest } from "../../services/Plugin.ts"
import { Worlds } from "../../services/Worlds.ts"
import { readLockInfo } from "./Bodies.ts"
import { conditionFailed, membersLocked } from "./Failure.ts"
import { activeLock } from "./LiveProperties.ts"
import { document } from "./Multistatus.ts"
import { conditionsFor } from "./Preconditions.ts"
import { lookUp, requireChangeable, targetOf } from "./Resource.ts"
import { empty } from "./Writing.ts"

type Answer = Effect.Effect<HttpServerResponse.HttpServerResponse, DomainError, Worlds | Locks>

/**
 * LOCK (RFC 4918 section 9.10): a new lock, or more time for one when there is no body. What is not there yet is made, as
 * an empty world, so that its name is taken (section 9.10.4).
 */
export const lock = (request: PluginRequest): Answer =>
  Effect.gen(function* () {
    const { caller } = request
    const { path, slash } = yield* targetOf(request)
    yield* requireChangeable("LOCK", path)
    const info = yield* readLockInfo(request)
    const timeout = grantedTimeout(wantedTimeout(request.headers.timeout))
    if (info === undefined) return yield* refresh(request, path, timeout)
    const depth = parseDepth(request.headers.depth, "infinity")
    if (depth !== "0" && depth !== "infinity") {
      return yield* new BadRequest({ message: "the Depth of LOCK is 0 or infinity" })
    }
    const conditions = yield* conditionsFor(request, path)
    const making = slash
      ? new Conflict({ message: "there is no such collection; MKCOL makes one" })
      : Effect.map(worldName(path), emptyWorld)
    const worlds = yield* Worlds
    const asked = { root: path, depth, timeout, ...info }
    const taken = yield* Effect.either(worlds.lock(caller, asked, conditions, making))
    if (Either.isLeft(taken)) return yield* membersLocked(path, taken.left) ?? taken.left
    const { collection, created, lock } = taken.right
    return discovered(lock, { path, collection }, created ? 201 : 200, { "lock-token": `<${lock.token}>` })
  })

/** What takes a name that was locked before there was anything (RFC 4918 section 7.3). */
const emptyWorld = (name: WorldName): Overwrite => {
  const body = new Uint8Array(0)
  const ext = extFor({ name, ext: undefined, contentType: undefined, body }) ?? "txt"
  return { _tag: "Overwrite", name, body, ext, meta: [], conditions: { ifNoneMatch: "*" } }
}

/** More time for the lock that the If header names (RFC 4918 section 9.10.2). */
const refresh = (request: PluginRequest, path: CanonicalPath, timeout: number): Answer =>
  Effect.gen(function* () {
    const { caller } = request
    if (request.headers.if === undefined) {
      return yield* new BadRequest({ message: "a lock is asked for by a body, or refreshed by its token in If" })
    }
    const conditions = yield* conditionsFor(request, path)
    const locks = yield* Locks
    const bound = () => new Set(locks.on(path).map(({ token }) => token))
    const [token, another] = (conditions.lockTokens ?? []).filter((token) => bound().has(token))
    if (token === undefined || another !== undefined) {
      const error = new PreconditionFailed({ message: "If does not name one lock of this resource" })
      return conditionFailed(error, "lock-token-matches-request-uri")
    }
    const refreshed = yield* Effect.either(locks.refresh(caller, path, token, timeout, conditions))
    if (Either.isRight(refreshed)) {
      const resource = yield* lookUp(caller, path)
      return discovered(refreshed.right, { path, collection: resource?.collection === true }, 200)
    }
    const error = refreshed.left
    return error._tag === "PreconditionFailed" && !bound().has(token)
      ? conditionFailed(error, "lock-token-matches-request-uri")
      : yield* error
  })

const discovered = (
  lock: Lock,
  resource: { readonly path: CanonicalPath; readonly collection: boolean },
  status: number,
  headers: Readonly<Record<string, string>> = {}
) => {
  const active = activeLock({ ...lock, remaining: lock.timeout, tokenShown: true }, resource)
  return document("prop", `<D:lockdiscovery>${active}</D:lockdiscovery>`, status, headers)
}

/** UNLOCK (RFC 4918 section 9.11). */
export const unlock = (request: PluginRequest): Answer =>
  Effect.gen(function* () {
    const { path } = yield* targetOf(request)
    const token = /^<([^<>\s]+)>$/.exec(trimOws(request.headers["lock-token"] ?? ""))?.[1]
    if (token === undefined) return yield* new BadRequest({ message: "Lock-Token wants to be <the token>" })
    const conditions = yield* conditionsFor(request, path)
    yield* (yield* Locks).release(request.caller, path, token, conditions)
    return empty(204)
  }).pipe(
    Effect.catchTag("Conflict", (error) => Effect.succeed(conditionFailed(error, "lock-token-matches-request-uri")))
  )
