import { join } from "node:path"
import { authorization, load, startBare, startElastik } from "../server.mjs"
import { alternate, ratioOf } from "../table.mjs"

const clients = 32
const bytes = "/home/x?raw"
const forms = [
  { name: "raw GET", path: bytes, headers: {}, target: ratioOf(0.5) },
  { name: "JSON GET", path: "/home/x", headers: { accept: "application/json" }, target: ratioOf(0.4) },
  // Answers to somebody in particular are not kept: this is what a request costs that goes through every layer.
  { name: "raw GET with a token", path: bytes, headers: { authorization } }
]

/** Reads of one small world, beside a node:http server that sends the same answer without thinking. */
export const reads = async (bench) => {
  const elastik = await startElastik(bench, join(bench.temp, "reads"))
  await load(bench, elastik, {
    clients: 1,
    count: 1,
    method: "PUT",
    path: "/home/x",
    body: 200,
    headers: { authorization }
  })
  const figures = []
  for (const { name, path, headers, target } of forms) {
    const bare = await startBare(bench, elastik, path, headers)
    const perSecond = async (server) => (await load(bench, server, { clients, path, headers }))[0].perSecond
    // Once for the compiler.
    await perSecond(elastik)
    await perSecond(bare)
    const samples = await alternate(
      bench.rounds,
      () => perSecond(elastik),
      () => perSecond(bare)
    )
    await bare.stop()
    figures.push({ name: `${name}, ${clients} clients`, unit: "per second", ...samples, target })
  }
  await elastik.stop()
  return figures
}
