import { closeSync, constants, existsSync, fstat, open } from "node:fs"
import * as fs from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type Anchors, type Held, namesIn } from "./Anchors.ts"
import { call, noFollow, openHandle, readOnly, type SystemError } from "./System.ts"

/** Whether this system has what it takes: descriptors of directories that paths can start from. */
export const areAvailable = (): boolean => process.platform === "linux" && existsSync("/proc/self/fd")

// fcntl.h of Linux; node does not name it. The descriptor stands for the place alone: FIFOs are not waited for, devices
// not woken, and no permission but that to find it is needed.
const O_PATH = 0o10000000

const openDescriptor = promisify(open)
const statDescriptor = promisify(fstat)

const descriptor = (path: string, flags: number): Effect.Effect<Held, SystemError, Scope.Scope> =>
  Effect.acquireRelease(
    call(() => openDescriptor(path, O_PATH | flags)),
    // What stands for a place alone has nothing to flush: letting go of it waits for no disk.
    (fd) => Effect.sync(() => closeSync(fd))
  ).pipe(
    Effect.flatMap((fd) =>
      Effect.map(
        call(() => statDescriptor(fd, { bigint: true })),
        (stat) => ({ stat, path: `/proc/self/fd/${fd}` })
      )
    )
  )

/**
 * By descriptor, as openat(2) would: a path through /proc/self/fd starts at the very directory that is held, so nobody
 * can put another in its way. Linux alone has this.
 */
export const byDescriptor: Anchors = {
  root: (directory) => descriptor(directory, constants.O_DIRECTORY),
  child: (directory, name) => descriptor(join(directory.path, name), noFollow),
  list: namesIn,
  reopen: ({ path }) => openHandle(path, readOnly),
  confirm: () => Effect.void,
  realPath: ({ path }) => call(() => fs.readlink(path))
}
