import { Effect } from "effect"
import { Dav, type PluginRequest } from "elastik/plugin"

export const AUTH = "none"
export const ROUTES = ["/dav"]
export const ANNOUNCES = Dav.announces
export const DESCRIPTION = "Every world as a file of a network drive: WebDAV with locks and properties, below /dav/"

const methods = {
  OPTIONS: () => Effect.succeed(Dav.options(METHODS)),
  GET: Dav.get,
  HEAD: Dav.get,
  PUT: Dav.put,
  DELETE: Dav.remove,
  PROPFIND: Dav.propfind,
  PROPPATCH: Dav.proppatch,
  MKCOL: Dav.mkcol,
  COPY: Dav.copy,
  MOVE: Dav.move,
  LOCK: Dav.lock,
  UNLOCK: Dav.unlock
}

export const METHODS = Object.keys(methods)

/** The policy judges the world behind the path, not the use of /dav (C7.5). */
export const touches = Dav.touches

export const handle = (request: PluginRequest) =>
  // The host lets no other methods through.
  Dav.answered(request, methods[request.method as keyof typeof methods](request))
