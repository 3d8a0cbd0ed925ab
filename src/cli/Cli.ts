import * as Cause from "effect/Cause"
import * as ConfigError from "effect/ConfigError"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Logs from "../layers/Logs.ts"
import { start } from "./Start.ts"

/** What went wrong, in one line: an operator reads it, not a debugger. */
const lineOf = (error: unknown): string => {
  if (ConfigError.isConfigError(error)) return configLine(error)
  const message = Predicate.hasProperty(error, "message") ? String(error.message) : ""
  return message === "" ? String(error) : message
}

const configLine = (error: ConfigError.ConfigError): string =>
  error._op === "And" || error._op === "Or" ? configLine(error.left) : `${error.path.join(".")} ${error.message}`

/** A bare `serve` needs no parser, whose modules are an eighth of a start. `args` begin with node and the program. */
const perform = (args: ReadonlyArray<string>) =>
  args.length === 3 && args[2] === "serve"
    ? start({})
    : Effect.flatMap(
        Effect.promise(() => import("./Commands.ts")),
        ({ commands }) => commands(args)
      )

/** Runs the command line; every failure is one line on standard error and a non-zero exit. */
export const run = (args: ReadonlyArray<string>) =>
  perform(args).pipe(
    Effect.catchAllCause((cause) => {
      if (Cause.isInterruptedOnly(cause)) return Effect.void
      const error = Cause.squash(cause)
      const said = Predicate.isTagged(error, "Refused")
      return Effect.zipRight(said ? Effect.void : Console.error(`elastik: ${lineOf(error)}`), Effect.fail(error))
    }),
    Effect.provide(Logs.layer)
  )
