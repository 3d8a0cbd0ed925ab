import { once } from "node:events"
import { createServer } from "node:http"
import { join } from "node:path"
import { activate, call, operator, shipped, user } from "../plugins.mjs"
import { load, startElastik, startLimit, usage } from "../server.mjs"
import { alternate, below, ratioOf } from "../table.mjs"

const trivial = `import { Effect } from "effect"
import { Response } from "elastik/plugin"
export const AUTH = "none"
export const ROUTES = ["/trivial"]
export const handle = () => Effect.succeed(Response.text("5.0.0"))
`
const runaway = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t"

/** Plugins and what ships as plugins: what going through them costs, and how soon they let go. */
export const devices = async (bench) => {
  const elastik = await startElastik(bench, join(bench.temp, "devices"))
  await activate(elastik, "trivial", trivial)
  for (const name of ["gpu", "db", "reality"]) await activate(elastik, name, shipped(name))
  const figures = [
    await dispatch(bench, elastik),
    ...(await model(bench, elastik)),
    await abort(bench, elastik),
    ...(await query(bench, elastik)),
    await replica(bench, elastik)
  ]
  await elastik.stop()
  return figures
}

const dispatch = async (bench, elastik) => {
  const perSecond = async (path) => (await load(bench, elastik, { clients: 32, path }))[0].perSecond
  // The compilers need some thousand requests.
  for (let n = 0; n < 3; n++) for (const path of ["/trivial", "/proc/version"]) await perSecond(path)
  const samples = await alternate(
    bench.rounds,
    () => perSecond("/trivial"),
    () => perSecond("/proc/version")
  )
  return {
    name: "a trivial plugin, 32 clients (limit: /proc/version)",
    unit: "per second",
    ...samples,
    target: ratioOf(0.7)
  }
}

const model = async (bench, elastik) => {
  const backend = await startLimit("model.mjs", { delay: 20 })
  await call(elastik, "PUT", "/etc/gpu.conf", operator, `compat://http://127.0.0.1:${backend.port}\n`)
  const proxy = await startLimit("proxy.mjs", { port: backend.port })
  const post = { method: "POST", body: 100, headers: user }
  // Of the two hundred calls of a second, the 99th percentile would be the second slowest.
  const long = { ...bench, seconds: 5 * bench.seconds }
  const p99 = async (server, path, clients) => (await load(long, server, { ...post, clients, path }))[0].p99
  // The compilers need some thousand calls, and a model that takes its time lets only so many through at once.
  for (let n = 0; n < 6; n++) await load(bench, elastik, { ...post, clients: 32, path: "/dev/gpu" })
  const figures = []
  for (const clients of [1, 4]) {
    const ours = []
    const limit = []
    for (let round = 0; round < bench.rounds; round++) {
      const alone = await p99(backend, "/", clients)
      ours.push((await p99(elastik, "/dev/gpu", clients)) - alone)
      limit.push((await p99(proxy, "/", clients)) - alone)
    }
    const who = `${clients} client${clients === 1 ? "" : "s"}`
    figures.push({
      name: `what /dev/gpu adds to the p99 of a model that takes 20 ms, ${who} (limit: what a bare proxy adds)`,
      unit: "ms",
      ours,
      limit,
      target: below(3)
    })
  }
  await proxy.stop()
  await backend.stop()
  return figures
}

/** From a client's going to the closing of the model's socket. */
const abort = async (bench, elastik) => {
  const backend = createServer((request) => request.resume())
  backend.listen(0, "127.0.0.1")
  await once(backend, "listening")
  await call(elastik, "PUT", "/etc/gpu.conf", operator, `compat://http://127.0.0.1:${backend.address().port}\n`)
  const samples = []
  for (let round = 0; round < bench.rounds; round++) {
    const leaving = new AbortController()
    const url = `http://127.0.0.1:${elastik.port}/dev/gpu`
    const asked = fetch(url, { method: "POST", headers: user, body: "x", signal: leaving.signal }).catch(() => {})
    const [, response] = await once(backend, "request")
    const closed = once(response, "close")
    const left = performance.now()
    leaving.abort()
    await closed
    samples.push(performance.now() - left)
    await asked
  }
  backend.closeAllConnections()
  backend.close()
  return {
    name: "from a client's going to the end of the model's request",
    unit: "ms",
    ours: samples,
    target: below(100)
  }
}

const query = async (bench, elastik) => {
  await call(elastik, "PUT", "/home/q", user, "x")
  const over = []
  const others = []
  for (let round = 0; round < bench.rounds; round++) {
    const began = performance.now()
    const answered = fetch(`http://127.0.0.1:${elastik.port}/dev/db?world=/home/q`, {
      method: "POST",
      headers: user,
      body: runaway
    }).then((answer) => [answer.status, performance.now() - began])
    const [{ p99 }] = await load(bench, elastik, { clients: 8, path: "/home/q?raw", headers: user })
    const [status, took] = await answered
    if (status !== 408) throw new Error(`a runaway query answers ${status}`)
    over.push(took - 2000)
    others.push(p99)
  }
  return [
    { name: "a runaway query beyond its 2 s", unit: "ms", ours: over, target: below(100) },
    { name: "raw GET meanwhile, 8 clients, p99", unit: "ms", ours: others, target: below(20) }
  ]
}

/** How far the server grows while it sends all it has, once: 1 GB in worlds of 10 MB. */
const replica = async (bench, elastik) => {
  const body = Buffer.alloc(10_000_000, "0123456789abcdefghijklmnopqrstuv")
  const worlds = bench.rounds === 1 ? 10 : 100
  for (let n = 0; n < worlds; n++) await call(elastik, "PUT", `/home/big/${n}`, user, body)
  const answer = await fetch(`http://127.0.0.1:${elastik.port}/__reality__`, { headers: operator })
  if (!answer.ok) throw new Error(`/__reality__ answers ${answer.status}`)
  const before = usage(elastik).megabytes
  let most = before
  for await (const _ of answer.body) most = Math.max(most, usage(elastik).megabytes)
  return {
    name: `memory while ${worlds * 10} MB are sent by /__reality__, beyond the ${Math.round(before)} before`,
    unit: "MB",
    ours: [most - before],
    target: below(150)
  }
}
