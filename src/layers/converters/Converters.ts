import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { Converters, type ConvertersShape } from "../../services/Converters.ts"
import { isWellFormed, longest, longestAsItIs, type Notation } from "./Data.ts"
import * as JsonText from "./JsonText.ts"

type Format = "json" | "yaml" | "csv" | "markdown" | "html" | "text"

/** The media types of each format: the registered one, then other names that it goes by. */
const names: Readonly<Record<Format, ReadonlyArray<string>>> = {
  json: ["application/json"],
  yaml: ["application/yaml", "text/yaml", "application/x-yaml", "text/x-yaml"],
  csv: ["text/csv"],
  markdown: ["text/markdown", "text/x-markdown"],
  html: ["text/html"],
  text: ["text/plain"]
}

type Conversion = (text: string) => string | undefined

/** Libraries cost memory and time: whoever is the first to need one loads it. */
const json: Effect.Effect<Notation> = Effect.succeed(JsonText)
const yaml: Effect.Effect<Notation> = Effect.promise(() => import("./YamlText.ts"))
const csv: Effect.Effect<Notation> = Effect.promise(() => import("./CsvText.ts"))

const between = (from: Effect.Effect<Notation>, to: Effect.Effect<Notation>): Effect.Effect<Conversion> =>
  Effect.zipWith(from, to, ({ read }, { write }) => (text) => {
    const data = read(text)
    return data === undefined ? undefined : write(data)
  })

/** Another name for the same thing: the text as it stands, if it is what it says. */
const renamed = (notation: Effect.Effect<Notation>): Effect.Effect<Conversion> =>
  Effect.map(
    notation,
    ({ read }) =>
      (text) =>
        read(text) === undefined ? undefined : text
  )

/** What each can become, best first. Plain text may be anything: it becomes nothing. */
const conversions: Readonly<Record<Format, ReadonlyArray<readonly [to: Format, Effect.Effect<Conversion>]>>> = {
  json: [
    ["json", renamed(json)],
    ["yaml", between(json, yaml)],
    ["csv", between(json, csv)]
  ],
  yaml: [
    ["yaml", renamed(yaml)],
    ["json", between(yaml, json)],
    ["csv", between(yaml, csv)]
  ],
  csv: [
    ["json", between(csv, json)],
    ["yaml", between(csv, yaml)]
  ],
  markdown: [
    ["markdown", Effect.succeed((text) => text)],
    ["html", Effect.promise(() => import("./MarkdownHtml.ts").then(({ convert }) => convert))]
  ],
  html: [["text", Effect.promise(() => import("./HtmlText.ts").then(({ convert }) => convert))]],
  text: []
}

const byName = new Map<string, Format>(
  (["json", "yaml", "csv", "markdown", "html"] as const).flatMap((format) =>
    names[format].map((name) => [name, format] as const)
  )
)

/** The format of a source: by its name, or by its suffix (RFC 6839, RFC 9512). */
const formatOf = (mediaType: string): Format =>
  byName.get(mediaType) ?? (mediaType.endsWith("+json") ? "json" : mediaType.endsWith("+yaml") ? "yaml" : "text")

const plain = "text/plain"

/**
 * What it is already comes first; then registered names before the others: who takes anything gets something that
 * everybody knows. Plain text as it is needs no converter.
 */
const targets: ConvertersShape["targets"] = (from) => {
  const known = conversions[formatOf(from)].map(([format]) => names[format])
  return [
    ...(from === plain ? [] : [from]),
    ...[...known.flatMap((each) => each.slice(0, 1)), ...known.flatMap((each) => each.slice(1))].filter(
      (name) => name !== from
    )
  ]
}

/** The text as it stands, if it is what it says. */
const asItIs = (type: string): Effect.Effect<Conversion> =>
  Effect.map(
    Effect.promise(() => import("../../domain/ShapeVerdict.ts")),
    ({ parsesAs }) =>
      (text) =>
        parsesAs(text, type) ? text : undefined
  )

/** How a text of one type becomes another, and how many characters it may have. */
const conversionOf = (from: string, to: string) => {
  if (from === to) return from === plain ? undefined : { conversion: asItIs(from), most: longestAsItIs }
  const found = conversions[formatOf(from)].find(([format]) => names[format].includes(to))
  return found && { conversion: found[1], most: longest }
}

const convert: ConvertersShape["convert"] = (text, from, to) =>
  Effect.gen(function* () {
    const found = conversionOf(from, to)
    if (found === undefined || text.length > found.most || !isWellFormed(text)) return Option.none()
    const conversion = yield* found.conversion
    // A mark of order belongs to the bytes, not to what they say.
    return Option.fromNullable(conversion(text.startsWith("\ufeff") ? text.slice(1) : text))
  })

/** The converters, by libraries that are loaded when they are first needed (C12.4). */
export const layer: Layer.Layer<Converters> = Layer.succeed(Converters, { targets, convert })
