import { Effect, Stream } from "effect"
import { BadRequest, GpuDevice, type PluginRequest, Response, RouteNotFound } from "elastik/plugin"

export const AUTH = "auth"
export const ROUTES = ["/dev/gpu", "/dev/gpu/stream"]
export const METHODS = ["POST"]
export const DESCRIPTION = "A language model as a device: POST text, get text; /dev/gpu/stream answers as it thinks"

export const handle = Effect.fnUntraced(function* (request: PluginRequest) {
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
    Response.frames(pieces).pipe(
      Stream.catchAll(({ message }) => Stream.succeed(Response.frame({ event: "error", data: message }))),
      Stream.concat(Stream.succeed(Response.frame({ event: "done", data: "" })))
    )
  )
})
