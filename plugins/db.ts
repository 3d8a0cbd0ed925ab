import { Effect } from "effect"
import {
  BadRequest,
  canonicalText,
  Forbidden,
  MountTable,
  NotAcceptable,
  negotiate,
  type PluginRequest,
  Queries,
  Response,
  RouteNotFound,
  type Touch,
  Worlds,
  worldName
} from "elastik/plugin"

export const AUTH = "auth"
export const ROUTES = ["/dev/db"]
export const METHODS = ["POST"]
export const DESCRIPTION =
  "Read-only SQL: POST a statement, ask ?world=<name> or ?file=<mount>/<path>, get rows as JSON"

const formats = ["text/plain", "application/json"]

type Asked = Pick<PluginRequest, "path" | "query">

/** What is asked: a world by its name, or a file by mount and path. */
const sourceOf = ({ path: route, query }: Asked) =>
  Effect.gen(function* () {
    if (route !== "/dev/db") return yield* new RouteNotFound({ message: `nothing at ${route}`, path: route })
    const [source, ...others] = [...query].filter(([key]) => key === "world" || key === "file")
    if (source === undefined || others.length > 0) {
      return yield* new BadRequest({ message: "name what to ask: one ?world=<name> or one ?file=<mount>/<path>" })
    }
    const [kind, text] = source
    if (text.split("/").includes("..")) return yield* new Forbidden({ message: "this leads out of where it begins" })
    const { path, slash } = yield* canonicalText(text)
    if (slash) return yield* new BadRequest({ message: `${kind} names a collection` })
    if (kind === "world") return { _tag: "World", name: yield* worldName(path) } as const
    return { _tag: "File", path } as const
  })

/** The policy judges the reading of the world or file, not the use of /dev/db (C7.5). */
export const touches = (request: Asked) =>
  Effect.flatMap(sourceOf(request), (source) =>
    source._tag === "World"
      ? Effect.succeed<Touch>({ action: "read", path: source.name })
      : Effect.map(canonicalText(`mnt/${source.path}`), ({ path }): Touch => ({ action: "read", path }))
  )

export const handle = (request: PluginRequest) =>
  Effect.gen(function* () {
    const type = negotiate(request.headers.accept, formats)
    if (type === undefined) {
      return yield* new NotAcceptable({ message: "rows come as JSON, or as text", available: formats })
    }
    const source = yield* sourceOf(request)
    const queries = yield* Queries
    const sql = yield* request.text
    const json =
      source._tag === "World"
        ? yield* (yield* Worlds).settled(source.name, () => queries.run(source, sql))
        : yield* queries.run(
            { _tag: "File", file: yield* (yield* MountTable).localFile(source.path), path: `/mnt/${source.path}` },
            sql
          )
    const charset = type === "text/plain" ? "; charset=utf-8" : ""
    return Response.text(json, { headers: { "content-type": `${type}${charset}`, vary: "Accept" } })
  })
