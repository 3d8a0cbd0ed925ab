import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { BadPath, BadRequest, CollectionOnly, Forbidden, NotAcceptable, StorageFailure } from "../../domain/Errors.ts"
import { worldNamespaces } from "../../domain/WorldPath.ts"
import { Identified } from "../Caller.ts"
import { describe } from "../Describe.ts"
import { failsWith } from "../Problem.ts"

/** One line of a listing, as JSON (C3.2). */
export const ListedChild = Schema.Struct({
  name: Schema.String,
  dir: Schema.Boolean,
  version: Schema.optional(Schema.Int),
  updated_at: Schema.optional(Schema.String),
  len: Schema.optional(Schema.Int)
}).annotations({ identifier: "Child" })

const namespace = Schema.Literal(...worldNamespaces)
const params = Schema.Struct({
  limit: Schema.optional(Schema.String.annotations({ description: "entries to a page; all when absent" })),
  after: Schema.optional(Schema.String.annotations({ description: "an entry as listed; the page begins behind it" })),
  raw: Schema.optional(Schema.String.annotations({ description: "collections have no bytes: 404" }))
})
const headers = Schema.Struct({
  accept: Schema.optional(Schema.String.annotations({ description: "text/plain, application/json or text/html" }))
})

const text = {
  description:
    "The immediate children in byte order: one a line with / behind collections, or JSON (C3). Only what the caller " +
    "may read appears. A page that is not the last carries Link: rel=next.",
  media: { 200: ["text/plain", "text/html"] },
  responseHeaders: { 200: { Link: "the next page", Vary: "Accept" } }
}

/** Collections: a trailing slash asks what lies below (C3). */
export class CollectionsGroup extends HttpApiGroup.make("collections")
  .add(
    HttpApiEndpoint.get("root", "/")
      .setHeaders(headers)
      .addSuccess(Schema.Array(ListedChild))
      .addError(failsWith(NotAcceptable, StorageFailure))
      .annotateContext(describe({ ...text, summary: "The namespaces" }))
  )
  .add(
    HttpApiEndpoint.get("bareNamespace", "/:namespace")
      .setPath(Schema.Struct({ namespace }))
      .setUrlParams(params)
      .setHeaders(headers)
      .addSuccess(Schema.Array(ListedChild))
      .addError(failsWith(BadRequest, Forbidden, CollectionOnly, NotAcceptable, StorageFailure))
      .annotateContext(describe({ ...text, summary: "List a namespace; browsers are sent to its slash form" }))
  )
  .add(
    HttpApiEndpoint.get("namespace", "/:namespace/")
      .setPath(Schema.Struct({ namespace }))
      .setUrlParams(params)
      .setHeaders(headers)
      .addSuccess(Schema.Array(ListedChild))
      .addError(failsWith(BadRequest, Forbidden, CollectionOnly, NotAcceptable, StorageFailure))
      .annotateContext(describe({ ...text, summary: "List a namespace" }))
  )
  .add(
    HttpApiEndpoint.get("collection", "/:namespace/:name/")
      .setPath(Schema.Struct({ namespace, name: Schema.String }))
      .setUrlParams(params)
      .setHeaders(headers)
      .addSuccess(Schema.Array(ListedChild))
      .addError(failsWith(BadPath, BadRequest, Forbidden, CollectionOnly, NotAcceptable, StorageFailure))
      .annotateContext(describe({ ...text, summary: "List a collection" }))
  )
  .middleware(Identified)
  .annotate(OpenApi.Description, "What lies below a path.") {}
