import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { Caller } from "../domain/Caller.ts"
import { BadPath, Unprocessable } from "../domain/Errors.ts"
import { essence, mediaTypeOf, parseMediaType } from "../domain/MediaType.ts"
import type { Source } from "../domain/ShapePrompt.ts"
import { decodeText } from "../domain/Text.ts"
import { type CanonicalPath, type WorldName, worldName } from "../domain/WorldPath.ts"
import { Access } from "./Access.ts"
import { Catalog } from "./Catalog.ts"
import { type MountError, MountTable } from "./MountTable.ts"
import { type ReadError, Worlds } from "./Worlds.ts"

/** How there can be nothing to shape. */
export type SourceError = ReadError | MountError | BadPath | Unprocessable

/** Something that can be shaped, found for a caller who may read it. */
export interface Found {
  /** different whenever the content is */
  readonly version: string
  /** its beginning, as much as a model is shown */
  readonly beginning: Effect.Effect<Source, SourceError>
  /** all of it, for those who need no model; none when it is too long to be had at once */
  readonly whole: Effect.Effect<Option.Option<Source>, SourceError>
}

/** Worlds whose text is held, and the characters that each may have: a document is often wanted in several shapes. */
const held = { worlds: 16, characters: 256 * 1024 }

/** Finds what lies at a path: a world, or something mounted (C12.1). */
export const make = ({ maxBody, maxSource }: { readonly maxBody: number; readonly maxSource: number }) =>
  Effect.gen(function* () {
    const worlds = yield* Worlds
    const catalog = yield* Catalog
    const access = yield* Access
    const mounts = yield* MountTable

    /** as they were when they were read; the one that was read last comes first */
    let recent: ReadonlyArray<{ readonly name: WorldName; readonly tag: string; readonly source: Source }> = []

    const readWorld = (caller: Caller, name: WorldName) =>
      worlds.read(caller, name).pipe(
        Effect.flatMap(({ body, ext, meta, tag }) =>
          Effect.tap(sourceOf(name, mediaTypeOf(ext), meta, decodeText(body)), (source) => {
            const others = recent.filter((world) => world.name !== name)
            recent =
              source.text.length > held.characters ? others : [{ name, tag, source }, ...others].slice(0, held.worlds)
          })
        )
      )

    const world = Effect.fnUntraced(function* (caller: Caller, path: CanonicalPath) {
      const name = yield* worldName(path)
      yield* access.require(caller, "read", name)
      const entry = catalog.get(name) ?? (yield* worlds.head(caller, name))
      const known = recent.find((world) => world.name === name && world.tag === entry.tag)
      const source = known === undefined ? readWorld(caller, name) : Effect.succeed(known.source)
      return { version: entry.tag, beginning: source, whole: Effect.asSome(source) }
    })

    const mounted = Effect.fnUntraced(function* (caller: Caller, path: CanonicalPath, search: string) {
      const read = (limit: number) => mounts.source({ caller, path: path.slice("mnt/".length), search }, limit)
      // A character takes four bytes at most.
      const first = yield* read(maxSource * 4)
      const cut = first.bytes.length < first.length
      const beginning = sourceOf(path, first.contentType, [], cut ? decodeCut(first.bytes) : decodeText(first.bytes))
      const rest = Effect.flatMap(read(maxBody), ({ bytes, length }) =>
        bytes.length < length
          ? Effect.succeedNone
          : Effect.asSome(sourceOf(path, first.contentType, [], decodeText(bytes)))
      )
      return { version: first.version, beginning, whole: cut ? rest : Effect.asSome(beginning) }
    })

    return (caller: Caller, path: CanonicalPath, search: string): Effect.Effect<Found, SourceError> => {
      if (path.startsWith("mnt/")) return mounted(caller, path, search)
      return path === "mnt"
        ? new BadPath({ message: "/mnt itself has no shape; name something mounted" })
        : world(caller, path)
    }
  })

const sourceOf = (
  path: string,
  type: string,
  meta: Source["meta"],
  text: string | undefined
): Effect.Effect<Source, Unprocessable> => {
  if (text === undefined) return new Unprocessable({ message: `/${path} is no text, and only text can be shaped` })
  const parsed = parseMediaType(type)
  const named = parsed === undefined ? "application/octet-stream" : essence(parsed)
  return Effect.succeed({ path, contentType: named, meta, text })
}

/** Text whose last character may be cut in two. */
const decodeCut = (bytes: Uint8Array): string | undefined => {
  if (bytes.includes(0)) return undefined
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true })
  } catch {
    return undefined
  }
}
