import { FileSystem } from "@effect/platform"
import { SystemError } from "@effect/platform/Error"
import { describe, expect, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Layer, Option } from "effect"
import * as DotEnv from "../../src/layers/DotEnv.ts"

/** What a variable is, with these files in the working directory and this environment. */
const read = (
  name: string,
  files: Readonly<Record<string, string>>,
  environment: ReadonlyArray<readonly [string, string]> = []
) =>
  Effect.option(Config.string(name)).pipe(
    Effect.map(Option.getOrUndefined),
    Effect.provide(DotEnv.layer),
    Effect.provide(
      FileSystem.layerNoop({
        exists: (file) => Effect.succeed(Object.keys(files).includes(file)),
        readFileString: (file) =>
          Effect.fromNullable(files[file]).pipe(
            Effect.orElseFail(
              () =>
                new SystemError({
                  reason: "NotFound",
                  module: "FileSystem",
                  method: "readFileString",
                  pathOrDescriptor: file
                })
            )
          )
      })
    ),
    Effect.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map(environment))))
  )

describe("C17 dotenv files", () => {
  it.effect("the environment comes first", () =>
    Effect.gen(function* () {
      expect(yield* read("ELASTIK_HOST", { ".env": "ELASTIK_HOST=file" }, [["ELASTIK_HOST", "environment"]])).toBe(
        "environment"
      )
    })
  )

  it.effect("what the environment does not say, the file does", () =>
    Effect.gen(function* () {
      expect(yield* read("ELASTIK_HOST", { ".env": "ELASTIK_HOST=file" }, [["OTHER", "x"]])).toBe("file")
    })
  )

  it.effect("the first of .env, _env, .env.local counts, alone", () =>
    Effect.gen(function* () {
      const all = { ".env": "A=1", _env: "A=2\nB=2", ".env.local": "A=3\nB=3\nC=3" }
      const { ".env": _, ...two } = all
      expect(yield* read("A", all)).toBe("1")
      expect(yield* read("B", all)).toBeUndefined()
      expect(yield* read("A", two)).toBe("2")
      expect(yield* read("A", { ".env.local": all[".env.local"] })).toBe("3")
    })
  )

  it.effect("no file is no error", () =>
    Effect.gen(function* () {
      expect(yield* read("A", {})).toBeUndefined()
    })
  )
})
