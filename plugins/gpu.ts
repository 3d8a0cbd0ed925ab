import { Effect, Stream } from "effect"
import { BadRequest, GpuDevice, type PluginRequest, Response, RouteNotFound } from "elastik/plugin"

export const AUTH = "auth"
export const ROUTES = ["/dev/gpu", "/dev/gpu/stream"]
export const METHODS = ["POST"]
export const DESCRIPTION = "A language model as a device: POST text, get text; /dev/gpu/stream answers as it thinks"

/** One server-sent event: each line of the text has a `data:` of its own, and the browser puts them together again. */
const frame = (text: string, event?: string) => {
  const lines = text.split("\n").map((line) => `data: ${line}\n`)
  return `${event === undefined ? "" : `event: ${event}\n`}${lines.join("")}\n`
}

/** Pieces as frames. A frame knows line feeds alone, and a CR at the end of a piece may have its LF in the next. */
const frames = <E>(pieces: Stream.Stream<string, E>) =>
  pieces.pipe(
    Stream.concat(Stream.succeed("")),
    Stream.mapAccum("", (held, piece: string) => {
      const all = held + piece
      const split = piece.endsWith("\r") ? all.length - 1 : all.length
      return [all.slice(split), all.slice(0, split).replace(/\r\n?/g, "\n")]
    }),
    Stream.filter((text) => text !== ""),
    Stream.map((text) => frame(text))
  )

export const handle = (request: PluginRequest) =>
  Effect.gen(function* () {
    const { caller, path, query } = request
    const streams = path === "/dev/gpu/stream"
    if (!streams && path !== "/dev/gpu") return yield* new RouteNotFound({ message: `nothing at ${path}`, path })
    const prompt = yield* request.text
    if (prompt.trim() === "") return yield* new BadRequest({ message: "the prompt is empty: send it as the body" })
    const options = { model: query.get("model") || undefined }
    const gpu = yield* GpuDevice
    if (!streams) return Response.text(yield* gpu.generate(caller, prompt, options))
    const pieces = yield* gpu.stream(caller, prompt, options)
    return Response.events(
      frames(pieces).pipe(
        Stream.catchAll(({ message }) => Stream.succeed(frame(message, "error"))),
        Stream.concat(Stream.succeed(frame("", "done")))
      )
    )
  })
