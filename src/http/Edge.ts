import type { IncomingMessage, ServerResponse } from "node:http"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import { namespaceOf } from "../domain/WorldPath.ts"
import { Auth } from "../services/Auth.ts"
import { Catalog } from "../services/Catalog.ts"
import { Changes } from "../services/Changes.ts"
import { Metrics } from "../services/Metrics.ts"
import type { Asked } from "./Asked.ts"
import { keyOf, worldOf } from "./EdgeKey.ts"
import { Origins } from "./Origins.ts"

type Response = HttpServerResponse.HttpServerResponse

/** A whole answer, ready for the socket. */
interface Kept {
  readonly key: string
  readonly name: string
  readonly headers: ReadonlyArray<string | ReadonlyArray<string>>
  readonly body: Uint8Array | undefined
  readonly size: number
  /** epoch milliseconds */
  readonly until: number
}

/** Bytes that may be kept in all, and of one answer. */
const capacity = 32 * 1024 * 1024
const largest = 64 * 1024

/** An answer is kept when it has been asked for so often within the time that it is then kept for, in milliseconds. */
const hot = 8
const keptFor = 1000

/**
 * Answers about worlds, as the typed handlers and /shaped gave them, kept whole for whoever asks the same with the same
 * credentials and served before a fiber is started. It changes nothing but time: an answer is kept only while nothing was
 * committed that it depends on, goes with the next such commit, and all go when rules or plugins may have changed (/etc,
 * /lib). What somebody changes in a database by hand shows within a second.
 */
export class Edge extends Effect.Service<Edge>()("elastik/http/Edge", {
  scoped: Effect.gen(function* () {
    const catalog = yield* Catalog
    const changes = yield* Changes
    const metrics = yield* Metrics
    const origins = yield* Origins
    const auth = yield* Auth
    const clock = yield* Effect.clock
    const answers = new Map<string, Kept>()
    const keysOf = new Map<string, Set<string>>()
    let size = 0
    let asked = new Map<string, number>()
    let askedSince = 0

    /** Counts a request; whether there were so many of late that its answer is worth keeping. */
    const isHot = (key: string, now: number): boolean => {
      if (now - askedSince >= keptFor) {
        asked = new Map()
        askedSince = now
      }
      const times = (asked.get(key) ?? 0) + 1
      asked.set(key, times)
      return times >= hot
    }

    const drop = (key: string) => {
      const kept = answers.get(key)
      if (kept === undefined) return
      answers.delete(key)
      size -= kept.size
      const keys = keysOf.get(kept.name)
      keys?.delete(key)
      if (keys?.size === 0) keysOf.delete(kept.name)
    }

    yield* changes.listen(({ name }) => {
      for (const key of concernsAll(name) ? [...answers.keys()] : [...(keysOf.get(name) ?? [])]) drop(key)
    })

    const put = (key: string, url: string, { body, headers }: Response, since: number, until: number) => {
      const name = worldOf(url, headers)
      if (name === undefined || catalog.get(name) === undefined || answers.has(key)) return
      const missed = changes.since(since)
      if (missed === undefined || missed.some((change) => change.name === name || concernsAll(change.name))) return
      if (body._tag !== "Uint8Array" && body._tag !== "Empty") return
      const bytes = body._tag === "Uint8Array" ? body.body : undefined
      const cost = (bytes?.length ?? 0) + key.length + 1024
      if (cost > largest) return
      answers.set(key, { key, name, headers: Object.entries(headers).flat(), body: bytes, size: cost, until })
      keysOf.set(name, (keysOf.get(name) ?? new Set()).add(key))
      size += cost
      for (const oldest of answers.keys()) {
        if (size <= capacity) break
        drop(oldest)
      }
    }

    return {
      /** answers from memory; false when the request must go the whole way */
      serve: (request: IncomingMessage, response: ServerResponse): boolean => {
        const key = keyOf(request.method, request.url, request.headers)
        const kept = key === undefined ? undefined : answers.get(key)
        if (kept === undefined || !origins.isMeantForUs(request.headers.host)) return false
        if (kept.until <= clock.unsafeCurrentTimeMillis()) {
          drop(kept.key)
          return false
        }
        // node takes the fields of an answer as one flat list, with lists for those that repeat.
        response.writeHead(200, kept.headers as Array<string>)
        if (kept.body === undefined) response.end()
        else response.end(kept.body)
        metrics.request(request.method ?? "", 200, 0)
        return true
      },

      /** the moment from which an answer may be kept: asked before it is made */
      now: changes.newest,

      /** the answer itself, kept if others may get the same; `since` is the moment at which its making began */
      keep: (request: Asked, response: Response, since: number): Effect.Effect<Response> => {
        if (response.status !== 200 || response.headers.etag === undefined) return Effect.succeed(response)
        const key = keyOf(request.method, request.originalUrl, request.headers)
        const now = clock.unsafeCurrentTimeMillis()
        if (key === undefined || !isHot(key, now)) return Effect.succeed(response)
        return auth.identify(request.headers.authorization).pipe(
          Effect.map(({ expires = Number.POSITIVE_INFINITY }) => {
            put(key, request.originalUrl, response, since, Math.min(now + keptFor, expires * 1000))
            return response
          }),
          // Whoever cannot be identified now was served all the same.
          Effect.orElseSucceed(() => response)
        )
      }
    } as const
  })
}) {}

/** Whether a change may be one of what anybody gets to see, anywhere. */
const concernsAll = (name: string): boolean => {
  const namespace = namespaceOf(name)
  return namespace === "etc" || namespace === "lib"
}
