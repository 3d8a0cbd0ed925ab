import { createHash } from "node:crypto"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { Caller } from "../domain/Caller.ts"
import { type StorageFailure, UpstreamFailed } from "../domain/Errors.ts"
import { mostCandidates, poolSize } from "../domain/RouteCandidates.ts"
import { type Candidate, hintOf, promptOf, type Question, template } from "../domain/RoutePrompt.ts"
import { type Answer, choiceOf, parseReply } from "../domain/RouteReply.ts"
import type { Access } from "./Access.ts"
import { AppConfig } from "./AppConfig.ts"
import * as CacheWorlds from "./CacheWorlds.ts"
import type { Catalog } from "./Catalog.ts"
import type { Changes } from "./Changes.ts"
import { type GpuConfiguration, GpuDevice } from "./GpuDevice.ts"
import * as RateCap from "./RateCap.ts"
import * as RouteMemory from "./RouteMemory.ts"
import * as RoutePool from "./RoutePool.ts"
import * as SingleFlight from "./SingleFlight.ts"
import type { Worlds } from "./Worlds.ts"

/** A path that nothing serves, and who asked for it how. */
export interface RouteRequest {
  readonly caller: Caller
  /** canonical and decoded (C1.2), with its leading slash */
  readonly path: string
  /** Accept-Language as sent */
  readonly language: string | undefined
  /** X-Semantic-Intent as sent */
  readonly intent: string | undefined
}

/**
 * Why no model was asked, or none answered: the configured one is elsewhere, there is nothing to find, too many ask, or
 * there is no model.
 */
export type Reason = "policy" | "empty-pool" | "ratelimit" | "slm-unavailable"

/** What was meant, as far as a model can tell; or why nobody was asked. */
export type Route =
  | (Answer & { readonly cache: "hit" | "generated" })
  | { readonly _tag: "Static"; readonly reason: Reason }

/** Finds the worlds that a path may mean (C13). It tells a caller nothing that they might not read themselves. */
export interface SemanticRouterShape {
  readonly route: (request: RouteRequest) => Effect.Effect<Route, StorageFailure>
}

export class SemanticRouter extends Context.Tag("elastik/SemanticRouter")<SemanticRouter, SemanticRouterShape>() {
  static readonly layer: Layer.Layer<
    SemanticRouter,
    never,
    Worlds | Catalog | Changes | Access | GpuDevice | AppConfig
  > = Layer.scoped(
    SemanticRouter,
    Effect.suspend(() => make)
  )
}

/** How long a model may think: somebody waits for a 404. */
const patience = "60 seconds"

/** Of everything in a prompt that does not come with the request. */
const promptFingerprint = createHash("sha256")
  .update(JSON.stringify([template, poolSize, mostCandidates]))
  .digest("hex")
  .slice(0, 16)

/** Callers who may read the same. */
const scopeOf = ({ credentialed, scope, tier }: Caller): string =>
  JSON.stringify([tier, credentialed, scope === undefined ? null : scope.prefix])

const make = Effect.gen(function* () {
  const { semantic } = yield* AppConfig
  const gpu = yield* GpuDevice
  const pool = yield* RoutePool.make
  const memory = yield* RouteMemory.make(semantic.cacheMax)
  const cap = RateCap.make({ overall: semantic.routeCapPerMin, perCaller: semantic.routeCapPerMin })
  const flights = yield* SingleFlight.make<Route, StorageFailure>()

  /** Why no model may be told of this path; undefined when one may. */
  const refusal = (configuration: GpuConfiguration | undefined): Reason | undefined => {
    if (configuration === undefined) return "slm-unavailable"
    return configuration.local || semantic.routeExternal ? undefined : "policy"
  }

  /** What the model says; none where it does not. */
  const ask = (caller: Caller, prompt: string): Effect.Effect<Option.Option<string>> =>
    gpu.generate(caller, prompt).pipe(
      Effect.timeoutFail({
        duration: patience,
        onTimeout: () => new UpstreamFailed({ message: `the model took over ${patience}`, cause: "the router's limit" })
      }),
      Effect.asSome,
      Effect.catchAll((error) => Effect.as(Effect.logWarning("the router has no model", error), Option.none()))
    )

  const answer = (
    key: CacheWorlds.Key,
    caller: Caller,
    question: Question,
    candidates: ReadonlyArray<Candidate>,
    configuration: GpuConfiguration
  ): Effect.Effect<Route, StorageFailure> =>
    Effect.gen(function* () {
      const kept = yield* memory.recall(caller, key)
      if (Option.isSome(kept)) return { ...kept.value, cache: "hit" as const }
      const { admitted } = yield* cap.admit(caller.id)
      if (!admitted) return unanswered("ratelimit")
      // Looked at again: what was allowed for one backend must not reach another.
      const now = yield* gpu.configuration
      if (now?.fingerprint !== configuration.fingerprint) return unanswered("slm-unavailable")
      const reply = yield* ask(caller, promptOf(question, candidates))
      if (Option.isNone(reply)) return unanswered("slm-unavailable")
      const names = candidates.map(({ name }) => name)
      const answer = parseReply(reply.value, names)
      yield* memory.keep(caller, key, answer)
      return { ...answer, cache: "generated" as const }
    })

  return SemanticRouter.of({
    route: ({ caller, intent, language, path }) =>
      Effect.gen(function* () {
        const configuration = yield* gpu.configuration
        const refused = refusal(configuration)
        if (configuration === undefined || refused !== undefined) return unanswered(refused ?? "slm-unavailable")
        const candidates = yield* pool.candidates(caller, path)
        if (candidates.length === 0) return unanswered("empty-pool")
        const question = { path, language: hintOf(language), intent: hintOf(intent) }
        const key = CacheWorlds.keyOf([
          path.toLowerCase(),
          JSON.stringify([...candidates].sort((a, b) => (a.name < b.name ? -1 : 1))),
          scopeOf(caller),
          JSON.stringify([question.language ?? null, question.intent ?? null]),
          promptFingerprint,
          configuration.fingerprint
        ])
        const route = yield* flights.join(key, answer(key, caller, question, candidates, configuration))
        // Time has passed, and worlds and rules may have changed.
        const mayKnow = yield* pool.mayKnow(caller)
        return stillKnown(route, mayKnow, candidates)
      })
  })
})

const unanswered = (reason: Reason): Route => ({ _tag: "Static", reason })

/** A route without what must not be told: names, and prose in which there may be some. */
const stillKnown = (route: Route, mayKnow: (name: string) => boolean, candidates: ReadonlyArray<Candidate>): Route => {
  if (route._tag === "Static") return route
  if (route._tag === "None") return candidates.every(({ name }) => mayKnow(name)) ? route : { ...route, prose: "" }
  const names = route._tag === "Match" ? [route.name] : route.names
  return { ...choiceOf(names.filter(mayKnow)), cache: route.cache }
}
