import { join } from "node:path"
import { authorization, call, load, startElastik } from "../server.mjs"
import { below } from "../table.mjs"

/** Live updates: what subscribers cost who hear nothing, and how soon many hear of one commit. */
export const streams = async (bench) => {
  const figures = { idle: [], memory: [], delivery: [] }
  for (let round = 0; round < Math.min(bench.rounds, 3); round++) {
    const elastik = await startElastik(bench, join(bench.temp, `streams-${round}`))
    await load(bench, elastik, {
      clients: 1,
      count: 1,
      method: "PUT",
      body: 200,
      headers: { authorization },
      path: "/home/s"
    })
    const listen = (more) =>
      call(bench, "subscribers.mjs", {
        port: elastik.port,
        pid: elastik.pid,
        authorization,
        path: "/stream/home/s",
        write: "/home/s",
        ...more
      })
    const many = await listen({ count: 10_000, idle: 16 })
    figures.idle.push(many.percent)
    figures.memory.push(many.kilobytes)
    const some = await listen({ count: 1000, idle: 0, writes: 30 })
    figures.delivery.push(some.p99)
    await elastik.stop()
  }
  return [
    { name: "10,000 subscribers who hear nothing, processor", unit: "%", ours: figures.idle, target: below(2) },
    { name: "resident memory for each of them", unit: "KB", ours: figures.memory, target: below(30) },
    {
      name: "from sending a PUT to its delivery to 1,000 subscribers, p99",
      unit: "ms",
      ours: figures.delivery,
      target: below(50)
    }
  ]
}
