import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import type * as Redacted from "effect/Redacted"
import type { Scheme } from "../domain/GpuConf.ts"
import { optional, seconds, secret } from "./Variables.ts"

/** The variables that hold the keys of backends, by scheme (C11.1). */
export const gpuKeys = {
  openai: "OPENAI_API_KEY",
  claude: "ANTHROPIC_API_KEY",
  deepseek: "DEEPSEEK_API_KEY",
  vast: "VAST_API_KEY",
  compat: "COMPAT_API_KEY"
} as const satisfies Partial<Record<Scheme, string>>

/** The variables that name the models of backends, by scheme (C11.1). */
export const gpuModels = {
  ollama: "OLLAMA_MODEL",
  openai: "OPENAI_MODEL",
  claude: "ANTHROPIC_MODEL",
  deepseek: "DEEPSEEK_MODEL",
  vast: "VAST_MODEL",
  compat: "COMPAT_MODEL"
} as const satisfies Partial<Record<Scheme, string>>

/** What the environment says of language models; which one is asked stands in the world /etc/gpu.conf (C11.1). */
export interface GpuConfig {
  readonly keys: Readonly<Record<keyof typeof gpuKeys, Option.Option<Redacted.Redacted>>>
  /** none means the backend's usual one */
  readonly models: Readonly<Record<keyof typeof gpuModels, Option.Option<string>>>
  /** seconds until a connection must stand */
  readonly connectTimeout: number
  /** seconds that a backend may be silent, before the first byte of its answer and later on */
  readonly firstByteTimeout: number
}

/** What counts where the environment says nothing. */
export const defaults: GpuConfig = {
  keys: Record.map(gpuKeys, () => Option.none()),
  models: Record.map(gpuModels, () => Option.none()),
  connectTimeout: 10,
  firstByteTimeout: 120
}

/** Read by AppConfig. */
export const load: Effect.Effect<GpuConfig, ConfigError.ConfigError> = Effect.gen(function* () {
  return {
    keys: yield* Config.all(Record.map(gpuKeys, secret)),
    models: yield* Config.all(Record.map(gpuModels, optional)),
    connectTimeout: yield* seconds("ELASTIK_GPU_CONNECT_TIMEOUT", defaults.connectTimeout),
    firstByteTimeout: yield* seconds("ELASTIK_GPU_FIRST_BYTE_TIMEOUT", defaults.firstByteTimeout)
  }
})

/** Its part of AppConfig's `summary`: keys by name alone. */
export const summary = ({ connectTimeout, firstByteTimeout, keys, models }: GpuConfig): ReadonlyArray<string> => [
  `ELASTIK_GPU_CONNECT_TIMEOUT=${connectTimeout}`,
  `ELASTIK_GPU_FIRST_BYTE_TIMEOUT=${firstByteTimeout}`,
  ...Record.collect(models, (scheme, model) => Option.map(model, (name) => `${gpuModels[scheme]}=${name}`)).flatMap(
    Option.toArray
  ),
  ...Record.collect(keys, (scheme, key) => Option.as(key, gpuKeys[scheme])).flatMap(Option.toArray)
]
