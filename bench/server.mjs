import { spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const here = fileURLToPath(new URL(".", import.meta.url))
const children = new Set()

// Nothing outlives the suite, however it ends.
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL")
})
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130))

const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("ELASTIK_")))

/** A node process of its own, away from any .env file. */
const launch = (args, { cwd, env = {} }) => {
  const options = { cwd, env: { ...inherited, ...env }, stdio: ["ignore", "pipe", "inherit"] }
  const child = spawn(process.execPath, args, options)
  const ended = new Promise((resolve) => child.once("exit", (code) => resolve(code)))
  children.add(child)
  ended.then(() => children.delete(child))
  return { child, ended }
}

/** Runs a script of this folder to its end; what it prints is its result. */
export const call = async (bench, script, spec) => {
  const { child, ended } = launch([join(here, script), JSON.stringify(spec)], { cwd: bench.temp })
  let text = ""
  for await (const chunk of child.stdout) text += chunk
  const code = await ended
  if (code !== 0) throw new Error(`${script} ended with ${code}`)
  return JSON.parse(text)
}

/** Starts a server and waits for the line that names its port. */
const start = async (bench, args, env) => {
  const began = performance.now()
  const { child, ended } = launch(args, { cwd: bench.temp, env })
  const port = await new Promise((resolve, reject) => {
    let text = ""
    child.stdout.on("data", (chunk) => {
      text += chunk
      const found = /http:\/\/127\.0\.0\.1:(\d+)/.exec(text)
      if (found !== null) resolve(Number(found[1]))
    })
    ended.then((code) => reject(new Error(`${args[0]} ended with ${code}: ${text}`)))
  })
  const stop = async (signal = "SIGTERM") => {
    child.kill(signal)
    await ended
  }
  return { port, pid: child.pid, began, stop }
}

export const token = "bench"
export const authorization = `Bearer ${token}`

/** The server under test on a data directory. */
export const startElastik = (bench, data, env = {}) =>
  start(bench, [...bench.nodeArgs, bench.main, "serve"], {
    ELASTIK_PORT: "0",
    ELASTIK_DATA: data,
    ELASTIK_TOKEN: token,
    ELASTIK_APPROVE_TOKEN: `${token}-approve`,
    ELASTIK_KEY: "the key of the benchmarks",
    ...env
  })

/** node:http that answers everything with the bytes and headers that `server` answers `path` with. */
export const startBare = async (bench, server, path, headers = {}) => {
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { headers })
  if (!answer.ok) throw new Error(`${path} answers ${answer.status}`)
  const body = Buffer.from(await answer.arrayBuffer()).toString("base64")
  // node adds these itself.
  const own = new Set(["connection", "date", "keep-alive"])
  const fields = [...answer.headers].filter(([name]) => !own.has(name))
  return start(bench, [join(here, "limits/http.mjs"), JSON.stringify({ fields, body })], {})
}

/** A limit that is a server of its own. */
export const startLimit = (script, spec) =>
  start({ temp: here }, [join(here, "limits", script), JSON.stringify(spec)], {})

/** Load on a server by jobs (see load.mjs), from a process of its own; one result for each. */
export const load = async (bench, server, ...jobs) => {
  const { results } = await call(bench, "load.mjs", { port: server.port, seconds: bench.seconds, jobs })
  return results
}

/** Open files and resident memory of a process; Linux only. */
export const usage = (server) => ({
  files: readdirSync(`/proc/${server.pid}/fd`).length,
  megabytes: Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))?.[1]) / 1024
})
