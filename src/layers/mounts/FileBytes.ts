import type { BigIntStats } from "node:fs"
import type { FileHandle } from "node:fs/promises"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { StorageFailure } from "../../domain/Errors.ts"
import type { FoundFile } from "./Adapter.ts"
import { call } from "./System.ts"

/** Bytes that are read, and held in memory for each reader, at a time. */
const portion = 256 * 1024

/** A part of an open file, from `start` up to `end`. It fails if the file has become shorter than that. */
export const bytes = (handle: FileHandle, start: number, end: number): Stream.Stream<Uint8Array, StorageFailure> =>
  Stream.unfoldEffect(start, (position) => {
    if (position >= end) return Effect.succeedNone
    // Not from the pool that small buffers share: somebody else writes there while this one is still being sent.
    const buffer = Buffer.allocUnsafeSlow(Math.min(portion, end - position))
    return call(() => handle.read(buffer, 0, buffer.length, position)).pipe(
      Effect.mapError(({ cause }) => new StorageFailure({ message: "a file could not be read to its end", cause })),
      Effect.flatMap(({ bytesRead }) =>
        bytesRead === 0
          ? new StorageFailure({ message: "a file became shorter while it was read", cause: "end of file" })
          : Effect.succeed(Option.some([buffer.subarray(0, bytesRead), position + bytesRead]))
      )
    )
  })

/** A file's content changes within the granularity of some file system's clock (FAT: two seconds), in milliseconds. */
const granularity = 2000

/** What the metadata of a file says of its content; `now` in epoch milliseconds. */
export const facts = (
  stat: BigIntStats,
  now: number
): Pick<FoundFile, "length" | "modified" | "tag" | "settled" | "version"> => ({
  length: Number(stat.size),
  // A time to come would be a Last-Modified that no cache may believe (RFC 9110 section 8.8.2.1).
  modified: Math.min(Number(stat.mtimeMs), now),
  // Programs set the time of modification as they like; that of the last change they cannot.
  tag: [stat.mtimeNs, stat.ctimeNs, stat.size].map((part) => part.toString(36)).join("."),
  settled: now - Math.max(Number(stat.mtimeMs), Number(stat.ctimeMs)) > granularity,
  version: `mtime:${stat.mtimeNs}`
})
