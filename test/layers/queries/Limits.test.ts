import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, TestClock } from "effect"
import { describe } from "vitest"
import {
  askFile,
  busy,
  endless,
  entry,
  environmentOf,
  gone,
  queries,
  queryProcesses,
  running
} from "../../helpers/Queries.ts"
import { temporary, withDatabase } from "../../helpers/Storages.ts"

const machine = Layer.fresh(Layer.unwrapScoped(Effect.map(temporary, (data) => queries(data))))

/** A small database. */
const database = Effect.gen(function* () {
  const file = join(yield* temporary, "db")
  yield* withDatabase(file, (db) => {
    db.exec("CREATE TABLE t(a); INSERT INTO t VALUES (1)")
  })
  return file
})

const outcome = (file: string, sql: string) =>
  Effect.match(askFile(file, sql), {
    onFailure: ({ _tag }): string => _tag,
    onSuccess: ({ length }) => `${length} rows`
  })

const elapsed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.timed(effect), ([time]) => Duration.toMillis(time))

const counter = (last: string | number) =>
  `WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT ${last})`

describe("C11.3 a statement has 2 seconds", () => {
  it.live("and is really stopped then, within 100 ms, while others go on", () =>
    Effect.gen(function* () {
      const file = yield* database
      const stopped = yield* Effect.fork(elapsed(outcome(file, endless)))
      const [pid] = yield* running(1)
      let asked = 0
      while (stopped.unsafePoll() === null) {
        expect(yield* outcome(file, "SELECT * FROM t")).toBe("1 rows")
        asked++
      }
      const time = yield* Fiber.join(stopped)
      expect(time).toBeGreaterThanOrEqual(2000)
      expect(time).toBeLessThan(2100)
      expect(asked).toBeGreaterThan(50)
      yield* gone(pid)
    }).pipe(Effect.scoped, Effect.provide(machine))
  )

  it.live("whatever keeps it busy", () =>
    Effect.gen(function* () {
      const file = yield* database
      const a = "a".repeat(10_000)
      const statements = {
        "counting for ever": endless,
        "a giant join": `${counter(100_000)} SELECT count(*) FROM c a, c b, c d`,
        "a sort of everything": `${counter(1e15)} SELECT x FROM c ORDER BY random() LIMIT 3`,
        "a pattern that almost fits everywhere": `SELECT '${a}' || replace(hex(zeroblob(25000000)), '0', 'a') LIKE '%${a}b%'`,
        "a row that does not come": `${counter(1e12)} SELECT x FROM c WHERE x < 0`
      }
      const outcomes = yield* Effect.forEach(
        Object.entries(statements),
        ([name, sql]) => Effect.map(outcome(file, sql), (came) => `${name}: ${came}`),
        { concurrency: 3 }
      )
      expect(outcomes).toEqual(Object.keys(statements).map((name) => `${name}: TimedOut`))
    }).pipe(Effect.scoped, Effect.provide(machine))
  )

  it.scoped("of its own: waiting for a turn does not count", () =>
    Effect.gen(function* () {
      const file = yield* database
      const all = yield* Effect.fork(
        Effect.forEach(Array.from({ length: 4 }), () => outcome(file, endless), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("2 seconds")
      expect(queryProcesses()).toHaveLength(1)
      yield* TestClock.adjust("2 seconds")
      expect(yield* Fiber.join(all)).toEqual(Array.from({ length: 4 }, () => "TimedOut"))
    }).pipe(Effect.provide(machine))
  )
})

describe("C11.3 a statement has bounds", () => {
  it.scoped("1000 rows, after which nothing is read", () =>
    Effect.gen(function* () {
      const file = yield* database
      for (const [rows, sql] of [
        [999, `${counter(999)} SELECT x FROM c`],
        [1000, `${counter(1000)} SELECT x FROM c`],
        [1000, `${counter(1e15)} SELECT x FROM c`],
        // Looking for one more would take for ever.
        [1000, `${counter(1e15)} SELECT x FROM c WHERE x <= 1000`]
      ] as const) {
        expect(yield* askFile(file, sql)).toEqual(Array.from({ length: rows }, (_, n) => ({ x: n + 1 })))
      }
    }).pipe(Effect.provide(machine))
  )

  it.scoped("16 MiB of answer", () =>
    Effect.gen(function* () {
      const file = yield* database
      expect(yield* outcome(file, "SELECT hex(zeroblob(8 * 1024 * 1024 - 100)) AS v")).toBe("1 rows")
      for (const sql of [
        "SELECT hex(zeroblob(8 * 1024 * 1024)) AS v",
        `${counter(1000)} SELECT randomblob(20000) FROM c`,
        "SELECT zeroblob(100000000)"
      ]) {
        expect(yield* Effect.flip(askFile(file, sql))).toMatchObject({
          _tag: "BadRequest",
          message: "the result is over 16 MiB; ask for less of it"
        })
      }
    }).pipe(Effect.provide(machine))
  )

  it.scoped.each([
    "SELECT group_concat(zeroblob(1000000)) FROM (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT x FROM c)",
    `${counter(1e9)} SELECT x FROM c ORDER BY zeroblob(1000000) || x`,
    "SELECT zeroblob(400000000) a, zeroblob(400000000) b",
    "SELECT randomblob(2000000000)"
  ])("memory: %s", (sql) =>
    Effect.gen(function* () {
      const file = yield* database
      expect(yield* outcome(file, sql)).toBe("BadRequest")
      expect(yield* outcome(file, "SELECT * FROM t")).toBe("1 rows")
    }).pipe(Effect.scoped, Effect.provide(machine))
  )

  it.scoped("three run and sixteen wait; who comes then is told to come again", () =>
    Effect.gen(function* () {
      const file = yield* database
      const all = yield* Effect.fork(
        Effect.forEach(Array.from({ length: 25 }), () => outcome(file, endless), { concurrency: "unbounded" })
      )
      yield* Effect.repeatN(TestClock.adjust("2 seconds"), 7)
      const outcomes = yield* Fiber.join(all)
      expect(outcomes.filter((tag) => tag === "Overloaded")).toHaveLength(6)
      expect(outcomes.filter((tag) => tag === "TimedOut")).toHaveLength(19)
      expect(yield* outcome(file, "SELECT * FROM t")).toBe("1 rows")
    }).pipe(Effect.provide(machine))
  )
})

describe("C11.3 the processes in which statements run", () => {
  it.scoped("none before the first; then one that stays", () =>
    Effect.gen(function* () {
      const file = yield* database
      expect(queryProcesses()).toEqual([])
      yield* askFile(file, "SELECT 1")
      const first = queryProcesses()
      expect(first).toHaveLength(1)
      yield* Effect.forEach([1, 2, 3], () => outcome(file, "SELECT x FROM nowhere"))
      expect(queryProcesses()).toEqual(first)
    }).pipe(Effect.provide(machine))
  )

  it.scoped("a refusal needs none", () =>
    Effect.gen(function* () {
      const file = yield* database
      expect([yield* outcome(file, "DELETE FROM t"), yield* outcome(file, "")]).toEqual(["Forbidden", "BadRequest"])
      expect(queryProcesses()).toEqual([])
    }).pipe(Effect.provide(machine))
  )

  it.scoped("of several all but one end when nobody asks any more", () =>
    Effect.gen(function* () {
      const file = yield* database
      const slow = `${counter(1_000_000)} SELECT count(*) FROM c`
      const all = yield* Effect.fork(
        Effect.all(
          [1, 2, 3].map(() => outcome(file, slow)),
          { concurrency: 3 }
        )
      )
      const pids = yield* running(3)
      expect(yield* Fiber.join(all)).toEqual(["1 rows", "1 rows", "1 rows"])
      // The first to answer is kept.
      const [kept] = yield* running(1)
      expect(pids).toContain(kept)
    }).pipe(Effect.provide(machine))
  )

  it.scoped("end when whoever asked has left", () =>
    Effect.gen(function* () {
      const file = yield* database
      const asking = yield* Effect.fork(outcome(file, endless))
      const [pid] = yield* running(1)
      yield* Fiber.interrupt(asking)
      yield* gone(pid)
    }).pipe(Effect.provide(machine))
  )

  it.scoped("end with the scope, whatever they do", () =>
    Effect.gen(function* () {
      const file = yield* database
      yield* Effect.gen(function* () {
        yield* askFile(file, "SELECT 1")
        yield* Effect.fork(outcome(file, endless))
        yield* Effect.fork(outcome(file, endless))
        yield* running(2)
      }).pipe(Effect.provide(machine))
      expect(queryProcesses()).toEqual([])
    })
  )

  it.scoped.each(["while they start", "in the middle of a statement"])("end when the server was killed %s", (when) =>
    Effect.gen(function* () {
      const file = yield* database
      const parent = fileURLToPath(new URL("../../helpers/queryParent.mjs", import.meta.url))
      const server = yield* Effect.acquireRelease(
        Effect.sync(() => spawn(process.execPath, [parent, fileURLToPath(entry), file, endless])),
        (server) => Effect.sync(() => server.kill("SIGKILL"))
      )
      const [said] = yield* Effect.promise(() => once(server.stdout, "data"))
      const pid = Number(String(said))
      if (when !== "while they start") yield* busy(pid)
      server.kill("SIGKILL")
      yield* gone(pid)
    })
  )

  it.scoped("know nothing of the environment", () =>
    Effect.gen(function* () {
      // What is in it shows in the process table to the user whom the process belongs to.
      const file = yield* database
      process.env.ELASTIK_TEST_SECRET = "not for queries"
      yield* Effect.addFinalizer(() => Effect.sync(() => delete process.env.ELASTIK_TEST_SECRET))
      yield* askFile(file, "SELECT 1")
      expect(environmentOf(Number(queryProcesses()[0]))).not.toContain("not for queries")
    }).pipe(Effect.provide(machine))
  )
})

describe("a query process that misbehaves", () => {
  const mortal = new URL("../../helpers/mortalQueryProcess.mjs", import.meta.url)
  const mortals = Layer.fresh(Layer.unwrapScoped(Effect.map(temporary, (data) => queries(data, undefined, mortal))))

  it.scoped.each([
    ["throw", "StorageFailure"],
    ["exit", "StorageFailure"],
    ["leave", "StorageFailure"],
    ["memory", "BadRequest"],
    ["broken", "StorageFailure"],
    ["heavy", "0 rows"]
  ])("%s: %s, and the next question is answered", ([how, tag]) =>
    Effect.gen(function* () {
      expect(yield* outcome("/x", `SELECT '${how}'`)).toBe(tag)
      expect(yield* outcome("/x", "SELECT 'rows'")).toBe("0 rows")
    }).pipe(Effect.provide(mortals))
  )

  it.scoped("that has grown is not kept", () =>
    Effect.gen(function* () {
      yield* outcome("/x", "SELECT 'rows'")
      const [small] = queryProcesses()
      yield* outcome("/x", "SELECT 'heavy'")
      yield* gone(small)
    }).pipe(Effect.provide(mortals))
  )

  it.scoped("that was ended by somebody while it was idle is not asked", () =>
    Effect.gen(function* () {
      yield* outcome("/x", "SELECT 'rows'")
      const [idle] = queryProcesses()
      process.kill(Number(idle), "SIGKILL")
      yield* gone(idle)
      expect(yield* outcome("/x", "SELECT 'rows'")).toBe("0 rows")
    }).pipe(Effect.provide(mortals))
  )

  it.scoped("C16 tells the log, not the caller, where it failed", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(askFile("/x", "SELECT 'broken'"))
      expect(error).toMatchObject({
        _tag: "StorageFailure",
        message: "the database could not be read",
        cause: "/secret/path"
      })
    }).pipe(Effect.provide(mortals))
  )

  it.scoped("that cannot even be started is a failure", () =>
    Effect.gen(function* () {
      const none = queries(yield* temporary, undefined, new URL("file:///nowhere/queryProcess.mjs"))
      expect(yield* Effect.provide(outcome("/x", "SELECT 1"), none)).toBe("StorageFailure")
    })
  )
})
