import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { negotiate } from "../../domain/Accept.ts"
import { conditionsOf } from "../../domain/Conditions.ts"
import { type DomainError, NotAcceptable, WorldNotFound } from "../../domain/Errors.ts"
import type { Locks } from "../../services/Locks.ts"
import type { PluginRequest } from "../../services/Plugin.ts"
import { Worlds } from "../../services/Worlds.ts"
import { escapeHtml } from "../shell/Pages.ts"
import { rawAnswer } from "../worlds/Representations.ts"
import { membersOf } from "./Members.ts"
import { judged } from "./Preconditions.ts"
import { hrefOf, lookUp, type Resource, targetOf } from "./Resource.ts"

type Answer = Effect.Effect<HttpServerResponse.HttpServerResponse, DomainError, Worlds | Locks>

/** What is spoken here (RFC 4918 section 10.1). Windows asks for it at the root of the server. */
export const announces = { dav: "1, 2, 3", "ms-author-via": "DAV" }

/** OPTIONS: the same, to whoever asks. */
export const options = (methods: ReadonlyArray<string>): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.empty({
    status: 204,
    headers: { ...announces, allow: methods.join(", ") }
  })

/** GET and HEAD: the bytes of a world as `?raw` gives them (C2.1), or a list of a collection's members. */
export const get = (request: PluginRequest): Answer =>
  Effect.gen(function* () {
    const { caller, headers, method } = request
    const { path } = yield* targetOf(request)
    yield* judged(request, path)
    const resource = yield* lookUp(caller, path)
    if (resource === undefined) return yield* WorldNotFound.at(path)
    if (resource.collection) return yield* listing(request, resource)
    const worlds = yield* Worlds
    const { name } = resource.entry
    const found = yield* method === "HEAD" ? worlds.head(caller, name) : worlds.read(caller, name)
    const now = yield* Clock.currentTimeMillis
    const selection = { conditions: conditionsOf(headers), range: headers.range, version: undefined, now }
    const answer = rawAnswer(found, selection)
    return HttpServerResponse.isServerResponse(answer) ? answer : yield* answer
  })

const offers = ["text/plain", "text/html"]

/** The members of a collection, one a line, or as links. */
const listing = ({ caller, headers, method }: PluginRequest, collection: Resource): Answer =>
  Effect.gen(function* () {
    const type = negotiate(headers.accept, offers)
    if (type === undefined) {
      return yield* new NotAcceptable({ message: "a listing cannot be had as asked for", available: offers })
    }
    const options = {
      contentType: `${type}; charset=utf-8`,
      headers: {
        vary: "Accept",
        "cache-control": "no-cache",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'"
      }
    }
    if (method === "HEAD") {
      return HttpServerResponse.empty({
        status: 200,
        headers: { ...options.headers, "content-type": options.contentType }
      })
    }
    const members = Stream.provideService(membersOf(caller, collection.path, false), Worlds, yield* Worlds)
    const html = type === "text/html"
    const texts = Stream.mapChunks(members, (chunk) =>
      Chunk.of(
        Chunk.toReadonlyArray(chunk)
          .map(html ? asLink : asLine)
          .join("")
      )
    )
    const [before, after] = html ? frameOf(hrefOf(collection)) : ["", ""]
    const whole = Stream.concat(Stream.concat(Stream.make(before), texts), Stream.make(after))
    return HttpServerResponse.stream(Stream.encodeText(Stream.filter(whole, (text) => text !== "")), options)
  })

const nameOf = ({ collection, path }: Resource): string =>
  `${path.slice(path.lastIndexOf("/") + 1)}${collection ? "/" : ""}`

const asLine = (member: Resource): string => `${nameOf(member)}\n`

const asLink = (member: Resource): string =>
  `<li><a href="${escapeHtml(hrefOf(member))}">${escapeHtml(nameOf(member))}</a></li>\n`

const frameOf = (href: string): readonly [before: string, after: string] => [
  `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${escapeHtml(decodeURI(href))}</title>
<h1>${escapeHtml(decodeURI(href))}</h1>
<ul>
<li><a href="../">../</a></li>
`,
  "</ul></html>\n"
]
