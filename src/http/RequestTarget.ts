import * as Either from "effect/Either"
import { type BadPath, TargetTooLong } from "../domain/Errors.ts"
import { type CanonicalPath, canonicalTarget, isWorldNamespace, namespaceOf } from "../domain/WorldPath.ts"

/** What a request names: its canonical path, whether it asks for the collection, and its query as sent. */
export interface RequestTarget {
  readonly path: CanonicalPath
  readonly slash: boolean
  /** with its leading `?`, or "" */
  readonly query: string
}

/** The longest raw target that is read, in bytes (C1.3). */
export const maxTarget = 8192

/**
 * Reads a raw request target, once for everything that follows (C1.2): origin-form, or absolute-form whose authority
 * is left out (RFC 9112 section 3.2.2). `/bin/<route>` is an alias of `/<route>` (C8) from here on.
 */
export const parseTarget = (raw: string): Either.Either<RequestTarget, BadPath | TargetTooLong> => {
  if (raw.length > maxTarget) {
    return Either.left(
      new TargetTooLong({ message: `the request target is over ${maxTarget} bytes`, limit: maxTarget })
    )
  }
  const origin = /^https?:\/\/[^/?#]*/i.exec(raw)?.[0] ?? ""
  const rest = raw.slice(origin.length)
  const mark = rest.indexOf("?")
  const path = mark < 0 ? rest : rest.slice(0, mark)
  return Either.map(canonicalTarget(path === "" ? "/" : path), (parsed) => ({
    ...resolveAlias(parsed.path, parsed.slash),
    query: mark < 0 ? "" : rest.slice(mark)
  }))
}

const resolveAlias = (path: CanonicalPath, slash: boolean): { path: CanonicalPath; slash: boolean } => {
  let route = path
  // What follows "bin/" in a canonical path is canonical itself.
  while (route.startsWith("bin/")) route = route.slice(4) as CanonicalPath
  return { path: route, slash }
}

/**
 * The target as the router shall see it: what a route takes as one name is one segment, percent-encoded, because the
 * router decodes, merges and cuts in its own ways. `/home/a/b` becomes `/home/a%2Fb`, `/stream/home/x` `/stream/home%2Fx`.
 */
export const routerPath = (target: Pick<RequestTarget, "path" | "slash">, method: string): string => {
  const { path, slash } = target
  if (path === "") return "/"
  const plugin = slash || worldMethods.has(method) ? undefined : /^lib\/(.+)\/state$/.exec(path)?.[1]
  if (plugin !== undefined) return `/lib/${encodeURIComponent(plugin)}/state`
  const head = prefixesOfNames.find((prefix) => path.startsWith(prefix)) ?? ownPrefix(path)
  const name = path.slice(head.length)
  return `/${head}${name === "" ? "" : encodeURIComponent(name)}${slash ? "/" : ""}`
}

/**
 * A plugin's state is set, and that is all: to what else can be done with worlds, its path is a name that none can have
 * (C10.1).
 */
const worldMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "DELETE"])

/** The routes whose last parameter is a whole path. */
const prefixesOfNames = ["stream/", "proc/verify/", "proc/events/"]

const ownPrefix = (path: string): string => {
  const namespace = namespaceOf(path)
  if (isWorldNamespace(namespace)) return path.slice(0, namespace.length + 1)
  const slash = path.lastIndexOf("/")
  return path.slice(0, slash + 1)
}
