import { Effect } from "effect"
import {
  type PluginRequest,
  Response,
  type Route,
  RouteNotFound,
  SemanticRouter,
  TargetTooLong,
  urlPath
} from "elastik/plugin"

export const AUTH = "none"
export const ROUTES = ["/_router_fallback"]
export const METHODS = ["GET", "HEAD"]
export const DESCRIPTION = "Finds the world that a path may have meant, when nothing else serves it"

const limit = 4096

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }
const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => escapes[character] ?? "")

const listOf = (names: ReadonlyArray<string>) => `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Several may be meant</title>
<h1>Several may be meant</h1>
<ul>
${names.map((name) => `<li><a href="${escaped(urlPath(name))}">/${escaped(name)}</a></li>`).join("\n")}
</ul></html>
`

/** Another caller, another language, another hour: another answer. Nobody keeps this one. */
const headersOf = (route: Route) => ({
  "x-semantic-route-source": route._tag === "Static" ? "static" : "slm",
  "x-semantic-route-cache": route._tag === "Static" ? `${route.reason}-static-404` : route.cache,
  "cache-control": "no-store",
  vary: "Accept-Language, X-Semantic-Intent, Authorization"
})

const answerTo = (request: PluginRequest, route: Route) => {
  const headers = headersOf(route)
  if (route._tag === "Match") {
    const location = urlPath(route.name)
    return Response.text(`${location}\n`, { status: 303, headers: { ...headers, location } })
  }
  if (route._tag === "Multi") {
    const link = route.names.map((name) => `<${urlPath(name)}>; rel="alternate"`).join(", ")
    const html = { "content-type": "text/html; charset=utf-8", "content-security-policy": "default-src 'none'" }
    return Response.text(listOf(route.names), { status: 300, headers: { ...headers, ...html, link } })
  }
  if (route._tag === "None" && route.prose !== "") {
    return Response.text(`${route.prose}\n`, { status: 404, headers })
  }
  const { path } = request
  return Response.problem(new RouteNotFound({ message: `nothing is served at ${path}`, path }), request, headers)
}

export const handle = (request: PluginRequest) =>
  Effect.gen(function* () {
    const { caller, headers, path, target } = request
    if (target.length > limit) {
      return yield* new TargetTooLong({ message: `the request target is over ${limit} bytes`, limit })
    }
    const router = yield* SemanticRouter
    const hints = { language: headers["accept-language"], intent: headers["x-semantic-intent"] }
    return answerTo(request, yield* router.route({ caller, path, ...hints }))
  })
