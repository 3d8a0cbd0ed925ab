import { join } from "node:path"
import { authorization, load, startBare, startElastik, usage } from "../server.mjs"
import { alternate, below } from "../table.mjs"
import { makeTemplate, makeTree } from "../worlds.mjs"

const worlds = 20_000
const touched = 2_000
const first = "/home/bench/1"
const page = "/home/bench/?limit=100"
const json = { accept: "application/json" }
const get = { clients: 8, path: "/home/bench/{n}?raw", worlds, scattered: true, count: touched }
const put = { clients: 32, method: "PUT", path: "/home/bench/{n}", worlds: 500, body: 200, headers: { authorization } }

/** A tree of many worlds: how fast it starts, what it holds open, how it is listed. */
export const tree = async (bench) => {
  const data = join(bench.temp, "tree")
  makeTree(data, await makeTemplate(bench), worlds)
  // The very first start finds no catalog; it also leaves one behind for the others.
  const afresh = await startUntil(bench, data, first)
  const { clean, cold, files, megabytes } = await cleanStarts(bench, data)
  const killed = await startsAfterKill(bench, data)
  return [
    ...(await listings(bench, data)),
    { name: "start with 20,000 worlds (limit: with none)", unit: "s", ...clean, target: below(3) },
    { name: "start with 20,000 worlds after SIGKILL amid writes", unit: "s", ours: killed },
    { name: "start with 20,000 worlds and no .catalog.db, once", unit: "s", ours: [afresh] },
    { name: "raw GET of a world that is not open, 8 clients, p50", unit: "ms", ours: cold },
    { name: "open files after 2,000 of 20,000 worlds were read", unit: "files", ours: files, target: below(600) },
    { name: "resident memory then", unit: "MB", ours: megabytes, target: below(250) }
  ]
}

/** The seconds from starting a server until it has answered; `use` it before it stops. */
const startUntil = async (bench, data, path, use = async () => {}, signal = "SIGTERM") => {
  const server = await startElastik(bench, data)
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { headers: json })
  const seconds = (performance.now() - server.began) / 1000
  if (!answer.ok) throw new Error(`${path} answers ${answer.status}`)
  await answer.arrayBuffer()
  await use(server)
  await server.stop(signal)
  return seconds
}

const cleanStarts = async (bench, data) => {
  const used = { cold: [], files: [], megabytes: [] }
  const measure = async (server) => {
    const [{ p50 }] = await load(bench, server, get)
    const { files, megabytes } = usage(server)
    used.cold.push(p50)
    used.files.push(files)
    used.megabytes.push(megabytes)
  }
  const empty = () => startUntil(bench, join(bench.temp, "empty"), "/proc/version")
  await empty() // makes the directory
  const clean = await alternate(bench.rounds, () => startUntil(bench, data, first, measure), empty)
  return { clean, ...used }
}

const startsAfterKill = async (bench, data) => {
  const write = (server) => load(bench, server, put)
  const dieWriting = () => startUntil(bench, data, first, write, "SIGKILL")
  await dieWriting() // leaves the first mess
  const samples = []
  for (let round = 0; round < bench.rounds; round++) samples.push(await dieWriting())
  return samples
}

const listings = async (bench, data) => {
  const elastik = await startElastik(bench, data)
  const bare = await startBare(bench, elastik, page, json)
  const figures = []
  for (const clients of [1, 8]) {
    const walk = async (server) => (await load(bench, server, { clients, path: page, headers: json, follow: true }))[0]
    await walk(elastik) // once for the compiler
    const { ours, limit } = await alternate(
      bench.rounds,
      () => walk(elastik),
      () => walk(bare)
    )
    for (const quantile of ["p50", "p99"]) {
      figures.push({
        name: `page of 100 out of 20,000, ${clients === 1 ? "1 client" : `${clients} clients`}, ${quantile}`,
        unit: "ms",
        ours: ours.map((result) => result[quantile]),
        limit: limit.map((result) => result[quantile]),
        target: quantile === "p99" ? below(20) : undefined
      })
    }
  }
  await bare.stop()
  await elastik.stop()
  return figures
}
