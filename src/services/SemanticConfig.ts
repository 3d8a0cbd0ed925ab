import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import { integer, parsed } from "./Variables.ts"

/** What shaping and routing may cost, and what they may tell whom (C12, C13). */
export interface SemanticConfig {
  /** characters of a source that a model gets to see */
  readonly maxSource: number
  /** shaped answers that are kept; 0 keeps none */
  readonly cacheMax: number
  /** model calls for shaping in any minute, of everybody together */
  readonly genCapPerMin: number
  /** and of one caller */
  readonly genCapPerCaller: number
  /** model calls for routing in any minute */
  readonly routeCapPerMin: number
  /** whether paths that nothing serves may be told to a model on another machine */
  readonly routeExternal: boolean
}

/** What counts where the environment says nothing. */
export const defaults: SemanticConfig = {
  maxSource: 20_000,
  cacheMax: 1000,
  genCapPerMin: 60,
  genCapPerCaller: 60,
  routeCapPerMin: 120,
  routeExternal: false
}

const most = 1_000_000

const flag = (name: string) =>
  parsed(name, undefined as boolean | undefined, (value) =>
    value === "0" || value === "1" ? value === "1" : `wants 0 or 1, not "${value}"`
  )

/** Read by AppConfig. */
export const load: Effect.Effect<SemanticConfig, ConfigError.ConfigError> = Effect.gen(function* () {
  const genCapPerMin = yield* integer("SEMANTIC_GEN_CAP_PER_MIN", defaults.genCapPerMin, 0, most)
  // Two names for one thing: either of them opens the door.
  const externalOk = yield* flag("SEMANTIC_ROUTE_EXTERNAL_OK")
  const localOnly = yield* flag("SEMANTIC_ROUTE_LOCAL_ONLY")
  return {
    maxSource: yield* integer("SEMANTIC_MAX_SOURCE", defaults.maxSource, 1, 100_000_000),
    cacheMax: yield* integer("SEMANTIC_CACHE_MAX", defaults.cacheMax, 0, most),
    genCapPerMin,
    genCapPerCaller: yield* integer("SEMANTIC_GEN_CAP_PER_CALLER", genCapPerMin, 0, most),
    routeCapPerMin: yield* integer("SEMANTIC_ROUTE_CAP_PER_MIN", defaults.routeCapPerMin, 0, most),
    routeExternal: externalOk === true || localOnly === false
  }
})

/** Its part of AppConfig's `summary`. */
export const summary = (config: SemanticConfig): ReadonlyArray<string> => [
  `SEMANTIC_MAX_SOURCE=${config.maxSource}`,
  `SEMANTIC_CACHE_MAX=${config.cacheMax}`,
  `SEMANTIC_GEN_CAP_PER_MIN=${config.genCapPerMin}`,
  `SEMANTIC_GEN_CAP_PER_CALLER=${config.genCapPerCaller}`,
  `SEMANTIC_ROUTE_CAP_PER_MIN=${config.routeCapPerMin}`,
  `SEMANTIC_ROUTE_LOCAL_ONLY=${config.routeExternal ? 0 : 1}`
]
