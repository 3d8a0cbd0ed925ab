import * as HttpApi from "@effect/platform/HttpApi"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Context from "effect/Context"
import * as Option from "effect/Option"
import { compareBytes } from "../domain/ByteOrder.ts"
import { worldNamespaces } from "../domain/WorldPath.ts"
import { Api } from "./Api.ts"

/** A route of the machine, as /bin shows it (C8). */
export interface Route {
  /** without the leading slash */
  readonly route: string
  readonly description: string
}

interface Pattern {
  readonly matches: RegExp
  readonly methods: Array<string>
}

/** Routes beside the typed API: documents about it, and what the browser's shell is made of. */
const documents: ReadonlyArray<Route> = [
  { route: "openapi.json", description: "The typed API, as OpenAPI 3.1" },
  { route: "docs", description: "The typed API, for people" },
  { route: "manifest.json", description: "The browser's application, for those who install it" },
  { route: "sw.js", description: "Its worker, which keeps its files" },
  { route: "opensearch.xml", description: "It as a search engine of the browser" },
  { route: "favicon.ico", description: "Its picture" },
  { route: "app/:file", description: "Its files" }
]

const patterns = new Map<string, Pattern>()
const routes = new Map<string, Route>()

const register = (path: string, method: string, description: string) => {
  const source = path
    .replaceAll(".", "\\.")
    .replace(/:\w+/g, (parameter) => (parameter === ":namespace" ? `(?:${worldNamespaces.join("|")})` : "[^/]+"))
  const pattern = patterns.get(path) ?? { matches: new RegExp(`^${source}$`), methods: [] }
  patterns.set(path, pattern)
  pattern.methods.push(method, ...(method === "GET" ? ["HEAD"] : []))

  const fixed = path
    .slice(1)
    .replace(/\/?:.*$/, "")
    .replace(/\/$/, "")
  for (const route of path.startsWith("/:namespace") ? worldNamespaces : fixed === "" ? [] : [fixed]) {
    if (!routes.has(route)) routes.set(route, { route, description })
  }
}

HttpApi.reflect(Api, {
  onGroup: () => {},
  onEndpoint: ({ endpoint }) => {
    const summary = Option.getOrElse(Context.getOption(endpoint.annotations, OpenApi.Summary), () => endpoint.name)
    register(endpoint.path, endpoint.method, summary)
  }
})
for (const { description, route } of documents) register(`/${route}`, "GET", description)

/** Every core route, once, in byte order. */
export const coreRoutes: ReadonlyArray<Route> = [...routes.values()].sort((a, b) => compareBytes(a.route, b.route))

/** The first segment of a path: what no route takes is known by it, and what one takes is soon found. */
const firstOf = (path: string): string => {
  const end = path.indexOf("/", 1)
  return end < 0 ? path.slice(1) : path.slice(1, end)
}

// No two routes take the same path, so the first that matches is the one.
const byFirst = new Map<string, Array<{ readonly matches: RegExp; readonly methods: ReadonlyArray<string> }>>()
for (const [path, { matches, methods }] of patterns) {
  for (const first of path.startsWith("/:namespace") ? worldNamespaces : [firstOf(path)]) {
    byFirst.set(first, [...(byFirst.get(first) ?? []), { matches, methods: [...methods, "OPTIONS"] }])
  }
}

/** The methods of the route that serves a router path; undefined when none does. OPTIONS is among them. */
export const methodsOf = (routerPath: string): ReadonlyArray<string> | undefined =>
  byFirst.get(firstOf(routerPath))?.find(({ matches }) => matches.test(routerPath))?.methods
