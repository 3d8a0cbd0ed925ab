import { placeOf } from "./Place.ts"

/**
 * Where something in a frame would lead. `here`: this page goes there. `away`: somebody may open it in a tab of its own,
 * after a look at the address; `href` is whole, and in ASCII.
 */
export interface Lead {
  readonly kind: "here" | "away"
  readonly href: string
}

const longest = 8192

/**
 * Reads what a frame asks for; undefined when it is nothing that anybody should be led to. Frames are not believed: of an
 * address of this page's own `origin` the path alone is taken, so that nobody is led into an editor or a question to a
 * model, and plugins, where a second click could approve one, are for a tab that has no credentials.
 */
export const leadOf = (to: unknown, origin: string): Lead | undefined => {
  if (typeof to !== "string" || to.length > longest || !URL.canParse(to)) return undefined
  const url = new URL(to)
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined
  // What stands before an @ looks like a host.
  if (url.username !== "" || url.password !== "") return undefined
  return url.origin === origin && mayGo(url.pathname)
    ? { kind: "here", href: url.origin + url.pathname }
    : { kind: "away", href: url.href }
}

const mayGo = (pathname: string): boolean => {
  const place = placeOf(pathname)
  return (
    place.kind === "machine" ||
    place.kind === "collection" ||
    (place.kind === "world" && !place.path.startsWith("lib/"))
  )
}
