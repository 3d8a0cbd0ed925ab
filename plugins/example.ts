import { Effect } from "effect"
import type { PluginRequest } from "elastik/plugin"

export const AUTH = "none"
export const ROUTES = ["/example"]
export const DESCRIPTION = "Says hello and gives back what it was sent: a template for plugins."

export const handle = (request: PluginRequest) =>
  Effect.gen(function* () {
    const echo = yield* request.text
    return { hello: "from example plugin", echo, path: request.path, caller: request.caller.id }
  })
