import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { commandLine } from "../helpers/CommandLine.ts"
import { people } from "../helpers/People.ts"
import { complaints, dataIn, elastik, serve } from "../helpers/Program.ts"
import { databaseOf, sqlite3 } from "../helpers/Sqlite.ts"
import { sqlOf, tamperings } from "../helpers/Tampering.ts"
import { tempDirectory } from "../helpers/Temp.ts"

const env = { ELASTIK_KEY: "the key of these tests", ELASTIK_TOKEN: "t2", ELASTIK_APPROVE_TOKEN: "t3" }

const nameOf = (i: number) => `home/t/w${i}x`
const names = [...tamperings.map((_, i) => nameOf(i)), "home/a", "home/b/c", "lib/d"]

const original = mkdtempSync(join(tmpdir(), "elastik-test-"))
afterAll(() => rmSync(original, { recursive: true }))
let made: Promise<unknown> | undefined

/** A working directory with a copy of worlds, each of three events, that a server left when it stopped. */
const written = async () => {
  made ??= (async () => {
    const running = await serve({ cwd: original, env })
    const user = people(running).holder("t2")
    for (const name of names) {
      await user.put(`/${name}`, "one", { "x-meta-author": "me" })
      await user.put(`/${name}`, "two")
      await user.post(`/${name}`, "three")
    }
    running.signal("SIGTERM")
    await running.ended
  })()
  await made
  const cwd = tempDirectory()
  cpSync(original, cwd, { recursive: true })
  return { cwd, data: dataIn(cwd) }
}

const lineOf = (stdout: string, name: string) =>
  stdout.split("\n").find((line) => line.includes(`/${name} `) || line.endsWith(`/${name}`)) ?? ""

describe("C5.4 elastik verify", () => {
  test("C5.4 finds everything in order, and names every world", async () => {
    const { data } = await written()
    const { code, stdout } = await commandLine(["verify", "--data", data], { cwd: tempDirectory(), env })
    expect(code).toBe(0)
    for (const name of [...names, "boot/env", "boot/grub"]) expect(lineOf(stdout, name)).toMatch(/ok/i)
  })
  test("C5.4 says so while a server runs on the directory, which is not disturbed", async () => {
    const { cwd } = await written()
    const running = await serve({ cwd, env })
    const { holder } = people(running)
    expect((await holder("t2").put("/home/a", "new")).status).toBe(200)
    const { code, stdout } = await elastik(["verify"], { cwd, env })
    expect([code, lineOf(stdout, "home/a")]).toEqual([0, expect.stringMatching(/4 events/)])
    expect((await holder("t2").put("/home/a", "newer")).status).toBe(200)
    const said = (await holder("t3").get("/proc/verify/home/a")).json()
    expect(said).toMatchObject({ events: 5, chain: { ok: true }, body: { ok: true } })
  })
  test("C5.4 sees every tampering: non-zero, and the world and first bad event by name", async () => {
    const { cwd, data } = await written()
    for (const [i, tampering] of tamperings.entries()) {
      const file = databaseOf(data, nameOf(i))
      sqlite3(file, sqlOf(tampering, file))
    }
    const { code, stdout } = await elastik(["verify"], { cwd, env })
    expect(code).not.toBe(0)
    const said = tamperings.map(({ what }, i) => {
      const line = lineOf(stdout, nameOf(i))
      const at = /\bevent (\d+)/.exec(line)?.[1]
      return [what, /bad/i.test(line), at === undefined ? undefined : Number(at), !/\bbody\b/i.test(line)]
    })
    expect(said).toEqual(tamperings.map(({ at, body, what }) => [what, at !== undefined || !body, at, body]))
  })
  test.each(["the row", "the table"])("C5.4 a world without %s that its events speak of is bad", async (what) => {
    const { cwd, data } = await written()
    sqlite3(databaseOf(data, "home/a"), what === "the row" ? "DELETE FROM stage_meta" : "DROP TABLE stage_meta")
    const { code, stdout } = await commandLine(["verify"], { cwd, env })
    expect([code === 0, lineOf(stdout, "home/a")]).toEqual([false, expect.stringMatching(/bad/i)])
  })
  test("C5.4 under another key nothing verifies", async () => {
    const { cwd } = await written()
    const { code, stdout } = await commandLine(["verify"], { cwd, env: { ...env, ELASTIK_KEY: "another" } })
    expect(code).not.toBe(0)
    expect(lineOf(stdout, "home/a")).toMatch(/event 1\b/)
  })
  test("C5.4 a file that is no database is bad, and the others are still looked at", async () => {
    const { cwd, data } = await written()
    writeFileSync(databaseOf(data, "home/a"), "no database at all ".repeat(1000))
    const { code, stdout } = await commandLine(["verify"], { cwd, env })
    expect(code).not.toBe(0)
    expect(lineOf(stdout, "home/a")).toMatch(/bad/i)
    expect(lineOf(stdout, "home/b/c")).toMatch(/ok/i)
  })
  test("C5.4 of no directory is one clear line and non-zero", async () => {
    const ended = await commandLine(["verify", "--data", "nowhere"], { cwd: tempDirectory(), env })
    expect(ended.code).not.toBe(0)
    expect(complaints(ended)).toHaveLength(1)
  })
})
