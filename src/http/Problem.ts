import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { acceptsOnlyText, prefersHtml } from "../domain/Accept.ts"
import type { DomainError } from "../domain/Errors.ts"
import { problemPage } from "./shell/Pages.ts"

/**
 * The one table from errors to HTTP (C16): status, and a title that never changes. It is exhaustive: an error that is
 * not listed does not compile.
 */
export const problems = {
  BadPath: { status: 400, title: "Bad path" },
  BadRequest: { status: 400, title: "Bad request" },
  Unauthorized: { status: 401, title: "Credentials needed" },
  Forbidden: { status: 403, title: "Forbidden" },
  WorldNotFound: { status: 404, title: "No such world" },
  CollectionOnly: { status: 404, title: "A collection, not a world" },
  RouteNotFound: { status: 404, title: "No such route" },
  ResourceNotFound: { status: 404, title: "Not found" },
  MethodNotAllowed: { status: 405, title: "Method not allowed" },
  AlreadyExists: { status: 405, title: "Already there" },
  NotAcceptable: { status: 406, title: "Not acceptable" },
  TimedOut: { status: 408, title: "Took too long" },
  Conflict: { status: 409, title: "Conflict" },
  ShapeMismatch: { status: 406, title: "Not what was asked for" },
  PreconditionFailed: { status: 412, title: "Precondition failed" },
  BodyTooLarge: { status: 413, title: "Body too large" },
  TargetTooLong: { status: 414, title: "Request target too long" },
  UnsupportedMediaType: { status: 415, title: "Body not supported" },
  RangeNotSatisfiable: { status: 416, title: "Range not satisfiable" },
  IdempotencyConflict: { status: 422, title: "Idempotency-Key used for something else" },
  Unprocessable: { status: 422, title: "Cannot be accepted" },
  PluginRejected: { status: 422, title: "Plugin rejected" },
  Locked: { status: 423, title: "Locked" },
  RateLimited: { status: 429, title: "Too many requests" },
  StorageFailure: { status: 500, title: "Storage failure" },
  InternalError: { status: 500, title: "Internal error" },
  UnsupportedScheme: { status: 501, title: "Scheme not supported" },
  UpstreamFailed: { status: 502, title: "Upstream failed" },
  UpstreamRefused: { status: 502, title: "Refused upstream" },
  ForeignResource: { status: 502, title: "On another server" },
  Overloaded: { status: 503, title: "Overloaded" },
  NotConfigured: { status: 503, title: "Not configured" },
  ShapingUnavailable: { status: 503, title: "No model answers" },
  InsufficientStorage: { status: 507, title: "No room" }
} as const satisfies Record<DomainError["_tag"], { readonly status: number; readonly title: string }>

/** RFC 9457, with the original's `error` beside it. */
export class Problem extends Schema.Class<Problem>("Problem")({
  type: Schema.String.annotations({ description: "names the kind of problem" }),
  title: Schema.String.annotations({ description: "the same for every problem of this type" }),
  status: Schema.Number,
  detail: Schema.String.annotations({ description: "what was wrong with this request" }),
  error: Schema.String.annotations({ description: "the same text as detail" })
}) {}

const typeOf = (tag: string): string =>
  `urn:elastik:problem:${tag.replace(/(?!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase()}`

/** Fields of an error that its problem document repeats, so that a program need not parse `detail`. */
const extensions = [
  "path",
  "collection",
  "allow",
  "available",
  "length",
  "limit",
  "roots",
  "retryAfter",
  "scheme",
  "state"
] as const

const problemOf = (error: DomainError): Problem & Record<string, unknown> => {
  const { title } = problems[error._tag]
  const status = error._tag === "UpstreamRefused" ? error.status : problems[error._tag].status
  const shared: Record<string, unknown> = {}
  for (const field of extensions) if (field in error) shared[field] = Reflect.get(error, field)
  const detail = error._tag === "PluginRejected" ? error.reason : error.message
  return { type: typeOf(error._tag), title, status, detail, error: error.message, ...shared }
}

/** What a caller may still do within the minute (draft-ietf-httpapi-ratelimit-headers). Seconds. */
export const rateLimitFields = (rate: {
  readonly limit: number
  readonly remaining: number
  readonly reset: number
}) => ({
  "ratelimit-policy": `"generation";q=${rate.limit};w=60`,
  ratelimit: `"generation";r=${rate.remaining};t=${rate.reset}`
})

/** What a shaped answer depends on, whatever it is (C12.5). */
const shaped = { vary: "Accept, X-Semantic-Intent, User-Agent, Authorization" }

/** The methods of a WebDAV resource that exists: all but the one that would make it. */
const allowedWhereSomethingIs = "OPTIONS, GET, HEAD, PUT, DELETE, PROPFIND, PROPPATCH, COPY, MOVE, LOCK, UNLOCK"

const headersOf = (error: DomainError): Record<string, string> => {
  switch (error._tag) {
    case "Unauthorized":
      return { "www-authenticate": 'Basic realm="elastik"' }
    case "AlreadyExists":
      return { allow: allowedWhereSomethingIs }
    case "MethodNotAllowed":
      return { allow: error.allow.join(", ") }
    case "RangeNotSatisfiable":
      return { "content-range": `bytes */${error.length}` }
    case "Overloaded":
      return { "retry-after": String(error.retryAfter) }
    case "ShapeMismatch":
      return {
        ...shaped,
        "x-semantic-content-type-returned": error.contentType,
        "x-semantic-shape-returned": error.shape
      }
    case "ShapingUnavailable":
      return { ...shaped, "retry-after": String(error.retryAfter), "x-semantic-cache": "fallback-503" }
    case "RateLimited":
      return {
        ...shaped,
        "retry-after": String(error.retryAfter),
        "x-semantic-cache": "ratelimit-429",
        ...rateLimitFields({ limit: error.limit, remaining: 0, reset: error.reset })
      }
    default:
      return {}
  }
}

/** The problem document of an error, for whoever is answered before there is a request. */
export const documentOf = (error: DomainError) => {
  const problem = problemOf(error)
  return { status: problem.status, headers: headersOf(error), body: JSON.stringify(problem) }
}

/**
 * The answer for an error: application/problem+json, a page for a browser, text for those who accept only text (C16).
 */
export const toResponse = (error: DomainError, accept: string | undefined): HttpServerResponse.HttpServerResponse => {
  const problem = problemOf(error)
  const options = {
    status: problem.status,
    headers: { vary: "Accept", "cache-control": "no-cache", ...headersOf(error) }
  }
  if (prefersHtml(accept, ["application/problem+json", "application/json", "text/plain"])) {
    return problemPage(problem, options)
  }
  if (acceptsOnlyText(accept)) {
    const available = error._tag === "NotAcceptable" ? `\navailable: ${error.available.join(", ")}` : ""
    const text = `${problem.title}: ${problem.detail}${available}\n`
    return HttpServerResponse.text(text, { ...options, contentType: "text/plain; charset=utf-8" })
  }
  return HttpServerResponse.text(JSON.stringify(problem), { ...options, contentType: "application/problem+json" })
}

interface ErrorClass {
  readonly _tag: DomainError["_tag"]
  readonly ast: Schema.Schema.Any["ast"]
}

const described = (error: ErrorClass) =>
  Schema.transformOrFail(Problem, Schema.typeSchema(Schema.make<DomainError>(error.ast)), {
    strict: true,
    decode: (problem, _, ast) => ParseResult.fail(new ParseResult.Type(ast, problem, "errors are only written")),
    encode: (value) => ParseResult.succeed(new Problem(problemOf(value)))
  })
    .annotations(HttpApiSchema.annotations({ ...problems[error._tag], description: problems[error._tag].title }))
    .pipe(HttpApiSchema.withEncoding({ kind: "Json", contentType: "application/problem+json" }))

/** The errors of an endpoint as the API description shows them: problem documents, each under its status. */
export const failsWith = <Errors extends ReadonlyArray<ErrorClass & (abstract new (...args: never) => DomainError)>>(
  ...errors: Errors
): Schema.Schema<InstanceType<Errors[number]>, unknown> =>
  // The union is made of exactly these classes; a mapped array has forgotten which.
  Schema.Union(...errors.map(described)) as unknown as Schema.Schema<InstanceType<Errors[number]>, unknown>
