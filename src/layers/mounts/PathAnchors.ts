import type { BigIntStats } from "node:fs"
import * as fs from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { type Anchors, type Held, isSame, namesIn } from "./Anchors.ts"
import { call, noFollow, type Outside, openHandle, outside, readOnly, SystemError } from "./System.ts"

const look = (path: string): Effect.Effect<BigIntStats, SystemError> => call(() => fs.lstat(path, { bigint: true }))

/**
 * How often a path is asked again. Whoever swaps directories and links cannot see when, and has to be in time with every
 * single question: that the path has no links, and that it leads to what was found.
 */
const doubts = 6

const doubting = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<ReadonlyArray<A>, E> =>
  Effect.all(Array.from({ length: doubts }, () => effect))

/** That a path has no links, and leads to something that `isIt` knows. */
const confirmOnce = (
  path: string,
  isIt: (now: BigIntStats) => Effect.Effect<boolean, SystemError>
): Effect.Effect<void, SystemError | Outside> =>
  Effect.all([call(() => fs.realpath(path)), Effect.flatMap(look(path), isIt)]).pipe(
    Effect.filterOrFail(
      ([real, known]) => real === path && known,
      () => outside()
    ),
    Effect.asVoid
  )

const confirm = ({ path, stat }: Held): Effect.Effect<void, SystemError | Outside> =>
  Effect.asVoid(doubting(confirmOnce(path, (now) => Effect.succeed(isSame(now, stat)))))

/** What is in every one of several lists. */
const common = (lists: ReadonlyArray<ReadonlyArray<Buffer>>): ReadonlyArray<Buffer> => {
  const [first = [], ...others] = lists.map((list) => list.map((name) => name.toString("latin1")))
  const sets = others.map((names) => new Set(names))
  return first.filter((name) => sets.every((set) => set.has(name))).map((name) => Buffer.from(name, "latin1"))
}

/**
 * By path, where there is nothing better. Node has no openat(2), so a directory that is swapped between two calls goes
 * unnoticed by the second; what was found counts only when its path is confirmed over and over. Nobody outside the host
 * can swap anything. Whoever may rename directories in the mount could make a write begin its temporary file elsewhere,
 * where it stays empty.
 */
export const byPath: Anchors = {
  root: (directory) =>
    Effect.flatMap(
      call(() => fs.realpath(directory)),
      (path) =>
        Effect.map(
          Effect.filterOrFail(
            look(path),
            (stat) => stat.isDirectory(),
            () => new SystemError({ code: "ENOTDIR", cause: "the root is no directory" })
          ),
          (stat) => ({ stat, path })
        )
    ),
  child: (directory, name) => {
    const path = join(directory.path, name)
    return Effect.map(look(path), (stat) => ({ stat, path }))
  },
  list: (held) =>
    Effect.map(
      doubting(
        Effect.zipRight(
          confirmOnce(held.path, (now) => Effect.succeed(isSame(now, held.stat))),
          namesIn(held)
        )
      ),
      common
    ),
  reopen: ({ path }) =>
    Effect.gen(function* () {
      const handle = yield* openHandle(path, readOnly | noFollow)
      const opened = call(() => handle.stat({ bigint: true }))
      // Without a name it is what has been replaced since, as files are by whoever writes them whole.
      const isIt = (now: BigIntStats) => Effect.map(opened, (stat) => isSame(now, stat) || stat.nlink === 0n)
      yield* doubting(confirmOnce(path, isIt))
      return handle
    }),
  confirm,
  realPath: ({ path }) => Effect.succeed(path)
}
