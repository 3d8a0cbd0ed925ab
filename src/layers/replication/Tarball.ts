import { createReadStream } from "node:fs"
import { constants, open } from "node:fs/promises"
import * as Effect from "effect/Effect"
import type { pack } from "tar-stream"
import { StorageFailure } from "../../domain/Errors.ts"

/** A tar archive that is being written. Nobody adds while another one does. */
export interface Tarball {
  readonly text: (header: Header, text: string | Uint8Array) => Effect.Effect<void, StorageFailure>
  /** the file's bytes; without a header of its own, executable or not and as old as it is. A link is not followed */
  readonly file: (path: string, header: Pick<Header, "name"> & Partial<Header>) => Effect.Effect<void, StorageFailure>
}

export interface Header {
  readonly name: string
  /** permission bits */
  readonly mode: number
  /** epoch milliseconds */
  readonly modified: number
}

type Pack = ReturnType<typeof pack>

/** What is written to `tar`, which is whoever reads it. */
export const make = (tar: Pack): Tarball => ({
  text: (header, text) =>
    Effect.async((resume) => {
      const bytes =
        typeof text === "string" ? Buffer.from(text) : Buffer.from(text.buffer, text.byteOffset, text.length)
      tar.entry(headerOf(header), bytes, (error) => resume(error ? failed(error) : Effect.void))
    }),

  file: (path, header) =>
    Effect.acquireUseRelease(
      Effect.tryPromise({ try: () => open(path, constants.O_RDONLY | constants.O_NOFOLLOW), catch: failure }),
      (handle) =>
        Effect.flatMap(Effect.tryPromise({ try: () => handle.stat(), catch: failure }), ({ mode, mtimeMs, size }) =>
          Effect.async<void, StorageFailure>((resume) => {
            const full = { mode: mode & 0o100 ? 0o755 : 0o644, modified: mtimeMs, ...header }
            const entry = tar.entry({ ...headerOf(full), size }, (error) => resume(error ? failed(error) : Effect.void))
            // What goes wrong with it is told to the callback.
            entry.on("error", () => {})
            if (size === 0) return void entry.end()
            // As many bytes as the header says, even if the file grows meanwhile.
            createReadStream(path, { fd: handle.fd, autoClose: false, start: 0, end: size - 1, highWaterMark: piece })
              .on("error", (error) => entry.destroy(error))
              .pipe(entry)
          })
        ),
      (handle) => Effect.promise(() => handle.close())
    )
})

const failure = (cause: unknown) => new StorageFailure({ message: "the archive could not be made", cause })
const failed = (cause: unknown) => Effect.fail(failure(cause))

/** Bytes read at a time: few, because they lie around until much else has become garbage with them. */
const piece = 16 * 1024

/** The last second that the format's writer can write: it counts in 32 bits. */
const lastSecond = 2 ** 31 - 1

const headerOf = ({ mode, modified, name }: Header) => ({
  name,
  mode,
  type: "file" as const,
  mtime: new Date(1000 * Math.max(0, Math.min(lastSecond, Math.floor(modified / 1000))))
})
