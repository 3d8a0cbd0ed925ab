import { Effect } from "effect"
import { fanOut, type PluginRequest, Response, RouteNotFound } from "elastik/plugin"

export const AUTH = "auth"
export const ROUTES = ["/dev/fanout"]
export const METHODS = ["POST", "PUT"]
export const DESCRIPTION =
  "One write into every world of /etc/fanout.conf: POST appends the body, PUT overwrites with it"

const statuses = { written: 200, refused: 403, locked: 423, conflict: 422, failed: 500 }

export const handle = (request: PluginRequest) =>
  Effect.gen(function* () {
    const { path } = request
    if (path !== "/dev/fanout") return yield* new RouteNotFound({ message: `nothing at ${path}`, path })
    const { failed, verdict, written } = yield* fanOut(request)
    return Response.json({ written, failed }, { status: statuses[verdict] })
  })
