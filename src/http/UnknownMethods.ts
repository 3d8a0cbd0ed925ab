import * as Either from "effect/Either"
import { type DomainError, MethodNotAllowed, RouteNotFound } from "../domain/Errors.ts"
import type { PluginRegistryShape } from "../services/PluginRegistry.ts"
import type { Refusal } from "./Connections.ts"
import { documentOf } from "./Problem.ts"
import { methodsOfPlugin } from "./plugins/Dispatch.ts"
import { parseTarget, routerPath } from "./RequestTarget.ts"
import { methodsOf } from "./RouteTable.ts"
import type { UnknownMethod } from "./Unreadable.ts"

/**
 * What is answered to a method that node's parser does not know: that the route has others, as to any that it does not
 * have (C4.6). No handler sees such a request, so all that counts is what is served at its target.
 */
export const make =
  (plugins: Pick<PluginRegistryShape, "match">) =>
  (line: UnknownMethod): Refusal =>
    documentOf(errorOf(plugins, line))

const errorOf = (plugins: Pick<PluginRegistryShape, "match">, { method, target }: UnknownMethod): DomainError =>
  Either.match(parseTarget(target), {
    onLeft: (error): DomainError => error,
    onRight: ({ path, slash }) => {
      const plugin = plugins.match(path)
      const allow = methodsOf(routerPath({ path, slash }, method)) ?? (plugin && methodsOfPlugin(plugin.manifest))
      return allow === undefined
        ? new RouteNotFound({ message: `nothing is served at /${path}`, path: `/${path}` })
        : new MethodNotAllowed({ message: `${method} is not for /${path}`, allow })
    }
  })
