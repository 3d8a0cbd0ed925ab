import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"

/**
 * Conversions between representations that are exact and need no model (C12.4). Media types are essences in lower case;
 * `text/yaml` and the like are understood as the names of the same format that they are, `+json` and `+yaml` as sources.
 */
export interface ConvertersShape {
  /** what text of the type `from` may be converted into, best first: itself, unless it is plain text; loads nothing */
  readonly targets: (from: string) => ReadonlyArray<string>
  /**
   * The text as `to`; none when there is no such conversion, or when this very text has no exact one: it does not
   * parse, holds what `to` cannot say, or is too long, too deep or too repetitive to convert at once.
   */
  readonly convert: (text: string, from: string, to: string) => Effect.Effect<Option.Option<string>>
}

export class Converters extends Context.Tag("elastik/Converters")<Converters, ConvertersShape>() {}
