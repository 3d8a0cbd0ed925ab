import { Readable } from "node:stream"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import type { Caller } from "../../domain/Caller.ts"
import { Api } from "../Api.ts"
import { type Asked, askedOf } from "../Asked.ts"
import { CurrentCaller } from "../Caller.ts"
import { StreamAnswers } from "./Answers.ts"

/** Live updates over HTTP (C9), as the typed API describes them. */
export const StreamLive = HttpApiBuilder.group(Api, "stream", (handlers) =>
  Effect.gen(function* () {
    const answers = yield* StreamAnswers

    /** Lets go of what is followed with the request. */
    const held = <E>(
      request: HttpServerRequest.HttpServerRequest,
      answer: (caller: Caller, asked: Asked) => Effect.Effect<HttpServerResponse.HttpServerResponse, E>
    ) =>
      Effect.flatMap(CurrentCaller, (caller) =>
        Effect.acquireRelease(answer(caller, askedOf(request)), ({ body }) =>
          Effect.sync(() => {
            if (body._tag === "Raw" && body.body instanceof Readable) body.body.destroy()
          })
        )
      )

    return handlers
      .handle("world", ({ path, request }) => held(request, (caller, asked) => answers.world(caller, asked, path.name)))
      .handle("collection", ({ path, request }) =>
        held(request, (caller, asked) => answers.collection(caller, asked, path.name))
      )
      .handle("everything", ({ request }) => held(request, answers.everything))
  })
)
