import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import {
  BadPath,
  BadRequest,
  CollectionOnly,
  Forbidden,
  Overloaded,
  PluginRejected,
  PreconditionFailed,
  StorageFailure,
  Unprocessable,
  WorldNotFound
} from "../../domain/Errors.ts"
import { Identified } from "../Caller.ts"
import { describe } from "../Describe.ts"
import { failsWith } from "../Problem.ts"

/** What came of a request for a state (C10.1). */
export const Transition = Schema.Struct({
  state: Schema.String,
  version: Schema.Int.annotations({ description: "of the source" }),
  changed: Schema.Boolean,
  from: Schema.optional(Schema.String.annotations({ description: "the state before, when it changed" })),
  reloaded: Schema.optional(Schema.Boolean.annotations({ description: "it was active without running, and runs now" }))
}).annotations({ identifier: "Transition" })

/** The life of plugins (C10). */
export class PluginsGroup extends HttpApiGroup.make("plugins")
  .add(
    HttpApiEndpoint.put("state", "/lib/:name/state")
      .setPath(Schema.Struct({ name: Schema.String }))
      .setHeaders(
        Schema.Struct({
          "if-match": Schema.optional(
            Schema.String.annotations({ description: "only if this is a tag of the source that was approved" })
          )
        })
      )
      .addSuccess(Transition)
      .addError(
        failsWith(
          BadPath,
          BadRequest,
          Forbidden,
          WorldNotFound,
          CollectionOnly,
          PluginRejected,
          PreconditionFailed,
          Unprocessable,
          StorageFailure,
          Overloaded
        )
      )
      .annotateContext(
        describe({
          summary: "Set the state of a plugin",
          description:
            "The body is `active` or `disabled`. Activation loads the source and registers its routes, or changes " +
            "nothing and says why. Needs T3.",
          body: ["text/plain"]
        })
      )
  )
  .middleware(Identified)
  .annotate(OpenApi.Description, "Plugins are worlds under /lib; an operator decides which of them run.") {}
