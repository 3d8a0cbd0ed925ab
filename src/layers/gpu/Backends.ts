import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { AppConfig } from "../../services/AppConfig.ts"
import { type GpuConfig, gpuKeys } from "../../services/GpuConfig.ts"
import { type Backend, Backends } from "./Backend.ts"
import * as ChatCompletions from "./ChatCompletions.ts"
import { BackendFailed } from "./Failure.ts"
import { fake } from "./Fake.ts"
import type { Answer, Question } from "./Library.ts"
import * as Ollama from "./Ollama.ts"
import * as Pull from "./Pull.ts"
import * as Upstream from "./Upstream.ts"

/**
 * Models for those who name none. Vendors withdraw theirs after a year or two, and `*_MODEL` is how to follow them. The
 * schemes that are missing here leave the choice to the server, which often has only one.
 */
const usual = {
  ollama: "llama3.2",
  openai: "gpt-6-luna",
  claude: "claude-sonnet-5-5",
  deepseek: "deepseek-flash"
} as const

/** Every backend as the environment configures it. */
export const layer: Layer.Layer<Backends, never, AppConfig> = Layer.scoped(
  Backends,
  Effect.gen(function* () {
    const { gpu } = yield* AppConfig
    const upstream = yield* Upstream.make(gpu.connectTimeout)
    return {
      fake,
      ollama: Ollama.make({ model: modelOf(gpu, "ollama") ?? usual.ollama, upstream }),
      openai: library(gpu, upstream, "openai", () => import("./OpenAi.ts")),
      claude: library(gpu, upstream, "claude", () => import("./Claude.ts")),
      deepseek: chat(gpu, upstream, "deepseek", "required", usual.deepseek),
      vast: chat(gpu, upstream, "vast", "required"),
      // A server of one's own, which may well ask for nothing.
      compat: chat(gpu, upstream, "compat", "optional")
    }
  })
)

const modelOf = (gpu: GpuConfig, scheme: keyof GpuConfig["models"]): string | undefined =>
  Option.getOrUndefined(gpu.models[scheme])

const missingKey = (gpu: GpuConfig, scheme: keyof GpuConfig["keys"]): string | undefined =>
  Option.isSome(gpu.keys[scheme]) ? undefined : gpuKeys[scheme]

const chat = (
  gpu: GpuConfig,
  upstream: Upstream.Upstream,
  scheme: "deepseek" | "vast" | "compat",
  key: "required" | "optional",
  model?: string
): Backend =>
  discreet(
    gpu.keys[scheme],
    ChatCompletions.make({
      missing: key === "required" ? missingKey(gpu, scheme) : undefined,
      key: gpu.keys[scheme],
      model: modelOf(gpu, scheme) ?? model,
      upstream
    })
  )

interface LibraryModule {
  readonly answer: (question: Question) => Answer
}

/**
 * A backend on one of Effect's own clients. Its module is loaded with the first question: it brings a description of the
 * vendor's whole API along, which takes as much memory as the rest of the program.
 */
const library = (
  gpu: GpuConfig,
  upstream: Upstream.Upstream,
  scheme: "openai" | "claude",
  load: () => Promise<LibraryModule>
): Backend =>
  discreet(gpu.keys[scheme], {
    missing: missingKey(gpu, scheme),
    model: modelOf(gpu, scheme) ?? usual[scheme],
    answer: (ask, silence) =>
      Effect.flatMap(Effect.promise(load), ({ answer }) =>
        answer({ ...ask, key: Option.getOrUndefined(gpu.keys[scheme]), upstream, silence })
      )
  })

/**
 * A backend whose failures do not hold its key. What a server calls its errors is passed on when it is a word, and the
 * key of a server of one's own may be a word too.
 */
const discreet = (key: Option.Option<Redacted.Redacted>, backend: Backend): Backend => {
  if (Option.isNone(key)) return backend
  const secret = Redacted.value(key.value)
  const silenced = (failed: BackendFailed) => (failed.why.includes(secret) ? unspoken : failed)
  return {
    ...backend,
    answer: (ask, silence) =>
      Effect.mapBoth(backend.answer(ask, silence), {
        onFailure: silenced,
        onSuccess: (answer) => Pull.mapError(answer, silenced)
      })
  }
}

const unspoken = new BackendFailed({ why: "failed, and said so with its key", cause: "an error that holds the key" })
