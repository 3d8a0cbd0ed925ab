import { join } from "node:path"
import { authorization, load, startBare, startElastik, usage } from "../server.mjs"
import { alternate, below } from "../table.mjs"
import { makeTemplate, makeTree } from "../worlds.mjs"

const worlds = 20_000
const touched = 2_000
const page = "/home/bench/?limit=100"
const json = { accept: "application/json" }
const get = { path: "/home/bench/{n}?raw", worlds, random: true }
const put = { method: "PUT", path: "/home/bench/{n}", worlds: 500, body: 200, headers: { authorization } }

/** A tree of many worlds: how fast it starts, what it holds open, how it is listed. */
export const tree = async (bench) => {
  const data = join(bench.temp, "tree")
  makeTree(data, await makeTemplate(bench), worlds)

  /** A server, and the seconds until it answered; `use` it before it stops. */
  const started = async (directory, path, use = async () => {}, signal = "SIGTERM") => {
    const server = await startElastik(bench, directory)
    const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { headers: json })
    const seconds = (performance.now() - server.began) / 1000
    if (!answer.ok) throw new Error(`${path} answers ${answer.status}`)
    await answer.arrayBuffer()
    await use(server)
    await server.stop(signal)
    return seconds
  }

  const afresh = [await started(data, "/home/bench/1")]

  const files = []
  const megabytes = []
  const measure = async (server) => {
    await load(bench, server, { ...get, clients: 8, count: touched })
    const used = usage(server)
    files.push(used.files)
    megabytes.push(used.megabytes)
  }
  const empty = () => started(join(bench.temp, "empty"), "/proc/version")
  const clean = await alternate(bench.rounds, () => started(data, "/home/bench/1", measure), empty)

  const killed = await alternate(
    bench.rounds,
    async () => {
      await started(data, "/home/bench/1", (server) => load(bench, server, { ...put, clients: 32 }), "SIGKILL")
      return started(data, "/home/bench/1")
    },
    empty
  )

  const server = await startElastik(bench, data)
  const bare = await startBare(bench, server, page, json)
  const listings = []
  for (const clients of [1, 8]) {
    const walk = async (target) => (await load(bench, target, { clients, path: page, headers: json, follow: true }))[0]
    await bench.warmUp(() => walk(server))
    const { ours, limit } = await alternate(
      bench.rounds,
      () => walk(server),
      () => walk(bare)
    )
    for (const quantile of ["p50", "p99"]) {
      listings.push({
        name: `page of 100 out of 20,000, ${clients === 1 ? "1 client" : `${clients} clients`}, ${quantile}`,
        unit: "ms",
        ours: ours.map((result) => result[quantile]),
        limit: limit.map((result) => result[quantile]),
        target: quantile === "p99" ? below(20) : undefined
      })
    }
  }
  await bare.stop()
  await server.stop()

  return [
    ...listings,
    { name: "start with 20,000 worlds (limit: with none)", unit: "s", ...clean, target: below(3) },
    { name: "start with 20,000 worlds after SIGKILL amid writes", unit: "s", ...killed },
    { name: "start with 20,000 worlds and no .catalog.db", unit: "s", ours: afresh },
    { name: "open files after 2,000 of 20,000 worlds were read", unit: "files", ours: files, target: below(600) },
    { name: "resident memory then", unit: "MB", ours: megabytes, target: below(250) }
  ]
}
