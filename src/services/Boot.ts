import * as Effect from "effect/Effect"
import { system } from "../domain/Caller.ts"
import { type CanonicalPath, worldName } from "../domain/WorldPath.ts"
import { AppConfig, summary } from "./AppConfig.ts"
import { PluginRegistry } from "./PluginRegistry.ts"
import { Worlds } from "./Worlds.ts"

/** Writes what the machine started with: `/boot/env`, and in `/boot/grub` the plugins that were loaded (C17). */
export const recordBoot = Effect.gen(function* () {
  const worlds = yield* Worlds
  const config = yield* AppConfig
  const registry = yield* PluginRegistry
  const record = (path: string, lines: ReadonlyArray<string>) =>
    Effect.flatMap(worldName(path as CanonicalPath), (name) =>
      worlds.overwrite(system, {
        _tag: "Overwrite",
        name,
        body: new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")),
        ext: "txt",
        meta: [],
        conditions: {}
      })
    )
  // Two worlds, each with its own wait for the disk.
  yield* Effect.all([record("boot/env", summary(config)), record("boot/grub", registry.running())], { concurrency: 2 })
})
