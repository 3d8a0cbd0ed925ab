import * as FileSystem from "@effect/platform/FileSystem"
import * as PlatformConfigProvider from "@effect/platform/PlatformConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** Where configuration may stand beside the environment, in this order; the first that exists counts (C17). */
const candidates = [".env", "_env", ".env.local"]

/** Adds the working directory's dotenv file, behind the environment. */
export const layer = Layer.unwrapEffect(
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    for (const file of candidates) {
      if (yield* Effect.orElseSucceed(fs.exists(file), () => false)) {
        return Layer.orDie(PlatformConfigProvider.layerDotEnvAdd(file))
      }
    }
    return Layer.empty
  })
)
