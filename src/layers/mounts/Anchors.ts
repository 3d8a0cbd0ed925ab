import type { BigIntStats } from "node:fs"
import * as fs from "node:fs/promises"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { call, Outside, type SystemError } from "./System.ts"

/** Something that was found in a directory: what it was, and a path by which the system comes back to it. */
export interface Held {
  readonly stat: BigIntStats
  readonly path: string
}

/** How places in a tree are held on to, while others may rename and replace what is in it. */
export interface Anchors {
  /** a directory by the name that an operator gave it, links and all */
  readonly root: (directory: string) => Effect.Effect<Held, SystemError | Outside, Scope.Scope>
  /** an entry of a directory, itself and not what it links to; nothing is opened that could notice it */
  readonly child: (directory: Held, name: string) => Effect.Effect<Held, SystemError | Outside, Scope.Scope>
  /** the names in a directory, as bytes */
  readonly list: (directory: Held) => Effect.Effect<ReadonlyArray<Buffer>, SystemError | Outside>
  /** for reading: what was held, or nothing */
  readonly reopen: (held: Held) => Effect.Effect<fs.FileHandle, SystemError | Outside, Scope.Scope>
  /** fails when the path of `held` leads elsewhere by now; asked after what was done by that path */
  readonly confirm: (held: Held) => Effect.Effect<void, SystemError | Outside>
  /** the absolute path of a root, without links */
  readonly realPath: (root: Held) => Effect.Effect<string, SystemError>
}

/** Whether two looks met the same thing, whatever its name. */
export const isSame = (a: BigIntStats, b: BigIntStats): boolean => a.dev === b.dev && a.ino === b.ino

/** The same, with one directory closed, by whatever name or link it is come to. */
export const without = (closed: BigIntStats, anchors: Anchors): Anchors => {
  const open = (held: Held): Effect.Effect<Held, Outside> =>
    isSame(held.stat, closed)
      ? new Outside({ where: "to the worlds, which have names of their own" })
      : Effect.succeed(held)
  return {
    ...anchors,
    root: (directory) => Effect.flatMap(anchors.root(directory), open),
    child: (directory, name) => Effect.flatMap(anchors.child(directory, name), open)
  }
}

/** The names behind a path, as bytes: not all of them need be UTF-8. */
export const namesIn = ({ path }: Held): Effect.Effect<ReadonlyArray<Buffer>, SystemError> =>
  call(() => fs.readdir(path, { encoding: "buffer" }))
