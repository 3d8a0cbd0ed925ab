import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { commandLine } from "../helpers/CommandLine.ts"
import { people } from "../helpers/People.ts"
import { complaints, dataIn, elastik, serve } from "../helpers/Program.ts"
import { capOf, nowSeconds } from "../helpers/Secrets.ts"
import { tempDirectory } from "../helpers/Temp.ts"

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))
const key = "the key of these tests"
const env = { ELASTIK_KEY: key, ELASTIK_TOKEN: "t2", ELASTIK_APPROVE_TOKEN: "t3" }

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours are control characters
const plain = (text: string) => text.replace(/\u001b\[[\d;]*m/g, "")

describe("the command line", () => {
  test("--version is the package's", async () => {
    const { code, stdout } = await elastik(["--version"], { cwd: tempDirectory() })
    expect([code, stdout.trim()]).toEqual([0, version])
  })
  test("--help names the commands", async () => {
    const { code, stdout } = await elastik(["--help"], { cwd: tempDirectory() })
    expect(code).toBe(0)
    for (const word of ["elastik", "serve", "mint", "verify", "--completions"]) expect(plain(stdout)).toContain(word)
  })
  test.each([
    ["serve", ["--host", "--port", "--data"]],
    ["mint", ["--prefix", "--ttl", "--mode", "--data"]],
    ["verify", ["--data"]]
  ])("%s --help names its options", async (command, options) => {
    const { code, stdout } = await commandLine([command, "--help"], { cwd: tempDirectory() })
    expect(code).toBe(0)
    for (const option of options) expect(plain(stdout)).toContain(option)
  })
  test.each(["bash", "zsh", "fish"])("--completions %s prints a script", async (shell) => {
    const { code, stdout } = await commandLine(["--completions", shell], { cwd: tempDirectory() })
    expect(code).toBe(0)
    for (const word of ["elastik", "serve", "mint", "verify"]) expect(stdout).toContain(word)
  })
  test("what it does not know is refused: non-zero, in words, without a stack trace", async () => {
    const ended = await elastik(["frobnicate"], { cwd: tempDirectory(), env })
    expect(ended.code).not.toBe(0)
    expect(complaints(ended).join("\n")).toMatch(/\S/)
    expect(complaints(ended).join("\n")).not.toMatch(/\bat .*:\d+:\d+/)
  })
  test.each(["serve --frobnicate", "serve --port x", "mint --mode x", "mint --ttl soon"])(
    "%s is refused",
    async (args) => {
      expect((await commandLine(args.split(" "), { cwd: tempDirectory(), env })).code).not.toBe(0)
    }
  )
})

describe("elastik serve", () => {
  test("C17 says where it is in its first line, and no secret; its worlds are in ./data", async () => {
    const cwd = tempDirectory()
    const given = { ELASTIK_TOKEN: "mellon-two", ELASTIK_APPROVE_TOKEN: "mellon-three", ELASTIK_KEY: "mellon-key" }
    const running = await serve({ cwd, env: given })
    expect(running.said().split("\n")[0]).toContain(running.url)
    expect((await people(running).anyone.get("/proc/status")).json()).toMatchObject({ pid: running.pid, version })
    expect((await people(running).holder("mellon-two").put("/home/x", "x")).status).toBe(201)
    expect((await commandLine(["verify"], { cwd, env: given })).stdout).toMatch(/home\/x/)
    running.signal("SIGTERM")
    const { stderr, stdout } = await running.ended
    expect(stdout + stderr).not.toMatch(/mellon/)
  })
  test("C17 the first line on standard output is where it is, whatever there is to log", async () => {
    const cwd = tempDirectory()
    mkdirSync(join(dataIn(cwd), "home%2Fbroken"), { recursive: true })
    writeFileSync(join(dataIn(cwd), "home%2Fbroken", "universe.db"), "no database ".repeat(1000))
    const running = await serve({ cwd, env })
    expect(running.said()).toMatch(/home\/broken/)
    running.signal("SIGTERM")
    expect((await running.ended).stdout.split("\n")[0]).toContain(running.url)
  })
  test("C7.2 without tokens: open to loopback, and a random operator token is printed, once", async () => {
    const cwd = tempDirectory()
    const tokens = new Set<string>()
    for (const given of [{}, { ELASTIK_TOKEN: "t2" }]) {
      const running = await serve({ cwd, env: given })
      const [said] = await running.saying(/operator[\s\S]*\n/)
      const working = []
      for (const word of said.match(/[\w-]{16,}/g) ?? []) {
        if ((await people(running).holder(word).get("/boot/env")).status === 200) working.push(word)
      }
      expect(working).toHaveLength(1)
      tokens.add(working[0] ?? "")
      const { anyone } = people(running)
      const isOpen = !("ELASTIK_TOKEN" in given)
      expect((await anyone.put("/home/x", "x")).status).toBe(isOpen ? 201 : 403)
      expect((await anyone.get("/home/x", { host: "evil.example" })).status).toBe(isOpen ? 403 : 200)
      running.signal("SIGTERM")
      await running.ended
    }
    expect(tokens.size).toBe(2)
  })
  test.each(["0.0.0.0", "::", "192.0.2.1", "machine.example"])(
    "C7.2 open mode on %s refuses to start and says how to set tokens",
    async (host) => {
      const ended = await commandLine(["serve", "--host", host, "--port", "0"], { cwd: tempDirectory() })
      expect(ended.code).not.toBe(0)
      expect(complaints(ended)).toEqual([expect.stringMatching(/ELASTIK_TOKEN.*ELASTIK_APPROVE_TOKEN/)])
    }
  )
  test("C7.2 with tokens it listens anywhere", async () => {
    const running = await serve({ cwd: tempDirectory(), env: { ...env, ELASTIK_HOST: "0.0.0.0" } })
    expect((await people(running).anyone.get("/proc/status", { host: "machine.example" })).status).toBe(200)
  })
})

describe("elastik mint", () => {
  const saidBy = (token: string) =>
    Buffer.from(token.split(".")[0] ?? "", "base64url")
      .toString()
      .split("|")

  test("C7.4 prints the documented token and nothing else", async () => {
    const before = nowSeconds()
    const args = ["mint", "--prefix", "/home/scratch", "--ttl", "60", "--mode", "r"]
    const { code, stdout } = await commandLine(args, { cwd: tempDirectory(), env })
    const [prefix, exp = "", mode] = saidBy(stdout)
    expect([code, prefix, mode]).toEqual([0, "/home/scratch", "r"])
    expect(Number(exp) - before).toBeGreaterThanOrEqual(60)
    expect(Number(exp) - before).toBeLessThanOrEqual(65)
    expect(stdout.trim()).toBe(capOf(key, "/home/scratch", exp, "r"))
  })
  test("C7.4 defaults: /home, an hour, rw", async () => {
    const [prefix, exp, mode] = saidBy((await commandLine(["mint"], { cwd: tempDirectory(), env })).stdout)
    expect([prefix, mode]).toEqual(["/home", "rw"])
    expect(Math.abs(Number(exp) - nowSeconds() - 3600)).toBeLessThan(10)
  })
  test("C7.4 under the key of the data directory, which the server believes", async () => {
    const cwd = tempDirectory()
    const running = await serve({ cwd, env: { ELASTIK_TOKEN: "t2" } })
    const args = ["mint", "--prefix", "/home/scratch", "--data", dataIn(cwd)]
    const holder = people(running).holder((await elastik(args, { cwd: tempDirectory() })).stdout.trim())
    expect((await holder.put("/home/scratch/x", "x")).status).toBe(201)
    expect((await holder.put("/home/x", "x")).status).toBe(403)
  })
  test.each(["--ttl 0", "--ttl -5", "--prefix /home/../etc", "--prefix /home|x"])(
    "C7.4 %s is refused",
    async (args) => {
      const ended = await commandLine(["mint", ...args.split(" ")], { cwd: tempDirectory(), env })
      expect([ended.code === 0, /^[\w-]+\.[\w-]{43}$/m.test(ended.stdout)]).toEqual([false, false])
    }
  )
  test("C7.4 without a key there is nothing to sign with", async () => {
    const ended = await commandLine(["mint"], { cwd: tempDirectory() })
    expect([ended.code === 0, complaints(ended).length]).toEqual([false, 1])
  })
})
