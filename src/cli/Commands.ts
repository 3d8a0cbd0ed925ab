import * as Command from "@effect/cli/Command"
import * as ValidationError from "@effect/cli/ValidationError"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import { version } from "../Version.ts"
import { Refused } from "./Failed.ts"
import { mint } from "./Mint.ts"
import { serve } from "./Serve.ts"
import { verify } from "./Verify.ts"

const elastik = Command.make("elastik").pipe(
  Command.withDescription("A semantic HTTP server: every path is a world, every write a signed receipt."),
  Command.withSubcommands([serve, verify, mint])
)

/** Does what a command line says, with all that a command line can have: help, completions, options. */
export const commands = (args: ReadonlyArray<string>) =>
  Command.run(elastik, { name: "elastik", version })(args).pipe(
    Effect.catchIf(ValidationError.isValidationError, () => new Refused()),
    Effect.provide(NodeContext.layer)
  )
