import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import type { DomainError, Unauthorized } from "../../domain/Errors.ts"
import { type CanonicalPath, isWithin } from "../../domain/WorldPath.ts"
import type { PluginRequest } from "../../services/Plugin.ts"
import { orUnauthorized } from "../Caller.ts"
import { problems } from "../Problem.ts"
import { document, failedDependency, multistatus } from "./Multistatus.ts"
import { hrefOf } from "./Resource.ts"
import { textXml } from "./XmlText.ts"

/** The error document of a condition of WebDAV that was not met (RFC 4918 section 16). */
export const conditionFailed = (
  error: DomainError,
  condition: string,
  paths: ReadonlyArray<string> = []
): HttpServerResponse.HttpServerResponse => {
  const hrefs = paths.map((path) => `<D:href>${textXml(hrefOf({ path, collection: false }))}</D:href>`)
  return document("error", `<D:${condition}>${hrefs.join("")}</D:${condition}>`, problems[error._tag].status)
}

/**
 * When nothing but locks of members kept the collection at `path` from being locked with all below it: what there is to say
 * of each, and of the collection (RFC 4918 section 9.10.3).
 */
export const membersLocked = (
  path: CanonicalPath,
  error: DomainError
): Effect.Effect<HttpServerResponse.HttpServerResponse> | undefined => {
  if (error._tag !== "Locked" || !error.conflict) return undefined
  if (!error.roots.every((root) => root !== path && isWithin(root, path))) return undefined
  const response = (href: string, status: string, condition: string) =>
    `<D:response><D:href>${textXml(href)}</D:href><D:status>HTTP/1.1 ${status}</D:status>${condition}</D:response>`
  const members = error.roots.map((root) =>
    response(hrefOf({ path: root, collection: false }), "423 Locked", "<D:error><D:no-conflicting-lock/></D:error>")
  )
  const own = response(hrefOf({ path, collection: true }), failedDependency, "")
  return Effect.succeed(multistatus([...members, own].join("")))
}

/**
 * An answer for whoever asks by WebDAV: credentials are asked of those who showed none (C7.6), and a lock in the way is
 * named as the RFC wants it (section 16): one whose token was not submitted, or one that keeps another from being taken.
 */
export const answered = <R>(
  { caller }: Pick<PluginRequest, "caller">,
  answer: Effect.Effect<HttpServerResponse.HttpServerResponse, DomainError, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, DomainError | Unauthorized, R> =>
  Effect.catchTag(orUnauthorized(caller, answer), "Locked", (error) =>
    Effect.succeed(conditionFailed(error, error.conflict ? "no-conflicting-lock" : "lock-token-submitted", error.roots))
  )
