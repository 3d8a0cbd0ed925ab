import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Tier } from "./Caller.ts"
import { type CanonicalPath, canonicalText, namespaceOf, worldNamespaces } from "./WorldPath.ts"

/** What a plugin says of itself, checked (C10.2). */
export interface Manifest {
  /** the least tier that may use it */
  readonly tier: Tier
  /** canonical, without the leading slash, in the order given; at least one */
  readonly routes: ReadonlyArray<CanonicalPath>
  /** in capitals; none means every method */
  readonly methods: ReadonlyArray<string> | undefined
  readonly description: string | undefined
  /** whether a browser that navigates below its routes gets the shell */
  readonly shell: boolean
  /** headers that OPTIONS of the server as a whole answers with, as long as it runs; names in lower case */
  readonly announces: Readonly<Record<string, string>>
}

const tiers: ReadonlyMap<unknown, Tier> = new Map([
  ["none", 1],
  ["auth", 2],
  ["approve", 3]
])

/** Where the machine itself answers: a plugin can take none of it, nor anything below (C10.2). */
const reserved: ReadonlyArray<string> = [
  ...worldNamespaces,
  ...["auth", "bin", "proc", "stream", "openapi.json", "docs"],
  // the browser's application
  ...["app", "manifest.json", "sw.js", "opensearch.xml", "favicon.ico"]
]

/**
 * The route of whoever is asked about paths that nothing else serves (C13). It is a hook: nobody can ask for it by its
 * name.
 */
export const fallbackRoute = "_router_fallback"

/** Namespaces that list what plugins serve in them: what lies below is to be had, they themselves are not. */
const shared: ReadonlyArray<string> = ["dev"]

const fault = (why: string) => Either.left(why)

/** Reads the exports of a module as a plugin's, or says in what they are none. */
export const readManifest = (exports: Readonly<Record<string, unknown>>): Either.Either<Manifest, string> => {
  const { ANNOUNCES = {}, AUTH, DESCRIPTION, METHODS, ROUTES, SHELL = false, handle, start, touches } = exports
  const tier = tiers.get(AUTH)
  if (tier === undefined) return fault('AUTH wants to be "none", "auth" or "approve"')
  if (typeof handle !== "function") return fault("handle wants to be a function of a request")
  if (touches !== undefined && typeof touches !== "function") return fault("touches wants to be a function")
  if (start !== undefined && !Effect.isEffect(start)) return fault("start wants to be an Effect")
  if (DESCRIPTION !== undefined && typeof DESCRIPTION !== "string") return fault("DESCRIPTION wants to be a text")
  if (typeof SHELL !== "boolean") return fault("SHELL wants to be true or false")
  if (METHODS !== undefined && !isListOf(METHODS, /^[A-Z]+$/)) return fault('METHODS wants to be a list like ["GET"]')
  if (!isHeaders(ANNOUNCES)) return fault('ANNOUNCES wants to be headers like { dav: "1" }')
  if (!Array.isArray(ROUTES) || ROUTES.length === 0) return fault("ROUTES wants to be a list of at least one path")
  const routes: Array<CanonicalPath> = []
  for (const route of ROUTES) {
    const read = readRoute(route)
    if (Either.isLeft(read)) return fault(read.left)
    if (!routes.includes(read.right)) routes.push(read.right)
  }
  return Either.right({ tier, routes, methods: METHODS, description: DESCRIPTION, shell: SHELL, announces: ANNOUNCES })
}

const isListOf = (value: unknown, pattern: RegExp): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string" && pattern.test(item))

const isHeaders = (value: unknown): value is Readonly<Record<string, string>> =>
  typeof value === "object" &&
  value !== null &&
  Object.entries(value).every(
    ([name, text]) => /^[a-z][a-z0-9-]*$/.test(name) && typeof text === "string" && /^[ -~]+$/.test(text)
  )

const readRoute = (route: unknown): Either.Either<CanonicalPath, string> => {
  if (typeof route !== "string" || !route.startsWith("/")) return fault("each route wants to start with a slash")
  const parsed = Either.getOrUndefined(canonicalText(route))
  if (parsed === undefined || parsed.path === "")
    return fault(`${JSON.stringify(route)} is no path that a route can have`)
  const { path } = parsed
  if (shared.includes(path) || reserved.includes(namespaceOf(path))) return fault(`/${path} is reserved`)
  return Either.right(path)
}

/** The longest of the routes that a path lies within, on segment boundaries (C10.2). */
export const longestMatch = <A>(routes: ReadonlyMap<string, A>, path: string): A | undefined => {
  for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
    const found = routes.get(path.slice(0, end))
    if (found !== undefined) return found
  }
  return undefined
}
