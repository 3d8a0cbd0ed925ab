import { rmSync } from "node:fs"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import { createGzip } from "node:zlib"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { pack } from "tar-stream"
import { StorageFailure } from "../../domain/Errors.ts"
import { type Entry, Line } from "./Entry.ts"
import * as Tarball from "./Tarball.ts"
import * as WorldCopy from "./WorldCopy.ts"

/**
 * The body of the process that makes an archive: what it shall hold is read from standard input, line by line, the
 * archive goes to standard output, and the exit code says whether it is whole. Copying and packing then take nothing of
 * the server but disk, and when nobody wants the archive any more the process is killed, whatever it does.
 */
const archive = Effect.gen(function* () {
  const tar = pack()
  const tarball = Tarball.make(tar)
  const filled = NodeStream.stdin.pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.mapEffect(Schema.decode(Line)),
    Stream.runFoldEffect(false, (_, line) =>
      line._tag === "End" ? Effect.succeed(true) : Effect.as(Effect.mapError(add(tarball, line), about(line)), false)
    ),
    Effect.filterOrFail(
      (whole) => whole,
      () => new StorageFailure({ message: "the archive could not be made", cause: "nobody said that this is all" })
    ),
    Effect.zipRight(Effect.sync(() => tar.finalize()))
  )
  // The fastest level: on databases it takes two thirds of the usual one's time, and a few percent more room.
  const sent = Effect.tryPromise((signal) => pipeline(tar, createGzip({ level: 1 }), process.stdout, { signal }))
  yield* Effect.all([filled, sent], { concurrency: "unbounded", discard: true })
})

/** Names the entry that an error is about, for the log. */
const about =
  ({ name }: Entry) =>
  ({ cause }: StorageFailure) =>
    new StorageFailure({ message: `${name} could not be archived`, cause })

const add = (tarball: Tarball.Tarball, entry: Entry): Effect.Effect<void, StorageFailure> => {
  switch (entry._tag) {
    case "Text":
      return tarball.text(entry, entry.text)
    case "File":
      return tarball.file(entry.path, { name: entry.name })
    case "Database": {
      const target = join(entry.workshop, "copy.db")
      return Effect.flatMap(WorldCopy.make(entry.directory, target, entry.file), (copy) => {
        if (copy === undefined) return Effect.void
        const header = { name: entry.name, modified: entry.modified, mode: copy.mode }
        return typeof copy.content === "string"
          ? tarball.file(copy.content, header)
          : tarball.text(header, copy.content)
      }).pipe(Effect.ensuring(Effect.sync(() => rmSync(target, { force: true }))))
    }
  }
}

Effect.runFork(archive).addObserver((exit) => {
  if (Exit.isSuccess(exit)) return
  process.stderr.write(Cause.pretty(exit.cause, { renderErrorCause: true }), () => process.exit(1))
})
