import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { qualityOf } from "../domain/Accept.ts"
import { plainTextQuality, type Wanted } from "../domain/ShapeRequest.ts"
import type { ConvertersShape } from "./Converters.ts"
import type { Found } from "./ShapeSources.ts"

/** What a source gives without a model. */
export interface Fallback {
  /** how it came about, as the second word of X-Semantic-Cache */
  readonly how: "converted" | "raw"
  readonly contentType: string
  readonly text: string
}

/**
 * What can be had without a model, and is exact (C12.4): the source converted into what is wanted most of what it can
 * become, or as it is where nothing is wanted more than plain text. Whoever names no type gets it as it is. None when
 * neither will do.
 */
export const make = (converters: ConvertersShape) =>
  Effect.fnUntraced(function* (found: Found, wanted: Wanted) {
    const source = yield* found.whole
    if (Option.isNone(source)) return Option.none<Fallback>()
    const { contentType: from, text } = source.value
    const plain = plainTextQuality(wanted)
    const quality = (type: string) => qualityOf(wanted.ranges, type)
    const named = plain === 0 || wanted.required !== "*/*"
    const targets = named ? converters.targets(from).filter((to) => quality(to) > 0 && quality(to) >= plain) : []
    // Of what is wanted as much, what is named first comes before what a wildcard lets in.
    const rank = (type: string) => quality(type) + (type === wanted.required ? Number.EPSILON : 0)
    for (const to of targets.sort((a, b) => rank(b) - rank(a))) {
      const converted = yield* converters.convert(text, from, to)
      if (Option.isSome(converted)) {
        return Option.some<Fallback>({ how: "converted", contentType: to, text: converted.value })
      }
    }
    return plain > 0 ? Option.some<Fallback>({ how: "raw", contentType: "text/plain", text }) : Option.none()
  })
