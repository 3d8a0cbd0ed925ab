import { parentPort } from "node:worker_threads"
import Sqlite from "better-sqlite3"
import { resultLimit, rowLimit } from "../../domain/QueryLimits.ts"
import { busy, openDatabase, unfinished } from "./OpenDatabase.ts"
import { type Answer, failed, type Question } from "./Protocol.ts"
import { rowsJson, tooLarge, type Value } from "./RowsJson.ts"

/** The body of the thread in which statements run, one after another, each with a connection of its own. */
const answerTo = (question: Question): Answer => {
  try {
    const db = openDatabase(question.file)
    if ("_tag" in db) return db
    try {
      return run(db, question)
    } finally {
      db.close()
    }
  } catch (error) {
    return explain(error)
  }
}

const run = (db: Sqlite.Database, { pragma, sql }: Question): Answer => {
  const statement = compile(db, sql)
  if ("_tag" in statement) return statement
  if (!statement.reader || !(statement.readonly || pragma))
    return failed("Refused", "this statement may do more than read")
  const columns = statement.columns().map(({ name }) => name)
  const rows = statement.safeIntegers().raw().iterate()
  const json = rowsJson(columns, upTo(rowLimit, rows), resultLimit)
  return json === tooLarge
    ? failed("Wrong", `the result is over ${resultLimit / 1024 / 1024} MiB; ask for less of it`)
    : { _tag: "Rows", json }
}

const compile = (db: Sqlite.Database, sql: string): Sqlite.Statement<[], ReadonlyArray<Value>> | Answer => {
  try {
    return db.prepare<[], ReadonlyArray<Value>>(sql)
  } catch (error) {
    // The driver says so of what follows the first statement; that there is one is known.
    if (error instanceof RangeError) return failed("Refused", "one statement at a time")
    throw error
  }
}

function* upTo<A>(count: number, values: IterableIterator<A>): Generator<A> {
  let left = count
  for (const value of values) {
    yield value
    // Before the next one is looked for, which may take forever.
    if (--left === 0) return
  }
}

/** SQLite's words for what is wrong with a statement; they name tables and columns, never files. */
const explain = (error: unknown): Answer => {
  if (!(error instanceof Sqlite.SqliteError)) {
    return error instanceof RangeError || error instanceof TypeError
      ? failed("Wrong", "a statement has no parameters here")
      : failed("Broken", String(error))
  }
  const { code, message } = error
  if (/^SQLITE_(?:BUSY|LOCKED)/.test(code)) return busy
  if (/^SQLITE_READONLY_/.test(code)) return unfinished
  if (code === "SQLITE_READONLY") return failed("Refused", "this statement may do more than read")
  if (/^SQLITE_(?:CANTOPEN|IOERR|PERM|INTERNAL|MISUSE|NOLFS|FULL)/.test(code))
    return failed("Broken", `${code}: ${message}`)
  return failed("Wrong", message.slice(0, 500))
}

parentPort?.on("message", (question: Question) => parentPort?.postMessage(answerTo(question)))
