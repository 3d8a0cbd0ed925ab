import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import {
  BadPath,
  BadRequest,
  CollectionOnly,
  Forbidden,
  NotAcceptable,
  StorageFailure,
  Unauthorized,
  WorldNotFound
} from "../../domain/Errors.ts"
import { Identified } from "../Caller.ts"
import { ListedChild } from "../collections/Api.ts"
import { describe } from "../Describe.ts"
import { failsWith } from "../Problem.ts"

export const Status = Schema.Struct({
  pid: Schema.Int,
  uptime: Schema.Int.annotations({ description: "seconds" }),
  worlds: Schema.Int,
  plugins: Schema.Int,
  version: Schema.String
}).annotations({ identifier: "Status" })

export const ListedWorld = Schema.Struct({
  name: Schema.String,
  version: Schema.Int,
  updated_at: Schema.String,
  state: Schema.optional(Schema.String.annotations({ description: "of plugins" }))
}).annotations({ identifier: "World" })

export const ListedRoute = Schema.Struct({ route: Schema.String, description: Schema.String }).annotations({
  identifier: "Route"
})

const Check = Schema.Struct({
  ok: Schema.Boolean,
  at: Schema.optional(Schema.Int.annotations({ description: "id of the first bad event" })),
  why: Schema.optional(Schema.String)
})
export const Verified = Schema.Struct({
  path: Schema.String,
  events: Schema.Int,
  chain: Check,
  body: Check
}).annotations({
  identifier: "Verified"
})

const SignedEvent = Schema.Struct({
  id: Schema.Int,
  timestamp: Schema.String,
  type: Schema.String,
  payload: Schema.String.annotations({ description: "the signed text, JSON" }),
  hmac: Schema.String.annotations({ description: "hex HMAC-SHA256 of prev_hmac and payload" }),
  prev_hmac: Schema.String.annotations({ description: "that of the event before; empty for the first" }),
  withheld: Schema.optional(
    Schema.Array(Schema.String).annotations({
      description: "fields of the signed text that the payload here is without"
    })
  )
}).annotations({ identifier: "Event" })
export const Events = Schema.Struct({
  path: Schema.String,
  events: Schema.Array(SignedEvent).annotations({ description: "oldest first" }),
  next: Schema.optional(Schema.Int.annotations({ description: "the `after` of the next page, if there is one" }))
}).annotations({ identifier: "Events" })

export const Self = Schema.Struct({
  tier: Schema.Int,
  id: Schema.String.annotations({ description: "what events and logs call this caller" }),
  scope: Schema.optional(
    Schema.Struct({ prefix: Schema.String, mode: Schema.String }).annotations({ description: "of a capability" })
  ),
  expires: Schema.optional(Schema.Int.annotations({ description: "unix seconds" }))
}).annotations({ identifier: "Self" })

const headers = Schema.Struct({ accept: Schema.optional(Schema.String) })

const listing = <Name extends string>(name: Name, path: `/${string}`, summary: string) =>
  HttpApiEndpoint.get(name, path)
    .setHeaders(headers)
    .addSuccess(Schema.Array(ListedChild))
    .addError(failsWith(NotAcceptable, StorageFailure))
    .annotateContext(describe({ summary, description: "One a line, or JSON.", media: { 200: ["text/plain"] } }))

const routes = <Name extends string>(name: Name, path: `/${string}`) =>
  HttpApiEndpoint.get(name, path)
    .setHeaders(headers)
    .addSuccess(Schema.Array(ListedRoute))
    .addError(failsWith(NotAcceptable, StorageFailure))
    .annotateContext(
      describe({
        summary: "Active routes",
        description: "One a line, or JSON with descriptions; /bin/<route> is an alias of /<route>.",
        media: { 200: ["text/plain"] }
      })
    )

/** The machine about itself (C8). */
export class IntrospectionGroup extends HttpApiGroup.make("introspection")
  .add(listing("proc", "/proc", "List what /proc knows"))
  .add(listing("procSlash", "/proc/", "List what /proc knows"))
  .add(listing("dev", "/dev", "List device routes"))
  .add(listing("devSlash", "/dev/", "List device routes"))
  .add(
    HttpApiEndpoint.get("status", "/proc/status")
      .addSuccess(Status)
      .addError(failsWith(StorageFailure))
      .annotateContext(
        describe({ summary: "State of the machine", description: "Process, uptime, counts and version." })
      )
  )
  .add(
    HttpApiEndpoint.get("uptime", "/proc/uptime")
      .setHeaders(headers)
      .addSuccess(Schema.Int)
      .addError(failsWith(NotAcceptable, StorageFailure))
      .annotateContext(
        describe({
          summary: "Whole seconds since start",
          description: "Text, or JSON.",
          media: { 200: ["text/plain"] }
        })
      )
  )
  .add(
    HttpApiEndpoint.get("version", "/proc/version")
      .setHeaders(headers)
      .addSuccess(Schema.String)
      .addError(failsWith(NotAcceptable, StorageFailure))
      .annotateContext(
        describe({ summary: "Package version", description: "Text, or JSON.", media: { 200: ["text/plain"] } })
      )
  )
  .add(
    HttpApiEndpoint.get("worlds", "/proc/worlds")
      .setHeaders(headers)
      .addSuccess(Schema.Array(ListedWorld))
      .addError(failsWith(NotAcceptable, StorageFailure))
      .annotateContext(
        describe({
          summary: "All worlds that the caller may read",
          description: "JSON, or one name a line.",
          media: { 200: ["text/plain"] }
        })
      )
  )
  .add(
    HttpApiEndpoint.get("metrics", "/proc/metrics")
      .addSuccess(Schema.String)
      .addError(failsWith(StorageFailure))
      .annotateContext(
        describe({ summary: "Prometheus metrics", description: "Text exposition.", media: { 200: ["text/plain"] } })
      )
  )
  .add(listing("verifyRoot", "/proc/verify", "List the namespaces that can be verified"))
  .add(
    HttpApiEndpoint.get("verify", "/proc/verify/:name")
      .setPath(Schema.Struct({ name: Schema.String }))
      .addSuccess(Verified)
      .addError(failsWith(BadPath, Unauthorized, Forbidden, WorldNotFound, CollectionOnly, StorageFailure))
      .annotateContext(
        describe({
          summary: "Verify a world",
          description:
            "Two independent answers (C5.4): is the chain of receipts intact, and is the current body the one that the " +
            "newest receipt speaks of. Needs T3."
        })
      )
  )
  .add(
    HttpApiEndpoint.get("events", "/proc/events/:name")
      .setPath(Schema.Struct({ name: Schema.String }))
      .setUrlParams(
        Schema.Struct({
          after: Schema.optional(
            Schema.String.annotations({ description: "the id of an event; what follows it is listed" })
          ),
          limit: Schema.optional(Schema.String.annotations({ description: "events to a page: 100, at most 1000" }))
        })
      )
      .addSuccess(Events)
      .addError(failsWith(BadPath, BadRequest, Forbidden, WorldNotFound, CollectionOnly, StorageFailure))
      .annotateContext(
        describe({
          summary: "The events of a world",
          description:
            "Its receipts (C5), for whoever may read the world itself. Where a copy came from is told to those who may " +
            "read that, who used a device to that caller and to operators; `withheld` names what is left out."
        })
      )
  )
  .add(
    HttpApiEndpoint.get("self", "/proc/self")
      .addSuccess(Self)
      .addError(failsWith(StorageFailure))
      .annotateContext(
        describe({ summary: "Who asks", description: "What the credentials of this request are worth (C7.1)." })
      )
  )
  .add(routes("bin", "/bin"))
  .add(routes("binSlash", "/bin/"))
  .middleware(Identified)
  .annotate(OpenApi.Description, "What the machine says of itself.") {}
