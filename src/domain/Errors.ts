import * as Schema from "effect/Schema"

/**
 * Everything that can go wrong with a request, as values. The domain knows no HTTP statuses: `http/Problem.ts` holds
 * the one table that maps each of these to a status, and a new error without a status does not compile (C16).
 * Every `message` is written for the caller: it never holds a host path, a token or a key.
 */

/** The path has no canonical form, or its name cannot be a directory (C1.2, C1.3). */
export class BadPath extends Schema.TaggedError<BadPath>()("BadPath", { message: Schema.String }) {}

/** The raw request target is longer than the server reads (C1.3). */
export class TargetTooLong extends Schema.TaggedError<TargetTooLong>()("TargetTooLong", {
  message: Schema.String,
  limit: Schema.Number
}) {}

/** A parameter, header or body does not say what it must. */
export class BadRequest extends Schema.TaggedError<BadRequest>()("BadRequest", { message: Schema.String }) {}

/** No such world, and nothing below the path either (C2.5). */
export class WorldNotFound extends Schema.TaggedError<WorldNotFound>()("WorldNotFound", {
  message: Schema.String,
  path: Schema.String
}) {
  static at(name: string): WorldNotFound {
    return new WorldNotFound({ message: `no world at /${name}`, path: `/${name}` })
  }
}

/** The path is a pure prefix: it lists, but holds no bytes of its own (C2.5). */
export class CollectionOnly extends Schema.TaggedError<CollectionOnly>()("CollectionOnly", {
  message: Schema.String,
  collection: Schema.String
}) {
  static at(name: string): CollectionOnly {
    return new CollectionOnly({
      message: `/${name} is a collection without bytes of its own`,
      collection: `/${name}/`
    })
  }
}

/** Nothing is served at this path. */
export class RouteNotFound extends Schema.TaggedError<RouteNotFound>()("RouteNotFound", {
  message: Schema.String,
  path: Schema.String
}) {}

/** What a device or mount was asked for is not there. */
export class ResourceNotFound extends Schema.TaggedError<ResourceNotFound>()("ResourceNotFound", {
  message: Schema.String,
  path: Schema.String
}) {}

/** The route exists, the method does not; `allow` names those that do (RFC 9110 section 15.5.6). */
export class MethodNotAllowed extends Schema.TaggedError<MethodNotAllowed>()("MethodNotAllowed", {
  message: Schema.String,
  allow: Schema.Array(Schema.String)
}) {}

/** No representation that the caller accepts; `available` names those that exist (C3.3). */
export class NotAcceptable extends Schema.TaggedError<NotAcceptable>()("NotAcceptable", {
  message: Schema.String,
  available: Schema.Array(Schema.String)
}) {}

/** A model made something that the caller does not accept; what it said that it is (C12.3). */
export class ShapeMismatch extends Schema.TaggedError<ShapeMismatch>()("ShapeMismatch", {
  message: Schema.String,
  contentType: Schema.String,
  shape: Schema.String
}) {}

/** The byte range lies outside the representation of `length` bytes (RFC 9110 section 15.5.17). */
export class RangeNotSatisfiable extends Schema.TaggedError<RangeNotSatisfiable>()("RangeNotSatisfiable", {
  message: Schema.String,
  length: Schema.Number
}) {}

/** A condition of the request does not hold for the current state (RFC 9110 section 13). */
export class PreconditionFailed extends Schema.TaggedError<PreconditionFailed>()("PreconditionFailed", {
  message: Schema.String
}) {}

/**
 * A lock is in the way (C15): it binds what would be changed, and its token was not submitted; or, with `conflict`, it
 * cannot be held together with the one that was asked for. `roots` are the paths that are locked.
 */
export class Locked extends Schema.TaggedError<Locked>()("Locked", {
  message: Schema.String,
  /** canonical paths, without the leading slash */
  roots: Schema.Array(Schema.String),
  conflict: Schema.Boolean
}) {
  static by(roots: Iterable<string>): Locked {
    const message = "this is locked, and its lock token was not submitted"
    return new Locked({ message, roots: [...new Set(roots)], conflict: false })
  }
  static inTheWay(roots: Iterable<string>): Locked {
    const message = "a lock is in the way of the one that was asked for"
    return new Locked({ message, roots: [...new Set(roots)], conflict: true })
  }
}

/** What should be made is there already (RFC 4918 section 9.3.1). */
export class AlreadyExists extends Schema.TaggedError<AlreadyExists>()("AlreadyExists", {
  message: Schema.String,
  path: Schema.String
}) {}

/** What the request needs is not as it must be, such as the collection above what should be made (RFC 4918). */
export class Conflict extends Schema.TaggedError<Conflict>()("Conflict", { message: Schema.String }) {}

/** There is no room for what should be stored; nothing was stored (RFC 4918 section 11.5). */
export class InsufficientStorage extends Schema.TaggedError<InsufficientStorage>()("InsufficientStorage", {
  message: Schema.String
}) {}

/** The body is of a kind that this request has no use for (RFC 4918 section 9.3). */
export class UnsupportedMediaType extends Schema.TaggedError<UnsupportedMediaType>()("UnsupportedMediaType", {
  message: Schema.String
}) {}

/** The other resource of a copy or move is not one of this server's (RFC 4918 section 9.8.5). */
export class ForeignResource extends Schema.TaggedError<ForeignResource>()("ForeignResource", {
  message: Schema.String
}) {}

/** The body is longer than `limit` bytes (C4.1). */
export class BodyTooLarge extends Schema.TaggedError<BodyTooLarge>()("BodyTooLarge", {
  message: Schema.String,
  limit: Schema.Number
}) {}

/** The same Idempotency-Key came with other bytes (C4.4). */
export class IdempotencyConflict extends Schema.TaggedError<IdempotencyConflict>()("IdempotencyConflict", {
  message: Schema.String
}) {}

/** What was sent is well formed and cannot be accepted as what it should be. */
export class Unprocessable extends Schema.TaggedError<Unprocessable>()("Unprocessable", { message: Schema.String }) {}

/** Source that cannot become a running plugin: `reason` says why, `state` is what it was and stays (C10.1). */
export class PluginRejected extends Schema.TaggedError<PluginRejected>()("PluginRejected", {
  message: Schema.String,
  reason: Schema.String,
  state: Schema.String
}) {}

/** The work took longer than it may, and was stopped. */
export class TimedOut extends Schema.TaggedError<TimedOut>()("TimedOut", { message: Schema.String }) {}

/** The device lacks its configuration; the message names what to set (C11.1). */
export class NotConfigured extends Schema.TaggedError<NotConfigured>()("NotConfigured", { message: Schema.String }) {}

/** A configuration names a scheme that nothing here speaks. */
export class UnsupportedScheme extends Schema.TaggedError<UnsupportedScheme>()("UnsupportedScheme", {
  message: Schema.String,
  scheme: Schema.String
}) {}

/** Another server that this one depends on could not be reached or did not answer as it should. `cause` is for the log. */
export class UpstreamFailed extends Schema.TaggedError<UpstreamFailed>()("UpstreamFailed", {
  message: Schema.String,
  cause: Schema.Defect
}) {}

/** The server behind a mount has no content to give, and says so with `status`: a 4xx or 5xx, which is kept (C12.1). */
export class UpstreamRefused extends Schema.TaggedError<UpstreamRefused>()("UpstreamRefused", {
  message: Schema.String,
  status: Schema.Int
}) {}

/** No model answers, and nothing but a model could (C12.4); to be tried again after `retryAfter` seconds. */
export class ShapingUnavailable extends Schema.TaggedError<ShapingUnavailable>()("ShapingUnavailable", {
  message: Schema.String,
  retryAfter: Schema.Number
}) {}

/** The caller, or all of them, have had what there is in a minute; to be tried again after `retryAfter` seconds. */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  message: Schema.String,
  retryAfter: Schema.Number,
  /** how many there are in a minute */
  limit: Schema.Number,
  /** seconds until there is one more */
  reset: Schema.Number
}) {}

/**
 * The caller may not do this. The message names the rule, never what lies behind it (C7.5). `curable`: with other
 * credentials it would be allowed (C7.6).
 */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", {
  message: Schema.String,
  curable: Schema.optionalWith(Schema.Boolean, { exact: true })
}) {}

/** A protected route was asked without valid credentials (C7.6). */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", { message: Schema.String }) {}

/** Too much work is waiting; the caller may try again after `retryAfter` seconds. */
export class Overloaded extends Schema.TaggedError<Overloaded>()("Overloaded", {
  message: Schema.String,
  retryAfter: Schema.Number
}) {}

/** The storage could not do its work. `cause` is for the log alone and is never shown. */
export class StorageFailure extends Schema.TaggedError<StorageFailure>()("StorageFailure", {
  message: Schema.String,
  cause: Schema.Defect
}) {}

/** A mistake of this program, as the caller hears of it; what it was stands in the log. */
export class InternalError extends Schema.TaggedError<InternalError>()("InternalError", { message: Schema.String }) {}

/** Any error that a request can end with. */
export const DomainError = Schema.Union(
  BadPath,
  TargetTooLong,
  BadRequest,
  WorldNotFound,
  CollectionOnly,
  RouteNotFound,
  ResourceNotFound,
  MethodNotAllowed,
  NotAcceptable,
  ShapeMismatch,
  RangeNotSatisfiable,
  PreconditionFailed,
  Locked,
  AlreadyExists,
  Conflict,
  InsufficientStorage,
  UnsupportedMediaType,
  ForeignResource,
  BodyTooLarge,
  IdempotencyConflict,
  Unprocessable,
  PluginRejected,
  TimedOut,
  NotConfigured,
  UnsupportedScheme,
  UpstreamFailed,
  UpstreamRefused,
  ShapingUnavailable,
  RateLimited,
  Forbidden,
  Unauthorized,
  Overloaded,
  StorageFailure,
  InternalError
)
export type DomainError = typeof DomainError.Type

/** Whether a value that surfaced from an effect is one of ours rather than a defect. */
export const isDomainError = Schema.is(DomainError)
