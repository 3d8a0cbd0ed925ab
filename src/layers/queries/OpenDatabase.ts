import { closeSync, existsSync, openSync, readFileSync, readSync, realpathSync, statSync } from "node:fs"
import Sqlite from "better-sqlite3"
import { type Failed, failed } from "./Protocol.ts"

/** Bytes of a database that is read into memory because it cannot be opened without leaving files beside it. */
export const copyLimit = 128 * 1024 * 1024

/** How long another program may keep a database locked, in milliseconds. */
const patience = 1000

/**
 * Opens a database so that nothing of it or beside it changes, or says why that cannot be.
 *
 * SQLite, opening a database in WAL mode, makes a log and an index beside it, and a connection that only reads cannot
 * take them away again. So it is opened in place when it needs neither (no WAL mode) or both are there (somebody has it
 * open, and we see their latest commit). Without them nobody has it open: then its bytes are all there is, and a copy
 * in memory will do.
 */
export const openDatabase = (file: string): Sqlite.Database | Failed => {
  try {
    return open(file)
  } catch (error) {
    if (["EACCES", "EPERM"].includes(codeOf(error)))
      return failed("Refused", "the server itself may not read this file")
    // Also when it goes while we look.
    if (!existsSync(file)) return failed("Absent", "")
    throw error
  }
}

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "")

const open = (file: string): Sqlite.Database | Failed => {
  const found = look(file)
  if ("_tag" in found) return found
  const { log, path, size } = found
  if (!found.wal || (log !== undefined && found.index)) {
    // The driver trims the names of files, and would open another one.
    if (path !== path.trim()) return failed("Wrong", "the name of a database cannot end in white space")
    return guarded(new Sqlite(path, { readonly: true, fileMustExist: true, timeout: patience }))
  }
  if (log !== undefined && log > 0) return unfinished
  if (size > copyLimit) {
    const most = copyLimit / 1024 / 1024
    return failed("Wrong", `a database in WAL mode that no program has open can be read up to ${most} MiB`)
  }
  const bytes = readFileSync(path)
  const now = look(file)
  // Who opened it meanwhile may have been writing while we read.
  if ("_tag" in now || now.stamp !== found.stamp || now.log !== log) return busy
  // Read and write version of the format: a database in memory has no WAL, so it must not ask for one.
  bytes[18] = 1
  bytes[19] = 1
  return guarded(new Sqlite(bytes, { readonly: true }))
}

export const busy = failed("Busy", "another program is writing to this database; try again in a moment")
export const unfinished = failed("Wrong", "a write to this database was interrupted; let its own program open it first")

interface Found {
  readonly path: string
  readonly size: number
  /** tells one state of the file from another */
  readonly stamp: string
  readonly wal: boolean
  /** bytes of the write-ahead log, if there is one */
  readonly log: number | undefined
  /** whether the log's index is there */
  readonly index: boolean
}

/** What lies at a path, with everything that SQLite would look for beside it. */
const look = (file: string): Found | Failed => {
  const path = realpathSync(file)
  const stat = statSync(path, { bigint: true })
  if (!stat.isFile()) return failed("Wrong", "this is not a file")
  const header = Buffer.alloc(100)
  // Done before SQLite has the file open: closing any descriptor of a file ends the process's locks on it.
  const descriptor = openSync(path, "r")
  try {
    readSync(descriptor, header, 0, header.length, 0)
  } finally {
    closeSync(descriptor)
  }
  if (header.toString("latin1", 0, 16) !== "SQLite format 3\0") return failed("Wrong", "this is not a SQLite database")
  return {
    path,
    size: Number(stat.size),
    stamp: `${stat.mtimeNs}:${stat.ctimeNs}:${stat.size}:${stat.ino}`,
    wal: header[18] === 2 || header[19] === 2,
    log: statSync(`${path}-wal`, { throwIfNoEntry: false })?.size,
    index: existsSync(`${path}-shm`)
  }
}

/** What a connection may not do, even when asked in a way that nobody thought of. */
const guarded = (db: Sqlite.Database): Sqlite.Database => {
  db.pragma("query_only = ON")
  // A large sort must not spill into a file; the memory of the process is bounded elsewhere.
  db.pragma("temp_store = MEMORY")
  // Shadows SQLite's own, which tells where on this host the file is.
  db.table("pragma_database_list", {
    columns: ["seq", "name", "file"],
    *rows() {
      yield [0, "main", ""]
    }
  })
  return db
}
