import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { Effect } from "effect"
import { canonicalText, MountTable, type PluginRequest, Response, type Touch } from "elastik/plugin"

export const AUTH = "none"
export const ROUTES = ["/mnt"]
export const METHODS = ["GET", "HEAD", "POST", "OPTIONS"]
export const DESCRIPTION = "Directories of this host and other servers under /mnt, as /etc/fstab declares them"

const actionOf = ({ method, path }: Pick<PluginRequest, "method" | "path">) => {
  if (method === "POST") return "write"
  // What can be done there is for anybody to ask: a browser does so before it shows credentials.
  return path === "/mnt" || method === "OPTIONS" ? "list" : "read"
}

/** Reading and writing are judged as such, at the mounted path: AUTH lets everybody in as far as the policy does (C7.6). */
export const touches = (request: Pick<PluginRequest, "method" | "path">) =>
  Effect.map(canonicalText(request.path), ({ path }): Touch => ({ action: actionOf(request), path }))

export const handle = (request: PluginRequest) =>
  Effect.gen(function* () {
    const mounts = yield* MountTable
    const below = { ...request, path: request.path.slice("/mnt/".length) }
    if (request.method === "OPTIONS") {
      const allow = (yield* mounts.methods(below)).join(", ")
      return HttpServerResponse.empty({ status: 204, headers: { allow } })
    }
    if (request.method === "POST") return yield* mounts.write(below, request.stream)
    if (below.path === "") return yield* mounts.list(request.caller)
    const { body, headers, status } = yield* mounts.read(below)
    if (body === undefined) return HttpServerResponse.empty({ status, headers })
    const contentType = headers["content-type"] ?? "application/octet-stream"
    return body instanceof Uint8Array
      ? Response.bytes(body, contentType, { status, headers })
      : Response.stream(body, { contentType, status, headers })
  })
