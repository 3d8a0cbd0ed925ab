import type { IncomingMessage } from "node:http"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"

/** What of a request an answer can depend on, whichever way it came. */
export interface Asked {
  readonly method: string
  /** the target as it was sent */
  readonly originalUrl: string
  /** by lower-cased name */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** the request as node has it: its body, and its fields as they were sent */
  readonly message: IncomingMessage
}

/** A request that came through the platform. */
export const askedOf = (request: HttpServerRequest.HttpServerRequest): Asked => ({
  method: request.method,
  originalUrl: request.originalUrl,
  headers: request.headers,
  message: NodeHttpServerRequest.toIncomingMessage(request)
})
