import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { type Caller, isNameless } from "../domain/Caller.ts"
import { Forbidden, StorageFailure, Unauthorized } from "../domain/Errors.ts"
import { Auth } from "../services/Auth.ts"
import { failsWith } from "./Problem.ts"

/** Who makes the current request. */
export class CurrentCaller extends Context.Tag("elastik/http/CurrentCaller")<CurrentCaller, Caller>() {}

/**
 * Finds the caller behind a request, for every endpoint alike. It never refuses: whoever shows nothing, or junk, is
 * anonymous, and the policy decides what that is worth (C7.3).
 */
export class Identified extends HttpApiMiddleware.Tag<Identified>()("elastik/http/Identified", {
  provides: CurrentCaller,
  failure: failsWith(StorageFailure)
}) {
  static readonly layer: Layer.Layer<Identified, never, Auth> = Layer.effect(
    Identified,
    Effect.map(Auth, (auth) =>
      Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => auth.identify(request.headers.authorization))
    )
  )
}

/** On protected routes that are no worlds, whoever showed no credentials is asked for them, if any would help (C7.6). */
export const orUnauthorized = <A, E, R>(
  caller: Caller,
  effect: Effect.Effect<A, E | Forbidden, R>
): Effect.Effect<A, E | Forbidden | Unauthorized, R> =>
  isNameless(caller)
    ? Effect.mapError(effect, (error) =>
        isForbidden(error) && error.curable === true ? new Unauthorized({ message: error.message }) : error
      )
    : effect

const isForbidden = Schema.is(Forbidden)
