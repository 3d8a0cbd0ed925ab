import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { people } from "../helpers/People.ts"
import { complaints, dataIn, elastik, serve } from "../helpers/Program.ts"
import { connection } from "../helpers/RawSocket.ts"
import { capOf, linkOf, nowSeconds } from "../helpers/Secrets.ts"
import { databaseOf, eventsIn } from "../helpers/Sqlite.ts"
import { tempDirectory } from "../helpers/Temp.ts"

const tokens = { ELASTIK_TOKEN: "t2", ELASTIK_APPROVE_TOKEN: "t3" }

describe("C5.5 the key", () => {
  test("C5.5 is 32 random bytes, kept as hex where only the owner reads them; it signs, and stays", async () => {
    const cwd = tempDirectory()
    const file = join(dataIn(cwd), ".key")
    const texts = []
    for (const body of ["one", "two"]) {
      const running = await serve({ cwd, env: tokens })
      const { holder } = people(running)
      const text = readFileSync(file, "utf8").trim()
      texts.push(text)
      expect([statSync(file).mode & 0o777, text]).toEqual([0o600, expect.stringMatching(/^[0-9a-f]{64}$/)])
      const key = Buffer.from(text, "hex")
      const minted = (under: Buffer | string) => holder(capOf(under, "/home", nowSeconds() + 60, "rw"))
      expect((await minted(key).put("/home/x", body)).status).toBeLessThan(300)
      for (const guess of ["elastik-dev-key", "elastik", "", text])
        expect((await minted(guess).put("/home/x")).status).toBe(403)
      let previous = ""
      for (const event of eventsIn(databaseOf(dataIn(cwd), "home/x"))) {
        expect(event.hmac).toBe(linkOf(key, previous, event.payload))
        previous = event.hmac
      }
      running.signal("SIGTERM")
      await running.ended
    }
    expect(texts[0]).toBe(texts[1])
    expect(eventsIn(databaseOf(dataIn(cwd), "home/x"))).toHaveLength(2)
  })
  test("C5.5 is ELASTIK_KEY when that is set, as it is", async () => {
    const cwd = tempDirectory()
    const running = await serve({ cwd, env: { ...tokens, ELASTIK_KEY: "caf\u00e9 0123" } })
    await people(running).holder("t2").put("/home/x", "x")
    const [event] = eventsIn(databaseOf(dataIn(cwd), "home/x"))
    expect(event?.hmac).toBe(linkOf("caf\u00e9 0123", "", event?.payload ?? ""))
  })
})

describe("C8 what describes the API", () => {
  test("C8 is there for the next one when who asked for it first has left", async () => {
    const running = await serve({ cwd: tempDirectory(), env: tokens })
    const { anyone } = people(running)
    const socket = await connection(Number(new URL(running.url).port))
    socket.write("GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n")
    expect((await anyone.get("/proc/version")).status).toBe(200)
    socket.destroy()
    for (const path of ["/docs", "/docs", "/openapi.json"]) expect((await anyone.get(path)).status).toBe(200)
  })
})

describe("C17 /boot/env and /boot/grub", () => {
  const secrets = {
    ELASTIK_TOKEN: "hush-t2",
    ELASTIK_APPROVE_TOKEN: "hush-t3",
    ELASTIK_KEY: "hush-key",
    OPENAI_API_KEY: "hush-openai",
    ANTHROPIC_API_KEY: "hush-anthropic",
    DEEPSEEK_API_KEY: "hush-deepseek",
    VAST_API_KEY: "hush-vast",
    COMPAT_API_KEY: "hush-compat"
  }
  test("C17 name what the machine started with, and no secret's value, anew at each start", async () => {
    const cwd = tempDirectory()
    for (const limit of ["12345", "23456"]) {
      const env = { ...secrets, ELASTIK_READ: "private", ELASTIK_MAX_BODY: limit, UNRELATED_SECRET: "hush-other" }
      const running = await serve({ cwd, env })
      const operator = people(running).holder("hush-t3")
      const written = (await operator.get("/boot/env?raw")).text
      expect((await operator.get("/boot/grub?raw")).status).toBe(200)
      const names = [
        "ELASTIK_TOKEN",
        "ELASTIK_APPROVE_TOKEN",
        "ELASTIK_KEY",
        "ELASTIK_HOST",
        "ELASTIK_PORT",
        "ELASTIK_DATA"
      ]
      for (const name of names) expect(written).toContain(name)
      expect(written).toMatch(/ELASTIK_READ.*private/)
      expect(written).toMatch(new RegExp(`ELASTIK_MAX_BODY.*${limit}`))
      expect(written).not.toMatch(/hush|UNRELATED/)
      running.signal("SIGTERM")
      await running.ended
    }
    const events = eventsIn(databaseOf(dataIn(cwd), "boot/env"))
    expect(events.map(({ said }) => said.version_after)).toEqual([1, 2])
  })
})

describe("C15 the file .dav.db", () => {
  test("C15 that is damaged stops the start with one clear line; without it the server starts", async () => {
    const cwd = tempDirectory()
    mkdirSync(dataIn(cwd))
    const file = join(dataIn(cwd), ".dav.db")
    writeFileSync(file, "no database, though it is long enough to be looked at ".repeat(100))
    const refused = await elastik(["serve"], { cwd, env: { ...tokens, ELASTIK_PORT: "0" } })
    expect([refused.code, complaints(refused)]).toEqual([1, [expect.stringContaining(".dav.db in the data directory")]])
    rmSync(file)
    const running = await serve({ cwd, env: tokens })
    expect((await people(running).holder("t2").put("/home/x", "x")).status).toBe(201)
  })
})

describe("C17 what is configured is in force", () => {
  test("C17 ELASTIK_MAX_BODY, ELASTIK_READ, ELASTIK_CORS_ORIGINS, and what the command line says before", async () => {
    const env = {
      ...tokens,
      ELASTIK_MAX_BODY: "10",
      ELASTIK_READ: "private",
      ELASTIK_CORS_ORIGINS: "https://a.example, https://b.example",
      ELASTIK_DATA: "overruled",
      ELASTIK_PORT: "1"
    }
    const cwd = tempDirectory()
    const running = await serve({ cwd, env }, "--data", "chosen")
    const { anyone, holder } = people(running)
    expect((await holder("t2").put("/home/x", "0123456789")).status).toBe(201)
    expect((await holder("t2").put("/home/x", "0123456789a")).status).toBe(413)
    expect((await anyone.get("/home/x")).status).toBe(403)
    expect(eventsIn(databaseOf(join(cwd, "chosen"), "home/x"))).toHaveLength(1)
    for (const origin of ["https://a.example", "https://b.example"]) {
      expect((await holder("t2").put("/home/x", "x", { origin })).headers["access-control-allow-origin"]).toBe(origin)
    }
  })
})

describe("C17 ELASTIK_TRUST_PROXY_*", () => {
  const forwarded = {
    origin: "https://public.example",
    "x-forwarded-host": "public.example",
    "x-forwarded-proto": "https"
  }
  const proxied = (from: string) => ({
    ...tokens,
    ELASTIK_TRUST_PROXY_HEADER: "X-Real-IP",
    ELASTIK_TRUST_PROXY_FROM: from
  })

  test("C17 a trusted proxy says what the public origin is", async () => {
    const running = await serve({ cwd: tempDirectory(), env: proxied("10.0.0.0/8, 127.0.0.0/8, ::1") })
    const user = people(running).holder("t2")
    expect((await user.put("/home/x", "x", forwarded)).status).toBe(201)
    expect((await user.put("/home/x", "x", { ...forwarded, origin: "http://public.example" })).status).toBe(403)
    expect((await user.put("/home/x", "x", { ...forwarded, origin: "https://evil.example" })).status).toBe(403)
    expect((await user.put("/home/x", "x", { origin: running.url })).status).toBe(200)
  })
  test("C17 anybody else who says so is not believed", async () => {
    const running = await serve({ cwd: tempDirectory(), env: proxied("10.0.0.0/8, 192.0.2.1") })
    expect((await people(running).holder("t2").put("/home/x", "x", forwarded)).status).toBe(403)
  })
  test("C16 a failure of the machine is 500 and logged with its cause; C17 the proxy's word for who asked", async () => {
    const cwd = tempDirectory()
    const running = await serve({ cwd, env: proxied("127.0.0.1") })
    const user = people(running).holder("t2")
    await user.put("/home/there", "x")
    // The directory goes while the server runs: nothing can be made in it any more.
    rmSync(dataIn(cwd), { recursive: true })
    writeFileSync(dataIn(cwd), "no directory")
    const failed = await user.put("/home/new", "x", { "x-real-ip": "203.0.113.9" })
    expect(failed.status).toBe(500)
    expect(failed.headers["content-type"]).toBe("application/problem+json")
    expect(failed.text).not.toContain(cwd)
    expect(failed.text).not.toMatch(/ENOTDIR|SQLITE|node:|\bat /)
    await running.saying(/500/)
    expect(running.said()).toMatch(/203\.0\.113\.9/)
    expect(running.said()).toMatch(/ENOTDIR|not a directory|cannot open|unable to open/i)
    expect((await user.get("/proc/status")).status).toBe(200)
  })
})
