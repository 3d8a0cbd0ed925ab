import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { Listening } from "../http/Server.ts"
import { Live } from "../layers/Live.ts"
import { AppConfig } from "../services/AppConfig.ts"
import { Auth } from "../services/Auth.ts"
import { version } from "../Version.ts"
import { configured, data } from "./Options.ts"

const host = Options.text("host").pipe(
  Options.withDescription("the address to listen on (ELASTIK_HOST, else 127.0.0.1)"),
  Options.optional
)
const port = Options.integer("port").pipe(
  Options.withDescription("the port to listen on (ELASTIK_PORT, else 3005; 0 for a free one)"),
  Options.optional
)

/** Says where the server is and, when nobody configured one, which token operates it (C7.2). */
const announce = Effect.gen(function* () {
  const { url } = yield* Listening
  const { data } = yield* AppConfig
  const auth = yield* Auth
  yield* Console.log(`elastik ${version} on ${url}, worlds in ${data}`)
  if (auth.open) yield* Console.log("open mode: whoever can reach this address may write /home and /lib")
  if (Option.isSome(auth.generated)) {
    yield* Console.log(`operator token (T3) for this run: ${Redacted.value(auth.generated.value)}`)
  }
})

export const serve = Command.make("serve", { host, port, data }, (flags) => {
  const config = configured({ ELASTIK_HOST: flags.host, ELASTIK_PORT: flags.port, ELASTIK_DATA: flags.data })
  return Effect.zipRight(announce, Effect.never).pipe(Effect.provide(Layer.provideMerge(Live, config)))
}).pipe(Command.withDescription("Start the server."))
