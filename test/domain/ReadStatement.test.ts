import { Either } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { readStatement, statementLimit } from "../../src/domain/ReadStatement.ts"

const outcome = (sql: string) =>
  Either.match(readStatement(sql), {
    onLeft: ({ _tag }): string => _tag,
    onRight: ({ pragma }) => (pragma ? "pragma" : "query")
  })

describe("C11.3 a statement by its first words", () => {
  it.each([
    ...["select 1", "SELECT 1", "SeLeCt(1)", "select'a'", "select/**/1", "values(1)", "with a as (select 1) select 2"],
    ...["  select 1", ";;select 1", " ; /* ; */ ; select 1", "-- a\nselect 1", "/* a */select 1", "\ufeffselect 1"],
    ...["explain select 1", "EXPLAIN QUERY PLAN select 1", "explain /* */ query -- \n plan/**/select 1"],
    ...["select 1; delete from t", "with a as (select 1) delete from t", "/*/ delete from t */ select 1"]
  ])("%j may be compiled", (sql) => {
    expect(outcome(sql)).toBe("query")
  })

  it.each([
    ...["insert into t values (1)", "replace into t values (1)", "update t set a = 1", "delete from t", "drop table t"],
    ...["attach 'x' as x", "detach x", "vacuum", "vacuum into 'x'", "reindex", "analyze", "begin", "commit"],
    ...["rollback", "savepoint a", "release a", "create table t(a)", "alter table t add b", "explain delete from t"],
    ...["explain query plan delete from t", "explain attach 'x' as x", "explain vacuum into 'x'", "explain explain"],
    ...["explain query select 1", "explain", "selec 1", "selectx", "select_1", "select1", "ſelect 1", "(select 1)"],
    ...["'select'", '"select" 1', "[select]", ".tables", "\u00a0select 1", "- - a\nselect 1", "/ * */ select 1", "-"],
    ...["-- select 1\ndelete from t", "/* select 1 */ delete from t", "; ; delete from t", "table t"]
  ])("%j is Forbidden", (sql) => {
    expect(outcome(sql)).toBe("Forbidden")
  })

  it.each(["", " ", "\n;\t; ", "-- select 1", "/* select 1", "/* */", "\ufeff", ";", "/*/", "--\n--", "select\u00001"])(
    "%j is no statement",
    (sql) => {
      expect(outcome(sql)).toBe("BadRequest")
    }
  )

  it.each([
    ...["pragma user_version", "PRAGMA User_Version;", "pragma main.user_version", "pragma main . user_version"],
    ...["pragma journal_mode", "pragma/**/table_list", "pragma table_info(t)", "pragma table_info = t"],
    ...["pragma main.table_info ( 't' )", "pragma integrity_check(5)", "explain pragma user_version"]
  ])("%j tells", (sql) => {
    expect(outcome(sql)).toBe("pragma")
  })

  it.each([
    ...["pragma user_version = 3", "pragma user_version(3)", "pragma/**/user_version/**/=/**/3", "pragma a.b.c"],
    ...["pragma main.journal_mode=delete", "pragma journal_mode (delete)", "pragma writable_schema=1", "pragma"],
    ...["pragma query_only=off", "explain pragma query_only=off", "pragma wal_checkpoint", "pragma optimize"],
    ...[
      "pragma incremental_vacuum",
      "pragma shrink_memory",
      "pragma temp_store_directory='/x'",
      "pragma database_list"
    ],
    ...['pragma "user_version"', "pragma [user_version]", "pragma `user_version`=3", "pragma main.", "pragma nonsense"],
    ...["pragma user_version -- \n = 3", "pragma user_version+3", "pragma data_store_directory", "pragma table_info"]
  ])("%j may do more than tell", (sql) => {
    expect(outcome(sql)).toBe("Forbidden")
  })

  it("has a length", () => {
    const long = (length: number) => `select '${"a".repeat(length - 9)}'`
    expect(outcome(long(statementLimit))).toBe("query")
    expect(outcome(long(statementLimit + 1))).toBe("BodyTooLarge")
  })

  it.each(["-", "/", "/*", "--", " ", ";", "a", "("])("takes its time over a million of %j in proportion", (piece) => {
    const started = performance.now()
    readStatement(piece.repeat(statementLimit / piece.length))
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

describe("C11.3 blanks and comments", () => {
  const blank = fc
    .array(
      fc.constantFrom(" ", "\n", "\t", "\r", "\f", "/**/", "/* ; select */", "-- insert\n", "/*--*/", "/* \n * */")
    )
    .map((pieces) => pieces.join(""))
  const gap = fc.tuple(blank, fc.constantFrom(" ", "\n", "/**/")).map((pieces) => pieces.join(""))
  const cases = fc.constantFrom(
    ...(["select|1", "explain|query|plan|select|1", "pragma|user_version", "pragma|user_version|=|1"] as const),
    ...(["delete|from|t", "explain|delete|from|t", "vacuum|into|'x'", "pragma|main|.|table_info|(|t|)"] as const)
  )

  it("do not change what a statement is", () => {
    fc.assert(
      fc.property(cases, fc.array(gap, { minLength: 8, maxLength: 8 }), (pieces, gaps) => {
        const words = pieces.split("|")
        const spread = words.map((word, i) => (gaps[i] ?? " ") + word).join("")
        expect(outcome(spread)).toBe(outcome(words.join(" ")))
      })
    )
  })

  it("no text is too strange to be judged", () => {
    const piece = fc.constantFrom(
      ...["select", "explain", "pragma", "/*", "*/", "--", "\n", ";", ".", "=", "(", "é", "\0"]
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ unit: "binary" }))), (pieces) => {
        expect(["BadRequest", "Forbidden", "pragma", "query"]).toContain(outcome(pieces.join("")))
      })
    )
  })
})
