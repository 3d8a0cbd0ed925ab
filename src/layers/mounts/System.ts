import { constants } from "node:fs"
import * as fs from "node:fs/promises"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** A call to the operating system that failed; `code` is the name of the error, such as ENOENT. */
export class SystemError extends Data.TaggedError("SystemError")<{ readonly code: string; readonly cause: unknown }> {}

/** A path that leads where the tree in which it began is not open; `where` completes "this path leads ...". */
export class Outside extends Data.TaggedError("Outside")<{ readonly where: string }> {}

/** A path that leads out of its tree. */
export const outside = () => new Outside({ where: "out of its mount" })

/** Whether a failure says that nothing is there. */
export const isMissing = (error: SystemError | Outside): boolean =>
  error._tag === "SystemError" && error.code === "ENOENT"

/** Node's promise of a system call as an effect. It can be abandoned, not stopped. */
export const call = <A>(promise: () => Promise<A>): Effect.Effect<A, SystemError> =>
  Effect.tryPromise({
    try: promise,
    catch: (cause) => {
      const code = typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : "UNKNOWN"
      return new SystemError({ code, cause })
    }
  })

/** Opens a file until the scope closes, which waits for what is still being read or written. */
export const openHandle = (
  path: string,
  flags: number,
  mode?: number
): Effect.Effect<fs.FileHandle, SystemError, Scope.Scope> =>
  Effect.acquireRelease(
    call(() => fs.open(path, flags, mode)),
    (handle) => Effect.promise(() => handle.close())
  )

// Windows has neither: nothing there waits like a FIFO, and links are looked for before anything is opened.
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>

/** The name that was opened must not be a link. */
export const noFollow = O_NOFOLLOW

/** For reading; what has nobody at its other end is not waited for. */
export const readOnly = constants.O_RDONLY | O_NONBLOCK

/** For writing a file that must not be there yet. */
export const createOnly = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | O_NOFOLLOW
