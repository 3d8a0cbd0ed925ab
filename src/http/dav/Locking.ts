import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import type { Caller } from "../../domain/Caller.ts"
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
import { conditionFailed } from "./Failure.ts"
import { activeLock } from "./LiveProperties.ts"
import { document } from "./Multistatus.ts"
import { judged } from "./Preconditions.ts"
import { lookUp, requireChangeable, requireParent, targetOf } from "./Resource.ts"
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
    const resource = yield* lookUp(caller, path)
    const name = resource === undefined ? yield* worldName(path) : undefined
    if (name !== undefined) {
      if (slash) return yield* new Conflict({ message: "there is no such collection; MKCOL makes one" })
      yield* requireParent(caller, path)
    }
    const conditions = yield* judged(request, path)
    const locks = yield* Locks
    const taking = locks.take(caller, { root: path, depth, timeout, ...info })
    const answer = (taken: Lock, status: number) =>
      discovered(taken, { path, collection: resource?.collection === true }, status, {
        "lock-token": `<${taken.token}>`
      })
    if (name === undefined) return answer(yield* taking, 200)
    // The lock and the world under it, or neither.
    return yield* Effect.uninterruptible(
      Effect.gen(function* () {
        const taken = yield* taking
        const made = yield* Effect.tapError(occupy(caller, name, [taken.token, ...(conditions.lockTokens ?? [])]), () =>
          Effect.ignoreLogged(locks.release(caller, path, taken.token))
        )
        return answer(taken, made ? 201 : 200)
      })
    )
  })

/** An empty world under a name that was just locked; whether there was none. */
const occupy = (caller: Caller, name: WorldName, lockTokens: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const body = new Uint8Array(0)
    const ext = extFor({ name, ext: undefined, contentType: undefined, body }) ?? "txt"
    const worlds = yield* Worlds
    const conditions = { ifNoneMatch: "*", lockTokens }
    yield* worlds.overwrite(caller, { _tag: "Overwrite", name, body, ext, meta: [], conditions })
    return true
    // Somebody was faster; now it is there, and locked.
  }).pipe(Effect.catchTag("PreconditionFailed", () => Effect.succeed(false)))

/** More time for the lock that the If header names (RFC 4918 section 9.10.2). */
const refresh = (request: PluginRequest, path: CanonicalPath, timeout: number): Answer =>
  Effect.gen(function* () {
    const { caller } = request
    if (request.headers.if === undefined) {
      return yield* new BadRequest({ message: "a lock is asked for by a body, or refreshed by its token in If" })
    }
    const { lockTokens = [] } = yield* judged(request, path)
    const locks = yield* Locks
    const bound = new Set(locks.on(path).map(({ token }) => token))
    const [token, another] = lockTokens.filter((token) => bound.has(token))
    if (token === undefined || another !== undefined) {
      return yield* new PreconditionFailed({ message: "If does not name one lock of this resource" })
    }
    const resource = yield* lookUp(caller, path)
    const refreshed = yield* locks.refresh(caller, path, token, timeout)
    return discovered(refreshed, { path, collection: resource?.collection === true }, 200)
  }).pipe(
    Effect.catchTag("PreconditionFailed", (error) =>
      Effect.succeed(conditionFailed(error, "lock-token-matches-request-uri"))
    )
  )

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
    yield* judged(request, path)
    yield* (yield* Locks).release(request.caller, path, token)
    return empty(204)
  }).pipe(
    Effect.catchTag("Conflict", (error) => Effect.succeed(conditionFailed(error, "lock-token-matches-request-uri")))
  )
