import * as Either from "effect/Either"
import { BadPath } from "./Errors.ts"
import { canonicalText, type WorldName, worldName } from "./WorldPath.ts"

/** A line of /etc/fanout.conf: the world that it names, or why it names none. */
export interface Target {
  /** the canonical name, or the line as it stands */
  readonly target: string
  readonly name: Either.Either<WorldName, BadPath>
}

/**
 * The targets of /etc/fanout.conf (C11.4): a world a line, with or without its leading slash, blank and `#` lines
 * skipped. They come in their order, each once, under their canonical names (C1.2).
 */
export const parseFanout = (text: string): ReadonlyArray<Target> => {
  const targets = new Map<string, Target>()
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim()
    if (trimmed === "" || trimmed.startsWith("#")) continue
    const name = nameIn(trimmed)
    const target = Either.getOrElse(name, (): string => trimmed)
    if (!targets.has(target)) targets.set(target, { target, name })
  }
  return [...targets.values()]
}

const nameIn = (line: string): Either.Either<WorldName, BadPath> =>
  Either.flatMap(canonicalText(line), ({ path, slash }) =>
    slash ? Either.left(new BadPath({ message: "this names a collection, not a world" })) : worldName(path)
  )
