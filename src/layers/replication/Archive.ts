import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { constants } from "node:os"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { fileURLToPath } from "node:url"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { StorageFailure } from "../../domain/Errors.ts"
import { kill, lower } from "../ChildProcesses.ts"
import { type Entry, end, type Line } from "./Entry.ts"

/**
 * A tar.gz of the given entries, made by a process of its own (`program` is the compiled Archivist) that ends with the
 * scope. It works as fast as the archive is read, at a lower priority than this process. The stream fails unless the
 * archive is whole, and then its gzip trailer is missing too.
 */
export const make = (
  program: URL,
  entries: Iterable<Entry>
): Effect.Effect<Stream.Stream<Uint8Array, StorageFailure>, StorageFailure, Scope.Scope> =>
  Effect.gen(function* () {
    const archivist = yield* Effect.acquireRelease(start(program), ({ child, exited }) =>
      Effect.zipRight(
        Effect.sync(() => kill(child)),
        exited
      )
    )
    const { child } = archivist
    const told = yield* Effect.forkScoped(
      Effect.tryPromise({
        try: (signal) => pipeline(Readable.from(lines(entries)), child.stdin, { signal }),
        catch: failure
      })
    )
    const archive = NodeStream.fromReadable<StorageFailure, Uint8Array>(() => child.stdout, failure)
    return Stream.concat(archive, Stream.execute(Effect.zipRight(archivist.whole, Fiber.join(told))))
  })

const failure = (cause: unknown) => new StorageFailure({ message: "the archive could not be made", cause })

interface Archivist {
  readonly child: ChildProcessWithoutNullStreams
  /** when the process is gone, however it went */
  readonly exited: Effect.Effect<void>
  /** fails unless the process ended well */
  readonly whole: Effect.Effect<void, StorageFailure>
}

/** How much of what it complains of is kept, in characters; more comes only in one piece. */
const enough = 4000

/** It holds little at a time; left to itself, node would let tens of megabytes of garbage lie. */
const frugal = ["--max-semi-space-size=1", "--max-old-space-size=96"]

const start = (program: URL): Effect.Effect<Archivist, StorageFailure> =>
  Effect.async((resume) => {
    // Nothing of the environment, in which there are tokens and keys.
    const options = { env: {}, stdio: "pipe", windowsHide: true } as const
    const child = spawn(process.execPath, [...frugal, fileURLToPath(program)], options)
    child.on("error", (cause) => resume(failure(cause)))
    // When files or processes have run out, not even its pipes are there.
    if (child.pid === undefined) return
    let said = ""
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (said.length < enough) said += text
    })
    // That it no longer listens shows in how it ends.
    child.stdin.on("error", () => {})
    const exited = new Promise<void>((done) => child.once("exit", () => done()))
    const closed = new Promise<void>((done) => child.once("close", () => done()))
    child.once("spawn", () => {
      lower(child, constants.priority.PRIORITY_BELOW_NORMAL)
      resume(
        Effect.succeed({
          child,
          exited: Effect.promise(() => exited),
          whole: Effect.flatMap(
            Effect.promise(() => closed),
            () => (child.exitCode === 0 ? Effect.void : failure(`${child.signalCode ?? child.exitCode}: ${said}`))
          )
        })
      )
    })
  })

/** A line that the archivist can read. */
const encode = (line: typeof Line.Type): string => `${JSON.stringify(line)}\n`

/** Lines that are written at once. */
const batch = 64

function* lines(entries: Iterable<Entry>): Generator<string> {
  let text = ""
  let count = 0
  for (const entry of entries) {
    text += encode(entry)
    if (++count % batch !== 0) continue
    yield text
    text = ""
  }
  yield text + encode(end)
}
