import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { Effect, Stream } from "effect"
import { canonicalText, MountTable, type Plugin } from "elastik/plugin"

export const DESCRIPTION = "Directories of this host and other servers, mounted under /mnt as /etc/fstab declares them"
export const AUTH = "none"
export const ROUTES = ["/mnt"]
export const METHODS = ["GET", "HEAD", "POST"]

/** The policy judges the mounted path itself: reading is for all whom C7 lets read, writing for T2. */
export const touches: NonNullable<Plugin["touches"]> = ({ method, path }) =>
  Effect.map(canonicalText(path), (parsed) => ({ action: actionOf(method, path), path: parsed.path }))

const actionOf = (method: string, path: string) => {
  if (method === "POST") return "write"
  return path === "/mnt" ? "list" : "read"
}

export const handle: Plugin["handle"] = (request) =>
  Effect.gen(function* () {
    const mounts = yield* MountTable
    const below = { ...request, path: request.path.slice("/mnt/".length) }
    if (request.method === "POST") return yield* mounts.write(below, request.stream)
    if (below.path === "") return yield* mounts.list(request.caller)
    const { body, headers, status } = yield* mounts.read(below)
    if (body === undefined) return HttpServerResponse.empty({ status, headers })
    const bytes = body instanceof Uint8Array ? Stream.make(body) : body
    return HttpServerResponse.stream(bytes, { status, headers })
  })
