import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { BackendFailed } from "./Failure.ts"
import type { Pull } from "./Pull.ts"

/**
 * Cuts a text into frames as it arrives; `last` says that nothing follows. Each character is looked at once, however many
 * frames come together, and in however many pieces one of them does.
 */
type Cutter = (text: string, last: boolean) => Either.Either<ReadonlyArray<string>, BackendFailed>

/** Characters that one frame may have. */
const longest = 10 * 1024 * 1024
const tooLong = Either.left(
  new BackendFailed({ why: "sent a frame without end", cause: `more than ${longest} characters` })
)

/** The frames of a body in UTF-8. */
const cut = (body: Pull<Uint8Array>, cutter: Cutter): Pull<string> => {
  const utf8 = new TextDecoder()
  let last = false
  const chunks = Effect.catchAll(body, (over) => {
    if (last || Option.isSome(over)) return Effect.fail(over)
    last = true
    return Effect.succeed([])
  })
  return Effect.flatMap(chunks, (chunks) => {
    let text = ""
    for (const chunk of chunks) text += utf8.decode(chunk, { stream: true })
    if (last) text += utf8.decode()
    return Effect.mapError(cutter(text, last), Option.some)
  })
}

/** Lines, the last one also without its line feed. */
const lineCutter = (): Cutter => {
  let held = ""
  return (text, last) => {
    const found = text.split("\n")
    found[0] = held + (found[0] ?? "")
    held = last ? "" : (found.pop() ?? "")
    return held.length > longest ? tooLong : Either.right(found)
  }
}

/** The lines of newline-delimited JSON; blank ones are skipped. */
export const ndjson = (body: Pull<Uint8Array>): Pull<string> => {
  const lines = lineCutter()
  return cut(body, (text, last) => Either.map(lines(text, last), (found) => found.filter((line) => line.trim() !== "")))
}

/**
 * The data of server-sent events (WHATWG HTML section 9.2), the last one also without the empty line that should follow
 * it. Comments, names, retry times and empty data are nothing to an answer.
 */
export const events = (body: Pull<Uint8Array>): Pull<string> => {
  const lines = lineCutter()
  let carriage = ""
  let data: string | undefined

  const dataIn = (lines: ReadonlyArray<string>): ReadonlyArray<string> => {
    const found: Array<string> = []
    for (const line of lines) {
      if (line === "") {
        if (data !== undefined && data !== "") found.push(data)
        data = undefined
      } else if (/^data(?::|$)/.test(line)) {
        const value = line.slice(line[5] === " " ? 6 : 5)
        data = data === undefined ? value : `${data}\n${value}`
      }
    }
    return found
  }

  return cut(body, (text, last) => {
    // A CR may have its LF in the next piece.
    const all = carriage + text
    carriage = !last && all.endsWith("\r") ? "\r" : ""
    const unix = all.slice(0, all.length - carriage.length).replace(/\r\n?/g, "\n")
    return Either.flatMap(lines(last ? `${unix}\n\n` : unix, last), (found) => {
      const frames = dataIn(found)
      return data !== undefined && data.length > longest ? tooLong : Either.right(frames)
    })
  })
}

/** All of a body that should be short. */
export const whole = (body: Pull<Uint8Array>): Pull<string> => {
  let held = ""
  return cut(body, (text, last) => {
    held += text
    return held.length > longest ? tooLong : Either.right(last ? [held] : [])
  })
}

/** As much of a body's beginning as arrives, up to so many characters and a little more. */
export const beginning = (body: Pull<Uint8Array>, characters: number): Effect.Effect<string> => {
  const utf8 = new TextDecoder()
  let text = ""
  const more: Effect.Effect<string> = Effect.matchEffect(body, {
    onFailure: () => Effect.sync(() => text),
    onSuccess: (chunks) => {
      for (const chunk of chunks) text += utf8.decode(chunk, { stream: true })
      return text.length < characters ? more : Effect.succeed(text)
    }
  })
  return more
}
