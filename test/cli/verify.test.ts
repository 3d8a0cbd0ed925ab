import { rmSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { people } from "../helpers/People.ts"
import { complaints, dataIn, elastik, serve } from "../helpers/Program.ts"
import { databaseOf, sqlite3 } from "../helpers/Sqlite.ts"
import { sqlOf, tamperings } from "../helpers/Tampering.ts"
import { tempDirectory } from "../helpers/Temp.ts"

const env = { ELASTIK_KEY: "the key of these tests", ELASTIK_TOKEN: "t2", ELASTIK_APPROVE_TOKEN: "t3" }

/** A directory with these worlds, each of three events, left by a server that stopped. */
const written = async (names: ReadonlyArray<string>, given: Record<string, string> = env) => {
  const cwd = tempDirectory()
  const running = await serve({ cwd, env: given })
  const user = people(running).holder("t2")
  for (const name of names) {
    await user.put(`/${name}`, "one", { "x-meta-author": "me" })
    await user.put(`/${name}`, "two")
    await user.post(`/${name}`, "three")
  }
  running.signal("SIGTERM")
  await running.ended
  return { cwd, data: dataIn(cwd) }
}

const lineOf = (stdout: string, name: string) =>
  stdout.split("\n").find((line) => line.includes(`/${name} `) || line.endsWith(`/${name}`)) ?? ""

describe("C5.4 elastik verify", () => {
  test("C5.4 finds everything in order, and names every world", async () => {
    const { data } = await written(["home/a", "home/b/c", "lib/d"])
    const { code, stdout } = await elastik(["verify", "--data", data], { cwd: tempDirectory(), env })
    expect(code).toBe(0)
    for (const name of ["home/a", "home/b/c", "lib/d", "boot/env"]) expect(lineOf(stdout, name)).not.toBe("")
  })
  test("C5.4 says so while a server runs on the directory, too", async () => {
    const cwd = tempDirectory()
    const running = await serve({ cwd, env })
    await people(running).holder("t2").put("/home/x", "x")
    expect((await elastik(["verify"], { cwd, env })).code).toBe(0)
    expect((await people(running).holder("t2").put("/home/x", "y")).status).toBe(200)
  })
  test("C5.4 sees every tampering: non-zero, and the world and first bad event by name", async () => {
    const name = (i: number) => `home/t/w${i}x`
    const { cwd, data } = await written(tamperings.map((_, i) => name(i)))
    for (const [i, tampering] of tamperings.entries()) {
      const file = databaseOf(data, name(i))
      sqlite3(file, sqlOf(tampering, file))
    }
    const { code, stdout } = await elastik(["verify"], { cwd, env })
    expect(code).not.toBe(0)
    for (const [i, { at, body, what }] of tamperings.entries()) {
      const line = lineOf(stdout, name(i))
      const isBad = /bad/i.test(line)
      expect([what, isBad]).toEqual([what, at !== undefined || !body])
      if (at !== undefined) expect([what, /\bevent (\d+)/.exec(line)?.[1]]).toEqual([what, String(at)])
      expect([what, /\bbody\b/i.test(line)]).toEqual([what, !body])
    }
  })
  test("C5.4 under another key nothing verifies", async () => {
    const { cwd } = await written(["home/a"])
    const { code, stdout } = await elastik(["verify"], { cwd, env: { ...env, ELASTIK_KEY: "another" } })
    expect(code).not.toBe(0)
    expect(lineOf(stdout, "home/a")).toMatch(/event 1\b/)
  })
  test("C5.4 a database that is none is bad, and the others are still looked at", async () => {
    const { cwd, data } = await written(["home/a", "home/b"])
    rmSync(databaseOf(data, "home/a"))
    sqlite3(databaseOf(data, "home/a"), "CREATE TABLE other (x)")
    const { code, stdout } = await elastik(["verify"], { cwd, env })
    expect(code).not.toBe(0)
    expect(lineOf(stdout, "home/a")).toMatch(/bad/i)
    expect(lineOf(stdout, "home/b")).toMatch(/ok/i)
  })
  test("C5.4 changes nothing: a server started afterwards finds all it left", async () => {
    const { cwd } = await written(["home/a"])
    await elastik(["verify"], { cwd, env })
    const running = await serve({ cwd, env })
    expect((await people(running).holder("t3").get("/proc/verify/home/a")).json()).toMatchObject({
      events: 3,
      chain: { ok: true },
      body: { ok: true }
    })
  })
  test.each(["--data ./nowhere", "--data ./.key"])("C5.4 %s is one clear line and non-zero", async (args) => {
    const ended = await elastik(["verify", ...args.split(" ")], { cwd: tempDirectory(), env })
    expect(ended.code).not.toBe(0)
    expect(complaints(ended)).toHaveLength(1)
  })
})
