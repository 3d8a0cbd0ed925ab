import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Caller } from "../domain/Caller.ts"
import type { StorageFailure } from "../domain/Errors.ts"
import { Answer } from "../domain/RouteReply.ts"
import * as CacheWorlds from "./CacheWorlds.ts"
import type { Catalog } from "./Catalog.ts"
import type { Worlds } from "./Worlds.ts"

/** What the router has found out, believed for an hour (C13). */
export interface RouteMemory {
  readonly recall: (caller: Caller, key: CacheWorlds.Key) => Effect.Effect<Option.Option<Answer>, StorageFailure>
  readonly keep: (caller: Caller, key: CacheWorlds.Key, answer: Answer) => Effect.Effect<void>
}

/** How long an answer is believed, in milliseconds. */
const timeToLive = 3_600_000

/** Answers to strangers that are remembered. */
const mostForStrangers = 256

/** The other side of now, too: a clock that was set back must not keep an answer for longer. */
const isFresh = (at: number, now: number): boolean => Math.abs(now - at) < timeToLive

const Kept = Schema.parseJson(Answer)

/**
 * A memory of at most `capacity` answers as worlds. A stranger makes no worlds, whatever they ask for: what they were
 * told is remembered while the server runs, in a place of its own, and pushes out nobody else's.
 */
export const make = (capacity: number): Effect.Effect<RouteMemory, never, Worlds | Catalog | Scope.Scope> =>
  Effect.gen(function* () {
    const cache = yield* CacheWorlds.make({ prefix: "var/cache/router", type: "router_cache_write", capacity })
    /** oldest first */
    const strangers = new Map<CacheWorlds.Key, { readonly answer: Answer; readonly at: number }>()

    return {
      recall: (caller, key) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          if (!caller.credentialed) {
            const known = strangers.get(key)
            return Effect.succeed(
              known !== undefined && isFresh(known.at, now) ? Option.some(known.answer) : Option.none()
            )
          }
          return Effect.map(cache.get(key), (world) =>
            world.pipe(
              Option.filter(({ updatedAt }) => isFresh(updatedAt, now)),
              Option.flatMap(({ body }) => Schema.decodeUnknownOption(Kept)(new TextDecoder().decode(body)))
            )
          )
        }),

      keep: (caller, key, answer) =>
        Effect.flatMap(Clock.currentTimeMillis, (at) => {
          if (caller.credentialed) {
            const body = new TextEncoder().encode(JSON.stringify(answer))
            return cache.put(key, { body, ext: "json", meta: [] })
          }
          strangers.delete(key)
          strangers.set(key, { answer, at })
          for (const oldest of strangers.keys()) {
            if (strangers.size <= Math.min(mostForStrangers, capacity)) break
            strangers.delete(oldest)
          }
          return Effect.void
        })
    }
  })
