import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmdirSync, rmSync, writeSync } from "node:fs"
import { join } from "node:path"

/**
 * Puts a new world into its place, whole: its directory is made beside the worlds, with a database in it that is on the
 * disk, and then moved there. A crash leaves all of the world or nothing of it. Synchronous on purpose: the thread that
 * does it is there to wait for the disk, and a tenth of the time is spent here that a thread pool would take.
 */
export const place = (file: Uint8Array, paths: { readonly staged: string; readonly directory: string }): void => {
  const { directory, staged } = paths
  try {
    mkdirSync(staged, { recursive: true })
    writeDurably(join(staged, "universe.db"), file)
    move(staged, directory)
  } catch (error) {
    rmSync(staged, { recursive: true, force: true })
    throw error
  }
  try {
    syncDirectory(directory)
    syncDirectory(join(directory, ".."))
  } catch (error) {
    takeBack(directory)
    throw error
  }
}

/** A directory that somebody else has put something into keeps it, but for the log of a database that is not there. */
const move = (staged: string, directory: string): void => {
  try {
    renameSync(staged, directory)
  } catch (error) {
    if (!(error instanceof Error && "code" in error && (error.code === "ENOTEMPTY" || error.code === "EEXIST"))) {
      throw error
    }
    for (const suffix of ["-wal", "-shm"]) rmSync(join(directory, `universe.db${suffix}`), { force: true })
    renameSync(join(staged, "universe.db"), join(directory, "universe.db"))
    rmdirSync(staged)
  }
}

/** Nobody may find a world of which nobody knows whether it will last. */
const takeBack = (directory: string): void => {
  rmSync(join(directory, "universe.db"), { force: true })
  removeIfEmpty(directory)
}

/** Takes a world away for good. Its database goes last: whatever an interruption leaves can be recognised by it. */
export const takeAway = (directory: string): void => {
  for (const name of ["universe.db-wal", "universe.db-shm", ".deleting", "universe.db"]) {
    rmSync(join(directory, name), { force: true })
  }
  removeIfEmpty(directory)
}

/** Removes a directory that a creation left behind; one that somebody else put something into stays. */
export const removeIfEmpty = (directory: string): void => {
  try {
    rmdirSync(directory)
  } catch {
    // It is not there, or not empty.
  }
}

const writeDurably = (path: string, bytes: Uint8Array): void => {
  const descriptor = openSync(path, "w")
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Makes the names in a directory durable. */
export const syncDirectory = (directory: string): void => {
  const descriptor = openSync(directory, "r")
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
