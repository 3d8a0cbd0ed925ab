import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { BackendFailed } from "./Failure.ts"
import type { Pull } from "./Pull.ts"

/** What a frame of an answer says. */
export interface Said {
  /** "" is a sign of life, from a model that thinks */
  readonly text: string
  /** the answer is whole with this frame, though others may follow */
  readonly complete: boolean
  /** nothing follows */
  readonly last: boolean
  /** why there is no more of it */
  readonly failed?: BackendFailed
}

/** What keeps a connection open and tells nothing of the model behind it. */
export const nothing: Said = { text: "", complete: false, last: false }
export const alive: Said = { text: "", complete: false, last: false }
export const text = (text: string): Said => ({ ...alive, text })
export const done: Said = { text: "", complete: true, last: true }

/** The backend says that it failed, and maybe calls that a word. */
export const gaveUp = (code?: string): Said => {
  const why = `reported an error${code === undefined ? "" : ` (${code})`}`
  return { ...alive, failed: new BackendFailed({ why, cause: why }) }
}

export const unreadable = (cause: string) => new BackendFailed({ why: "sent what cannot be read", cause })

/**
 * The answer that frames make up. It is a failure when they end before it is whole, and when one of them says so.
 * `enough` is called when nothing is wanted of the frames any more.
 */
export const answer = <Frame>(
  frames: Pull<Frame>,
  saidOf: (frame: Frame) => Said,
  enough: () => void = constVoid
): Pull<string> => {
  let complete = false
  let over: Option.Option<BackendFailed> | undefined

  const ending = () => (complete ? Option.none() : Option.some(early))

  const read = (frames: ReadonlyArray<Frame>): ReadonlyArray<string> => {
    const texts: Array<string> = []
    for (const frame of frames) {
      const said = saidOf(frame)
      if (said === nothing) continue
      if (said.failed !== undefined) {
        over = Option.some(said.failed)
        break
      }
      texts.push(said.text)
      complete ||= said.complete
      if (said.last) {
        over = ending()
        enough()
        break
      }
    }
    return texts
  }

  const more = Effect.matchEffect(frames, {
    onSuccess: (frames) => {
      const texts = read(frames)
      return texts.length > 0 ? Effect.succeed(texts) : next
    },
    onFailure: (ended) => {
      // Once the answer is whole, how the connection ends is nobody's concern.
      over = complete ? Option.none() : Option.orElse(ended, ending)
      return next
    }
  })
  const next: Pull<string> = Effect.suspend(() => (over === undefined ? more : Effect.fail(over)))
  return next
}

const early = new BackendFailed({ why: "ended before its answer was whole", cause: "end of stream" })

/** Reads a frame of JSON as `schema` has it; what does not fit is a failure. */
export const json = <A, I>(schema: Schema.Schema<A, I>, saidOf: (frame: A) => Said): ((frame: string) => Said) => {
  const decode = Schema.decodeOption(Schema.parseJson(schema))
  const failed = { ...alive, failed: unreadable("a frame is not what was agreed") }
  return (frame) => Option.match(decode(frame), { onNone: () => failed, onSome: saidOf })
}
