import { execFile, spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"

/**
 * Runs the examples of the documents as a reader would: in bash, against a server that was just started. A `# →` line
 * is a part of what the commands above it print. Blocks marked `no-run` are for people alone.
 */
interface Step {
  readonly commands: string
  readonly expected: ReadonlyArray<string>
}

const stepsOf = (markdown: string): ReadonlyArray<Step> =>
  [...markdown.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = ""]) => {
    const steps: Array<{ commands: string; expected: Array<string> }> = []
    let open = true
    for (const line of block.split("\n")) {
      const expectation = /^# → (.*)$/.exec(line)?.[1]
      const last = steps.at(-1)
      if (expectation !== undefined) {
        last?.expected.push(expectation)
        open = true
      } else if (line.trim() !== "" && !line.startsWith("#")) {
        if (open || last === undefined) steps.push({ commands: line, expected: [] })
        else last.commands += `\n${line}`
        open = false
      }
    }
    return steps
  })

const root = resolve(import.meta.dirname, "../..")

const startServer = (cwd: string, env: Record<string, string>) => {
  const server = spawn(process.execPath, ["dist/main.js", "serve"], { cwd, env: { ...process.env, ...env } })
  const port = new Promise<string>((done, fail) => {
    let said = ""
    server.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString()
      const found = /http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1]
      if (found !== undefined) done(found)
    })
    server.once("exit", () => fail(new Error(said)))
  })
  return { server, port }
}

/** Runs every step in one shell and gives what each printed. */
const runSteps = (cwd: string, steps: ReadonlyArray<Step>, env: Record<string, string>, port: string) => {
  const script = steps.map(
    ({ commands }, n) => `{\n${commands.replaceAll("localhost:3005", `localhost:${port}`)}\n} > out.${n} 2>&1`
  )
  writeFileSync(join(cwd, "examples.sh"), `set -u -o pipefail\n${script.join("\n")}\n`)
  const shell = { ...process.env, ...env, ELASTIK_HOST: `http://127.0.0.1:${port}` }
  return new Promise<ReadonlyArray<string>>((done) =>
    execFile("bash", ["examples.sh"], { cwd, env: shell }, () =>
      done(steps.map((_, n) => (existsSync(join(cwd, `out.${n}`)) ? readFileSync(join(cwd, `out.${n}`), "utf8") : "")))
    )
  )
}

const tokens = { ELASTIK_TOKEN: "reader-t2", ELASTIK_APPROVE_TOKEN: "reader-t3", ELASTIK_KEY: "reader key" }

describe.each([
  { document: "README.md", env: { ELASTIK_APPROVE_TOKEN: "reader-t3" } },
  { document: "docs/HTTP.md", env: tokens },
  { document: "docs/PLUGINS.md", env: tokens },
  { document: "docs/SHAPED.md", env: tokens },
  { document: "docs/WEBDAV.md", env: tokens }
])("the examples of $document", ({ document, env }) => {
  const steps = stepsOf(readFileSync(join(root, document), "utf8"))
  const cwd = mkdtempSync(join(tmpdir(), "elastik-docs-"))
  for (const name of ["dist", "examples", "test", "plugins", "package.json"])
    symlinkSync(join(root, name), join(cwd, name))
  const { port, server } = startServer(cwd, { ...env, ELASTIK_PORT: "0" })
  let outputs: ReadonlyArray<string> = []

  beforeAll(async () => {
    outputs = await runSteps(cwd, steps, env, await port)
  })
  afterAll(async () => {
    const gone = new Promise((done) => server.once("exit", done))
    server.kill("SIGTERM")
    await gone
    rmSync(cwd, { recursive: true, force: true })
  })

  test.each(steps.map((step, n) => ({ ...step, n })))("$commands", ({ expected, n }) => {
    for (const part of expected) expect(outputs[n]).toContain(part)
    expect(outputs[n]).not.toMatch(/command not found|Could not resolve|syntax error/)
  })
})
