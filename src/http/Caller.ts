import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Caller } from "../domain/Caller.ts"
import { StorageFailure } from "../domain/Errors.ts"
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
