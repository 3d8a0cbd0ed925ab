import * as Either from "effect/Either"
import { parseTarget } from "./RequestTarget.ts"

/** Requests that say any of these want more than the plain answer. */
const particular = [
  "origin",
  "range",
  "if",
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
  "if-range",
  "expect"
]

/** What an answer depends on; undefined for requests that it could also depend on otherwise. */
export const keyOf = (
  method: string | undefined,
  url: string | undefined,
  headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
): string | undefined => {
  if ((method !== "GET" && method !== "HEAD") || url === undefined) return undefined
  for (const name of particular) if (headers[name] !== undefined) return undefined
  const { accept = "", authorization = "" } = headers
  // No field holds a line feed, so that no two requests have the same key.
  const key = [method, url, accept, authorization, headers["sec-fetch-mode"] ?? ""].join("\n")
  if (!url.startsWith(shaped)) return key
  return `${key}\n${headers["x-semantic-intent"] ?? ""}\n${headers["user-agent"] ?? ""}`
}

/**
 * The world that an answer to `url` tells of: the one that is named, or the one that is shaped, if no model had to think.
 * Shaped answers depend on more of the request, which counts for those alone who ask for them by their plain name.
 */
export const worldOf = (url: string, answer: Readonly<Record<string, string>>): string | undefined => {
  const target = Either.getOrUndefined(parseTarget(url))
  if (target === undefined || !target.path.startsWith(shaped.slice(1))) return target?.path
  const isHit = url.startsWith(shaped) && answer["x-semantic-cache"] === "hit"
  return isHit ? target.path.slice(shaped.length - 1) : undefined
}

const shaped = "/shaped/"
