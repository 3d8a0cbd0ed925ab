import type { IncomingMessage, ServerResponse } from "node:http"
import { pipeline, Readable } from "node:stream"
import { clientAbortFiberId } from "@effect/platform/HttpServerError"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import type { DomainError } from "../domain/Errors.ts"
import { isWorldNamespace, namespaceOf } from "../domain/WorldPath.ts"
import { Auth } from "../services/Auth.ts"
import { Catalog } from "../services/Catalog.ts"
import { Answering } from "./Answering.ts"
import type { Asked } from "./Asked.ts"
import { Origins } from "./Origins.ts"
import { parseTarget, type RequestTarget } from "./RequestTarget.ts"
import { StreamAnswers } from "./stream/Answers.ts"
import { type ReadQuery, WorldAnswers } from "./worlds/Answers.ts"

type Response = HttpServerResponse.HttpServerResponse

/** A plain request: what the typed API would make of it. */
interface Plain {
  readonly asked: Asked
  readonly target: RequestTarget
  readonly query: ReadQuery & { readonly ext: string | undefined }
}

/**
 * Plain reads and writes of worlds, and those who follow them, answered by what is behind the typed endpoints, without
 * the platform's router and decoders around it: they would be most of the time of each, and of the memory of those who
 * stay. It changes nothing else: whatever is not plain goes the whole way.
 */
export class Shortcut extends Effect.Service<Shortcut>()("elastik/http/Shortcut", {
  effect: Effect.gen(function* () {
    const auth = yield* Auth
    const catalog = yield* Catalog
    const worlds = yield* WorldAnswers
    const streams = yield* StreamAnswers
    const answering = yield* Answering
    const origins = yield* Origins
    const runFork = Runtime.runFork(yield* Effect.runtime())

    const answerTo = ({ asked, query, target: { path, slash } }: Plain): Effect.Effect<Response, DomainError> =>
      Effect.flatMap(auth.identify(asked.headers.authorization), (caller): Effect.Effect<Response, DomainError> => {
        if (path.startsWith(followed)) {
          const name = path.slice(followed.length)
          return slash ? streams.collection(caller, asked, name) : streams.world(caller, asked, name)
        }
        if (asked.method === "PUT") return worlds.overwrite(caller, asked, path, query.ext)
        if (asked.method === "POST") return worlds.append(caller, asked, path, query.ext)
        return worlds.read(caller, asked, path, query)
      })

    return {
      /** answers a plain request; false when it must go the whole way, or `whole` when that turns out later */
      serve: (request: IncomingMessage, response: ServerResponse, whole: () => void): boolean => {
        const plain = plainOf(request)
        if (plain === undefined || !origins.isMeantForUs(request.headers.host)) return false
        const { asked, target } = plain
        // What is missing may be a collection, which can be long.
        if (isRead(asked.method) && !isFollowed(target) && catalog.get(target.path) === undefined) return false
        const fiber = runFork(answering.to(asked, answerTo(plain)))
        fiber.addObserver((exit) => {
          if (Exit.isSuccess(exit) && !send(asked.method, exit.value, response)) whole()
        })
        response.on("close", () => {
          if (!response.writableEnded) fiber.unsafeInterruptAsFork(clientAbortFiberId)
        })
        return true
      }
    } as const
  })
}) {}

const isRead = (method: string): boolean => method === "GET" || method === "HEAD"

const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "POST"])

/** Queries that can be read in one way only. */
const plainQuery = /^(?:\?(?:(raw)|v=(\d+)|ext=([a-z0-9]+)))?$/

/** Reads a request as a plain one; undefined when the whole way has to make something of it. */
const plainOf = (message: IncomingMessage): Plain | undefined => {
  const { method = "", url = "" } = message
  // A page of another origin may have sent it.
  if (!methods.has(method) || message.headers.origin !== undefined) return undefined
  const target = Either.getOrUndefined(parseTarget(url))
  if (target === undefined || !(isFollowed(target) ? isRead(method) : isWorld(target))) return undefined
  const found = plainQuery.exec(target.query)
  if (found === null) return undefined
  const [, raw, v, ext] = found
  // Of node's fields only set-cookie is a list, and nobody reads that of a request.
  const headers = message.headers as Asked["headers"]
  return { asked: { method, originalUrl: url, headers, message }, target, query: { raw: raw && "", v, ext } }
}

/** Where worlds can be followed (C9). */
const followed = "stream/"

const isFollowed = ({ path }: RequestTarget): boolean => path.startsWith(followed)

const isWorld = ({ path, slash }: RequestTarget): boolean =>
  !slash && path.includes("/") && isWorldNamespace(namespaceOf(path)) && !isPluginState(path)

/** Its PUT is an endpoint of its own (C10.1). */
const isPluginState = (path: string): boolean => path.startsWith("lib/") && path.endsWith("/state")

/** Sends an answer; false when it is one that only the platform can send. */
const send = (method: string, { body, headers, status }: Response, response: ServerResponse): boolean => {
  switch (body._tag) {
    case "Empty":
      response.writeHead(status, headers).end()
      return true
    case "Uint8Array":
      response.writeHead(status, headers).end(method === "HEAD" ? undefined : body.body)
      return true
    case "Raw":
      if (!(body.body instanceof Readable)) return false
      pipeline(body.body, response.writeHead(status, headers), () => undefined)
      return true
    default:
      return false
  }
}
