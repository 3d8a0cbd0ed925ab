import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import {
  BadPath,
  BadRequest,
  BodyTooLarge,
  CollectionOnly,
  Forbidden,
  IdempotencyConflict,
  Locked,
  NotAcceptable,
  Overloaded,
  PreconditionFailed,
  RangeNotSatisfiable,
  StorageFailure,
  WorldNotFound
} from "../../domain/Errors.ts"
import { worldNamespaces } from "../../domain/WorldPath.ts"
import { Identified } from "../Caller.ts"
import { describe } from "../Describe.ts"
import { failsWith } from "../Problem.ts"

const field = (description: string) => Schema.optional(Schema.String.annotations({ description }))

const namespace = Schema.Literal(...worldNamespaces).annotations({ description: "one of the six that hold worlds" })
const name = Schema.String.annotations({
  description: "the rest of the path; its slashes may stand as they are or percent-encoded"
})
const WorldAt = Schema.Struct({ namespace, name })

/** The JSON form of a world (C2.2). */
export const Envelope = Schema.Struct({
  stage_html: Schema.String.annotations({ description: "the bytes as text; empty when they are not UTF-8 text" }),
  version: Schema.Int,
  ext: Schema.String,
  type: Schema.String,
  state: Schema.String,
  updated_at: Schema.String,
  len: Schema.Int.annotations({ description: "bytes" }),
  sha256: Schema.String.annotations({ description: "hex, of the bytes" })
}).annotations({ identifier: "Envelope" })

/** What a write answers (C4.1). */
export const WriteAnswer = Schema.Struct({
  version: Schema.Int,
  ext: Schema.String,
  type: Schema.String,
  len: Schema.Int,
  sha256: Schema.String
}).annotations({ identifier: "Receipt" })

export const Deleted = Schema.Struct({
  deleted: Schema.Array(Schema.String).annotations({
    description: "names without the leading slash; those of collections end with one"
  })
}).annotations({ identifier: "Deleted" })

const writeConditions = {
  "if-match": field("write only if one of these is a current tag"),
  "if-none-match": field("write only if none of these is current; * if there is no world"),
  "if-unmodified-since": field("write only if the world has not changed since")
}

const metaNote =
  "Request headers X-Meta-* are stored with the world, signed into its receipt, and replayed when it is read (C6)."

const read = HttpApiEndpoint.get("read", "/:namespace/:name")
  .setPath(WorldAt)
  .setUrlParams(
    Schema.Struct({
      raw: field("exactly the stored bytes"),
      v: field("304 when this is the current version"),
      limit: field("of a collection: entries to a page"),
      after: field("of a collection: the entry to continue after")
    })
  )
  .setHeaders(
    Schema.Struct({
      accept: field("application/json, text/html, text/plain or the world's own type"),
      range: field("one byte range of ?raw"),
      "if-range": field("RFC 9110 section 13.1.5"),
      "if-match": field("RFC 9110 section 13.1.1"),
      "if-none-match": field("RFC 9110 section 13.1.2"),
      "if-modified-since": field("RFC 9110 section 13.1.3"),
      "if-unmodified-since": field("RFC 9110 section 13.1.4")
    })
  )
  .addSuccess(Envelope)
  .addError(
    failsWith(
      BadPath,
      BadRequest,
      Forbidden,
      WorldNotFound,
      CollectionOnly,
      NotAcceptable,
      PreconditionFailed,
      RangeNotSatisfiable,
      StorageFailure
    )
  )
  .annotateContext(
    describe({
      summary: "Read a world",
      description:
        "The representation that Accept prefers (C2.2, C3.3), or with ?raw the bytes themselves. A path that only has " +
        "children answers with their listing (C2.5). HEAD answers the same without a body.",
      media: { 200: ["text/html", "text/plain", "*/*"], 206: ["*/*"] },
      responseHeaders: {
        206: { "Content-Range": "which bytes of how many", ETag: "that of ?raw" },
        302: { Location: "the slash form of a collection, for browsers" },
        304: { ETag: "the tag that is still current" },
        200: {
          ETag: "strong, one per representation",
          "Last-Modified": "when it was last written",
          "Repr-Digest": "SHA-256 of the bytes (RFC 9530), with ?raw",
          "Accept-Ranges": "bytes, with ?raw",
          "X-Meta-*": "the metadata of the write",
          Vary: "Accept, unless ?raw"
        }
      }
    })
  )

const write = HttpApiEndpoint.put("overwrite", "/:namespace/:name")
  .setPath(WorldAt)
  .setUrlParams(Schema.Struct({ ext: field("the type to store it under, as a file extension") }))
  .setHeaders(Schema.Struct({ ...writeConditions, "content-type": field("counts when it says something") }))
  .addSuccess(WriteAnswer)
  .addSuccess(WriteAnswer.annotations({ identifier: "ReceiptOfCreation" }), { status: 201 })
  .addError(
    failsWith(BadPath, BadRequest, Forbidden, Locked, PreconditionFailed, BodyTooLarge, StorageFailure, Overloaded)
  )
  .annotateContext(
    describe({
      summary: "Write a world",
      description: `Stores the body as it is and answers once it is durable (C4.1, C5.1). ${metaNote}`,
      body: ["*/*"],
      responseHeaders: {
        200: { ETag: "the tag of ?raw" },
        201: { ETag: "the tag of ?raw", Location: "the world" }
      }
    })
  )

const append = HttpApiEndpoint.post("append", "/:namespace/:name")
  .setPath(WorldAt)
  .setUrlParams(Schema.Struct({ ext: field("the type, when this creates the world") }))
  .setHeaders(
    Schema.Struct({
      ...writeConditions,
      "content-type": field("counts when this creates the world"),
      "idempotency-key": field("a retry with the same key and bytes gets the first answer")
    })
  )
  .addSuccess(WriteAnswer)
  .addSuccess(WriteAnswer.annotations({ identifier: "ReceiptOfCreation" }), { status: 201 })
  .addError(
    failsWith(
      BadPath,
      BadRequest,
      Forbidden,
      Locked,
      PreconditionFailed,
      BodyTooLarge,
      IdempotencyConflict,
      StorageFailure,
      Overloaded
    )
  )
  .annotateContext(
    describe({
      summary: "Append to a world",
      description: "Adds the body at the end; type and metadata stay as they are (C4.1, C4.4).",
      body: ["*/*"],
      responseHeaders: {
        200: { ETag: "the tag of ?raw" },
        201: { ETag: "the tag of ?raw", Location: "the world" }
      }
    })
  )

const remove = HttpApiEndpoint.del("remove", "/:namespace/:name")
  .setPath(WorldAt)
  .setHeaders(Schema.Struct(writeConditions))
  .addSuccess(Deleted)
  .addError(
    failsWith(BadPath, BadRequest, Forbidden, Locked, WorldNotFound, PreconditionFailed, StorageFailure, Overloaded)
  )
  .annotateContext(
    describe({
      summary: "Delete a world and all below it",
      description: "Moves them to the trash after a final event (C4.5). Needs T3."
    })
  )

/** Worlds, declared once for the six namespaces (C1, C2, C4). */
export class WorldsGroup extends HttpApiGroup.make("worlds")
  .add(read)
  .add(write)
  .add(append)
  .add(remove)
  .middleware(Identified)
  .annotate(OpenApi.Description, "Every path is a world: bytes, type, metadata, version and a chain of receipts.") {}
