import * as Effect from "effect/Effect"
import type { Pull } from "./Pull.ts"

/** The pieces of an answer as they are passed on: none is empty, none ends within a character, and there is at least one. */
export const pieces = <E>(answer: Pull<string, E>): Pull<string, E> => {
  // A server that counts in UTF-16 may put the halves of a surrogate pair into two pieces.
  let held = ""
  const next: Pull<string, E> = Effect.flatMap(answer, (texts) => {
    const found: Array<string> = []
    for (const text of texts) {
      const all = held + text
      const split = isHighSurrogate(all.charCodeAt(all.length - 1)) ? all.length - 1 : all.length
      held = all.slice(split)
      if (split > 0) found.push(all.slice(0, split))
    }
    return found.length > 0 ? Effect.succeed(found) : next
  })
  return next
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
