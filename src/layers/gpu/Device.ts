import { createHash } from "node:crypto"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Caller } from "../../domain/Caller.ts"
import { NotConfigured, type StorageFailure, UpstreamFailed } from "../../domain/Errors.ts"
import { type GpuConf, parseGpuConf, type Scheme } from "../../domain/GpuConf.ts"
import { AppConfig } from "../../services/AppConfig.ts"
import { ConfigWorlds } from "../../services/ConfigWorlds.ts"
import { type GenerateOptions, GpuDevice } from "../../services/GpuDevice.ts"
import { Worlds } from "../../services/Worlds.ts"
import { type Backend, Backends } from "./Backend.ts"
import * as AllBackends from "./Backends.ts"
import * as CallLog from "./CallLog.ts"
import * as Fallbacks from "./Fallbacks.ts"
import * as Pull from "./Pull.ts"
import * as Silence from "./Silence.ts"

const make = (configured: Effect.Effect<GpuConf | undefined, StorageFailure>) =>
  Effect.gen(function* () {
    const worlds = yield* Worlds
    const backends = yield* Backends
    const { gpu, maxBody } = yield* AppConfig
    const begin = yield* CallLog.make(worlds)
    const patience = yield* Silence.patience(gpu.firstByteTimeout)

    /** Asks, and leaves the event of the call; the scope holds both. To have it in the context would cost more. */
    const ask = Effect.fnUntraced(function* (
      scope: Scope.Scope,
      type: "gpu_call" | "gpu_stream_call",
      caller: Caller,
      prompt: string,
      { model }: GenerateOptions = {}
    ) {
      const conf = yield* configured
      if (conf === undefined) return yield* new NotConfigured({ message: unconfigured })
      const call = yield* begin(scope, type, caller, prompt)
      const answer = yield* Effect.tapError(
        Fallbacks.open(backends, { lines: conf.lines, prompt, model, patience, scope, onAsk: call.asks }),
        () => call.ends(true)
      )
      return answer.pipe(
        Effect.tap((pieces) => Effect.sync(() => call.says(pieces))),
        Effect.tapError((over) => call.ends(Option.isSome(over)))
      )
    })

    return GpuDevice.of({
      generate: (caller, prompt, options) =>
        Effect.scopedWith((scope) =>
          Effect.flatMap(ask(scope, "gpu_call", caller, prompt, options), (answer) => whole(answer, maxBody))
        ),
      stream: Effect.fnUntraced(function* (caller, prompt, options) {
        const call = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
        const hangUp = Scope.close(call, Exit.void)
        const answer = yield* Effect.onError(ask(call, "gpu_stream_call", caller, prompt, options), () => hangUp)
        return Stream.ensuring(Pull.toStream(answer), hangUp)
      }),
      forEach: (caller, prompt, each) =>
        Effect.scopedWith((scope) =>
          Effect.flatMap(ask(scope, "gpu_stream_call", caller, prompt), (answer) => handOver(answer, each))
        ),
      configuration: Effect.map(
        configured,
        (conf) =>
          conf && { fingerprint: createHash("sha256").update(conf.text).digest("hex").slice(0, 8), local: conf.local }
      )
    })
  })

const unconfigured = "no language model is configured: write one into /etc/gpu.conf, such as ollama://localhost:11434"

/** Pieces that may lie about before they are made one: each weighs much more than its letters. */
const loose = 1024

/** All pieces in one, of which nobody knows beforehand how long it gets. */
const whole = (answer: Pull.Pull<string, UpstreamFailed>, most: number): Effect.Effect<string, UpstreamFailed> =>
  Effect.suspend(() => {
    const texts: Array<string> = []
    let pieces: Array<string> = []
    let bytes = 0
    const gather = () => {
      texts.push(pieces.join(""))
      pieces = []
    }
    const more: Effect.Effect<string, UpstreamFailed> = Effect.matchEffect(answer, {
      onSuccess: (came) => {
        for (const piece of came) {
          bytes += Buffer.byteLength(piece)
          if (bytes > most) return tooLong(most)
          pieces.push(piece)
          if (pieces.length >= loose) gather()
        }
        return more
      },
      onFailure: (over) => {
        if (Option.isSome(over)) return over.value
        gather()
        return Effect.succeed(texts.join(""))
      }
    })
    return more
  })

/** One piece after the other. */
const handOver = <E>(answer: Pull.Pull<string, UpstreamFailed>, each: (piece: string) => Effect.Effect<void, E>) => {
  const more: Effect.Effect<void, UpstreamFailed | E> = Effect.matchEffect(answer, {
    onSuccess: (came) => Effect.zipRight(Effect.forEach(came, each, { discard: true }), more),
    onFailure: (over) => (Option.isSome(over) ? over.value : Effect.void)
  })
  return more
}

const tooLong = (most: number) =>
  new UpstreamFailed({ message: `the answer is longer than ${most} bytes`, cause: "ELASTIK_MAX_BODY" })

/** The device with the backends that it is given, as /etc/gpu.conf chooses among them. */
export const layerWithoutBackends: Layer.Layer<GpuDevice, never, Backends | ConfigWorlds | Worlds | AppConfig> =
  Layer.scoped(
    GpuDevice,
    Effect.flatMap(ConfigWorlds, (worlds) => make(worlds.follow("etc/gpu.conf", parseGpuConf)))
  )

/** The device as a server has it (C11.1). */
export const layer: Layer.Layer<GpuDevice, never, ConfigWorlds | Worlds | AppConfig> = Layer.provide(
  layerWithoutBackends,
  AllBackends.layer
)

/** A device that always asks one backend, whatever /etc/gpu.conf says; for tests and embedding. */
export const layerBackend = (backend: Backend): Layer.Layer<GpuDevice, never, Worlds | AppConfig> =>
  Layer.scoped(GpuDevice, make(Effect.succeed(parseGpuConf("fake://")))).pipe(
    Layer.provide(Layer.succeed(Backends, everyScheme(backend)))
  )

const everyScheme = (backend: Backend): Readonly<Record<Scheme, Backend>> => ({
  ollama: backend,
  openai: backend,
  claude: backend,
  deepseek: backend,
  vast: backend,
  compat: backend,
  fake: backend
})
