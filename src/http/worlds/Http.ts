import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as Effect from "effect/Effect"
import { StorageFailure } from "../../domain/Errors.ts"
import type { CanonicalPath } from "../../domain/WorldPath.ts"
import { Worlds } from "../../services/Worlds.ts"
import { Api } from "../Api.ts"
import { askedOf } from "../Asked.ts"
import { CurrentCaller } from "../Caller.ts"
import { WorldAnswers } from "./Answers.ts"

/** The path of a request, canonical since it was read from the raw target (http/RequestTarget.ts). */
const pathOf = (path: { readonly namespace: string; readonly name: string }): CanonicalPath =>
  `${path.namespace}/${path.name}` as CanonicalPath

/** Worlds over HTTP (C2, C4), as the typed API describes them. */
export const WorldsLive = HttpApiBuilder.group(Api, "worlds", (handlers) =>
  Effect.gen(function* () {
    const worlds = yield* Worlds
    const answers = yield* WorldAnswers

    return handlers
      .handle("read", ({ path, request, urlParams }) =>
        Effect.flatMap(CurrentCaller, (caller) => answers.read(caller, askedOf(request), pathOf(path), urlParams))
      )
      .handleRaw("overwrite", ({ path, request, urlParams }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          answers.overwrite(caller, askedOf(request), pathOf(path), urlParams.ext)
        )
      )
      .handleRaw("append", ({ path, request, urlParams }) =>
        Effect.flatMap(CurrentCaller, (caller) => answers.append(caller, askedOf(request), pathOf(path), urlParams.ext))
      )
      .handle("remove", ({ path, request }) =>
        Effect.gen(function* () {
          const caller = yield* CurrentCaller
          const conditions = yield* answers.conditions(askedOf(request), pathOf(path))
          const { failures, names } = yield* worlds.remove(caller, pathOf(path), conditions)
          const [failure] = failures
          if (failure === undefined) return { deleted: names }
          return yield* new StorageFailure({
            message: `${failures.length} of ${failures.length + names.length} could not be deleted, such as /${failure.path}`,
            cause: failure.error.cause
          })
        })
      )
  })
)
