import { execFileSync } from "node:child_process"
import { copyFileSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { authorization, load, startElastik } from "./server.mjs"

/** The database of a world that the server made and closed, to be copied: its chain does not depend on its name. */
export const makeTemplate = async (bench) => {
  const data = join(bench.temp, "template")
  const server = await startElastik(bench, data)
  const headers = { authorization, "content-type": "text/plain" }
  await load(bench, server, { clients: 1, count: 1, method: "PUT", path: "/home/x", body: 200, headers })
  await server.stop()
  return join(data, "home%2Fx", "universe.db")
}

/** A data directory with `count` worlds /home/bench/0, 1, 2 ... */
export const makeTree = (data, template, count) => {
  for (let n = 0; n < count; n++) {
    const directory = join(data, `home%2Fbench%2F${n}`)
    mkdirSync(directory, { recursive: true })
    copyFileSync(template, join(directory, "universe.db"))
  }
  // Hundreds of megabytes on their way to the disk would slow down whatever is measured next.
  execFileSync("sync")
}
