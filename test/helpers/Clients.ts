import { spawn } from "node:child_process"
import { accessSync, constants, readFileSync } from "node:fs"
import { delimiter, join } from "node:path"
import { describe, expect, test } from "vitest"
import { people } from "./People.ts"
import { type Running, serve } from "./Program.ts"
import { T2, T3 } from "./TestServer.ts"

const source = readFileSync(new URL("../../plugins/dav.ts", import.meta.url))

const isThere = (program: string): boolean =>
  (process.env.PATH ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })

/** Tests with somebody else's program. Who lacks it sees that they were skipped; where everything must hold it must be there. */
export const describeWith = (program: string, what: string, tests: () => void): void => {
  if (isThere(program)) describe(what, tests)
  else if (process.env.CI === undefined) describe.skip(`${what} (skipped: ${program} is not installed)`, tests)
  else test(`${what}: ${program} is installed`, () => expect.fail(`${program} is not installed`))
}

/** A server with the plugin dav, on worlds that survive it. */
export const serveDav = async (cwd: string): Promise<Running> => {
  const server = await serve({ cwd, env: { ELASTIK_TOKEN: T2, ELASTIK_APPROVE_TOKEN: T3 } })
  const { operator } = people(server)
  if ((await operator.get("/lib/dav?raw")).status === 404) {
    await operator.put("/lib/dav", source)
    expect((await operator.put("/lib/dav/state", "active")).status).toBe(200)
  }
  return server
}

/** How somebody else's program ended, and all that it wrote. */
export interface Outcome {
  readonly code: number | null
  readonly said: string
}

/** Runs somebody else's program to its end. */
export const runProgram = (
  program: string,
  args: ReadonlyArray<string>,
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>>; readonly input?: string }
): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const env = { PATH: process.env.PATH, HOME: options.cwd, ...options.env }
    const child = spawn(program, args, { cwd: options.cwd, env })
    let said = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text
    })
    child.once("error", reject)
    child.once("close", (code) => resolve({ code, said }))
    child.stdin.end(options.input ?? "")
  })
