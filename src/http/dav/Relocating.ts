import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import { resolveReference } from "../../domain/DavReference.ts"
import { parseDepth } from "../../domain/Depth.ts"
import { BadRequest, type DomainError, Forbidden } from "../../domain/Errors.ts"
import { trimOws } from "../../domain/Text.ts"
import type { CanonicalPath } from "../../domain/WorldPath.ts"
import type { Locks } from "../../services/Locks.ts"
import type { PluginRequest } from "../../services/Plugin.ts"
import { Worlds } from "../../services/Worlds.ts"
import { failed } from "./Multistatus.ts"
import { judged } from "./Preconditions.ts"
import { hrefOf, isFixed, targetOf } from "./Resource.ts"
import { empty } from "./Writing.ts"

type Answer = Effect.Effect<HttpServerResponse.HttpServerResponse, DomainError, Worlds | Locks>

/** COPY (RFC 4918 section 9.8): a world, a collection, or a collection without its members. */
export const copy = (request: PluginRequest): Answer =>
  Effect.gen(function* () {
    const depth = parseDepth(request.headers.depth, "infinity")
    if (depth !== "0" && depth !== "infinity") {
      return yield* new BadRequest({ message: "the Depth of COPY is 0 or infinity" })
    }
    return yield* relocate(request, "copy", depth)
  })

/** MOVE (RFC 4918 section 9.9): with all that is below. */
export const move = (request: PluginRequest): Answer =>
  parseDepth(request.headers.depth, "infinity") === "infinity"
    ? relocate(request, "move", "infinity")
    : new BadRequest({ message: "the Depth of MOVE is infinity" })

const relocate = (request: PluginRequest, how: "copy" | "move", depth: "0" | "infinity"): Answer =>
  Effect.gen(function* () {
    const { caller } = request
    const from = (yield* targetOf(request)).path
    const overwrite = yield* overwriteOf(request)
    const to = yield* destinationOf(request)
    if (isFixed(from) || isFixed(to)) {
      return yield* new Forbidden({ message: "/dav and the namespaces in it stay as they are" })
    }
    const conditions = yield* judged(request, from)
    const worlds = yield* Worlds
    const { created, failures } = yield* worlds[how](caller, { from, to, depth, overwrite, conditions })
    if (failures.length > 0) return failed(failures)
    return created ? empty(201, { location: hrefOf({ path: to, collection: false }) }) : empty(204)
  })

/** Where to (RFC 4918 section 10.3). */
const destinationOf = ({ authority, headers }: PluginRequest): Effect.Effect<CanonicalPath, DomainError> =>
  headers.destination === undefined
    ? new BadRequest({ message: "Destination is missing" })
    : Effect.map(resolveReference(headers.destination, authority), ({ path }) => path)

/** Whether what is there may go (RFC 4918 section 10.6). */
const overwriteOf = ({ headers: { overwrite = "T" } }: PluginRequest): Effect.Effect<boolean, BadRequest> => {
  const value = trimOws(overwrite).toUpperCase()
  return value === "T" || value === "F"
    ? Effect.succeed(value === "T")
    : new BadRequest({ message: "Overwrite is T or F" })
}
