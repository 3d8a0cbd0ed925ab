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
  const appended = await appending(bench, elastik, reading)
  await elastik.stop()

  return [
    {
      name: `durable PUT of 200 bytes, ${worlds} worlds, ${clients} clients`,
      unit: "per second",
      ...overwritten,
      target: ratioOf(0.9)
    },
    { name: `creating worlds, ${clients} clients`, unit: "per second", ...created, target: atLeast(500) },
    {
      name: `raw GET while ${clients} clients PUT (limit: nobody does), p99`,
      unit: "ms",
      ...read,
      target: below(10)
    },
    ...appended
  ]
}

/** A large world that grows by a little, and what that does to those who read others. */
const appending = async (bench, elastik, reading) => {
  const path = "/home/large"
  await load(bench, elastik, { method: "PUT", headers, clients: 1, count: 1, path, body: 4 * 1024 * 1024 })
  const append = { method: "POST", headers, clients: 1, path, body: 100 }
  const time = async () => (await load(bench, elastik, append))[0].p50
  await time()
  const ours = []
  for (let round = 0; round < bench.rounds; round++) ours.push(await time())
  const others = await alternate(
    bench.rounds,
    () => reading(append),
    () => reading()
  )
  return [
    { name: "appending 100 bytes to a world of 4 MB, p50", unit: "ms", ours, target: below(15) },
    { name: "raw GET of other worlds meanwhile (limit: nobody appends), p99", unit: "ms", ...others }
  ]
}
