import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Caller } from "./Caller.ts"
import type { EventRow } from "./Event.ts"

/** An event as somebody may see it. Where `withheld` names fields, `payload` is the signed text without them. */
export type Disclosed = EventRow & { readonly withheld?: ReadonlyArray<string> }

const decodeFields = Schema.decodeEither(Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown })))

/**
 * What a reader of a world may see of one of its events (C7.1, C7.5): where a copy came from only if they may read that,
 * who used a device only if it was themselves. Operators, who alone can have a signature checked (C5.4), see the signed
 * text as it is.
 */
export const disclose = (row: EventRow, reader: Caller, mayRead: (path: string) => boolean): Disclosed => {
  if (reader.tier === 3) return row
  const fields = Either.getOrUndefined(decodeFields(row.payload))
  if (fields === undefined) return row
  const { caller, from, op } = fields
  const withheld: Array<string> = []
  if ((op === "copy" || op === "move") && typeof from === "string" && !mayRead(from)) withheld.push("from")
  if (caller !== undefined && caller !== reader.id) withheld.push("caller")
  if (withheld.length === 0) return row
  const shown = Object.entries(fields).filter(([name]) => !withheld.includes(name))
  return { ...row, payload: JSON.stringify(Object.fromEntries(shown)), withheld }
}
