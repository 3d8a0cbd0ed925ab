import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { negotiate } from "../../domain/Accept.ts"
import { compareBytes } from "../../domain/ByteOrder.ts"
import { BadRequest, NotAcceptable } from "../../domain/Errors.ts"
import { childrenOf } from "../../domain/Listing.ts"
import { type CanonicalPath, namespaceOf, worldName, worldNamespaces } from "../../domain/WorldPath.ts"
import { Catalog } from "../../services/Catalog.ts"
import { Metrics } from "../../services/Metrics.ts"
import { PluginRegistry } from "../../services/PluginRegistry.ts"
import { Worlds } from "../../services/Worlds.ts"
import { version } from "../../Version.ts"
import { Api } from "../Api.ts"
import { CurrentCaller, orUnauthorized } from "../Caller.ts"
import { Listings } from "../collections/Listings.ts"
import { bytes } from "../Response.ts"
import { coreRoutes } from "../RouteTable.ts"

const procEntries = ["metrics", "status", "uptime", "verify", "version", "worlds"].map((name) => ({ name, dir: false }))

const json = "application/json"
const plain = "text/plain"

/** Events that are read at a time. */
const mostEvents = 1000

const wholeNumber = (name: string, text: string): Effect.Effect<number, BadRequest> =>
  /^\d{1,15}$/.test(text)
    ? Effect.succeed(Number(text))
    : new BadRequest({ message: `${name} wants a whole number that is not negative` })

/** One value in the form that Accept prefers; `first` is what everybody else gets. */
const either = (
  request: HttpServerRequest.HttpServerRequest,
  first: typeof json | typeof plain,
  forms: { readonly text: () => string; readonly json: () => unknown }
): Effect.Effect<HttpServerResponse.HttpServerResponse, NotAcceptable> => {
  const offers = first === json ? [json, plain] : [plain, json]
  const headers = { vary: "Accept", "cache-control": "no-cache" }
  switch (negotiate(request.headers.accept, offers)) {
    case json:
      return Effect.succeed(bytes(JSON.stringify(forms.json()), json, headers))
    case plain:
      return Effect.succeed(bytes(forms.text(), "text/plain; charset=utf-8", headers))
    default:
      return new NotAcceptable({ message: "this cannot be had as asked for", available: offers })
  }
}

/** What the machine says of itself (C8). */
export const IntrospectionLive = HttpApiBuilder.group(Api, "introspection", (handlers) =>
  Effect.gen(function* () {
    const worlds = yield* Worlds
    const catalog = yield* Catalog
    const metrics = yield* Metrics
    const listings = yield* Listings
    const startedAt = yield* Clock.currentTimeMillis
    const uptime = Effect.map(Clock.currentTimeMillis, (now) => Math.floor((now - startedAt) / 1000))
    const registry = yield* PluginRegistry

    const activeRoutes = (request: HttpServerRequest.HttpServerRequest) => {
      const routes = [...coreRoutes, ...registry.routes()].sort((a, b) => compareBytes(a.route, b.route))
      return either(request, plain, {
        text: () => routes.map(({ route }) => `${route}\n`).join(""),
        json: () => routes
      })
    }

    /** The immediate children of /dev among the live routes. */
    const devices = () => [
      ...childrenOf(
        registry
          .routes()
          .map(({ route }) => route)
          .sort(compareBytes),
        "dev/",
        () => true
      )
    ]

    return handlers
      .handle("proc", ({ request }) => listings.fixed(request, procEntries, false))
      .handle("procSlash", ({ request }) => listings.fixed(request, procEntries, false))
      .handle("dev", ({ request }) => listings.fixed(request, devices(), false))
      .handle("devSlash", ({ request }) => listings.fixed(request, devices(), false))
      .handle("status", () =>
        Effect.map(uptime, (uptime) => ({
          pid: process.pid,
          uptime,
          worlds: catalog.size(),
          plugins: registry.running().length,
          version
        }))
      )
      .handle("uptime", ({ request }) =>
        Effect.flatMap(uptime, (uptime) => either(request, plain, { text: () => String(uptime), json: () => uptime }))
      )
      .handle("version", ({ request }) => either(request, plain, { text: () => version, json: () => version }))
      .handle("worlds", ({ request }) =>
        Effect.gen(function* () {
          const readable = Array.from(yield* worlds.all(yield* CurrentCaller))
          return yield* either(request, json, {
            text: () => readable.map(({ name }) => `${name}\n`).join(""),
            json: () =>
              readable.map((entry) => ({
                name: entry.name,
                version: entry.version,
                updated_at: new Date(entry.updatedAt).toISOString(),
                ...(namespaceOf(entry.name) === "lib" ? { state: entry.state } : {})
              }))
          })
        })
      )
      .handle("metrics", () =>
        Effect.map(metrics.expose, (text) => bytes(text, metrics.contentType, { "cache-control": "no-cache" }))
      )
      .handle("verifyRoot", ({ request }) =>
        listings.fixed(
          request,
          worldNamespaces.map((name) => ({ name, dir: true })),
          false
        )
      )
      .handle("verify", ({ path }) =>
        Effect.gen(function* () {
          const caller = yield* CurrentCaller
          // Canonical since it was read from the raw target (http/RequestTarget.ts).
          const target = path.name as CanonicalPath
          return yield* worldName(target).pipe(
            Effect.flatMap((name) => orUnauthorized(caller, worlds.verify(caller, name)))
          )
        })
      )
      .handle("events", ({ path, urlParams }) =>
        Effect.gen(function* () {
          const caller = yield* CurrentCaller
          const after = yield* wholeNumber("after", urlParams.after ?? "0")
          const limit = Math.min(yield* wholeNumber("limit", urlParams.limit ?? "100"), mostEvents)
          if (limit === 0) return yield* new BadRequest({ message: "limit wants a positive whole number" })
          // Canonical since it was read from the raw target (http/RequestTarget.ts).
          const name = yield* worldName(path.name as CanonicalPath)
          // One more than is shown tells whether there are more.
          const rows = yield* worlds.events(caller, name, after, limit + 1)
          const events = rows.slice(0, limit).map(({ event_type, ...row }) => ({ ...row, type: event_type }))
          const last = events.at(-1)
          return { path: `/${name}`, events, ...(rows.length > limit && last !== undefined ? { next: last.id } : {}) }
        })
      )
      .handle("self", () =>
        Effect.map(CurrentCaller, ({ expires, id, scope, tier }) => ({
          tier,
          id,
          ...(scope === undefined ? {} : { scope: { prefix: `/${scope.prefix}`, mode: scope.mode } }),
          ...(expires === undefined ? {} : { expires })
        }))
      )
      .handle("bin", ({ request }) => activeRoutes(request))
      .handle("binSlash", ({ request }) => activeRoutes(request))
  })
)
