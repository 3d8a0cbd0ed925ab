import { spawn, spawnSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { Agent, request } from "node:http"
import { join } from "node:path"
import { activate, call, operator, shipped } from "../plugins.mjs"
import { load, startElastik, token, usage } from "../server.mjs"
import { alternate, below } from "../table.mjs"
import { makeTemplate, makeTree } from "../worlds.mjs"

const members = 1_000
const descendants = 5_000
const files = 1_000
const transfers = 8

/** WebDAV: how soon a folder shows, what a large tree costs, and what the protocol adds to writing files. */
export const dav = async (bench) => {
  const template = await makeTemplate(bench)
  const folder = join(bench.temp, "dav-folder")
  makeTree(folder, template, members)
  const forest = join(bench.temp, "dav-forest")
  makeTree(forest, template, descendants)
  return [
    ...(await onServer(bench, folder, shown)),
    ...(await onServer(bench, forest, all)),
    ...(await onServer(bench, join(bench.temp, "dav-files"), written))
  ]
}

const onServer = async (bench, data, measure) => {
  const server = await startElastik(bench, data)
  await activate(server, "dav", shipped("dav"))
  const figures = await measure(bench, server)
  await server.stop()
  return figures
}

/** A folder of 1,000 as file managers ask for it, beside C3's listing of the same. */
const shown = async (bench, server) => {
  const propfind = { clients: 1, method: "PROPFIND", path: "/dav/home/bench/", headers: { depth: "1" } }
  const listing = { clients: 1, path: "/home/bench/", headers: { accept: "application/json" } }
  const measure = async (job) => (await load(bench, server, job))[0]
  for (let n = 0; n < 3; n++) for (const job of [propfind, listing]) await measure(job)
  const { limit, ours } = await alternate(
    bench.rounds,
    () => measure(propfind),
    () => measure(listing)
  )
  return ["p50", "p99"].map((quantile) => ({
    name: `PROPFIND Depth 1 of 1,000 worlds (limit: their JSON listing), ${quantile}`,
    unit: "ms",
    ours: ours.map((result) => result[quantile]),
    limit: limit.map((result) => result[quantile]),
    target: quantile === "p99" ? below(50) : undefined
  }))
}

/** Everything at once: how much more memory the server then has. */
const all = async (bench, server) => {
  const deep = () => call(server, "PROPFIND", "/dav/home/", { ...operator, depth: "infinity" })
  await deep()
  const before = usage(server).megabytes
  const seconds = []
  for (let round = 0; round < bench.rounds * 3; round++) {
    const began = performance.now()
    await deep()
    seconds.push((performance.now() - began) / 1000)
  }
  const grown = usage(server).megabytes - before
  return [
    { name: "PROPFIND Depth infinity of 5,000 worlds", unit: "s", ours: seconds },
    { name: `resident memory that ${seconds.length} of them add`, unit: "MB", ours: [grown], target: below(100) }
  ]
}

/** The requests that rclone makes for each file, beside the same PUTs at /home; and rclone itself. */
const written = async (bench, server) => {
  const asRclone = async (round) => {
    await call(server, "MKCOL", `/dav/home/r${round}/`, operator)
    return timed(server, (send, n) =>
      send("MKCOL", `/dav/home/r${round}/`)
        .then(() => send("PUT", `/dav/home/r${round}/${n}`, `file ${n}`))
        .then(() => send("PROPFIND", `/dav/home/r${round}/${n}`, undefined, { depth: "1" }))
    )
  }
  const plainly = (round) => timed(server, (send, n) => send("PUT", `/home/p${round}/${n}`, `file ${n}`))
  await asRclone("warm")
  await plainly("warm")
  return [
    {
      name: `${files} files, ${transfers} at a time, as rclone asks (limit: PUTs at /home)`,
      unit: "s",
      ...(await alternate(bench.rounds, asRclone, plainly)),
      target: { text: "ratio <= 2", met: ({ ratio }) => ratio <= 2 }
    },
    ...(await rclone(bench, server))
  ]
}

/** The seconds for all files, so many at a time. */
const timed = async (server, write) => {
  const agent = new Agent({ keepAlive: true, maxSockets: transfers })
  const send = (method, path, body, headers = {}) =>
    new Promise((resolve, reject) => {
      const asked = { agent, port: server.port, method, path, headers: { ...operator, ...headers } }
      const sent = request(asked, (answer) => answer.resume().on("end", resolve))
      sent.on("error", reject).end(body)
    })
  const began = performance.now()
  let next = 0
  const worker = async () => {
    while (next < files) await write(send, next++)
  }
  await Promise.all(Array.from({ length: transfers }, worker))
  agent.destroy()
  return (performance.now() - began) / 1000
}

const rclone = async (bench, server) => {
  const obscured = spawnSync("rclone", ["obscure", `${token}-approve`], { encoding: "utf8" })
  if (obscured.status !== 0) return []
  const source = join(bench.temp, "files")
  mkdirSync(source)
  for (let n = 0; n < files; n++) writeFileSync(join(source, `${n}.txt`), `file ${n}`)
  const env = {
    PATH: process.env.PATH,
    RCLONE_CONFIG: join(bench.temp, "rclone.conf"),
    RCLONE_CONFIG_DAV_TYPE: "webdav",
    RCLONE_CONFIG_DAV_URL: `http://127.0.0.1:${server.port}/dav/home`,
    RCLONE_CONFIG_DAV_USER: "bench",
    RCLONE_CONFIG_DAV_PASS: obscured.stdout.trim()
  }
  const began = performance.now()
  const child = spawn("rclone", ["copy", "--transfers", String(transfers), source, "dav:rclone"], { env })
  const code = await new Promise((resolve) => child.once("close", resolve))
  if (code !== 0) throw new Error(`rclone ended with ${code}`)
  const seconds = (performance.now() - began) / 1000
  // Between any two requests rclone sleeps for 10 ms, and it makes three for each file.
  return [
    { name: `${files} files by rclone (limit: what it sleeps)`, unit: "s", ours: [seconds], limit: [files * 0.03] }
  ]
}
