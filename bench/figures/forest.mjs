import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { authorization, load, startElastik, usage } from "../server.mjs"
import { below } from "../table.mjs"
import { makeTemplate, makeTree } from "../worlds.mjs"

const worlds = 100_000
const page = { path: "/home/bench/?limit=100", headers: { accept: "application/json" }, follow: true }
const put = { clients: 32, method: "PUT", path: "/home/bench/{n}", worlds: 500, body: 200, headers: { authorization } }

/** A tree so large that nothing may cost as much as there are worlds. */
export const forest = async (bench) => {
  const data = join(bench.temp, "forest")
  makeTree(data, await makeTemplate(bench), worlds)
  const afresh = await start(bench, data)
  const seconds = { clean: [], killed: [] }
  const figures = { pages: [], begun: [], rested: [] }
  for (let round = 0; round < Math.min(bench.rounds, 3); round++) {
    seconds.clean.push(
      await start(bench, data, async (server) => {
        figures.begun.push(usage(server).megabytes)
        await setTimeout(60_000)
        figures.rested.push(usage(server).megabytes)
        await load(bench, server, { ...page, clients: 1 })
        figures.pages.push((await load(bench, server, { ...page, clients: 1 }))[0].p99)
      })
    )
    await start(bench, data, (server) => load(bench, server, put), "SIGKILL")
    seconds.killed.push(await start(bench, data))
  }
  return [
    { name: "page of 100 out of 100,000, 1 client, p99", unit: "ms", ours: figures.pages, target: below(10) },
    { name: "start with 100,000 worlds", unit: "s", ours: seconds.clean, target: below(2) },
    { name: "start with 100,000 worlds after SIGKILL amid writes", unit: "s", ours: seconds.killed, target: below(10) },
    { name: "start with 100,000 worlds and no .catalog.db, once", unit: "s", ours: [afresh] },
    { name: "resident memory when it has just started", unit: "MB", ours: figures.begun },
    { name: "resident memory at rest, a minute later", unit: "MB", ours: figures.rested, target: below(200) }
  ]
}

/** The seconds from starting a server until it has answered; `use` it before it stops. */
const start = async (bench, data, use = async () => {}, signal = "SIGTERM") => {
  const server = await startElastik(bench, data)
  const answer = await fetch(`http://127.0.0.1:${server.port}/home/bench/1`, { headers: page.headers })
  const seconds = (performance.now() - server.began) / 1000
  if (!answer.ok) throw new Error(`/home/bench/1 answers ${answer.status}`)
  await answer.arrayBuffer()
  await use(server)
  await server.stop(signal)
  return seconds
}
