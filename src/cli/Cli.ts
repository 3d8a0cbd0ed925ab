import * as Command from "@effect/cli/Command"
import * as ValidationError from "@effect/cli/ValidationError"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { Cause, ConfigError, Console, Effect, Layer, Logger, Predicate } from "effect"
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

/** Standard output is for answers; what the machine says of its work goes to standard error. */
const quietOutput = Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger))

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
    Effect.provide(Layer.mergeAll(NodeContext.layer, quietOutput))
  )
