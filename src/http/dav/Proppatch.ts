import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import { type DomainError, WorldNotFound } from "../../domain/Errors.ts"
import type { PropertyChange } from "../../domain/Property.ts"
import type { Locks } from "../../services/Locks.ts"
import type { PluginRequest } from "../../services/Plugin.ts"
import { Properties } from "../../services/Properties.ts"
import type { Worlds } from "../../services/Worlds.ts"
import { readPropertyUpdate } from "./Bodies.ts"
import { isProtected } from "./LiveProperties.ts"
import { failedDependency, forbidden, multistatus, ok, propertiesOf } from "./Multistatus.ts"
import { judged } from "./Preconditions.ts"
import { emptyElement } from "./Propfind.ts"
import { hrefOf, lookUp, requireChangeable, targetOf } from "./Resource.ts"

/**
 * PROPPATCH (RFC 4918 section 9.2): all changes, or none; what only the server sets is refused, once nothing else keeps
 * the request from being done.
 */
export const proppatch = (
  request: PluginRequest
): Effect.Effect<HttpServerResponse.HttpServerResponse, DomainError, Worlds | Locks | Properties> =>
  Effect.gen(function* () {
    const { caller } = request
    const { path } = yield* targetOf(request)
    yield* requireChangeable("PROPPATCH", path)
    const changes = yield* readPropertyUpdate(request)
    const conditions = yield* judged(request, path)
    const resource = yield* lookUp(caller, path)
    if (resource === undefined) return yield* WorldNotFound.at(path)
    const refused = changes.filter(isProtected)
    const properties = yield* Properties
    yield* properties.patch(caller, path, refused.length === 0 ? changes : [], conditions)
    if (refused.length === 0) {
      return multistatus(propertiesOf(hrefOf(resource), [{ status: ok, xml: named(changes) }]))
    }
    const others = changes.filter((change) => !isProtected(change))
    return multistatus(
      propertiesOf(hrefOf(resource), [
        { status: forbidden, xml: named(refused), condition: "cannot-modify-protected-property" },
        ...(others.length === 0 ? [] : [{ status: failedDependency, xml: named(others) }])
      ])
    )
  })

/** The names of what was to be changed, each once. */
const named = (changes: ReadonlyArray<PropertyChange>): string => [...new Set(changes.map(emptyElement))].join("")
