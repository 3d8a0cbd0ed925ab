import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"

/** Source that is no module, or a module that failed while it was evaluated; the message is for whoever wrote it. */
export class PluginFault extends Data.TaggedError("PluginFault")<{ readonly message: string }> {}

/** Makes running code of source (C10.1, C10.2). */
export interface PluginLoaderShape {
  /**
   * evaluates TypeScript source as a module of its own, even when the same source was loaded before, and answers its
   * exports; `label` names it in messages and stack traces
   */
  readonly load: (source: Uint8Array, label: string) => Effect.Effect<Readonly<Record<string, unknown>>, PluginFault>
}

export class PluginLoader extends Context.Tag("elastik/PluginLoader")<PluginLoader, PluginLoaderShape>() {}
