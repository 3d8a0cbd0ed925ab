import { Effect, Stream } from "effect"
import { type PluginRequest, Replication, Response, RouteNotFound } from "elastik/plugin"

export const AUTH = "approve"
export const ROUTES = ["/__reality__", "/self"]
export const METHODS = ["GET", "HEAD"]
export const DESCRIPTION =
  "The machine as archives: /__reality__ is all worlds with the key, /self the program; unpack both and start a clone"

export const handle = ({ method, path }: PluginRequest) =>
  Effect.gen(function* () {
    const { program, worlds } = yield* Replication
    if (!ROUTES.includes(path)) return yield* new RouteNotFound({ message: `nothing at ${path}`, path })
    const [archive, filename] = path === "/self" ? [program, "elastik.tar.gz"] : [worlds, "data.tar.gz"]
    return Response.stream(method === "HEAD" ? Stream.empty : yield* archive, {
      contentType: "application/gzip",
      headers: { "content-disposition": `attachment; filename="${filename}"`, "cache-control": "no-store" }
    })
  })
