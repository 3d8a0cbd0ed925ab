import * as fs from "node:fs/promises"
import { isAbsolute, join, sep } from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Anchors, Held } from "./Anchors.ts"
import { call, isMissing, type Outside, outside, SystemError } from "./System.ts"

/** Where a path led within a tree. */
export interface Place {
  /** what is there, which is no link; none where only the last name is missing */
  readonly held: Held | undefined
  /** the directory that it is, or would be, an entry of; for the root the root itself */
  readonly directory: Held
  /** the names that lead to it from the root, without links */
  readonly names: ReadonlyArray<string>
}

/** Links that one path may go through, as many as Linux allows. */
const mostLinks = 40

/**
 * Follows a path from the root of a tree, name by name, and never takes a step out of it: each name is looked up in the
 * directory that is held, and links are read and followed here, not by the system. A link may name the tree itself in
 * any way (relative, absolute, up and down again), as long as every directory on the way is the tree's or leads to it;
 * whatever else it names fails with `Outside`, whether it exists or not. The scope holds what is looked up.
 */
export const resolve = (
  anchors: Anchors,
  source: string,
  path: ReadonlyArray<string>
): Effect.Effect<Place, SystemError | Outside, Scope.Scope> =>
  Effect.gen(function* () {
    const root = yield* anchors.root(source)
    const trail = yield* Effect.cached(Effect.map(anchors.realPath(root), components))
    const ahead = [...path].reverse()
    const entered: Array<{ readonly name: string; readonly held: Held }> = []
    // Outside, on the way from / to the root: how many names of that way have been taken. Nothing is touched there.
    let above: number | undefined
    let links = 0

    const top = () => entered.at(-1)?.held ?? root
    const names = () => entered.map(({ name }) => name)

    for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
      if (name === "" || name === ".") continue
      if (above !== undefined || name === "..") {
        if (above === undefined && entered.pop() !== undefined) continue
        above = yield* stepAbove(yield* trail, above, name)
        continue
      }
      const directory = top()
      const found = yield* Effect.either(anchors.child(directory, name))
      if (found._tag === "Left") {
        if (!isMissing(found.left) || ahead.length > 0) return yield* found.left
        return { held: undefined, directory, names: [...names(), name] }
      }
      const held = found.right
      if (held.stat.isSymbolicLink()) {
        if (++links > mostLinks) return yield* new SystemError({ code: "ELOOP", cause: "too many links" })
        const target = yield* readLink(join(directory.path, name))
        ahead.push(...components(withinDeclared(source, target) ?? target).reverse())
        if (isAbsolute(target)) {
          entered.length = 0
          above = withinDeclared(source, target) !== undefined || (yield* trail).length === 0 ? undefined : 0
        }
      } else if (held.stat.isDirectory()) {
        entered.push({ name, held })
      } else if (ahead.length === 0) {
        return { held, directory, names: [...names(), name] }
      } else {
        return yield* new SystemError({ code: "ENOTDIR", cause: "a name follows that of a file" })
      }
    }
    if (above !== undefined) return yield* outside()
    return { held: top(), directory: entered.at(-2)?.held ?? root, names: names() }
  })

/** Where a link points. EINVAL is what comes of one that has been replaced since: then there is none. */
const readLink = (path: string): Effect.Effect<string, SystemError> =>
  Effect.mapError(
    call(() => fs.readlink(path)),
    (error) => (error.code === "EINVAL" ? new SystemError({ code: "ENOENT", cause: error.cause }) : error)
  )

/** One step outside the root: up towards /, or down along the only way that leads back, at whose end is the root. */
const stepAbove = (
  trail: ReadonlyArray<string>,
  above: number | undefined,
  name: string
): Effect.Effect<number | undefined, Outside> => {
  const depth = above ?? trail.length
  if (name === "..") return Effect.succeed(trail.length === 0 ? undefined : Math.max(depth - 1, 0))
  if (name !== trail[depth]) return outside()
  return Effect.succeed(depth + 1 === trail.length ? undefined : depth + 1)
}

const components = (path: string): Array<string> => path.split(sep).filter((name) => name !== "")

/** The rest of an absolute link that starts with the root as the operator wrote it, which may go through links itself. */
const withinDeclared = (source: string, target: string): string | undefined => {
  const root = source.endsWith(sep) ? source.slice(0, -1) : source
  if (target === root) return ""
  return target.startsWith(root + sep) ? target.slice(root.length) : undefined
}
