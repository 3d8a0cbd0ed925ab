import type { IncomingMessage, ServerResponse } from "node:http"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { namespaceOf } from "../domain/WorldPath.ts"
import { Catalog } from "../services/Catalog.ts"
import { Changes } from "../services/Changes.ts"
import { Metrics } from "../services/Metrics.ts"
import { Origins } from "./Origins.ts"
import { parseTarget } from "./RequestTarget.ts"

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

/** Requests that say any of these want more than the plain answer, or are somebody in particular. */
const particular = [
  "authorization",
  "origin",
  "range",
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
  "if-range",
  "expect"
]

/**
 * Answers that the typed handlers gave to nobody in particular for worlds that anybody may read, kept whole and served
 * before a fiber is started. It changes nothing but time: an answer is kept only while it is the newest state of its
 * world, goes with the next commit to it, and all go when the rules may have changed (/etc). What somebody changes in a
 * database by hand shows within a second.
 */
export class Edge extends Effect.Service<Edge>()("elastik/http/Edge", {
  scoped: Effect.gen(function* () {
    const catalog = yield* Catalog
    const changes = yield* Changes
    const metrics = yield* Metrics
    const origins = yield* Origins
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
      for (const key of namespaceOf(name) === "etc" ? [...answers.keys()] : [...(keysOf.get(name) ?? [])]) drop(key)
    })

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

      /** keeps an answer, if it is one that everybody would get */
      keep: (request: HttpServerRequest.HttpServerRequest, response: HttpServerResponse.HttpServerResponse): void => {
        if (response.status !== 200 || response.headers.etag === undefined) return
        const key = keyOf(request.method, request.originalUrl, request.headers)
        const now = clock.unsafeCurrentTimeMillis()
        if (key === undefined || !isHot(key, now)) return
        const path = Either.match(parseTarget(request.originalUrl), { onLeft: () => "", onRight: ({ path }) => path })
        const entry = catalog.get(path)
        // The tag in the answer must be that of the state that counts now, or a commit came in between.
        if (entry === undefined || !response.headers.etag.startsWith(`"${entry.tag}`)) return
        const { body } = response
        if ((body._tag !== "Uint8Array" && body._tag !== "Empty") || answers.has(key)) return
        const bytes = body._tag === "Uint8Array" ? body.body : undefined
        const headers = Object.entries(response.headers).flat()
        const cost = (bytes?.length ?? 0) + key.length + 1024
        if (cost > largest) return
        answers.set(key, { key, name: path, headers, body: bytes, size: cost, until: now + keptFor })
        keysOf.set(path, (keysOf.get(path) ?? new Set()).add(key))
        size += cost
        for (const oldest of answers.keys()) {
          if (size <= capacity) break
          drop(oldest)
        }
      }
    } as const
  })
}) {}

/** What an answer depends on; undefined for requests that it could also depend on otherwise. */
const keyOf = (
  method: string | undefined,
  url: string | undefined,
  headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
): string | undefined => {
  if ((method !== "GET" && method !== "HEAD") || url === undefined) return undefined
  for (const name of particular) if (headers[name] !== undefined) return undefined
  return `${method} ${url} ${headers.accept ?? ""}`
}
