import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { describe } from "vitest"
import {
  askFile,
  busy,
  counter,
  endless,
  entry,
  environmentOf,
  gone,
  outcomeOf,
  queries,
  queriesAlone,
  queryProcesses,
  running,
  smallDatabase
} from "../../helpers/Queries.ts"
import { temporary } from "../../helpers/Storages.ts"

describe("C11.3 the processes in which statements run", () => {
  it.scoped("none before the first; then one that stays", () =>
    Effect.gen(function* () {
      const file = yield* smallDatabase
      expect(queryProcesses()).toEqual([])
      yield* askFile(file, "SELECT 1")
      const first = queryProcesses()
      expect(first).toHaveLength(1)
      yield* Effect.forEach([1, 2, 3], () => outcomeOf(file, "SELECT x FROM nowhere"))
      expect(queryProcesses()).toEqual(first)
    }).pipe(Effect.provide(queriesAlone))
  )

  it.scoped("a refusal needs none", () =>
    Effect.gen(function* () {
      const file = yield* smallDatabase
      expect([yield* outcomeOf(file, "DELETE FROM t"), yield* outcomeOf(file, "")]).toEqual(["Forbidden", "BadRequest"])
      expect(queryProcesses()).toEqual([])
    }).pipe(Effect.provide(queriesAlone))
  )

  it.scoped("of several all but one end when nobody asks any more", () =>
    Effect.gen(function* () {
      const file = yield* smallDatabase
      const slow = `${counter(1_000_000)} SELECT count(*) FROM c`
      const all = yield* Effect.fork(
        Effect.all(
          [1, 2, 3].map(() => outcomeOf(file, slow)),
          { concurrency: 3 }
        )
      )
      const pids = yield* running(3)
      expect(yield* Fiber.join(all)).toEqual(["1 rows", "1 rows", "1 rows"])
      // The first to answer is kept.
      const [kept] = yield* running(1)
      expect(pids).toContain(kept)
    }).pipe(Effect.provide(queriesAlone))
  )

  it.scoped("end when whoever asked has left", () =>
    Effect.gen(function* () {
      const file = yield* smallDatabase
      const asking = yield* Effect.fork(outcomeOf(file, endless))
      const [pid] = yield* running(1)
      yield* Fiber.interrupt(asking)
      yield* gone(pid)
    }).pipe(Effect.provide(queriesAlone))
  )

  it.scoped("end with the scope, whatever they do", () =>
    Effect.gen(function* () {
      const file = yield* smallDatabase
      yield* Effect.gen(function* () {
        yield* askFile(file, "SELECT 1")
        yield* Effect.fork(outcomeOf(file, endless))
        yield* Effect.fork(outcomeOf(file, endless))
        yield* running(2)
      }).pipe(Effect.provide(queriesAlone))
      expect(queryProcesses()).toEqual([])
    })
  )

  it.scoped.each(["while they start", "in the middle of a statement"])("end when the server was killed %s", (when) =>
    Effect.gen(function* () {
      const file = yield* smallDatabase
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
      const file = yield* smallDatabase
      process.env.ELASTIK_TEST_SECRET = "not for queries"
      yield* Effect.addFinalizer(() => Effect.sync(() => delete process.env.ELASTIK_TEST_SECRET))
      yield* askFile(file, "SELECT 1")
      expect(environmentOf(Number(queryProcesses()[0]))).not.toContain("not for queries")
    }).pipe(Effect.provide(queriesAlone))
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
      expect(yield* outcomeOf("/x", `SELECT '${how}'`)).toBe(tag)
      expect(yield* outcomeOf("/x", "SELECT 'rows'")).toBe("0 rows")
    }).pipe(Effect.provide(mortals))
  )

  it.scoped("that has grown is not kept", () =>
    Effect.gen(function* () {
      yield* outcomeOf("/x", "SELECT 'rows'")
      const [small] = queryProcesses()
      yield* outcomeOf("/x", "SELECT 'heavy'")
      yield* gone(small)
    }).pipe(Effect.provide(mortals))
  )

  it.scoped("that was ended by somebody while it was idle is not asked", () =>
    Effect.gen(function* () {
      yield* outcomeOf("/x", "SELECT 'rows'")
      const [idle] = queryProcesses()
      process.kill(Number(idle), "SIGKILL")
      yield* gone(idle)
      expect(yield* outcomeOf("/x", "SELECT 'rows'")).toBe("0 rows")
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
      expect(yield* Effect.provide(outcomeOf("/x", "SELECT 1"), none)).toBe("StorageFailure")
    })
  )
})
