import type { BigIntStats } from "node:fs"
import * as fs from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { compareBytes } from "../../domain/ByteOrder.ts"
import { canonicalText } from "../../domain/WorldPath.ts"
import type { DirectoryEntry } from "./Adapter.ts"
import type { Anchors, Held } from "./Anchors.ts"
import { resolve } from "./Beneath.ts"
import { isOfPath } from "./FileErrors.ts"
import { isTemporary } from "./Replacement.ts"
import { call, type Outside, type SystemError } from "./System.ts"

/** Entries that are looked at side by side. */
const concurrency = 16

/** A directory within a mount, and the way to it. */
interface Listed {
  readonly anchors: Anchors
  readonly source: string
  readonly path: ReadonlyArray<string>
  readonly held: Held
  /** whether names that start with a dot count */
  readonly dotfiles: boolean
}

/**
 * What can be asked for in a directory, in byte order: files, directories, and links that lead to one within the mount.
 * Left out are names that no request can have (C1.2), FIFOs, sockets and devices, what is closed, and what vanishes
 * meanwhile.
 */
export const entriesOf = (directory: Listed): Effect.Effect<ReadonlyArray<DirectoryEntry>, SystemError | Outside> =>
  Effect.gen(function* () {
    const { anchors, dotfiles, held } = directory
    const raw = yield* anchors.list(held)
    const names = raw.flatMap((bytes) => nameOf(bytes) ?? []).filter((name) => isShown(name, dotfiles))
    const found = yield* Effect.forEach(names, (name) => entryOf(directory, name), { concurrency })
    return found.filter((entry) => entry !== undefined).sort((a, b) => compareBytes(a.name, b.name))
  })

/** Whether a name is listed and served: those with a dot only where they are asked for, unfinished files never. */
export const isShown = (name: string, dotfiles: boolean): boolean =>
  !name.startsWith(".") || (dotfiles && !isTemporary(name))

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** A name as requests have it, or none when they cannot. */
const nameOf = (raw: Uint8Array): string | undefined => {
  const text = Either.getOrUndefined(Either.try(() => utf8.decode(raw)))
  return text !== undefined && Either.getOrUndefined(canonicalText(text))?.path === text ? text : undefined
}

const entryOf = ({ anchors, held, path, source }: Listed, name: string) =>
  Effect.gen(function* () {
    const stat = yield* call(() => fs.lstat(join(held.path, name), { bigint: true }))
    if (stat.isDirectory()) return describe(name, (yield* anchors.child(held, name)).stat)
    if (!stat.isSymbolicLink()) return describe(name, stat)
    const led = yield* resolve(anchors, source, [...path, name])
    return led.held && describe(name, led.held.stat)
  }).pipe(
    Effect.scoped,
    // It cannot be followed, or is gone again: nothing that could be asked for now.
    Effect.catchIf(isOfPath, () => Effect.succeed(undefined))
  )

const describe = (name: string, stat: BigIntStats): DirectoryEntry | undefined => {
  if (stat.isDirectory()) return { name, type: "dir", size: 0 }
  return stat.isFile() ? { name, type: "file", size: Number(stat.size) } : undefined
}
