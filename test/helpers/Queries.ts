import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Effect, Layer, Schema } from "effect"
import * as ProcessQueries from "../../src/layers/queries/ProcessQueries.ts"
import { AppConfig } from "../../src/services/AppConfig.ts"
import { Catalog } from "../../src/services/Catalog.ts"
import { Queries } from "../../src/services/Queries.ts"
import { world } from "./Paths.ts"
import { chain, files, temporary, threads, withDatabase } from "./Storages.ts"

/** The built program's query process. */
export const entry = new URL("../../dist/layers/queries/QueryProcess.js", import.meta.url)

/** Queries over the worlds of a directory, with the storage and the catalog that they ask. */
export const queries = (data: string, storage = files(data), process = entry) =>
  ProcessQueries.layer(process).pipe(
    Layer.provideMerge(Catalog.layer),
    Layer.provideMerge(storage),
    Layer.provide(AppConfig.layerTest({ data })),
    Layer.provide(chain)
  )

/** The same, with the storage in threads, as in a running server. */
export const queriesOfThreads = (data: string) => queries(data, threads(data))

const Rows = Schema.parseJson(Schema.Array(Schema.Record({ key: Schema.String, value: Schema.Unknown })))

/** What a statement says of a file. */
export const askFile = (file: string, sql: string) =>
  Effect.flatMap(Queries, (queries) => queries.run({ _tag: "File", file, path: "/mnt/test/file" }, sql)).pipe(
    Effect.map((json) => Schema.decodeSync(Rows)(json))
  )

/** What a statement says of a world. */
export const askWorld = (name: string, sql: string) =>
  Effect.flatMap(Queries, (queries) => queries.run({ _tag: "World", name: world(name) }, sql)).pipe(
    Effect.map((json) => Schema.decodeSync(Rows)(json))
  )

const ps = (...args: ReadonlyArray<string>): string => execFileSync("ps", args, { encoding: "utf8" })

interface Row {
  readonly ppid: number
  readonly pid: number
  readonly stat: string
  /** processor time, h:m:s */
  readonly time: string
  readonly command: string
}

/** Every process of this machine. */
const processes = (): ReadonlyArray<Row> =>
  ps("-A", "-o", "ppid=,pid=,stat=,time=,args=")
    .trim()
    .split("\n")
    .map((line) => {
      const [ppid, pid, stat = "", time = "", ...args] = line.trim().split(/\s+/)
      return { ppid: Number(ppid), pid: Number(pid), stat, time, command: args.join(" ") }
    })

/** The query processes that this one has started and that still run. */
export const queryProcesses = (): ReadonlyArray<number> =>
  processes().flatMap(({ command, pid, ppid, stat }) =>
    ppid === process.pid && !stat.startsWith("Z") && /queryProcess\.m?js/i.test(command) ? [pid] : []
  )

/** Queries over an empty directory. */
export const queriesAlone = Layer.fresh(Layer.unwrapScoped(Effect.map(temporary, (data) => queries(data))))

/** A small database: a table `t` with one row. */
export const smallDatabase = Effect.gen(function* () {
  const file = join(yield* temporary, "db")
  yield* withDatabase(file, (db) => {
    db.exec("CREATE TABLE t(a); INSERT INTO t VALUES (1)")
  })
  return file
})

/** How many rows there are, or the tag of the error. */
export const outcomeOf = (file: string, sql: string) =>
  Effect.match(askFile(file, sql), {
    onFailure: ({ _tag }): string => _tag,
    onSuccess: ({ length }) => `${length} rows`
  })

/** What a process was given as its environment, as the system shows it. */
export const environmentOf = (pid: number): string => ps("eww", "-o", "command=", "-p", String(pid))

/** Looks again, each time the event loop has gone round, until what it sees will do. */
const until = <A>(look: () => A, will: (seen: A) => boolean): Effect.Effect<A> =>
  Effect.suspend(() => {
    const seen = look()
    if (will(seen)) return Effect.succeed(seen)
    const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
    return Effect.zipRight(turn, until(look, will))
  })

/** The query processes, as soon as there are so many. */
export const running = (count: number): Effect.Effect<ReadonlyArray<number>> =>
  until(queryProcesses, ({ length }) => length === count)

/** Seconds of processor time, of which ps knows whole ones only; infinite when there is no such process. */
const processorTime = (pid: number): number => {
  const found = processes().find((row) => row.pid === pid)
  if (found === undefined) return Number.POSITIVE_INFINITY
  const stat = `/proc/${pid}/stat`
  if (!existsSync(stat)) return found.time.split(":").reduce((sum, part) => sum * 60 + Number(part), 0)
  const [user, system] = readFileSync(stat, "utf8").replace(/.*\)/, "").split(" ").slice(12, 14)
  return (Number(user) + Number(system)) / 100
}

/** Completes when a process has worked, and for longer than starting takes: it is in the middle of something, or gone. */
export const busy = (pid: number): Effect.Effect<unknown> =>
  Effect.suspend(() => {
    const before = processorTime(pid)
    return until(
      () => processorTime(pid),
      (seconds) => !(seconds - before <= 0.4)
    )
  })

/** Completes when a process is no more; of one that is not ours, what is left waits for somebody to take notice. */
export const gone = (pid: number | undefined): Effect.Effect<unknown> =>
  until(processes, (all) =>
    all.every((row) => row.pid !== pid || (row.stat.startsWith("Z") && row.ppid !== process.pid))
  )

/** A table `c` of the numbers `x` from 1 to `last`. */
export const counter = (last: number): string =>
  `WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT ${last})`

/** Counts for ever. */
export const endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
