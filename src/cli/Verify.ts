import * as Command from "@effect/cli/Command"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as ServerKey from "../layers/ServerKey.ts"
import * as ReadOnly from "../layers/sqlite/ReadOnly.ts"
import { AppConfig } from "../services/AppConfig.ts"
import { EventChain } from "../services/EventChain.ts"
import { type Verdict, verifyWorld } from "../services/Verification.ts"
import { configured } from "./Configured.ts"
import { Failed } from "./Failed.ts"
import { data } from "./Options.ts"

const sayVerdict = ({ body, chain, events, path }: Verdict): string => {
  if (chain.ok && body.ok) return `ok   ${path} (${events} ${events === 1 ? "event" : "events"})`
  const broken = chain.ok ? [] : [`chain broken at event ${chain.at}: ${chain.why}`]
  return `BAD  ${path} ${[...broken, ...(body.ok ? [] : [`body: ${body.why}`])].join("; ")}`
}

const verifyAll = Effect.gen(function* () {
  const chain = yield* EventChain
  const worlds = yield* ReadOnly.open((yield* AppConfig).data)
  let bad = 0
  let checked = 0
  for (const name of worlds.names) {
    const verdict = yield* Effect.either(verifyWorld(worlds, chain, name))
    // Nothing was ever committed there: the next start takes it away.
    if (Either.isLeft(verdict) && verdict.left._tag === "WorldNotFound") continue
    checked++
    const good = Either.isRight(verdict) && verdict.right.chain.ok && verdict.right.body.ok
    if (!good) bad++
    yield* Console.log(
      Either.match(verdict, { onLeft: (error) => `BAD  /${name} ${error.message}`, onRight: sayVerdict })
    )
  }
  yield* Console.log(`${checked} worlds, ${bad} bad`)
  if (bad > 0) return yield* new Failed({ message: `${bad} of ${checked} worlds do not verify` })
})

export const verify = Command.make("verify", { data }, (flags) =>
  verifyAll.pipe(
    Effect.scoped,
    Effect.provide(
      ServerKey.layerExisting.pipe(
        Layer.provideMerge(configured({ ELASTIK_DATA: flags.data })),
        Layer.provideMerge(NodeContext.layer)
      )
    )
  )
).pipe(
  Command.withDescription(
    "Check every world twice: is its chain of receipts intact, and is its body the one the newest receipt speaks of."
  )
)
