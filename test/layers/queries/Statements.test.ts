import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import { Effect, Layer } from "effect"
import { afterAll, describe } from "vitest"
import { Queries } from "../../../src/services/Queries.ts"
import { askFile, queries } from "../../helpers/Queries.ts"
import { sharing } from "../../helpers/Sharing.ts"
import { temporary } from "../../helpers/Storages.ts"

const directory = mkdtempSync(join(tmpdir(), "elastik-"))
const file = join(directory, "db")
const db = new Sqlite(file)
db.exec(`CREATE TABLE t(a INTEGER PRIMARY KEY, b); CREATE INDEX i ON t(b);
  INSERT INTO t VALUES (1, 'x'), (2, 'y');
  CREATE VIRTUAL TABLE f USING fts5(text); INSERT INTO f VALUES ('hello world');
  CREATE VIEW found AS SELECT text FROM f WHERE f MATCH 'hello';
  CREATE VIEW place AS SELECT * FROM pragma_database_list;
  PRAGMA user_version = 7`)
const pragmas = db.prepare<[], string>("SELECT name FROM pragma_pragma_list").pluck().all()
db.close()
const original = readFileSync(file)
afterAll(() => rmSync(directory, { recursive: true }))

const outcome = (sql: string) =>
  Effect.match(askFile(file, sql), { onFailure: ({ _tag }): string => _tag, onSuccess: () => "rows" })

const untouched = Effect.sync(() => {
  expect(readFileSync(file).equals(original)).toBe(true)
  expect(readdirSync(directory)).toEqual(["db"])
})

const machine = Layer.unwrapScoped(Effect.map(temporary, (data) => queries(data)))

describe("C11.3 one statement", () => {
  const shared = sharing(machine)

  describe("that reads", () => {
    shared.each<readonly [string, ReadonlyArray<unknown>]>([
      [
        "SELECT * FROM t",
        [
          { a: 1, b: "x" },
          { a: 2, b: "y" }
        ]
      ],
      ["select count(*) n from t", [{ n: 2 }]],
      ["SELECT 1 WHERE 0", []],
      ["VALUES (1), (2)", [{ column1: 1 }, { column1: 2 }]],
      [
        "WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c WHERE x < 3) SELECT sum(x) s FROM c",
        [{ s: 6 }]
      ],
      ["PRAGMA user_version", [{ user_version: 7 }]],
      ["PRAGMA journal_mode", [{ journal_mode: "delete" }]],
      ["PRAGMA table_info(t)", [{ name: "a" }, { name: "b" }]],
      ["PRAGMA integrity_check", [{ integrity_check: "ok" }]],
      ["SELECT name FROM pragma_table_info('t')", [{ name: "a" }, { name: "b" }]],
      ["EXPLAIN QUERY PLAN SELECT * FROM t", [{ detail: "SCAN t" }]],
      ["SELECT text FROM f WHERE f MATCH 'world'", [{ text: "hello world" }]],
      ["SELECT * FROM found", [{ text: "hello world" }]],
      ["-- first\n;; /* ; */ SELECT 1 AS one; -- last\n;/* end */", [{ one: 1 }]],
      ["SELECT json_extract('{\"a\": [1, 2]}', '$.a[1]') j", [{ j: 2 }]]
    ])("%s", ([sql, rows]) =>
      Effect.gen(function* () {
        expect(yield* askFile(file, sql)).toMatchObject(rows)
        yield* untouched
      })
    )
  })

  describe("that does not, by any of the ways in", () => {
    shared.each([
      ...[
        "INSERT INTO t VALUES (3, 'z')",
        "INSERT INTO t VALUES (3, 'z') RETURNING a",
        "REPLACE INTO t VALUES (1, 'z')"
      ],
      ...["UPDATE t SET b = 'z'", "DELETE FROM t", "DROP TABLE t", "CREATE TABLE u(a)", "CREATE TEMP TABLE u(a)"],
      ...["WITH c AS (SELECT 1) DELETE FROM t", "WITH c AS (SELECT 1) INSERT INTO t SELECT 3, 4 RETURNING a"],
      ...["with c as (select 1) update t set b = 2", "WITH c AS (SELECT 1) REPLACE INTO t SELECT 1, 2"],
      ...["EXPLAIN DELETE FROM t", "EXPLAIN QUERY PLAN DELETE FROM t", "EXPLAIN WITH c AS (SELECT 1) DELETE FROM t"],
      ...["ATTACH 'other' AS o", "ATTACH ':memory:' AS o", "DETACH main", "VACUUM", `VACUUM INTO '${directory}/copy'`],
      ...["REINDEX", "ANALYZE", "BEGIN", "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK", "SAVEPOINT s", "RELEASE s"],
      ...["PRAGMA journal_mode = WAL", "PRAGMA journal_mode(WAL)", "PRAGMA main.journal_mode = WAL"],
      ...["PRAGMA user_version = 8", "PRAGMA application_id = 1", "PRAGMA schema_version = 1", "PRAGMA encoding = 'x'"],
      ...["PRAGMA writable_schema = ON", "PRAGMA query_only = OFF", "PRAGMA locking_mode = EXCLUSIVE"],
      ...["PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA optimize", "PRAGMA incremental_vacuum", "PRAGMA mmap_size = 1"],
      ...["PRAGMA temp_store_directory = '/'", "PRAGMA database_list", "EXPLAIN PRAGMA journal_mode = WAL"],
      ...[
        "SELECT 1; SELECT 2",
        "SELECT 1; DELETE FROM t",
        "SELECT 1; ATTACH 'o' AS o",
        "SELECT 1;; PRAGMA query_only = 0"
      ],
      ...[
        "/* SELECT */ DELETE FROM t",
        "-- SELECT\nDELETE FROM t",
        ";;DELETE FROM t",
        "INSERT INTO f(f) VALUES('optimize')"
      ]
    ])("%s", (sql) =>
      Effect.gen(function* () {
        expect(yield* outcome(sql)).toBe("Forbidden")
        yield* untouched
      })
    )
  })

  describe("that SQLite does not accept", () => {
    shared.each<readonly [string, string]>([
      ["SELECT x FROM t", "no such column: x"],
      ["SELECT * FROM u", "no such table: u"],
      ["SELECT FROM", 'near "FROM": syntax error'],
      ["SELECT 'a", 'unrecognized token: "\'a"'],
      ["SELECT load_extension('x')", "not authorized"],
      ["SELECT fts3_tokenizer('simple', x'00')", "fts3tokenize disabled"],
      [`SELECT writefile('${directory}/w', 'x')`, "no such function: writefile"],
      ["SELECT readfile('/etc/passwd')", "no such function: readfile"],
      ["SELECT * FROM (DELETE FROM t)", 'near "DELETE": syntax error'],
      ["SELECT * FROM pragma_wal_checkpoint", "no such table: pragma_wal_checkpoint"],
      ["SELECT * FROM pragma_user_version(8)", "too many arguments on pragma_user_version() - max 0"],
      ["SELECT * FROM pragma_journal_mode('wal')", "unknown database 'wal'"],
      ["SELECT * FROM sqlite_dbpage", "no such table: sqlite_dbpage"],
      ["SELECT ?", "a statement has no parameters here"],
      ["SELECT :a, @b, $c", "a statement has no parameters here"],
      ["", "there is no statement in the body"],
      [" -- nothing\n;", "there is no statement in the body"]
    ])("%s", ([sql, message]) =>
      Effect.gen(function* () {
        expect(yield* Effect.flip(askFile(file, sql))).toMatchObject({ _tag: "BadRequest", message })
        yield* untouched
      })
    )
  })

  shared.test("that is too deep for SQLite", () =>
    Effect.gen(function* () {
      expect(yield* outcome(`SELECT ${"(".repeat(500_000)}`)).toBe("BadRequest")
    })
  )

  shared.test("no PRAGMA that this SQLite knows changes the database, by its name or as a table", () =>
    Effect.gen(function* () {
      for (const name of pragmas) {
        for (const sql of [
          `PRAGMA ${name}`,
          `PRAGMA ${name} = 1`,
          `PRAGMA ${name}('t')`,
          `SELECT * FROM pragma_${name}`
        ]) {
          const came = yield* outcome(sql)
          expect(`${sql}: ${came}`).toMatch(/: (?:rows|Forbidden|BadRequest)$/)
        }
        yield* untouched
      }
    })
  )

  shared.test("C16 where the file is on this host is not told", () =>
    Effect.gen(function* () {
      for (const sql of ["SELECT * FROM pragma_database_list", "SELECT * FROM place", "SELECT * FROM dbstat"]) {
        const said = yield* Effect.flatMap(Queries, (all) => all.run({ _tag: "File", file, path: "/mnt/m/db" }, sql))
        expect(said).not.toContain(directory)
      }
    })
  )

  shared.test("settings of one statement's connection do not reach the next", () =>
    Effect.gen(function* () {
      yield* outcome("PRAGMA query_only = OFF")
      expect(yield* askFile(file, "PRAGMA query_only")).toEqual([{ query_only: 1 }])
    })
  )
})
