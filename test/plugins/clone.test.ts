import { execFileSync, spawn } from "node:child_process"
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, onTestFinished, test } from "vitest"
import { person } from "../helpers/People.ts"
import { dataIn, elastik, serve } from "../helpers/Program.ts"
import { tempDirectory } from "../helpers/Temp.ts"
import { T2, T3 } from "../helpers/TestServer.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const tokens = { ELASTIK_TOKEN: T2, ELASTIK_APPROVE_TOKEN: T3 }
const operator = { authorization: `Bearer ${T3}` }

/** Unpacks both archives of a running server side by side, as a user would. */
const cloneOf = async (url: string): Promise<string> => {
  const directory = tempDirectory()
  for (const [route, file] of [
    ["/self", "elastik.tar.gz"],
    ["/__reality__", "data.tar.gz"]
  ] as const) {
    const answer = await fetch(url + route, { headers: operator })
    expect([route, answer.status]).toEqual([route, 200])
    writeFileSync(join(directory, file), Buffer.from(await answer.arrayBuffer()))
    execFileSync("tar", ["xzf", file], { cwd: directory })
  }
  return directory
}

/** Starts what lies in a directory by the README's command, without installing again what is installed here. */
const start = (directory: string): Promise<string> => {
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"))
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ELASTIK_PORT: "0", ...tokens }
  // A group of its own: npm's child is to end as well.
  const child = spawn("npm", ["start"], { cwd: directory, env, detached: true })
  onTestFinished(() => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL")
  })
  return new Promise((resolve, reject) => {
    let said = ""
    const listen = (chunk: Buffer) => {
      said += chunk.toString()
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0]
      if (url !== undefined) resolve(url)
    }
    child.stdout.on("data", listen)
    child.stderr.on("data", listen)
    child.once("exit", () => reject(new Error(said)))
  })
}

const programOf = (directory: string): ReadonlyArray<string> =>
  readdirSync(join(directory, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .sort()
    .map((file) => `${file} ${readFileSync(join(directory, "src", file)).length}`)

test("C11.5 a clone of the running machine starts, serves what the machine did, and clones itself again", async () => {
  const cwd = tempDirectory()
  const server = await serve({ cwd, env: tokens })
  const user = person(server, `Bearer ${T2}`)
  await user.put("/home/page", "<h1>alive</h1>", { "x-meta-author": "me" })
  await user.put("/home/deep/er%25", "odd name")
  await user.put("/lib/reality", readFileSync(join(root, "plugins/reality.ts")))
  await person(server, `Bearer ${T3}`).put("/lib/reality/state", "active")

  const first = await cloneOf(server.url)
  expect(programOf(first)).toEqual(programOf(root))
  expect(readFileSync(join(first, "data/.key"), "utf8")).toBe(readFileSync(join(dataIn(cwd), ".key"), "utf8"))
  expect((await elastik(["verify"], { cwd: first })).stdout).toContain(" 0 bad")

  const url = await start(first)
  const page = await fetch(`${url}/home/page?raw`)
  expect([await page.text(), page.headers.get("x-meta-author")]).toEqual(["<h1>alive</h1>", "me"])
  expect(await (await fetch(`${url}/home/deep/er%25?raw`)).text()).toBe("odd name")
  expect(await (await fetch(`${url}/proc/status`)).json()).toMatchObject({ plugins: 1 })

  const second = await cloneOf(url)
  expect(programOf(second)).toEqual(programOf(root))
  const { stdout } = await elastik(["verify"], { cwd: second })
  expect(stdout).toContain("/home/page")
  expect(stdout).toContain(" 0 bad")
}, 180_000)
