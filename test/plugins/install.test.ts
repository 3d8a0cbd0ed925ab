import { execFile } from "node:child_process"
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from "node:fs"
import { networkInterfaces } from "node:os"
import { delimiter, join } from "node:path"
import { describe, expect, test } from "vitest"
import { type Recorded, recorder } from "../helpers/Recorder.ts"
import { tempDirectory } from "../helpers/Temp.ts"

const plugins = join(import.meta.dirname, "../../plugins")
const shipped = ["gpu", "fstab", "db", "fanout", "semantic", "odd-1_x"]

/** A plugin's source, with what shells and clients like to spoil. */
const sourceOf = (name: string) => `// ${name}: "quotes" \\n $HOME \`x\` ü\r\n@file\n\n`

/** A directory with the script and sources beside it, as it is shipped. */
const shelf = (script: string): string => {
  const directory = tempDirectory()
  copyFileSync(join(plugins, script), join(directory, script))
  for (const name of shipped) writeFileSync(join(directory, `${name}.ts`), sourceOf(name))
  return directory
}

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const run = (command: ReadonlyArray<string>, env: Readonly<Record<string, string>>, cwd: string): Promise<Ended> =>
  new Promise((resolve) => {
    const [program = "", ...args] = command
    execFile(program, args, { cwd, env: { PATH: process.env.PATH ?? "", ...env } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : -1, stdout, stderr })
    })
  })

const found = (program: string): boolean =>
  (process.env.PATH ?? "").split(delimiter).some((directory) => {
    try {
      return readFileSync(join(directory, program)).length > 0
    } catch {
      return false
    }
  })

const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"))

/** The twins, with every shell that is here to run them. */
const shells = [
  { shell: "sh", script: "install.sh", start: ["sh"], semantic: "--with-semantic" },
  { shell: "bash", script: "install.sh", start: ["bash"], semantic: "--with-semantic" },
  { shell: "busybox", script: "install.sh", start: ["busybox", "sh"], semantic: "--with-semantic" },
  { shell: "pwsh", script: "install.ps1", start: ["pwsh", "-NoProfile", "-File"], semantic: "-WithSemantic" }
].filter(({ shell }) => found(shell))

const ok = (): readonly [number, string] => [200, "{}"]
const tokens = { ELASTIK_APPROVE_TOKEN: "operator-t3", ELASTIK_TOKEN: "user-t2" }

describe.each(shells)("C10.5 $script in $shell", ({ script, semantic, start }) => {
  /** Runs the script against a server that records. */
  const install = async (
    args: ReadonlyArray<string>,
    {
      answer = ok,
      cwd = tempDirectory(),
      directory = shelf(script),
      env = tokens,
      host = (port: number) => `http://127.0.0.1:${port}`
    }: {
      readonly answer?: (request: Recorded) => readonly [number, string]
      readonly cwd?: string
      readonly directory?: string
      readonly env?: Readonly<Record<string, string>>
      readonly host?: (port: number) => string
    } = {}
  ) => {
    const server = await recorder(answer)
    const given = { ELASTIK_HOST: host(server.port), ...env }
    const ended = await run([...start, join(directory, script), ...args], given, cwd)
    return { ...ended, ...server, said: ended.stdout.split(/\r?\n/).slice(0, -1) }
  }

  const targets = (requests: ReadonlyArray<Recorded>) => requests.map(({ method, target }) => `${method} ${target}`)

  test("stores the source as it is with T2, then activates it with T3", async () => {
    const { code, requests, said, stderr } = await install(["gpu"], {
      answer: ({ target }) => [target.endsWith("state") ? 200 : 201, "{}"]
    })
    expect([code, said, stderr]).toEqual([0, ["gpu is active"], ""])
    expect(targets(requests)).toEqual(["PUT /lib/gpu", "PUT /lib/gpu/state"])
    expect(requests.map(({ body }) => body)).toEqual([sourceOf("gpu"), "active"])
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(["Bearer user-t2", "Bearer operator-t3"])
  })

  test("installs several, a line each, from any directory, beside whatever lies there", async () => {
    const cwd = tempDirectory()
    writeFileSync(join(cwd, "db.ts"), "not this one")
    const { requests, said } = await install(["db", "odd-1_x"], { cwd })
    expect(said).toEqual(["db is active", "odd-1_x is active"])
    expect(requests[0]?.body).toBe(sourceOf("db"))
  })

  test("primitives are gpu fstab db fanout, and semantic when asked for", async () => {
    const four = ["gpu", "fstab", "db", "fanout"].map((name) => `${name} is active`)
    expect((await install(["primitives"])).said).toEqual(four)
    expect((await install(["primitives", semantic])).said).toEqual([...four, "semantic is active"])
    const alone = await install(["gpu", semantic])
    expect([alone.code, alone.requests]).toEqual([1, []])
  })

  test("without a user's token sends none to store, and does not use the operator's", async () => {
    const { requests } = await install(["gpu"], { env: { ELASTIK_APPROVE_TOKEN: "t3", ELASTIK_TOKEN: "" } })
    expect(requests.map(({ headers }) => headers.authorization)).toEqual([undefined, "Bearer t3"])
  })

  test("without the operator's token says so and asks nothing", async () => {
    const { code, requests, stderr } = await install(["gpu"], { env: { ELASTIK_TOKEN: "t2" } })
    expect([code, requests]).toEqual([1, []])
    expect(stderr).toMatch(/^install: ELASTIK_APPROVE_TOKEN is not set.*\r?\n$/)
  })

  test("tokens arrive as they are, and no list of processes shows them", async () => {
    const env = { ELASTIK_APPROVE_TOKEN: 'T3 "quoted" \\back\\ $HOME %s', ELASTIK_TOKEN: "T2#'single'\\n;=" }
    const { requests } = await install(["gpu"], { env })
    expect(requests.map(({ headers }) => headers.authorization)).toEqual([
      `Bearer ${env.ELASTIK_TOKEN}`,
      `Bearer ${env.ELASTIK_APPROVE_TOKEN}`
    ])
    for (const { processes } of requests) {
      expect(processes).toContain(script)
      expect(processes).not.toMatch(/T3 "quoted"|'single'/)
    }
  })

  test("a token from a file with Windows' line ends is the token", async () => {
    const { requests } = await install(["gpu"], { env: { ELASTIK_APPROVE_TOKEN: "t3\r", ELASTIK_TOKEN: "t2\r\n" } })
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(["Bearer t2", "Bearer t3"])
  })

  test("what the server refuses to store is neither activated nor hidden", async () => {
    const { code, requests, said, stderr } = await install(["gpu", "db"], {
      answer: () => [403, "Forbidden: writing this needs T2\n"]
    })
    expect([code, said, targets(requests)]).toEqual([1, [], ["PUT /lib/gpu"]])
    expect(stderr).toContain("gpu could not be stored: 403 Forbidden: writing this needs T2")
  })

  test("what the server refuses to activate is said with its reason, and ends it", async () => {
    const { code, said, stderr, requests } = await install(["gpu", "db", "fanout"], {
      answer: ({ target }) =>
        target === "/lib/db/state" ? [422, "line 1, column 2:\nno \u001b[31mroutes"] : [200, "{}"]
    })
    expect([code, said, requests.length]).toEqual([1, ["gpu is active"], 4])
    expect(stderr).toContain("db is stored and could not be activated: 422 line 1, column 2:\nno [31mroutes")
  })

  test("an answer that is no success counts as none, redirections too", async () => {
    const { code, stderr } = await install(["gpu"], { answer: () => [302, ""] })
    expect([code, stderr.includes("302")]).toEqual([1, true])
  })

  test("a server that is not there is named", async () => {
    const { code, said, stderr } = await install(["gpu"], { host: () => "http://127.0.0.1:1" })
    expect([code, said]).toEqual([1, []])
    expect(stderr).toContain("install: no answer from http://127.0.0.1:1")
  })

  test.each([
    ["host:port", (port: number) => `127.0.0.1:${port}`, {}],
    ["a name and port", (port: number) => `localhost:${port}`, {}],
    ["a URL with a slash", (port: number) => `http://127.0.0.1:${port}/`, {}],
    ["an address, and ELASTIK_PORT", () => "127.0.0.1", { port: true }],
    ["the address of all interfaces", () => "0.0.0.0", { port: true }],
    ["all interfaces and a port", (port: number) => `0.0.0.0:${port}`, {}],
    ["nothing, and ELASTIK_PORT", () => "", { port: true }]
  ])("ELASTIK_HOST may be %s", async (_, host, { port = false }: { readonly port?: boolean }) => {
    const server = await recorder(ok)
    const env = { ...tokens, ELASTIK_HOST: host(server.port), ...(port ? { ELASTIK_PORT: String(server.port) } : {}) }
    const ended = await run([...start, join(shelf(script), script), "gpu"], env, tempDirectory())
    expect([ended.code, ended.stderr, server.requests.length]).toEqual([0, "", 2])
    // A server in open mode answers only to the names of this machine (C4.7).
    expect(server.requests[0]?.headers.host).toMatch(/^(?:127\.0\.0\.1|localhost):\d+$/)
  })

  test.runIf(hasIPv6).each(["::1", "[::1]", "::", "[::]"])("ELASTIK_HOST may be the address %s", async (address) => {
    const server = await recorder(ok, "::1")
    const env = { ...tokens, ELASTIK_HOST: address, ELASTIK_PORT: String(server.port) }
    const ended = await run([...start, join(shelf(script), script), "gpu"], env, tempDirectory())
    expect([ended.code, ended.stderr]).toEqual([0, ""])
    expect(server.requests[0]?.headers.host).toBe(`[::1]:${server.port}`)
  })

  test("without ELASTIK_PORT the port is 3005", async () => {
    const { stderr } = await install(["gpu"], { host: () => "127.0.0.255" })
    expect(stderr).toContain("no answer from http://127.0.0.255:3005")
  })

  test("a proxy in the environment does not get to see what goes to this machine", async () => {
    const env = { ...tokens, http_proxy: "http://127.0.0.1:1", ALL_PROXY: "http://127.0.0.1:1" }
    expect((await install(["gpu"], { env })).code).toBe(0)
  })

  test.each(["../gpu", "a b", "a/b", "gpu.ts", "gpu;x", "$(x)", "*", "", "ü", "a\nb", "-x-"])(
    "refuses the name %j and asks nothing",
    async (name) => {
      const { code, requests } = await install(["gpu", name])
      expect([code > 0, requests]).toEqual([true, []])
    }
  )

  test("refuses a plugin that is not beside it before it installs another", async () => {
    const { code, requests, stderr } = await install(["gpu", "absent"])
    expect([code, requests]).toEqual([1, []])
    expect(stderr).toMatch(/^install: there is no plugin absent beside this script\r?\n$/)
  })

  test("says how it is used", async () => {
    const help = await install([script.endsWith("ps1") ? "-Help" : "--help"], { env: {} })
    expect([help.code, help.said[0], help.stderr]).toEqual([0, expect.stringMatching(/^usage: /), ""])
    const none = await install([], { env: {} })
    expect([none.code, none.stdout, none.stderr.split("\n")[0]]).toEqual([2, "", expect.stringMatching(/^usage: /)])
  })
})

test("C10.5 install.sh can be run by its path, wherever cd looks", async () => {
  const directory = shelf("install.sh")
  chmodSync(join(directory, "install.sh"), 0o755)
  const server = await recorder(ok)
  const env = { ...tokens, ELASTIK_HOST: `127.0.0.1:${server.port}`, CDPATH: tempDirectory() }
  expect(await run(["./install.sh", "gpu"], env, directory)).toMatchObject({ code: 0, stderr: "" })
})

test("C10.5 the twins are shipped, the one for sh as a program", () => {
  expect(readFileSync(join(plugins, "install.sh"), "utf8")).toMatch(/^#!\/bin\/sh\n/)
  // Windows PowerShell 5.1 reads a script without a mark of its encoding as one of the system's code page.
  expect(readFileSync(join(plugins, "install.ps1"), "latin1")).toMatch(/^[\t\n\x20-\x7e]*$/)
})
