import * as Options from "@effect/cli/Options"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as DotEnv from "../layers/DotEnv.ts"
import { AppConfig } from "../services/AppConfig.ts"

/** `--data DIR`, for every command that works on a data directory. */
export const data = Options.directory("data").pipe(
  Options.withDescription("the data directory (ELASTIK_DATA, else ./data)"),
  Options.optional
)

/** The configuration (C17) with what the command line says in front. */
export const configured = (flags: Readonly<Record<string, Option.Option<string | number>>>) => {
  const given = new Map(
    Object.entries(flags).flatMap(([name, value]) =>
      Option.isSome(value) ? [[name, String(value.value)] as const] : []
    )
  )
  return AppConfig.layerConfig().pipe(
    Layer.provide(
      Layer.unwrapEffect(
        Effect.map(Effect.configProviderWith(Effect.succeed), (environment) =>
          Layer.setConfigProvider(ConfigProvider.orElse(ConfigProvider.fromMap(given), () => environment))
        )
      )
    ),
    Layer.provide(DotEnv.layer),
    Layer.provide(NodeContext.layer)
  )
}
