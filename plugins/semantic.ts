import { Effect, Either, Stream } from "effect"
import {
  BadPath,
  canonicalText,
  contentType,
  isActiveMarkup,
  type PluginRequest,
  ResourceNotFound,
  Response,
  type ShapeAnswer,
  type Shaped,
  Shaping
} from "elastik/plugin"

export const AUTH = "auth"
export const ROUTES = ["/shaped"]
export const METHODS = ["GET", "HEAD"]
export const SHELL = true
export const DESCRIPTION = "Any world or mounted file in the shape that Accept and X-Semantic-Intent ask for"

/** What is shaped: the path below /shaped, and so the path that the policy judges. */
const sourceOf = ({ path }: Pick<PluginRequest, "path">) =>
  Either.match(canonicalText(path.slice("/shaped".length)), {
    onLeft: (error) => error,
    onRight: ({ path }) =>
      path === "" ? new BadPath({ message: "name what is to be shaped: /shaped/home/x" }) : Effect.succeed(path)
  })

/** The query as sent, without what is for the machine's own page (C14): the rest is for the server behind a mount. */
const searchOf = (search: string) => {
  const parts = search.slice(1).split("&")
  const rest = parts.filter((part) => part !== "" && !/^(?:accept|intent)(?:=|$)/.test(part))
  return rest.length === 0 ? "" : `?${rest.join("&")}`
}

export const touches = (request: Pick<PluginRequest, "path">) =>
  Effect.map(sourceOf(request), (path) => ({ action: "read", path }) as const)

const headersOf = ({ gpu, rate, render }: ShapeAnswer) => ({
  "x-semantic-render": render,
  ...(gpu === undefined ? {} : { "x-semantic-gpu": gpu }),
  ...(rate === undefined ? {} : Response.rateLimit(rate)),
  vary: "Accept, X-Semantic-Intent, User-Agent, Authorization"
})

/** A model may have been talked into scripts; they and whatever would tell others of the reader stay dead. */
const lifeless = { "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'" }

const doneOf = ({ cache, contentType, shape }: Pick<Shaped, "cache" | "shape" | "contentType"> | typeof nothing) =>
  Response.frame({ event: "done", data: JSON.stringify({ ct: contentType, shape, cache }) })

const nothing = { cache: null, contentType: null, shape: null }

const textOf = ({ body }: Shaped) => Stream.succeed(Buffer.from(body).toString())

/** The content as events, and in the end what it is, or what went wrong. */
const eventsOf = ({ result }: ShapeAnswer) => {
  const [text, outcome] = "outcome" in result ? [result.text, result.outcome] : [textOf(result), Effect.succeed(result)]
  const end = Effect.match(outcome, {
    onSuccess: doneOf,
    onFailure: ({ message }) => Response.frame({ event: "error", data: message }) + doneOf(nothing)
  })
  return Stream.concat(Response.frames(text), Stream.fromEffect(end))
}

export const handle = Effect.fnUntraced(function* (request: PluginRequest) {
  const { caller, headers: asked, path, slash } = request
  const source = yield* sourceOf(request)
  if (slash) return yield* new ResourceNotFound({ message: `${path}/ is a collection, which has no shape`, path })
  const shaping = yield* Shaping
  const answer = yield* shaping.shape({
    caller,
    source,
    search: searchOf(request.search),
    accept: asked.accept,
    intent: asked["x-semantic-intent"],
    userAgent: asked["user-agent"]
  })
  const { result } = answer
  const common = headersOf(answer)
  if ("outcome" in result) {
    return Response.events(eventsOf(answer), { headers: { ...common, "x-semantic-cache": "generated" } })
  }
  const headers = { ...common, "x-semantic-cache": result.cache, "x-semantic-shape": result.shape }
  if (answer.streams) return Response.events(eventsOf(answer), { headers })
  const safety = isActiveMarkup(result.contentType) ? lifeless : {}
  const etag = result.tag === undefined ? {} : { etag: `"${result.tag}"` }
  const response = Response.bytes(result.body, contentType(result.contentType), {
    headers: { ...headers, ...safety, ...etag }
  })
  return result.tag === undefined ? response : yield* Response.unlessKnown(request, result.tag, response)
})
