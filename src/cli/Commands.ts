import * as Command from "@effect/cli/Command"
import * as ValidationError from "@effect/cli/ValidationError"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Cause from "effect/Cause"
import * as ConfigError from "effect/ConfigError"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Logs from "../layers/Logs.ts"
import { version } from "../Version.ts"
import { mint } from "./Mint.ts"
import { serve } from "./Serve.ts"
import { verify } from "./Verify.ts"

const elastik = Command.make("elastik").pipe(
  Command.withDescription("A semantic HTTP server: every path is a world, every write a signed receipt."),
  Command.withSubcommands([serve, verify, mint])
)

/** What went wrong, in one line: an operator reads it, not a debugger. */
const lineOf = (error: unknown): string => {
  if (ConfigError.isConfigError(error)) return configLine(error)
  const message = Predicate.hasProperty(error, "message") ? String(error.message) : ""
  return message === "" ? String(error) : message
}

const configLine = (error: ConfigError.ConfigError): string =>
  error._op === "And" || error._op === "Or" ? configLine(error.left) : `${error.path.join(".")} ${error.message}`

/** Runs the command line; every failure is one line on standard error and a non-zero exit. */
export const run = (args: ReadonlyArray<string>) =>
  Command.run(elastik, { name: "elastik", version })(args).pipe(
    Effect.catchAllCause((cause) => {
      if (Cause.isInterruptedOnly(cause)) return Effect.void
      const error = Cause.squash(cause)
      // The command line's own complaints have been printed already.
      const said = ValidationError.isValidationError(error)
      return Effect.zipRight(said ? Effect.void : Console.error(`elastik: ${lineOf(error)}`), Effect.fail(error))
    }),
    Effect.provide(Layer.mergeAll(NodeContext.layer, Logs.layer))
  )
