import { type ChildProcess, spawn } from "node:child_process"
import * as Http from "node:http"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"
import { patience } from "./RawSocket.ts"
import { send, type TestServer } from "./TestServer.ts"

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url))

interface Surroundings {
  /** the working directory, where a dotenv file would be */
  readonly cwd: string
  /** the environment beside PATH; nothing is inherited */
  readonly env?: Readonly<Record<string, string>>
}

/** How a command ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const launch = (args: ReadonlyArray<string>, { cwd, env = {} }: Surroundings): ChildProcess =>
  spawn(process.execPath, [main, ...args], { cwd, env: { PATH: process.env.PATH, ...env } })

const collect = (child: ChildProcess): { readonly said: { stdout: string; stderr: string }; ended: Promise<Ended> } => {
  const said = { stdout: "", stderr: "" }
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    said.stdout += text
  })
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said.stderr += text
  })
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (code) => resolve({ code, ...said }))
  })
  return { said, ended }
}

/** Runs the built program to its end. */
export const elastik = async (args: ReadonlyArray<string>, surroundings: Surroundings): Promise<Ended> => {
  const child = launch(args, surroundings)
  const impatient = setTimeout(() => child.kill("SIGKILL"), patience)
  const result = await collect(child).ended
  clearTimeout(impatient)
  return result
}

/** What a command complained of: the lines it wrote that are not empty. */
export const complaints = ({ stderr, stdout }: Ended): ReadonlyArray<string> =>
  `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "")

/** A server in a process of its own. */
export interface Running extends Pick<TestServer, "url" | "port" | "request"> {
  readonly pid: number
  /** what it has written so far */
  readonly said: () => string
  /** what it has written, as soon as that matches */
  readonly saying: (pattern: RegExp) => Promise<RegExpExecArray>
  readonly signal: (signal: NodeJS.Signals) => void
  readonly ended: Promise<Ended>
}

/** `elastik serve` on a free port, once it says where that is; it is killed with the test. */
export const serve = async (surroundings: Surroundings, ...args: ReadonlyArray<string>): Promise<Running> => {
  const child = launch(["serve", "--port", "0", ...args], surroundings)
  const { ended, said } = collect(child)
  onTestFinished(() => {
    child.kill("SIGKILL")
  })
  const url = await new Promise<string>((resolve, reject) => {
    const impatient = setTimeout(() => reject(new Error(`it does not say where it is: ${said.stdout}`)), patience)
    void ended.then(() => clearTimeout(impatient))
    child.stdout?.on("data", () => {
      const found = /^elastik .*(http:\/\/\S+:\d+).*\n/m.exec(said.stdout)?.[1]
      if (found === undefined) return
      clearTimeout(impatient)
      resolve(found)
    })
    void ended.then(({ stderr, stdout }) => reject(new Error(`it did not start: ${stdout}${stderr}`)))
  })
  const port = Number(new URL(url).port)
  const agent = new Http.Agent({ keepAlive: true })
  void ended.then(() => agent.destroy())
  return {
    url,
    port,
    pid: child.pid ?? 0,
    said: () => said.stdout + said.stderr,
    saying: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(said.stdout + said.stderr)
          if (found !== null) resolve(found)
        }
        child.stdout?.on("data", look)
        child.stderr?.on("data", look)
        void ended.then(() => reject(new Error(`it never said ${pattern}: ${said.stdout}${said.stderr}`)))
        look()
      }),
    signal: (signal) => child.kill(signal),
    ended,
    request: (method, target, options = {}) => send(agent, port, method, target, options)
  }
}

/** The usual place of a data directory below a working directory. */
export const dataIn = (cwd: string): string => join(cwd, "data")
