import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { encodeCapability, longestTtl } from "../domain/Capability.ts"
import { canonicalText } from "../domain/WorldPath.ts"
import * as ServerKey from "../layers/ServerKey.ts"
import { EventChain } from "../services/EventChain.ts"
import { configured } from "./Configured.ts"
import { Failed } from "./Failed.ts"
import { data } from "./Options.ts"

const prefix = Options.text("prefix").pipe(
  Options.withDescription("the part of the machine that the token opens"),
  Options.withDefault("/home")
)
const ttl = Options.integer("ttl").pipe(Options.withDescription("seconds until it expires"), Options.withDefault(3600))
const mode = Options.choice("mode", ["r", "rw"]).pipe(
  Options.withDescription("whether it only reads"),
  Options.withDefault("rw" as const)
)

export const mint = Command.make("mint", { prefix, ttl, mode, data }, (flags) =>
  Effect.gen(function* () {
    if (flags.ttl < 1 || flags.ttl > longestTtl) {
      return yield* new Failed({ message: "ttl wants a positive whole number of seconds" })
    }
    const { path } = yield* canonicalText(flags.prefix || "/home")
    const chain = yield* EventChain
    const exp = Math.floor((yield* Clock.currentTimeMillis) / 1000) + flags.ttl
    yield* Console.log(encodeCapability({ prefix: path, mode: flags.mode, exp }, chain.sign))
  }).pipe(
    Effect.provide(
      ServerKey.layerExisting.pipe(
        Layer.provide(configured({ ELASTIK_DATA: flags.data })),
        Layer.provide(NodeContext.layer)
      )
    )
  )
).pipe(Command.withDescription("Make a capability: a token that opens one part of the machine for a while."))
