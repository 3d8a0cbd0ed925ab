import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import type { DomainError, Unauthorized } from "../../domain/Errors.ts"
import type { PluginRequest } from "../../services/Plugin.ts"
import { orUnauthorized } from "../Caller.ts"
import { problems } from "../Problem.ts"
import { document } from "./Multistatus.ts"
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
 * An answer for whoever asks by WebDAV: credentials are asked of those who showed none (C7.6), and a lock in the way is
 * named as the RFC wants it (sections 16 and 9.10.6).
 */
export const answered = <R>(
  { caller, method }: Pick<PluginRequest, "caller" | "method">,
  answer: Effect.Effect<HttpServerResponse.HttpServerResponse, DomainError, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, DomainError | Unauthorized, R> =>
  Effect.catchTag(orUnauthorized(caller, answer), "Locked", (error) =>
    Effect.succeed(
      conditionFailed(error, method === "LOCK" ? "no-conflicting-lock" : "lock-token-submitted", error.roots)
    )
  )
