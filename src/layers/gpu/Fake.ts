import { createHash } from "node:crypto"
import * as Effect from "effect/Effect"
import type { Backend } from "./Backend.ts"
import * as Pull from "./Pull.ts"

const words = [
  ...["amber", "birch", "cedar", "delta", "ember", "fjord", "grain", "heron", "inlet", "jetty", "kelp", "larch"],
  ...["maple", "north", "ocean", "pearl", "quartz", "river", "slate", "thyme", "umber", "vale", "willow", "xylem"],
  ...["yarrow", "zephyr", "acorn", "basin", "comet", "drift", "eddy", "flint"]
]

/** Words on each of the two lines. */
const perLine = 8

/**
 * What `fake` answers: sixteen words on two lines, each chosen by a byte of the prompt's SHA-256 (modulo 32). The same
 * prompt gets the same words, whatever the model's name.
 */
export const answerTo = (prompt: string): ReadonlyArray<string> => {
  const hash = createHash("sha256").update(prompt, "utf8").digest()
  return Array.from({ length: 2 * perLine }, (_, i) => {
    const word = words[(hash[i] ?? 0) % words.length] ?? ""
    if (i === 2 * perLine - 1) return word
    return `${word}${i === perLine - 1 ? "\n" : " "}`
  })
}

/** A model that is none: deterministic, on this machine, without a network; for demonstrations and tests (C11.1). */
export const fake: Backend = {
  missing: undefined,
  model: undefined,
  answer: ({ prompt }) =>
    Effect.sync(() => {
      const words = answerTo(prompt).values()
      // One word a piece, with a turn of the scheduler between them, as a model that takes its time.
      return Effect.flatMap(Effect.yieldNow(), () => {
        const { done, value } = words.next()
        return done === true ? Pull.end : Effect.succeed([value])
      })
    })
}
