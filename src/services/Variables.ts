import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

/** How AppConfig and its parts read variables of the environment (C17). A bad value is an error that names the variable. */

/** A variable that is set to nothing counts as not set. */
export const optional = (name: string): Config.Config<Option.Option<string>> =>
  Config.string(name).pipe(
    Config.option,
    Config.map(Option.map((value) => value.trim())),
    Config.map(Option.filter((value) => value !== ""))
  )

/** A variable whose value nobody prints. */
export const secret = (name: string) =>
  Config.map(
    optional(name),
    Option.map((value) => Redacted.make(value))
  )

/** A variable that `parse` understands: it answers with the value, or with a text that says what is wrong with it. */
export const parsed = <A>(name: string, fallback: A, parse: (value: string) => A | string): Config.Config<A> =>
  Config.mapOrFail(
    optional(name),
    Option.match({
      onNone: () => Either.right(fallback),
      onSome: (value): Either.Either<A, ConfigError.ConfigError> => {
        const result = parse(value)
        return typeof result === "string" && typeof fallback !== "string"
          ? Either.left(ConfigError.InvalidData([name], result))
          : // A text only where a text is what was wanted.
            Either.right(result as A)
      }
    })
  )

/** A whole number in decimal digits, between two bounds that count. */
export const integer = (name: string, fallback: number, least: number, most: number) =>
  parsed(name, fallback, (value) => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
    return number >= least && number <= most ? number : `wants a whole number from ${least} to ${most}, not "${value}"`
  })

/** Whole seconds, up to a day. */
export const seconds = (name: string, fallback: number) => integer(name, fallback, 1, 86_400)

/** The words of a value, between commas and spaces. */
export const list = (value: string): ReadonlyArray<string> => value.split(/[\s,]+/).filter((item) => item !== "")
