import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as DotEnv from "../layers/DotEnv.ts"
import { AppConfig } from "../services/AppConfig.ts"

/** What the command line says of variables, by their names. */
export type Flags = Readonly<Record<string, Option.Option<string | number>>>

/** The configuration (C17) with what the command line says in front. */
export const configured = (flags: Flags) => {
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
    Layer.provide(NodeFileSystem.layer)
  )
}
