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

/** The server, which says so when it listens. Needs a configuration. */
export const Serving = Layer.provide(Layer.effectDiscard(announce), Live)
