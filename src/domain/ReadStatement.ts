import * as Either from "effect/Either"
import { BadRequest, BodyTooLarge, Forbidden } from "./Errors.ts"

/** A text that begins as a statement which reads (C11.3). Whether it only reads, SQLite says when it has compiled it. */
export interface ReadStatement {
  readonly sql: string
  /** a PRAGMA of the lists below: SQLite cannot be asked, it takes some that only tell for writers */
  readonly pragma: boolean
}

/** Characters that a statement can have. */
export const statementLimit = 1_000_000

const refuse = (message: string) => Either.left(new Forbidden({ message }))

/**
 * What a statement is by its first words: SELECT, VALUES, WITH, a PRAGMA that tells, or EXPLAIN of these. Everything
 * else is Forbidden, so that ATTACH, VACUUM INTO and the like are not even compiled. BadRequest when there is nothing.
 */
export const readStatement = (sql: string): Either.Either<ReadStatement, BadRequest | BodyTooLarge | Forbidden> => {
  if (sql.length > statementLimit) {
    const message = `a statement has ${statementLimit} characters at most`
    return Either.left(new BodyTooLarge({ message, limit: statementLimit }))
  }
  // SQLite stops reading there, and what nobody has read is not to be passed on.
  if (sql.includes("\0")) return Either.left(new BadRequest({ message: "a statement holds no NUL" }))
  const start = afterEmptyStatements(sql)
  if (start === sql.length) return Either.left(new BadRequest({ message: "there is no statement in the body" }))
  const [first, next] = wordAt(sql, start)
  const [keyword, rest] = first === "explain" ? explained(sql, next) : [first, next]
  if (keyword === "select" || keyword === "values" || keyword === "with") return Either.right({ sql, pragma: false })
  if (keyword !== "pragma")
    return refuse("only SELECT, VALUES, WITH, PRAGMA and EXPLAIN are run here, and only to read")
  return tells(sql, rest) ? Either.right({ sql, pragma: true }) : refuse("this PRAGMA may do more than read")
}

/** What comes after EXPLAIN, which is judged as if it were to be run. */
const explained = (sql: string, at: number): readonly [word: string, next: number] => {
  const [word, next] = wordAt(sql, at)
  if (word !== "query") return [word, next]
  const [plan, afterPlan] = wordAt(sql, next)
  return plan === "plan" ? wordAt(sql, afterPlan) : ["", afterPlan]
}

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/))

/** PRAGMAs that only tell something when they are given no value. Not among them: database_list tells host paths. */
const telling = words(`
  analysis_limit application_id auto_vacuum automatic_index busy_timeout cache_size cache_spill cell_size_check
  checkpoint_fullfsync collation_list compile_options data_version defer_foreign_keys encoding foreign_key_check
  foreign_keys freelist_count fullfsync function_list hard_heap_limit ignore_check_constraints integrity_check
  journal_mode journal_size_limit legacy_alter_table locking_mode max_page_count mmap_size module_list page_count
  page_size pragma_list query_only quick_check read_uncommitted recursive_triggers reverse_unordered_selects
  schema_version secure_delete soft_heap_limit synchronous table_list temp_store threads trusted_schema user_version
  wal_autocheckpoint writable_schema`)

/** PRAGMAs whose value says what to tell about. */
const tellingOf = words(`
  foreign_key_check foreign_key_list index_info index_list index_xinfo integrity_check quick_check table_info table_list
  table_xinfo`)

/** Whether the PRAGMA whose name begins at `at` does no more than tell; a quoted name is none that we know. */
const tells = (sql: string, at: number): boolean => {
  const [word, next] = wordAt(sql, at)
  const dot = afterBlank(sql, next)
  const [name, end] = sql[dot] === "." ? wordAt(sql, dot + 1) : [word, next]
  const sign = sql[afterBlank(sql, end)]
  if (sign === undefined || sign === ";") return telling.has(name)
  return (sign === "(" || sign === "=") && tellingOf.has(name)
}

/** The next word in lower case, "" when something else comes, and where it ends. */
const wordAt = (sql: string, at: number): readonly [word: string, next: number] => {
  const start = afterBlank(sql, at)
  const identifier = /[A-Za-z0-9_$\u0080-\uffff]*/y
  identifier.lastIndex = start
  const word = identifier.exec(sql)?.[0] ?? ""
  // Only ASCII: other letters have ASCII ones for their lower case, which SQLite would not take for a keyword.
  return [/^[A-Za-z_]+$/.test(word) ? word.toLowerCase() : "", start + word.length]
}

/** Where the next token begins: white space and comments are none. One without an end takes all that follows. */
const afterBlank = (sql: string, from: number): number => {
  let at = from
  while (at < sql.length) {
    if (" \t\n\f\r\ufeff".includes(sql.charAt(at))) at++
    else if (sql.startsWith("--", at)) at = after(sql, "\n", at)
    else if (sql.startsWith("/*", at)) at = after(sql, "*/", at + 2)
    else break
  }
  return at
}

const afterEmptyStatements = (sql: string): number => {
  let at = afterBlank(sql, 0)
  while (sql[at] === ";") at = afterBlank(sql, at + 1)
  return at
}

const after = (sql: string, mark: string, from: number): number => {
  const found = sql.indexOf(mark, from)
  return found < 0 ? sql.length : found + mark.length
}
