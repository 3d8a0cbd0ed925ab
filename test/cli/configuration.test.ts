import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { commandLine } from "../helpers/CommandLine.ts"
import { people } from "../helpers/People.ts"
import { complaints, dataIn, elastik, serve } from "../helpers/Program.ts"
import { capOf } from "../helpers/Secrets.ts"
import { tempDirectory } from "../helpers/Temp.ts"

const tokens = { ELASTIK_TOKEN: "t2", ELASTIK_APPROVE_TOKEN: "t3" }

describe("C17 environment first, then the first of .env, _env, .env.local", () => {
  /** Which of the keys is in force: the one under which `elastik mint` signs. */
  const keyInForce = async (files: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) => {
    const cwd = tempDirectory()
    for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text)
    const { code, stdout } = await commandLine(["mint"], { cwd, env })
    if (code !== 0) return "none"
    const [prefix = "", exp = "", mode = ""] = Buffer.from(stdout.split(".")[0] ?? "", "base64url")
      .toString()
      .split("|")
    const keys = ["environment", "env", "underscore", "local", "two words"]
    return keys.find((key) => capOf(key, prefix, exp, mode) === stdout.trim())
  }
  const env = "ELASTIK_KEY=env\n"
  const underscore = "ELASTIK_KEY=underscore\n"
  const local = "ELASTIK_KEY=local\n"

  test.each([
    [
      "the environment, over all",
      { ".env": env, _env: underscore, ".env.local": local },
      { ELASTIK_KEY: "environment" },
      "environment"
    ],
    [".env, over the other two", { ".env": env, _env: underscore, ".env.local": local }, {}, "env"],
    ["_env, over .env.local", { _env: underscore, ".env.local": local }, {}, "underscore"],
    [".env.local, when it is all there is", { ".env.local": local }, {}, "local"],
    [
      "the first file alone, though it says nothing of this",
      { ".env": "ELASTIK_PORT=1\n", _env: underscore },
      {},
      "none"
    ],
    [
      "a quoted value, with comments around it",
      { ".env": '# keys\n\nELASTIK_KEY="two words" # and more\n' },
      {},
      "two words"
    ]
  ])("C17 %s", async (_, files, given, key) => {
    expect(await keyInForce(files, given)).toBe(key)
  })
})

describe("C17 a bad value stops the start with one clear line", () => {
  const bad: ReadonlyArray<readonly [variable: string, env: Readonly<Record<string, string>>]> = [
    ["ELASTIK_PORT", { ELASTIK_PORT: "http" }],
    ["ELASTIK_PORT", { ELASTIK_PORT: "65536" }],
    ["ELASTIK_READ", { ELASTIK_READ: "secret" }],
    ["ELASTIK_MAX_BODY", { ELASTIK_MAX_BODY: "64MiB" }],
    ["ELASTIK_CORS_ORIGINS", { ELASTIK_CORS_ORIGINS: "https://a.example,b.example" }],
    ["ELASTIK_TRUST_PROXY_FROM", { ELASTIK_TRUST_PROXY_HEADER: "X-Real-IP" }],
    ["ELASTIK_TRUST_PROXY_HEADER", { ELASTIK_TRUST_PROXY_FROM: "127.0.0.1" }],
    [
      "ELASTIK_TRUST_PROXY_FROM",
      { ELASTIK_TRUST_PROXY_HEADER: "X-Real-IP", ELASTIK_TRUST_PROXY_FROM: "proxy.example" }
    ],
    ["ELASTIK_TRUST_PROXY_FROM", { ELASTIK_TRUST_PROXY_HEADER: "X-Real-IP", ELASTIK_TRUST_PROXY_FROM: "10.0.0.0/33" }],
    ["ELASTIK_TRUST_PROXY_FROM", { ELASTIK_TRUST_PROXY_HEADER: "X-Real-IP", ELASTIK_TRUST_PROXY_FROM: "10.0.0.999" }]
  ]
  test.each(bad)("C17 %s: %o", async (variable, env) => {
    const cwd = tempDirectory()
    const ended = await commandLine(["serve"], { cwd, env: { ELASTIK_PORT: "0", ...tokens, ...env } })
    expect([ended.code === 0, complaints(ended)]).toEqual([false, [expect.stringContaining(variable)]])
  })
  test("C17 whether the command line is bare or not", async () => {
    const told = await Promise.all(
      ["serve", "serve --log-level info"].map(async (line) => {
        const env = { ...tokens, ELASTIK_PORT: "http" }
        return elastik(line.split(" "), { cwd: tempDirectory(), env })
      })
    )
    expect(told[0]).toEqual(told[1])
    expect(complaints(told[0] as (typeof told)[0])).toHaveLength(1)
  })
  test("C17 by a process: non-zero, and nothing but that line", async () => {
    const ended = await elastik(["serve"], { cwd: tempDirectory(), env: { ...tokens, ELASTIK_PORT: "http" } })
    expect([ended.code === 0, complaints(ended)]).toEqual([false, [expect.stringContaining("ELASTIK_PORT")]])
  })
  test.each([
    ["a host that is none", { ELASTIK_HOST: "no.such.host.invalid" }],
    ["a data directory that cannot be", { ELASTIK_DATA: "/dev/null/data" }]
  ])("C17 %s", async (_, env) => {
    const ended = await commandLine(["serve"], { cwd: tempDirectory(), env: { ELASTIK_PORT: "0", ...tokens, ...env } })
    expect([ended.code === 0, complaints(ended).length]).toEqual([false, 1])
  })
  test("C17 a data directory that is a file", async () => {
    const cwd = tempDirectory()
    writeFileSync(join(cwd, "file"), "")
    for (const data of [join(cwd, "file"), join(cwd, "file/below")]) {
      const ended = await commandLine(["serve", "--port", "0"], { cwd, env: { ...tokens, ELASTIK_DATA: data } })
      expect([ended.code === 0, complaints(ended)]).toEqual([false, [expect.stringContaining("ELASTIK_DATA")]])
    }
  })
  test.runIf(existsSync("/proc/self"))("C17 a data directory where there can be none, which is found out", async () => {
    const cwd = tempDirectory()
    for (const data of ["/proc/nope", "/proc/nope/below"]) {
      const ended = await commandLine(["serve", "--port", "0"], { cwd, env: { ...tokens, ELASTIK_DATA: data } })
      expect([ended.code === 0, complaints(ended)]).toEqual([
        false,
        [expect.stringContaining("ELASTIK_DATA /proc/nope")]
      ])
    }
  })
  test("C17 a key file that holds no key", async () => {
    const cwd = tempDirectory()
    mkdirSync(dataIn(cwd))
    writeFileSync(join(dataIn(cwd), ".key"), "beef\n")
    const ended = await commandLine(["serve", "--port", "0"], { cwd, env: tokens })
    expect([ended.code === 0, complaints(ended)]).toEqual([false, [expect.stringContaining(".key")]])
  })
})

describe("C17 what is taken stays taken", () => {
  test("C17 a second server on the same directory or port refuses, and the first goes on", async () => {
    const cwd = tempDirectory()
    const running = await serve({ cwd, env: tokens })
    const sameData = await elastik(["serve", "--port", "0", "--data", dataIn(cwd)], {
      cwd: tempDirectory(),
      env: tokens
    })
    expect([sameData.code === 0, complaints(sameData)]).toEqual([
      false,
      [expect.stringMatching(/another server|in use/)]
    ])
    const port = String(running.port)
    const samePort = await elastik(["serve", "--port", port], { cwd: tempDirectory(), env: tokens })
    expect([samePort.code === 0, complaints(samePort)]).toEqual([false, [expect.stringMatching(`${port}|in use`)]])
    expect((await people(running).holder("t2").put("/home/x", "x")).status).toBe(201)
    running.signal("SIGTERM")
    await running.ended
    const next = await serve({ cwd, env: tokens })
    expect((await people(next).anyone.get("/home/x?raw")).text).toBe("x")
  })
})
