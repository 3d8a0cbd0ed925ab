import * as Sse from "@effect/experimental/Sse"
import * as Ndjson from "@effect/platform/Ndjson"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { BackendFailed } from "./Backend.ts"

/** What a frame of an answer says. */
export interface Said {
  /** "" is a sign of life, from a model that thinks */
  readonly text: string
  /** the answer is whole with this frame, though others may follow */
  readonly complete: boolean
  /** nothing follows */
  readonly last: boolean
  /** the backend gives up; the word that it uses for that, or "" */
  readonly gaveUp?: string
}

/** What keeps a connection open and tells nothing of the model behind it. */
export const nothing: Said = { text: "", complete: false, last: false }
export const alive: Said = { text: "", complete: false, last: false }
export const text = (text: string): Said => ({ ...alive, text })
export const done: Said = { text: "", complete: true, last: true }
export const gaveUp = (code = ""): Said => ({ ...alive, gaveUp: code })

/** The answer that frames make up. It is a failure when they end before it is whole. */
export const answer = <E>(frames: Stream.Stream<Said, E>): Stream.Stream<string, E | BackendFailed> =>
  Stream.suspend(() => {
    let complete = false
    const early = () => new BackendFailed({ why: "ended before its answer was whole", cause: "end of stream" })
    return frames.pipe(
      Stream.filter((said) => said !== nothing),
      Stream.takeUntil((said) => said.last),
      Stream.mapEffect((said) => {
        if (said.gaveUp !== undefined) {
          const why = `reported an error${said.gaveUp === "" ? "" : ` (${said.gaveUp})`}`
          return new BackendFailed({ why, cause: why })
        }
        complete ||= said.complete
        return Effect.succeed(said.text)
      }),
      // Once the answer is whole, how the connection ends is nobody's concern.
      Stream.catchAll((error) => (complete ? Stream.empty : Stream.fail(error))),
      Stream.concat(Stream.suspend(() => (complete ? Stream.empty : Stream.fail(early()))))
    )
  })

/** Characters that one line or event may have. */
const longest = 10 * 1024 * 1024
export const tooLong = new BackendFailed({ why: "sent a frame without end", cause: `more than ${longest} characters` })
export const unreadable = (cause: string) => new BackendFailed({ why: "sent what cannot be read", cause })

/** The data of server-sent events (WHATWG HTML section 9.2). Comments, names and retry times are nothing to an answer. */
export const events = <E>(bytes: Stream.Stream<Uint8Array, E>): Stream.Stream<string, E | BackendFailed> =>
  Stream.suspend(() => {
    const found: Array<string> = []
    const parser = Sse.makeParser(
      (event) => {
        if (event._tag === "Event") found.push(event.data)
      },
      { maxEventSize: longest }
    )
    return bytes.pipe(
      Stream.decodeText(),
      unixLines,
      // The last event counts without the empty line that should follow it.
      Stream.concat(Stream.succeed("\n\n")),
      Stream.mapConcatEffect((text) =>
        Effect.suspend(() => (parser.feed(text) === undefined ? Effect.succeed(found.splice(0)) : tooLong))
      )
    )
  })

/** Line ends as single line feeds. The parser takes a CR and an LF that arrive apart for two. */
const unixLines = Stream.mapAccum("", (held: string, text: string) => {
  const all = held + text
  const split = all.endsWith("\r") ? all.length - 1 : all.length
  return [all.slice(split), all.slice(0, split).replace(/\r\n?/g, "\n")] as const
})

/** Reads a frame as `schema` has it; what does not fit is a failure. */
export const read = <A, I>(schema: Schema.Schema<A, I>, saidOf: (frame: A) => Said) => {
  const decode = Schema.decodeUnknownOption(schema)
  return (frame: unknown): Effect.Effect<Said, BackendFailed> =>
    Option.match(decode(frame), {
      onNone: () => unreadable("a frame is not what was agreed"),
      onSome: (decoded) => Effect.succeed(saidOf(decoded))
    })
}

/** The values of newline-delimited JSON; empty lines are skipped. */
export const ndjson = <E>(bytes: Stream.Stream<Uint8Array, E>): Stream.Stream<unknown, E | BackendFailed> =>
  Stream.suspend(() => {
    // The decoder reads half a line when the rest of it does not come; then that is what went wrong.
    let broken: E | BackendFailed | undefined
    return bytes.pipe(
      Stream.decodeText(),
      Stream.mapAccumEffect(0, (length, text) => {
        const end = text.lastIndexOf("\n")
        const open = end < 0 ? length + text.length : text.length - end
        return open > longest ? tooLong : Effect.succeed([open, text] as const)
      }),
      Stream.tapError((error) =>
        Effect.sync(() => {
          broken = error
        })
      ),
      Stream.pipeThroughChannelOrFail(Ndjson.unpackString({ ignoreEmptyLines: true })),
      Stream.mapError((error) => {
        if (!(error instanceof Ndjson.NdjsonError)) return error
        return broken ?? unreadable("a line is not JSON")
      })
    )
  })

/** All of a body that should be short, as text. */
export const whole = <E>(bytes: Stream.Stream<Uint8Array, E>): Effect.Effect<string, E | BackendFailed> =>
  bytes.pipe(
    Stream.decodeText(),
    Stream.runFoldEffect("", (all, text) => (all.length + text.length > longest ? tooLong : Effect.succeed(all + text)))
  )
