import * as Stream from "effect/Stream"
import { BackendFailed } from "./Backend.ts"

/**
 * The pieces of an answer as they are passed on: none is empty, none ends within a character, and a backend that is
 * silent for `silence` seconds has failed. Empty pieces break the silence. Time that the reader takes does not count.
 */
export const pieces = (
  answer: Stream.Stream<string, BackendFailed>,
  silence: number
): Stream.Stream<string, BackendFailed> =>
  answer.pipe(
    Stream.timeoutFail(
      () => new BackendFailed({ why: `was silent for ${silence} seconds`, cause: "time is up" }),
      silence * 1000
    ),
    // A server that counts in UTF-16 may put the halves of a surrogate pair into two pieces.
    Stream.mapAccum("", (held, piece) => {
      const all = held + piece
      const split = /[\ud800-\udbff]$/.test(all) ? all.length - 1 : all.length
      return [all.slice(split), all.slice(0, split)]
    }),
    Stream.filter((piece) => piece !== "")
  )
