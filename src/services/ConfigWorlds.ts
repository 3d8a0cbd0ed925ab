import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { StorageFailure } from "../domain/Errors.ts"
import { Catalog } from "./Catalog.ts"
import { Storage } from "./Storage.ts"

/**
 * Worlds that configure the machine (`/etc/private`, `/etc/passwd` ...): parsed when first needed and again only when
 * the world has changed. The catalog tells whether it has, so a commit takes effect with the very next request.
 */
export interface ConfigWorldsShape {
  /** the parsed content of a world, or what `parse` makes of nothing when it is absent */
  readonly follow: <A>(name: string, parse: (text: string) => A) => Effect.Effect<A, StorageFailure>
}

// A byte that is no UTF-8 spoils its own line, not the whole configuration.
const lenient = new TextDecoder("utf-8")

export class ConfigWorlds extends Context.Tag("elastik/ConfigWorlds")<ConfigWorlds, ConfigWorldsShape>() {
  static readonly layer: Layer.Layer<ConfigWorlds, never, Catalog | Storage> = Layer.effect(
    ConfigWorlds,
    Effect.gen(function* () {
      const catalog = yield* Catalog
      const storage = yield* Storage
      return {
        follow: (name, parse) => {
          const absent = parse("")
          let tag: string | undefined
          let value = absent
          return Effect.suspend(() => {
            const entry = catalog.get(name)
            if (entry?.tag === tag) return Effect.succeed(value)
            if (entry === undefined) {
              tag = undefined
              value = absent
              return Effect.succeed(value)
            }
            return Effect.map(storage.read(entry.name), (world) => {
              // Just being deleted: it says what it said until the catalog knows.
              if (Option.isNone(world)) return value
              tag = world.value.tag
              value = parse(lenient.decode(world.value.body))
              return value
            })
          })
        }
      }
    })
  )
}
