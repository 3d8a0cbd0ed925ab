import * as Either from "effect/Either"
import { BadRequest, ForeignResource } from "./Errors.ts"
import { trimOws } from "./Text.ts"
import { type CanonicalPath, canonicalTarget, isWithin, type ParsedPath } from "./WorldPath.ts"

/** Where worlds are served as WebDAV resources. */
export const davRoot = "dav"

/**
 * The path behind a reference to a resource, as Destination and If write them: an absolute URI or an absolute path
 * (RFC 4918 sections 8.3 and 10.3), canonical and without `/dav` before it. `authority` is the host, with its port,
 * under which the request came; what lies on another, or outside of /dav, is nothing that we could write.
 */
export const resolveReference = (
  reference: string,
  authority: string
): Either.Either<ParsedPath, BadRequest | ForeignResource> => {
  const text = trimOws(reference)
  const [whole = "", scheme, host] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)/.exec(text) ?? []
  if (scheme !== undefined && !isSameAuthority(scheme, host ?? "", authority)) {
    return Either.left(new ForeignResource({ message: "the other resource is on another server" }))
  }
  const path = text.slice(whole.length) || "/"
  if (!path.startsWith("/")) return unreadable("it is neither an absolute URI nor an absolute path")
  if (/[?#]/.test(path)) return unreadable("it has a query or a fragment")
  const parsed = canonicalTarget(path)
  if (Either.isLeft(parsed)) return unreadable(parsed.left.message)
  // `/bin/<route>` is another name of `/<route>` (C8).
  const route = parsed.right.path.replace(/^(?:bin\/)+/, "")
  if (!isWithin(route, davRoot)) {
    return Either.left(new ForeignResource({ message: `only what is below /${davRoot} is a WebDAV resource` }))
  }
  // What follows "dav/" in a canonical path is canonical itself.
  return Either.right({ path: route.slice(davRoot.length + 1) as CanonicalPath, slash: parsed.right.slash })
}

const unreadable = (why: string) =>
  Either.left(new BadRequest({ message: `the other resource cannot be understood: ${why}` }))

const isSameAuthority = (scheme: string, host: string, authority: string): boolean => {
  if (!/^https?$/i.test(scheme)) return false
  const [there, here] = [`${scheme}://${host}`, `${scheme}://${authority}`]
  return URL.canParse(there) && URL.canParse(here) && new URL(there).host === new URL(here).host
}
