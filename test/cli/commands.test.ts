import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
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
    const { code, stdout } = await elastik([command, "--help"], { cwd: tempDirectory() })
    expect(code).toBe(0)
    for (const option of options) expect(plain(stdout)).toContain(option)
  })
  test("--version is the package's", async () => {
    const { code, stdout } = await elastik(["--version"], { cwd: tempDirectory() })
    expect([code, stdout.trim()]).toEqual([0, version])
  })
  test.each(["bash", "zsh", "fish"])("--completions %s prints a script", async (shell) => {
    const { code, stdout } = await elastik(["--completions", shell], { cwd: tempDirectory() })
    expect(code).toBe(0)
    expect(stdout).toMatch(/elastik/)
    expect(stdout).toMatch(/verify/)
  })
  test.each([
    ["frobnicate"],
    ["serve", "--frobnicate"],
    ["mint", "--mode", "x"],
    ["mint", "--ttl", "soon"],
    ["serve", "--port", "x"]
  ])("%s %s %s is refused with a non-zero exit and no stack trace", async (...args) => {
    const ended = await elastik(
      args.filter((arg) => typeof arg === "string"),
      { cwd: tempDirectory(), env }
    )
    expect(ended.code).not.toBe(0)
    expect(complaints(ended).join("\n")).not.toMatch(/\bat .*:\d+:\d+/)
    expect(complaints(ended)).not.toEqual([])
  })
})

describe("elastik serve", () => {
  test("C17 says where it is in its first line, and is there", async () => {
    const running = await serve({ cwd: tempDirectory(), env })
    expect(running.said().split("\n")[0]).toContain(running.url)
    expect((await people(running).anyone.get("/proc/status")).json()).toMatchObject({ pid: running.pid, version })
  })
  test("C17 by default its worlds are in ./data", async () => {
    const cwd = tempDirectory()
    const running = await serve({ cwd, env })
    expect((await people(running).holder("t2").put("/home/x", "x")).status).toBe(201)
    expect((await elastik(["verify"], { cwd, env })).stdout).toMatch(/home\/x/)
  })
  test("C7.2 without ELASTIK_APPROVE_TOKEN it prints a random operator token, once", async () => {
    const cwd = tempDirectory()
    const tokens = new Set<string>()
    for (const given of [{}, { ELASTIK_TOKEN: "t2" }]) {
      const running = await serve({ cwd, env: given })
      const { holder } = people(running)
      const candidates = running.said().match(/[\w-]{16,}/g) ?? []
      const working = []
      for (const word of candidates) if ((await holder(word).get("/boot/env")).status === 200) working.push(word)
      expect(working).toHaveLength(1)
      tokens.add(working[0] ?? "")
      running.signal("SIGTERM")
      await running.ended
    }
    expect(tokens.size).toBe(2)
  })
  test("C7.2 tokens that were configured are printed nowhere", async () => {
    const cwd = tempDirectory()
    const running = await serve({
      cwd,
      env: { ELASTIK_TOKEN: "mellon-two", ELASTIK_APPROVE_TOKEN: "mellon-three", ELASTIK_KEY: "mellon-key" }
    })
    await people(running).holder("mellon-three").put("/home/x", "x")
    running.signal("SIGTERM")
    const { stderr, stdout } = await running.ended
    expect(stdout + stderr).not.toMatch(/mellon/)
  })
  test("C7.2 without tokens it is open to loopback", async () => {
    const running = await serve({ cwd: tempDirectory() })
    expect((await people(running).anyone.put("/home/x", "x")).status).toBe(201)
    expect((await people(running).anyone.put("/home/x", "x", { host: "evil.example" })).status).toBe(403)
  })
  test.each(["0.0.0.0", "::", "192.0.2.1"])(
    "C7.2 open mode on %s refuses to start and says how to set tokens",
    async (host) => {
      const ended = await elastik(["serve", "--host", host, "--port", "0"], { cwd: tempDirectory() })
      expect(ended.code).not.toBe(0)
      expect(complaints(ended)).toHaveLength(1)
      expect(complaints(ended)[0]).toMatch(/ELASTIK_TOKEN/)
      expect(complaints(ended)[0]).toMatch(/ELASTIK_APPROVE_TOKEN/)
    }
  )
  test("C7.2 with tokens it listens anywhere", async () => {
    const running = await serve({ cwd: tempDirectory(), env: { ...env, ELASTIK_HOST: "0.0.0.0" } })
    expect((await people(running).anyone.get("/proc/status", { host: "machine.example" })).status).toBe(200)
  })
})

describe("elastik mint", () => {
  test("C7.4 prints the documented token and nothing else", async () => {
    const before = nowSeconds()
    const { code, stdout } = await elastik(["mint", "--prefix", "/home/scratch", "--ttl", "60", "--mode", "r"], {
      cwd: tempDirectory(),
      env
    })
    const token = stdout.trim()
    const [prefix, exp, mode] = Buffer.from(token.split(".")[0] ?? "", "base64url")
      .toString()
      .split("|")
    expect([code, prefix, mode]).toEqual([0, "/home/scratch", "r"])
    expect(Number(exp) - before).toBeGreaterThanOrEqual(60)
    expect(Number(exp) - before).toBeLessThanOrEqual(65)
    expect(token).toBe(capOf(key, "/home/scratch", exp ?? "", "r"))
  })
  test("C7.4 defaults: /home, an hour, rw", async () => {
    const { stdout } = await elastik(["mint"], { cwd: tempDirectory(), env })
    const [prefix, exp, mode] = Buffer.from(stdout.split(".")[0] ?? "", "base64url")
      .toString()
      .split("|")
    expect([prefix, mode]).toEqual(["/home", "rw"])
    expect(Math.abs(Number(exp) - nowSeconds() - 3600)).toBeLessThan(10)
  })
  test("C7.4 under the key of the data directory, which the server believes", async () => {
    const cwd = tempDirectory()
    const running = await serve({ cwd, env: { ELASTIK_TOKEN: "t2" } })
    const { stdout } = await elastik(["mint", "--prefix", "/home/scratch", "--data", dataIn(cwd)], {
      cwd: tempDirectory()
    })
    const holder = people(running).holder(stdout.trim())
    expect((await holder.put("/home/scratch/x", "x")).status).toBe(201)
    expect((await holder.put("/home/x", "x")).status).toBe(403)
  })
  test.each([[["--ttl", "0"]], [["--ttl", "-5"]], [["--prefix", "/home/../etc"]], [["--prefix", "/home|x"]]])(
    "C7.4 %j is refused",
    async (args) => {
      const ended = await elastik(["mint", ...args], { cwd: tempDirectory(), env })
      expect(ended.code).not.toBe(0)
      expect(ended.stdout.trim()).not.toMatch(/^[\w-]+\.[\w-]{43}$/m)
    }
  )
  test("C7.4 without a key there is nothing to sign with, and none is made", async () => {
    const cwd = tempDirectory()
    const ended = await elastik(["mint"], { cwd })
    expect(ended.code).not.toBe(0)
    expect(complaints(ended)).toHaveLength(1)
  })
})
