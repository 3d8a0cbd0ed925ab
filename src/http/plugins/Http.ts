import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"
import { allConditionsOf } from "../../domain/Conditions.ts"
import { Unprocessable } from "../../domain/Errors.ts"
import { type CanonicalPath, worldName } from "../../domain/WorldPath.ts"
import { PluginRegistry } from "../../services/PluginRegistry.ts"
import { Api } from "../Api.ts"
import { askedOf } from "../Asked.ts"
import { readBody } from "../Body.ts"
import { CurrentCaller } from "../Caller.ts"
import { Origins } from "../Origins.ts"
import { json } from "./Answers.ts"

// "active" and "disabled" with room for what editors put around them.
const longestWord = 64

/** The state of plugins over HTTP (C10.1). */
export const PluginsLive = HttpApiBuilder.group(Api, "plugins", (handlers) =>
  Effect.gen(function* () {
    const origins = yield* Origins
    const registry = yield* PluginRegistry
    return handlers.handleRaw("state", ({ path, request }) =>
      Effect.gen(function* () {
        const caller = yield* CurrentCaller
        // Canonical since it was read from the raw target (http/RequestTarget.ts).
        const name = yield* worldName(`lib/${path.name}` as CanonicalPath)
        const conditions = yield* allConditionsOf(request.headers, name, origins.authority(askedOf(request)))
        const body = yield* Effect.catchAll(
          readBody(NodeHttpServerRequest.toIncomingMessage(request), longestWord),
          () => new Unprocessable({ message: 'the state of a plugin is "active" or "disabled"' })
        )
        return json(yield* registry.setState(caller, name, new TextDecoder().decode(body).trim(), conditions))
      })
    )
  })
)
