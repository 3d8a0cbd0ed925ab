import { join } from "node:path"
import { authorization, call, load, startElastik } from "../server.mjs"
import { alternate, atLeast, below, ratioOf } from "../table.mjs"
import { makeTemplate } from "../worlds.mjs"

const clients = 32
const worlds = 50
const headers = { authorization, "content-type": "text/plain" }
const put = { method: "PUT", body: 200, headers }

/** Durable writes and new worlds, beside SQLite alone; and what writes do to those who read meanwhile. */
export const writes = async (bench) => {
  const template = await makeTemplate(bench)
  const elastik = await startElastik(bench, join(bench.temp, "writes"))
  await load(bench, elastik, { ...put, clients: 1, count: worlds, path: "/home/put/{n}" })

  let loops = 0
  const bare = async (create) => {
    const data = join(bench.temp, `sqlite-${loops++}`)
    return (await call(bench, "limits/sqlite.mjs", { template, data, worlds, seconds: bench.seconds, create }))
      .perSecond
  }
  const overwrite = { ...put, clients, worlds, path: "/home/put/{n}" }
  const overwriting = async () => (await load(bench, elastik, overwrite))[0].perSecond
  // The server's compilers are done with this way after some thousands of requests, the loop's after some hundreds.
  await load({ ...bench, seconds: 6 }, elastik, overwrite)
  const overwritten = await alternate(bench.rounds, overwriting, () => bare(false))

  const creating = async (round) =>
    (await load(bench, elastik, { ...put, clients, path: `/home/new/${round}/{n}` }))[0].perSecond
  const created = await alternate(bench.rounds, creating, () => bare(true))

  const get = { clients: 8, path: "/home/put/{n}?raw", worlds, scattered: true }
  const reading = async (...others) => (await load(bench, elastik, get, ...others))[0].p99
  const read = await alternate(
    bench.rounds,
    () => reading(overwrite),
    () => reading()
  )
  await elastik.stop()

  return [
    {
      name: `durable PUT of 200 bytes, ${worlds} worlds, ${clients} clients`,
      unit: "per second",
      ...overwritten,
      target: ratioOf(0.5)
    },
    { name: `creating worlds, ${clients} clients`, unit: "per second", ...created, target: atLeast(500, true) },
    {
      name: `raw GET while ${clients} clients PUT (limit: nobody does), p99`,
      unit: "ms",
      ...read,
      target: below(10, true)
    }
  ]
}
