import { Effect, Layer } from "effect"
import { GpuDevice } from "../../src/services/GpuDevice.ts"
import { MountTable } from "../../src/services/MountTable.ts"
import type { Plugin } from "../../src/services/Plugin.ts"
import { PluginFault, PluginLoader } from "../../src/services/PluginLoader.ts"
import { PluginRegistry } from "../../src/services/PluginRegistry.ts"
import { Queries } from "../../src/services/Queries.ts"
import { Replication } from "../../src/services/Replication.ts"
import { SemanticRouter } from "../../src/services/SemanticRouter.ts"
import { Shaping } from "../../src/services/Shaping.ts"

/** Modules by the source that stands for them; what a test puts here can be PUT and activated. */
export const shelf = new Map<string, unknown>()

/** Puts a module on the shelf; the source that stands for it. */
export const shelve = (module: unknown): string => {
  const source = `module ${shelf.size}`
  shelf.set(source, module)
  return source
}

/** A plugin that answers with its request's path, but for what is given. */
export const plugin = (given: Partial<Plugin> = {}): Plugin => ({
  AUTH: "none",
  ROUTES: ["/p"],
  handle: ({ path }) => Effect.succeed(path),
  ...given
})

/** Takes modules from the shelf. What is there may be an Effect that makes the module. */
export const loader = Layer.succeed(PluginLoader, {
  load: (source) => {
    const found = shelf.get(Buffer.from(source).toString())
    if (found === undefined) return new PluginFault({ message: "nothing on the shelf" })
    return (Effect.isEffect(found) ? found : Effect.succeed(found)) as Effect.Effect<
      Record<string, unknown>,
      PluginFault
    >
  }
})

/** Devices that nobody uses. */
export const noDevices = Layer.mergeAll(
  Layer.mock(GpuDevice, {}),
  Layer.mock(MountTable, {}),
  Layer.mock(Queries, {}),
  Layer.mock(Replication, {}),
  Layer.mock(SemanticRouter, {}),
  Layer.mock(Shaping, {})
)

export const registry = PluginRegistry.layer.pipe(Layer.provide([loader, noDevices]))
