import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Caller } from "../domain/Caller.ts"
import type { BadRequest, BodyTooLarge, DomainError } from "../domain/Errors.ts"
import type { Action } from "../domain/Policy.ts"
import type { CanonicalPath } from "../domain/WorldPath.ts"
import type { GpuDevice } from "./GpuDevice.ts"
import type { Locks } from "./Locks.ts"
import type { MountTable } from "./MountTable.ts"
import type { Properties } from "./Properties.ts"
import type { Queries } from "./Queries.ts"
import type { Replication } from "./Replication.ts"
import type { SemanticRouter } from "./SemanticRouter.ts"
import type { Shaping } from "./Shaping.ts"
import type { Worlds } from "./Worlds.ts"

/** Who may use a plugin (C10.2): anybody, T2 and capabilities that cover its path, or T3. */
export type PluginAuth = "none" | "auth" | "approve"

/** How a request body can fail to arrive. */
export type BodyError = BadRequest | BodyTooLarge

/** A request as a plugin sees it: what was asked, and by whom; the policy has been asked before. */
export interface PluginRequest {
  /** as sent, in capitals */
  readonly method: string
  /** the request target as sent */
  readonly target: string
  /** canonical (C1.2), with its leading slash and without a trailing one */
  readonly path: string
  /** whether the target ended in a slash, which asks for a collection (C3) */
  readonly slash: boolean
  /** the query as sent, with its `?`, or "" */
  readonly search: string
  /** the same as a form would have it */
  readonly query: URLSearchParams
  /** by lower-cased name */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** names and values as sent, repeats apart and in their order: `[name, value, name, value...]` */
  readonly rawHeaders: ReadonlyArray<string>
  /** the host, with its port, under which the client knows this server; "" when it did not say */
  readonly authority: string
  readonly caller: Caller
  /** the whole body, at most ELASTIK_MAX_BODY */
  readonly bytes: Effect.Effect<Uint8Array, BodyError>
  readonly text: Effect.Effect<string, BodyError>
  readonly json: Effect.Effect<unknown, BodyError>
  /** the body as it arrives, of any length */
  readonly stream: Stream.Stream<Uint8Array, BadRequest>
}

/** What the machine gives to plugins. */
export type PluginServices =
  | Worlds
  | Locks
  | Properties
  | GpuDevice
  | MountTable
  | Queries
  | Replication
  | SemanticRouter
  | Shaping

/** Which path a request touches, and how: what the policy judges instead of the request's own path (C7.5). */
export interface Touch {
  readonly action: Action
  readonly path: CanonicalPath
}

/** A module that serves routes (C10.2). */
export interface Plugin {
  readonly AUTH: PluginAuth
  /** each serves itself and everything below it; the longest match wins */
  readonly ROUTES: ReadonlyArray<string>
  /** methods that it knows: others are 405. Without it every method arrives */
  readonly METHODS?: ReadonlyArray<string>
  /** one line for /bin and the manual page */
  readonly DESCRIPTION?: string
  /** true: a browser that navigates below a route gets the machine's shell (C14), and the shell's requests arrive here */
  readonly SHELL?: boolean
  /** headers, in lower case, that OPTIONS of the server as a whole (`/` and `*`) answers with while it runs */
  readonly ANNOUNCES?: Readonly<Record<string, string>>
  /** the answer: a response, or plain data that is sent as JSON. The scope ends with the answer, or with the plugin */
  readonly handle: (request: PluginRequest) => Effect.Effect<unknown, DomainError, PluginServices | Scope.Scope>
  /** what a request touches, for a plugin that is a surface of something else; AUTH counts as well */
  readonly touches?: (
    request: Pick<PluginRequest, "method" | "target" | "path" | "slash" | "search" | "query" | "headers">
  ) => Effect.Effect<Touch, DomainError, PluginServices>
  /** runs once when the plugin is activated, in a scope that ends with it */
  readonly start?: Effect.Effect<void, unknown, PluginServices | Scope.Scope>
}

/** What `handle` may answer with beside plain data. */
export type PluginResponse = HttpServerResponse.HttpServerResponse
