import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import {
  BadPath,
  CollectionOnly,
  Forbidden,
  NotAcceptable,
  StorageFailure,
  WorldNotFound
} from "../../domain/Errors.ts"
import { Identified } from "../Caller.ts"
import { describe } from "../Describe.ts"
import { failsWith } from "../Problem.ts"

const headers = Schema.Struct({
  accept: Schema.optional(Schema.String.annotations({ description: "text/event-stream" })),
  "last-event-id": Schema.optional(Schema.String.annotations({ description: "where an earlier stream ended" }))
})
const Events = Schema.String.annotations({ description: "server-sent events" })

/** Live updates (C9). */
export class StreamGroup extends HttpApiGroup.make("stream")
  .add(
    HttpApiEndpoint.get("world", "/stream/:name")
      .setPath(Schema.Struct({ name: Schema.String }))
      .setHeaders(headers)
      .addSuccess(Events)
      .addError(failsWith(BadPath, Forbidden, WorldNotFound, CollectionOnly, NotAcceptable, StorageFailure))
      .annotateContext(
        describe({
          summary: "Watch a world",
          description:
            "The current state, then each commit: event `update` with the JSON envelope, `deleted` at the end. " +
            "`/stream/x` means home/x. A slow reader skips ahead to the newest state.",
          media: { 200: ["text/event-stream"] }
        })
      )
  )
  .add(
    HttpApiEndpoint.get("collection", "/stream/:name/")
      .setPath(Schema.Struct({ name: Schema.String }))
      .setHeaders(headers)
      .addSuccess(Events)
      .addError(failsWith(BadPath, Forbidden, NotAcceptable, StorageFailure))
      .annotateContext(
        describe({
          summary: "Watch a collection",
          description:
            "Event `change` with {path, version, op} for everything below that the caller may read, and for collections " +
            "that were made (op put) or are gone (delete), whose path ends with a slash; `stale` first when " +
            "the cursor in Last-Event-ID can no longer be honoured.",
          media: { 200: ["text/event-stream"] }
        })
      )
  )
  .add(
    HttpApiEndpoint.get("everything", "/stream/")
      .setHeaders(headers)
      .addSuccess(Events)
      .addError(failsWith(Forbidden, NotAcceptable, StorageFailure))
      .annotateContext(
        describe({
          summary: "Watch everything",
          description: "As a collection's, for all that the caller may read, whatever namespace it lies in.",
          media: { 200: ["text/event-stream"] }
        })
      )
  )
  .middleware(Identified)
  .annotate(OpenApi.Description, "Server-sent events, pushed by the commit.") {}
