import { once } from "node:events"
import { createServer } from "node:http"
import { join } from "node:path"
import { activate, call, operator, shipped } from "../plugins.mjs"
import { load, startElastik, startLimit } from "../server.mjs"
import { alternate, below, ratioOf } from "../table.mjs"

/** Thinking on read: what is remembered, what has to be made, and how soon it is let go. */
export const shaped = async (bench) => {
  const elastik = await startElastik(bench, join(bench.temp, "shaped"), { SEMANTIC_GEN_CAP_PER_MIN: "1000000" })
  await activate(elastik, "semantic", shipped("semantic"))
  await call(elastik, "PUT", "/home/work", operator, "A page of text that somebody has written.")
  const figures = [
    ...(await remembered(bench, elastik)),
    ...(await miss(bench, elastik)),
    ...(await together(bench, elastik))
  ]
  await elastik.stop()
  return figures
}

// Without an intent, what a client calls itself would be one.
const plain = { ...operator, accept: "text/plain", "x-semantic-intent": "bench" }

const remembered = async (bench, elastik) => {
  const backend = await startLimit("model.mjs", { delay: 0 })
  await call(elastik, "PUT", "/etc/gpu.conf", operator, `compat://http://127.0.0.1:${backend.port}\n`)
  await call(elastik, "GET", "/shaped/home/work", plain)
  await backend.stop()
  const perSecond = async (path) => (await load(bench, elastik, { clients: 32, path, headers: plain }))[0].perSecond
  await perSecond("/shaped/home/work")
  const samples = await alternate(
    bench.rounds,
    () => perSecond("/shaped/home/work"),
    () => perSecond("/home/work?raw")
  )
  return [
    {
      name: "/shaped from its cache, 32 clients (limit: raw GET)",
      unit: "per second",
      ...samples,
      target: ratioOf(0.5)
    }
  ]
}

/** Calls to a round: the one percent that is looked at are three of them. */
const misses = 300

/**
 * Every request is for something that nobody has asked for yet: another shape of one world, or a world that is not even
 * open.
 */
const miss = async (bench, elastik) => {
  const backend = await startLimit("model.mjs", { delay: 20 })
  await call(elastik, "PUT", "/etc/gpu.conf", operator, `compat://http://127.0.0.1:${backend.port}\n`)
  let round = 0
  const asking = async (path, headers = {}) => {
    const spec = { clients: 1, count: misses, path, headers: { ...plain, ...headers } }
    return (await load(bench, elastik, spec))[0].p99
  }
  const shapes = () => asking("/shaped/home/work", { "x-semantic-intent": `{n} of ${round++}` })
  const worlds = async () => {
    const path = `/home/miss/${round++}/{n}`
    await load(bench, elastik, { clients: 1, count: misses, method: "PUT", body: 200, headers: operator, path })
    return asking(`/shaped${path}`)
  }
  const bare = async () => (await load(bench, backend, { clients: 1, count: misses, path: "/", headers: plain }))[0].p99
  // The compilers need some hundred of them.
  for (let n = 0; n < 4; n++) await shapes()
  const figures = []
  for (const [what, ours] of [
    ["another shape of a world", shapes],
    ["a world that is not open", worlds]
  ]) {
    const samples = await alternate(bench.rounds, ours, bare)
    figures.push({
      name: `what /shaped adds to the p99 of a model that takes 20 ms, ${what}`,
      unit: "ms",
      ours: samples.ours.map((value, round) => value - samples.limit[round]),
      target: below(5)
    })
  }
  await backend.stop()
  return figures
}

/** A hundred who want the same at once, and how soon the model hears that the last of them has left. */
const together = async (bench, elastik) => {
  let calls = 0
  const backend = createServer((request) => {
    calls++
    request.resume()
  })
  backend.listen(0, "127.0.0.1")
  await once(backend, "listening")
  await call(elastik, "PUT", "/etc/gpu.conf", operator, `compat://http://127.0.0.1:${backend.address().port}\n`)
  const asked = []
  const left = []
  for (let round = 0; round < bench.rounds; round++) {
    calls = 0
    const leaving = new AbortController()
    const headers = { ...plain, "x-semantic-intent": String(round) }
    const url = `http://127.0.0.1:${elastik.port}/shaped/home/work`
    const heard = once(backend, "request")
    const asking = Array.from({ length: 100 }, () => fetch(url, { headers, signal: leaving.signal }).catch(() => {}))
    const [, response] = await heard
    const closed = once(response, "close")
    // Long enough for the slowest of them to have arrived.
    await new Promise((resolve) => setTimeout(resolve, 500))
    const began = performance.now()
    leaving.abort()
    await closed
    left.push(performance.now() - began)
    asked.push(calls)
    await Promise.all(asking)
  }
  backend.closeAllConnections()
  backend.close()
  return [
    { name: "calls of the model for 100 who want the same at once", unit: "calls", ours: asked, target: below(2) },
    {
      name: "from the last one's leaving to the end of the model's request",
      unit: "ms",
      ours: left,
      target: below(100)
    }
  ]
}
