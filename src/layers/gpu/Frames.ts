import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Take from "effect/Take"
import { BackendFailed } from "./Backend.ts"

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

/** The answer that frames make up. It is a failure when they end before it is whole, and when one of them says so. */
export const answer = <Frame, E>(
  frames: Stream.Stream<Frame, E>,
  saidOf: (frame: Frame) => Said
): Stream.Stream<string, E | BackendFailed> =>
  Stream.suspend(() => {
    let complete = false
    const early = () => new BackendFailed({ why: "ended before its answer was whole", cause: "end of stream" })

    const read = (frames: Chunk.Chunk<Frame>): Chunk.Chunk<Take.Take<string, BackendFailed>> => {
      const texts: Array<string> = []
      let end: Take.Take<never, BackendFailed> | undefined
      for (const frame of frames) {
        const said = saidOf(frame)
        if (said === nothing) continue
        if (said.failed !== undefined) {
          end = Take.fail(said.failed)
          break
        }
        texts.push(said.text)
        complete ||= said.complete
        if (said.last) {
          end = Take.end
          break
        }
      }
      const said = texts.length === 0 ? [] : [Take.chunk(Chunk.unsafeFromArray(texts))]
      return Chunk.unsafeFromArray(end === undefined ? said : [...said, end])
    }

    return frames.pipe(
      // Once the answer is whole, how the connection ends is nobody's concern.
      Stream.catchAll((error) => (complete ? Stream.empty : Stream.fail(error))),
      Stream.mapChunks(read),
      Stream.flattenTake,
      Stream.concat(Stream.suspend(() => (complete ? Stream.empty : Stream.fail(early()))))
    )
  })

/** Characters that one line or event may have. */
const longest = 10 * 1024 * 1024
const tooLong = new BackendFailed({ why: "sent a frame without end", cause: `more than ${longest} characters` })
export const unreadable = (cause: string) => new BackendFailed({ why: "sent what cannot be read", cause })

/**
 * The lines of a text that comes in pieces, the last one also without its line feed. Each character is looked at once,
 * however many lines come together, and in however many pieces one of them does.
 */
const lines = <E>(texts: Stream.Stream<string, E>): Stream.Stream<string, E | BackendFailed> =>
  Stream.suspend(() => {
    let held = ""
    return texts.pipe(
      Stream.concat(Stream.succeed("\n")),
      Stream.mapConcatEffect((text) => {
        const found = text.split("\n")
        found[0] = held + (found[0] ?? "")
        held = found.pop() ?? ""
        return held.length > longest ? tooLong : Effect.succeed(found)
      })
    )
  })

/** The lines of newline-delimited JSON; blank ones are skipped. */
export const ndjson = <E>(bytes: Stream.Stream<Uint8Array, E>): Stream.Stream<string, E | BackendFailed> =>
  Stream.filter(lines(Stream.decodeText(bytes)), (line) => line.trim() !== "")

/** Line ends as single line feeds: a CR may have its LF in the next piece. */
const unixLines = Stream.mapAccum("", (held: string, text: string) => {
  const all = held + text
  const split = all.endsWith("\r") ? all.length - 1 : all.length
  return [all.slice(split), all.slice(0, split).replace(/\r\n?/g, "\n")] as const
})

/**
 * The data of server-sent events (WHATWG HTML section 9.2), the last one also without the empty line that should follow
 * it. Comments, names, retry times and empty data are nothing to an answer.
 */
export const events = <E>(bytes: Stream.Stream<Uint8Array, E>): Stream.Stream<string, E | BackendFailed> =>
  Stream.suspend(() => {
    let data: string | undefined
    return lines(unixLines(Stream.decodeText(bytes))).pipe(
      Stream.concat(Stream.succeed("")),
      Stream.mapChunksEffect((chunk) => {
        const found: Array<string> = []
        for (const line of chunk) {
          if (line === "") {
            if (data !== undefined && data !== "") found.push(data)
            data = undefined
          } else if (/^data(?::|$)/.test(line)) {
            const value = line.slice(line[5] === " " ? 6 : 5)
            data = data === undefined ? value : `${data}\n${value}`
          }
        }
        return data !== undefined && data.length > longest ? tooLong : Effect.succeed(Chunk.unsafeFromArray(found))
      })
    )
  })

/** Reads a frame of JSON as `schema` has it; what does not fit is a failure. */
export const json = <A, I>(schema: Schema.Schema<A, I>, saidOf: (frame: A) => Said): ((frame: string) => Said) => {
  const decode = Schema.decodeOption(Schema.parseJson(schema))
  const failed = { ...alive, failed: unreadable("a frame is not what was agreed") }
  return (frame) => Option.match(decode(frame), { onNone: () => failed, onSome: saidOf })
}

/** All of a body that should be short, as text. */
export const whole = <E>(bytes: Stream.Stream<Uint8Array, E>): Effect.Effect<string, E | BackendFailed> =>
  bytes.pipe(
    Stream.decodeText(),
    Stream.runFoldEffect("", (all, text) => (all.length + text.length > longest ? tooLong : Effect.succeed(all + text)))
  )
