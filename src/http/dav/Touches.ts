import * as Effect from "effect/Effect"
import type { BadPath } from "../../domain/Errors.ts"
import type { Action } from "../../domain/Policy.ts"
import type { PluginRequest, Touch } from "../../services/Plugin.ts"
import { targetOf } from "./Resource.ts"

const actions: Readonly<Record<string, Action>> = {
  OPTIONS: "list",
  GET: "read",
  HEAD: "read",
  PROPFIND: "read",
  COPY: "read",
  DELETE: "delete",
  MOVE: "delete"
}

/**
 * What a request does to the world path behind its own (C7.5); all else that it touches, the target of a copy or move
 * above all, is judged at the one door.
 */
export const touches = (request: Pick<PluginRequest, "method" | "path" | "slash">): Effect.Effect<Touch, BadPath> =>
  Effect.map(targetOf(request), ({ path }) => ({ action: actions[request.method] ?? "write", path }))
