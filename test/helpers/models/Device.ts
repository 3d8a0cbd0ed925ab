import { it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted, type Scope } from "effect"
import * as Device from "../../../src/layers/gpu/Device.ts"
import { defaults } from "../../../src/services/AppConfig.ts"
import type { GpuConfig } from "../../../src/services/GpuConfig.ts"
import type { GpuDevice } from "../../../src/services/GpuDevice.ts"
import { Storage } from "../../../src/services/Storage.ts"
import { Worlds } from "../../../src/services/Worlds.ts"
import { machine, operator, write } from "../Machine.ts"
import { world } from "../Paths.ts"
import { eventsOf, payloadsOf } from "../Storages.ts"
import { key } from "./Wires.ts"

/** Keys for every backend that may have one, and short patience with connections. */
export const configured: GpuConfig = {
  ...defaults.gpu,
  keys: {
    openai: Option.some(Redacted.make(key)),
    claude: Option.some(Redacted.make(key)),
    deepseek: Option.some(Redacted.make(key)),
    vast: Option.some(Redacted.make(key)),
    compat: Option.some(Redacted.make(key))
  },
  models: { ...defaults.gpu.models, vast: Option.some("vast-model") }
}

/** The services over a storage in memory, with the device on top. */
export const machineWithGpu = (gpu: GpuConfig = configured, maxBody = defaults.maxBody) =>
  Layer.provideMerge(Device.layer, machine({ gpu, maxBody }))

/** A test of the device, with a machine of its own. */
export const deviceTest = (
  name: string,
  run: Effect.Effect<void, unknown, Layer.Layer.Success<ReturnType<typeof machineWithGpu>> | Scope.Scope | GpuDevice>,
  gpu?: GpuConfig
): void => it.scoped(name, () => Effect.provide(run, machineWithGpu(gpu)))

export const configure = (...lines: ReadonlyArray<string>) => write("etc/gpu.conf", `${lines.join("\n")}\n`)

/** What the events of `var/log/gpu` say of calls, in their order, as whoever looks for them finds it. */
export const calls = Effect.gen(function* () {
  const storage = yield* Storage
  yield* Effect.ignore((yield* Worlds).head(operator, world("var/log/gpu")))
  return payloadsOf(yield* eventsOf(storage, "var/log/gpu"))
    .filter(({ type }) => String(type).startsWith("gpu_"))
    .map(({ caller, errored, model, prompt_len, reply_len, scheme, type }) => ({
      ...{ type, scheme, model, prompt_len, reply_len, caller, errored }
    }))
})
