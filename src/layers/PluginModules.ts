import { isBuiltin } from "node:module"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { decodeText } from "../domain/Text.ts"
import { PluginFault, PluginLoader } from "../services/PluginLoader.ts"

/** How long a module may take to evaluate. */
const evaluateWithin = "10 seconds"

const hint = "a plugin imports effect, @effect/platform, elastik/plugin and what node has"

/**
 * Plugins as modules of this process (C10.2): types are stripped, imports are made to name the very modules that the
 * host runs, and the result is imported from a data: URL. A module that was loaded stays in memory for good; that is
 * node's rule for modules, and the reason why a plugin is replaced rarely.
 */
export const layer = Layer.sync(PluginLoader, () => {
  let loaded = 0
  return {
    load: (source, label) =>
      Effect.gen(function* () {
        const text = decodeText(source)
        if (text === undefined) return yield* new PluginFault({ message: "the source is not UTF-8" })
        const linked = yield* Effect.flatMap(strip(text), link)
        // The number makes it another module for node than the same source was before.
        const code = `${linked.code}\n//# sourceURL=elastik:${label}#${++loaded}`
        const url = `data:text/javascript;base64,${Buffer.from(code).toString("base64")}`
        const evaluate: () => Promise<Record<string, unknown>> = () => import(url)
        return yield* Effect.tryPromise({
          try: evaluate,
          catch: (error) =>
            new PluginFault({ message: linked.inWordsOfTheSource(messageOf(error).replaceAll(url, label)) })
        }).pipe(
          Effect.timeoutFail({
            duration: evaluateWithin,
            onTimeout: () => new PluginFault({ message: `the module did not evaluate within ${evaluateWithin}` })
          })
        )
      })
  }
})

const messageOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : `it threw ${String(error)}`

const SyntaxFault = Schema.Struct({
  message: Schema.String,
  startLine: Schema.Number,
  startColumn: Schema.Number,
  snippet: Schema.String
})
const decodeSyntaxFault = ParseResult.decodeUnknownOption(SyntaxFault)

/** TypeScript without its types, each remaining character in its place. */
const strip = (text: string): Effect.Effect<string, PluginFault> =>
  Effect.tryPromise({
    try: async () => {
      const { transform } = await import("@swc/wasm-typescript")
      return (await transform(text, { mode: "strip-only", module: true })).code
    },
    catch: (error) =>
      new PluginFault({
        message: Option.match(decodeSyntaxFault(error), {
          onNone: () => messageOf(error),
          onSome: ({ message, snippet, startColumn, startLine }) =>
            `line ${startLine}, column ${startColumn + 1}: ${message}\n${snippet.trimEnd()}`
        })
      })
  })

interface Linked {
  readonly code: string
  /** a message with the source's own specifiers in the place of what they were resolved to */
  readonly inWordsOfTheSource: (message: string) => string
}

/** Puts the URLs of the host's own modules in the place of import specifiers. */
const link = (code: string): Effect.Effect<Linked, PluginFault> =>
  Effect.gen(function* () {
    const { init, parse } = yield* Effect.promise(() => import("es-module-lexer"))
    yield* Effect.promise(() => init)
    const imports = yield* Effect.try({
      try: () => parse(code)[0],
      catch: (error) => new PluginFault({ message: messageOf(error) })
    })
    const names = new Map<string, string>()
    let linked = ""
    let done = 0
    for (const { d, e, n, s } of imports) {
      // Without a name: import.meta, or an import() of something that is known when it runs.
      if (n === undefined) continue
      const url = yield* resolve(n)
      names.set(url, n)
      // An import() has its quotes inside the place that is named, an import statement around it.
      linked += code.slice(done, s) + (d >= 0 ? JSON.stringify(url) : url)
      done = e
    }
    return {
      code: linked + code.slice(done),
      inWordsOfTheSource: (message) => [...names].reduce((text, [url, name]) => text.replaceAll(url, name), message)
    }
  })

const resolve = (specifier: string): Effect.Effect<string, PluginFault> => {
  if (/^(?:\.|\/|[a-z]+:(?!$))/.test(specifier) && !specifier.startsWith("node:")) {
    return new PluginFault({ message: `it imports "${specifier}": ${hint}` })
  }
  if (isBuiltin(specifier)) return Effect.succeed(specifier)
  return Either.try({
    try: () => import.meta.resolve(specifier),
    catch: () => new PluginFault({ message: `it imports "${specifier}", which is not there: ${hint}` })
  })
}
