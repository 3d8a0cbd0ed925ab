import * as Effect from "effect/Effect"
import { allConditionsOf, type Conditions } from "../../domain/Conditions.ts"
import type { BadRequest, PreconditionFailed, StorageFailure } from "../../domain/Errors.ts"
import type { CanonicalPath } from "../../domain/WorldPath.ts"
import { Locks } from "../../services/Locks.ts"
import type { PluginRequest } from "../../services/Plugin.ts"

type Asked = Pick<PluginRequest, "authority" | "caller" | "headers">

/** The conditions of a request for `path`, for the one door to judge in its turn. */
export const conditionsFor = (
  { authority, headers }: Pick<Asked, "authority" | "headers">,
  path: CanonicalPath
): Effect.Effect<Conditions, BadRequest> => allConditionsOf(headers, path, authority)

/** The same, when If holds already: so nobody sends a body, or hears of anything else, who asked in vain. */
export const judged = (
  request: Asked,
  path: CanonicalPath
): Effect.Effect<Conditions, BadRequest | PreconditionFailed | StorageFailure, Locks> =>
  Effect.gen(function* () {
    const conditions = yield* conditionsFor(request, path)
    const { states } = conditions
    if (states !== undefined) yield* (yield* Locks).judge(request.caller, path, { states })
    return conditions
  })
