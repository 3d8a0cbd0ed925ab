import { execFileSync } from "node:child_process"
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { expect } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { Effect, Layer } from "effect"
import { describe } from "vitest"
import { copyLimit } from "../../../src/layers/queries/OpenDatabase.ts"
import { askFile, queries } from "../../helpers/Queries.ts"
import { sharing } from "../../helpers/Sharing.ts"
import { temporary, withDatabase } from "../../helpers/Storages.ts"

const machine = Layer.unwrapScoped(Effect.map(temporary, (data) => queries(data)))

/** A database of another program, which has it open for as long as the scope lasts. */
const opened = (file: string, mode: "WAL" | "DELETE") =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const db = new Sqlite(file)
      db.pragma(`journal_mode = ${mode}`)
      db.exec("CREATE TABLE IF NOT EXISTS t(a); INSERT INTO t VALUES (1)")
      return db
    }),
    (db) => Effect.sync(() => db.close())
  )

/** The same after that program has ended. */
const closed = (file: string, mode: "WAL" | "DELETE") => Effect.scoped(opened(file, mode))

/** A directory as another program would find it: names and bytes, but for what a log's index says of its readers. */
const state = (directory: string) =>
  readdirSync(directory)
    .sort()
    .map((name) => [name, name.endsWith("-shm") ? "" : readFileSync(join(directory, name)).toString("base64")])

/** Asks for the rows of `t`, and looks whether that left any trace. */
const count = (file: string) =>
  Effect.gen(function* () {
    const before = state(join(file, ".."))
    const outcome = yield* Effect.match(askFile(file, "SELECT count(*) AS n FROM t"), {
      onFailure: ({ _tag, message }) => `${_tag}: ${message}`,
      onSuccess: (rows) => rows[0]?.n
    })
    expect(state(join(file, ".."))).toEqual(before)
    return outcome
  })

describe("C11.3 ?file=", () => {
  const shared = sharing(machine)

  describe("reads the latest commit, and leaves everything as it was", () => {
    shared.test("in WAL mode, while its program writes", () =>
      Effect.gen(function* () {
        const file = join(yield* temporary, "db")
        const other = yield* opened(file, "WAL")
        expect(yield* count(file)).toBe(1)
        other.exec("INSERT INTO t VALUES (2)")
        expect(yield* count(file)).toBe(2)
        other.exec("BEGIN IMMEDIATE; INSERT INTO t VALUES (3)")
        expect(yield* count(file)).toBe(2)
        other.exec("COMMIT")
        expect(yield* count(file)).toBe(3)
      })
    )

    shared.test("in WAL mode, when its program has ended", () =>
      Effect.gen(function* () {
        const file = join(yield* temporary, "db")
        yield* closed(file, "WAL")
        expect(yield* count(file)).toBe(1)
        yield* closed(file, "WAL")
        expect(yield* count(file)).toBe(2)
      })
    )

    shared.test("in WAL mode, when an empty log or an index was left", () =>
      Effect.gen(function* () {
        const directory = yield* temporary
        for (const [name, left] of [
          ["log", "-wal"],
          ["index", "-shm"]
        ]) {
          const file = join(directory, String(name))
          yield* closed(file, "WAL")
          writeFileSync(file + left, "")
          expect(yield* count(file)).toBe(1)
        }
      })
    )

    shared.test("in WAL mode, when its program was killed", () =>
      Effect.gen(function* () {
        const [live, dead] = [join(yield* temporary, "db"), join(yield* temporary, "db")]
        yield* opened(live, "WAL")
        for (const suffix of ["", "-wal", "-shm"]) copyFileSync(live + suffix, dead + suffix)
        expect(yield* count(dead)).toBe(1)
      })
    )

    shared.test("with a rollback journal, while its program has it open and after", () =>
      Effect.gen(function* () {
        const file = join(yield* temporary, "db")
        yield* Effect.scoped(
          Effect.gen(function* () {
            const other = yield* opened(file, "DELETE")
            other.exec("BEGIN IMMEDIATE; INSERT INTO t VALUES (2)")
            expect(yield* count(file)).toBe(1)
            other.exec("COMMIT")
            expect(yield* count(file)).toBe(2)
          })
        )
        expect(yield* count(file)).toBe(2)
      })
    )

    shared.test("behind a link, with the log that is beside the file itself", () =>
      Effect.gen(function* () {
        const [file, link] = [join(yield* temporary, "db"), join(yield* temporary, "link")]
        yield* opened(file, "WAL")
        symlinkSync(file, link)
        expect(yield* askFile(link, "SELECT * FROM t")).toEqual([{ a: 1 }])
        expect(readdirSync(join(link, ".."))).toEqual(["link"])
      })
    )
  })

  describe("that cannot be read without changing it is refused", () => {
    const unfinished = "BadRequest: a write to this database was interrupted; let its own program open it first"

    shared.test("a log without its index", () =>
      Effect.gen(function* () {
        const [live, dead] = [join(yield* temporary, "db"), join(yield* temporary, "db")]
        yield* opened(live, "WAL")
        for (const suffix of ["", "-wal"]) copyFileSync(live + suffix, dead + suffix)
        expect(yield* count(dead)).toBe(unfinished)
      })
    )

    shared.test("a journal that is to be rolled back", () =>
      Effect.gen(function* () {
        const [live, dead] = [join(yield* temporary, "db"), join(yield* temporary, "db")]
        const other = yield* opened(live, "DELETE")
        // With hardly a cache, what is not committed is written out all the same.
        other.pragma("cache_size = 1")
        other.exec(`CREATE TABLE big(a); INSERT INTO big VALUES (randomblob(100000)), (randomblob(100000)); BEGIN;
          UPDATE big SET a = randomblob(100000); INSERT INTO t VALUES (2)`)
        expect(existsSync(`${live}-journal`)).toBe(true)
        for (const suffix of ["", "-journal"]) copyFileSync(live + suffix, dead + suffix)
        expect(yield* count(dead)).toBe(unfinished)
      })
    )

    shared.test("a large one in WAL mode that nobody has open", () =>
      Effect.gen(function* () {
        const file = join(yield* temporary, "db")
        yield* closed(file, "WAL")
        truncateSync(file, copyLimit + 1)
        expect(yield* Effect.flip(askFile(file, "SELECT 1"))).toMatchObject({
          _tag: "BadRequest",
          message: "a database in WAL mode that no program has open can be read up to 128 MiB"
        })
      })
    )
  })

  shared.test("locked by its program is Overloaded, so that the caller asks again", () =>
    Effect.gen(function* () {
      const file = join(yield* temporary, "db")
      const other = yield* opened(file, "DELETE")
      other.exec("BEGIN EXCLUSIVE")
      expect(yield* Effect.flip(askFile(file, "SELECT * FROM t"))).toMatchObject({ _tag: "Overloaded", retryAfter: 1 })
    })
  )

  describe("that is no database is a BadRequest", () => {
    const kinds: Readonly<Record<string, (file: string) => void>> = {
      text: (file) => writeFileSync(file, "SQLite format 4\0".repeat(100)),
      "nothing at all": (file) => writeFileSync(file, ""),
      "a beginning alone": (file) => writeFileSync(file, "SQLite format 3"),
      "noise behind a header": (file) => writeFileSync(file, `SQLite format 3\0${"noise".repeat(1000)}`),
      "noise behind a header in WAL mode": (file) =>
        writeFileSync(file, `SQLite format 3\0\u0010\0\u0002\u0002${"noise".repeat(1000)}`),
      "a directory": (file) => mkdirSync(file),
      "a pipe": (file) => execFileSync("mkfifo", [file])
    }

    shared.each(Object.keys(kinds))("%s", (kind) =>
      Effect.gen(function* () {
        const file = join(yield* temporary, "db")
        kinds[kind]?.(file)
        expect(yield* Effect.flip(askFile(file, "SELECT * FROM sqlite_schema"))).toMatchObject({ _tag: "BadRequest" })
      })
    )

    shared.test("one that begins well and is broken further on", () =>
      Effect.gen(function* () {
        const file = join(yield* temporary, "db")
        yield* withDatabase(file, (db) => {
          db.exec(
            "CREATE TABLE t(a); WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM c LIMIT 9999)" +
              "INSERT INTO t SELECT x FROM c"
          )
        })
        const bytes = readFileSync(file)
        writeFileSync(file, bytes.fill(0x55, 8192))
        const error = yield* Effect.flip(askFile(file, "SELECT * FROM t"))
        expect(error).toMatchObject({ _tag: "BadRequest", message: "database disk image is malformed" })
      })
    )

    shared.test("a name that the driver would cut", () =>
      Effect.gen(function* () {
        const file = join(yield* temporary, "db")
        yield* closed(file, "DELETE")
        copyFileSync(file, `${file} `)
        expect(yield* Effect.flip(askFile(`${file} `, "SELECT 1"))).toMatchObject({ _tag: "BadRequest" })
      })
    )
  })

  shared.test("that is not there is not found, and is not made", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      writeFileSync(join(directory, "file"), "")
      for (const name of ["db", "none/db", "file/db"]) {
        const error = yield* Effect.flip(askFile(join(directory, name), "SELECT 1"))
        expect(error).toMatchObject({ _tag: "ResourceNotFound", path: "/mnt/test/file" })
        expect(error.message).not.toContain(directory)
      }
      expect(readdirSync(directory)).toEqual(["file"])
    })
  )

  shared.skipIf(process.getuid?.() === 0)("that the server may not read is Forbidden", () =>
    Effect.gen(function* () {
      const file = join(yield* temporary, "db")
      yield* closed(file, "DELETE")
      chmodSync(file, 0)
      expect(yield* Effect.flip(askFile(file, "SELECT 1"))).toMatchObject({ _tag: "Forbidden" })
      rmSync(file)
    })
  )
})
