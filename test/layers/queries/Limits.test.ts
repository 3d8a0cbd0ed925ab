import { expect, it } from "@effect/vitest"
import { Duration, Effect, Fiber, TestClock } from "effect"
import { describe } from "vitest"
import {
  askFile,
  counter,
  endless,
  gone,
  outcomeOf,
  queriesAlone,
  queryProcesses,
  running,
  smallDatabase
} from "../../helpers/Queries.ts"

const elapsed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.timed(effect), ([time]) => Duration.toMillis(time))

describe("C11.3 a statement has 2 seconds", () => {
  it.live("and is really stopped then, within 100 ms, while others go on", () =>
    Effect.gen(function* () {
      const file = yield* smallDatabase
      const stopped = yield* Effect.fork(elapsed(outcomeOf(file, endless)))
      const [pid] = yield* running(1)
      let asked = 0
      while (stopped.unsafePoll() === null) {
        expect(yield* outcomeOf(file, "SELECT * FROM t")).toBe("1 rows")
        asked++
      }
      const time = yield* Fiber.join(stopped)
      expect(time).toBeGreaterThanOrEqual(2000)
      expect(time).toBeLessThan(2100)
      expect(asked).toBeGreaterThan(50)
      yield* gone(pid)
    }).pipe(Effect.scoped, Effect.provide(queriesAlone))
  )

  it.live("whatever keeps it busy", () =>
    Effect.gen(function* () {
      const file = yield* smallDatabase
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
        ([name, sql]) => Effect.map(outcomeOf(file, sql), (came) => `${name}: ${came}`),
        { concurrency: 3 }
      )
      expect(outcomes).toEqual(Object.keys(statements).map((name) => `${name}: TimedOut`))
    }).pipe(Effect.scoped, Effect.provide(queriesAlone))
  )

  it.scoped("of its own: waiting for a turn does not count", () =>
    Effect.gen(function* () {
      const file = yield* smallDatabase
      const all = yield* Effect.fork(
        Effect.forEach(Array.from({ length: 4 }), () => outcomeOf(file, endless), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("2 seconds")
      expect(queryProcesses()).toHaveLength(1)
      yield* TestClock.adjust("2 seconds")
      expect(yield* Fiber.join(all)).toEqual(Array.from({ length: 4 }, () => "TimedOut"))
    }).pipe(Effect.provide(queriesAlone))
  )
})

describe("C11.3 a statement has bounds", () => {
  it.scoped("1000 rows, after which nothing is read", () =>
    Effect.gen(function* () {
      const file = yield* smallDatabase
      for (const [rows, sql] of [
        [999, `${counter(999)} SELECT x FROM c`],
        [1000, `${counter(1000)} SELECT x FROM c`],
        [1000, `${counter(1e15)} SELECT x FROM c`],
        // Looking for one more would take for ever.
        [1000, `${counter(1e15)} SELECT x FROM c WHERE x <= 1000`]
      ] as const) {
        expect(yield* askFile(file, sql)).toEqual(Array.from({ length: rows }, (_, n) => ({ x: n + 1 })))
      }
    }).pipe(Effect.provide(queriesAlone))
  )

  it.scoped("16 MiB of answer", () =>
    Effect.gen(function* () {
      const file = yield* smallDatabase
      expect(yield* outcomeOf(file, "SELECT hex(zeroblob(8 * 1024 * 1024 - 100)) AS v")).toBe("1 rows")
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
    }).pipe(Effect.provide(queriesAlone))
  )

  it.scoped.each([
    "SELECT group_concat(zeroblob(1000000)) FROM (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT x FROM c)",
    `${counter(1e9)} SELECT x FROM c ORDER BY zeroblob(1000000) || x`,
    "SELECT zeroblob(400000000) a, zeroblob(400000000) b",
    "SELECT randomblob(2000000000)"
  ])("memory: %s", (sql) =>
    Effect.gen(function* () {
      const file = yield* smallDatabase
      expect(yield* outcomeOf(file, sql)).toBe("BadRequest")
      expect(yield* outcomeOf(file, "SELECT * FROM t")).toBe("1 rows")
    }).pipe(Effect.scoped, Effect.provide(queriesAlone))
  )

  it.scoped("three run and sixteen wait; who comes then is told to come again", () =>
    Effect.gen(function* () {
      const file = yield* smallDatabase
      const all = yield* Effect.fork(
        Effect.forEach(Array.from({ length: 25 }), () => outcomeOf(file, endless), { concurrency: "unbounded" })
      )
      yield* Effect.repeatN(TestClock.adjust("2 seconds"), 7)
      const outcomes = yield* Fiber.join(all)
      expect(outcomes.filter((tag) => tag === "Overloaded")).toHaveLength(6)
      expect(outcomes.filter((tag) => tag === "TimedOut")).toHaveLength(19)
      expect(yield* outcomeOf(file, "SELECT * FROM t")).toBe("1 rows")
    }).pipe(Effect.provide(queriesAlone))
  )
})
