import * as Either from "effect/Either"
import { BadRequest, ForeignResource } from "./Errors.ts"
import { trimOws } from "./Text.ts"
import {
  type CanonicalPath,
  canonicalTarget,
  isWithin,
  isWorldNamespace,
  namespaceOf,
  type ParsedPath
} from "./WorldPath.ts"

/** Where worlds are served as WebDAV resources. */
export const davRoot = "dav"

type Resolved = Either.Either<ParsedPath, BadRequest | ForeignResource>

/**
 * The path behind a reference to a resource, as Destination writes it: an absolute URI or an absolute path (RFC 4918
 * sections 8.3 and 10.3), canonical and without `/dav` before it. `authority` is the host, with its port, under which
 * the request came; what lies on another, or outside of /dav, is nothing that we could write.
 */
export const resolveReference = (reference: string, authority: string): Resolved =>
  Either.flatMap(resolveTarget(reference, authority), belowDav)

/** The same as If writes it, where a world may also go by its own URL. */
export const resolveWorld = (reference: string, authority: string): Resolved =>
  Either.flatMap(resolveTarget(reference, authority), (target) =>
    isWorldNamespace(namespaceOf(target.path)) ? Either.right(target) : belowDav(target)
  )

const belowDav = ({ path, slash }: ParsedPath): Resolved => {
  // `/bin/<route>` is another name of `/<route>` (C8).
  const route = path.replace(/^(?:bin\/)+/, "")
  return isWithin(route, davRoot)
    ? // What follows "dav/" in a canonical path is canonical itself.
      Either.right({ path: route.slice(davRoot.length + 1) as CanonicalPath, slash })
    : Either.left(new ForeignResource({ message: `only what is below /${davRoot} is a WebDAV resource` }))
}

/** The canonical path that a reference names on this server. */
const resolveTarget = (reference: string, authority: string): Resolved => {
  const text = trimOws(reference)
  const [whole = "", scheme, host] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)/.exec(text) ?? []
  if (scheme !== undefined && !isSameAuthority(scheme, host ?? "", authority)) {
    return Either.left(new ForeignResource({ message: "the other resource is on another server" }))
  }
  const path = text.slice(whole.length) || "/"
  if (!path.startsWith("/")) return unreadable("it is neither an absolute URI nor an absolute path")
  if (/[?#]/.test(path)) return unreadable("it has a query or a fragment")
  const parsed = canonicalTarget(path)
  return Either.isLeft(parsed) ? unreadable(parsed.left.message) : Either.right(parsed.right)
}

const unreadable = (why: string) =>
  Either.left(new BadRequest({ message: `the other resource cannot be understood: ${why}` }))

const isSameAuthority = (scheme: string, host: string, authority: string): boolean => {
  if (!/^https?$/i.test(scheme)) return false
  const [there, here] = [`${scheme}://${host}`, `${scheme}://${authority}`]
  return URL.canParse(there) && URL.canParse(here) && new URL(there).host === new URL(here).host
}
