import * as fs from "node:fs/promises"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { AppConfig } from "../../services/AppConfig.ts"
import type { Adapter } from "./Adapter.ts"
import { without } from "./Anchors.ts"
import { areAvailable, byDescriptor } from "./DescriptorAnchors.ts"
import * as FileMount from "./FileMount.ts"
import * as HttpMount from "./HttpMount.ts"
import { byPath } from "./PathAnchors.ts"
import { call } from "./System.ts"

/** What each scheme of /etc/fstab is served by. */
export type Adapters = ReadonlyMap<string, Adapter>

/**
 * All that there are. A new kind of mount is a file beside these, and a line here. The data directory is closed to them:
 * who may read and write worlds is judged by their names (C7.5).
 */
export const make = (
  anchors = areAvailable() ? byDescriptor : byPath
): Effect.Effect<Adapters, never, Scope.Scope | AppConfig> =>
  Effect.gen(function* () {
    const { data } = yield* AppConfig
    // A storage in memory has none.
    const worlds = yield* Effect.option(call(() => fs.stat(data, { bigint: true })))
    const http = yield* HttpMount.make
    return new Map([
      ["file", FileMount.make(Option.isSome(worlds) ? without(worlds.value, anchors) : anchors)],
      ["http", http],
      ["https", http]
    ])
  })
