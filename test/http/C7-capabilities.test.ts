import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { mintedOf, people } from "../helpers/People.ts"
import { capOf, nowSeconds } from "../helpers/Secrets.ts"
import { listen } from "../helpers/Sse.ts"
import { key, start } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { anyone, holder, login, operator, user } = people(server)

beforeAll(() => operator.put("/boot/c73", "x"))

describe("C7.4 POST /auth/mint", () => {
  const mint = async (query: string) => {
    const answer = await operator.post(`/auth/mint${query}`)
    expect([query, answer.status]).toEqual([query, 200])
    return mintedOf(answer)
  }
  const saidBy = (token: string) => Buffer.from(token.split(".")[0] ?? "", "base64url").toString("utf8")

  test("C7.4 defaults: /home, 3600 seconds, rw", async () => {
    const before = nowSeconds()
    const minted = await mint("")
    expect(minted).toMatchObject({ prefix: "/home", mode: "rw", ttl_sec: 3600 })
    expect(minted.exp - 3600).toBeGreaterThanOrEqual(before)
    expect(minted.exp - 3600).toBeLessThanOrEqual(nowSeconds())
  })
  test("C7.4 answers {token, prefix, mode, ttl_sec, exp} and nothing else", async () => {
    const answer = await operator.post("/auth/mint?prefix=/home/x&ttl=60&mode=r")
    expect(Object.keys(JSON.parse(answer.text)).sort()).toEqual(["exp", "mode", "prefix", "token", "ttl_sec"])
    expect(answer.headers["content-type"]).toBe("application/json")
  })
  test("C7.4 the token is the documented one, unpadded", async () => {
    for (const query of ["?prefix=/home/scratch&ttl=60&mode=r", "?prefix=/lib&ttl=1&mode=rw", "?prefix=/home/%C3%A9"]) {
      const { exp, mode, prefix, token } = await mint(query)
      expect(token).toBe(capOf(key, prefix, exp, mode))
      expect(token).toMatch(/^[\w-]+\.[\w-]{43}$/)
    }
  })
  test.each([
    ["/home/cafe%CC%81", "/home/caf\u00e9"],
    ["/home/x/", "/home/x"],
    ["home/x", "/home/x"],
    ["/", "/"]
  ])("C7.4 the prefix %s becomes canonical", async (prefix, canonical) => {
    const minted = await mint(`?prefix=${prefix}`)
    expect([minted.prefix, saidBy(minted.token).split("|")[0]]).toEqual([canonical, canonical])
  })
  test.each(["/home/../etc", "/home//x", "/home/./x", "/home/a%7Cb", "/home/a%0Ab", "/home/a*"])(
    "C7.4 prefix %s is 400",
    async (prefix) => {
      expect((await operator.post(`/auth/mint?prefix=${prefix}`)).status).toBe(400)
    }
  )
  test.each(["0", "-1", "1.5", "x", "", "1e3", "0x10", "%201", "99999999999999999999", "Infinity", "NaN"])(
    "C7.4 ttl=%s is 400",
    async (ttl) => {
      expect((await operator.post(`/auth/mint?ttl=${ttl}`)).status).toBe(400)
    }
  )
  test.each(["w", "", "RW", "rwx", "r%20", "read"])("C7.4 mode=%s is 400", async (mode) => {
    expect((await operator.post(`/auth/mint?mode=${mode}`)).status).toBe(400)
  })
  test("C7.4 not T3 is 403, whatever else is wrong", async () => {
    const { token } = await mint("?prefix=/")
    for (const asked of [anyone, user, holder(token), holder("x")]) {
      for (const query of ["", "?ttl=x", "?prefix=//"])
        expect((await asked.post(`/auth/mint${query}`)).status).toBe(403)
    }
  })
})

describe("C7.4 capabilities", () => {
  const cap = (prefix: string, mode = "rw", exp: number | string = nowSeconds() + 60) =>
    holder(capOf(key, prefix, exp, mode))
  const guarded = { "if-match": '"never"' }

  test("C7.4 the prefix holds on segment boundaries", async () => {
    for (const name of ["cap", "cap/x", "capx", "cap.x", "ca"]) await user.put(`/home/c74/${name}`, "x")
    const asked = cap("/home/c74/cap")
    for (const [name, status] of [
      ["cap", 200],
      ["cap/x", 200],
      ["capx", 403],
      ["cap.x", 403],
      ["ca", 403]
    ] as const) {
      expect([name, (await asked.get(`/home/c74/${name}`)).status]).toEqual([name, status])
    }
  })
  test("C7.4 in NFC", async () => {
    await user.put("/home/caf%C3%A9/x", "x")
    expect((await cap("/home/caf\u00e9").get("/home/cafe%CC%81/x")).status).toBe(200)
    expect((await cap("/home/cafe\u0301").get("/home/caf%C3%A9/x")).status).toBe(200)
  })
  test("C7.4 rw writes in scope, lib source too", async () => {
    expect((await cap("/home/c74").put("/home/c74/new", "x")).status).toBe(201)
    expect((await cap("/lib/c74").put("/lib/c74", "x")).status).toBe(201)
  })
  test("C7.4 never exceeds T2", async () => {
    for (const path of ["/etc/x", "/usr/x", "/var/x", "/boot/x"])
      expect((await cap("/").put(path, "x", guarded)).status).toBe(403)
    expect((await cap("/").del("/home/c74/cap")).status).toBe(403)
    expect((await cap("/").get("/boot/c73")).status).toBe(403)
    expect((await cap("/").get("/etc/shadow")).status).toBe(403)
    expect((await cap("/").post("/auth/mint")).status).toBe(403)
  })
  test("C7.4 r never changes anything", async () => {
    for (const method of ["PUT", "POST", "DELETE"]) {
      expect([method, (await cap("/home", "r").ask(method, "/home/c74/cap", guarded, "x")).status]).toEqual([
        method,
        403
      ])
    }
  })
  test("C7.4 outside its prefix it is refused even what nobody would be", async () => {
    await user.put("/home/c74-public", "x")
    expect((await anyone.get("/home/c74-public")).status).toBe(200)
    for (const target of [
      "/home/c74-public",
      "/home/c74-public?raw",
      "/stream/home/c74-public",
      "/bin/home/c74-public",
      "/home/",
      "/stream/home/"
    ]) {
      expect([target, (await cap("/home/c74").get(target)).status]).toEqual([target, 403])
    }
  })
  test("C7.3 comes as the password of Basic too", async () => {
    const token = capOf(key, "/home/c74", nowSeconds() + 60, "rw")
    expect((await login("x", token).put("/home/c74/basic", "x")).status).toBe(201)
    expect((await login("x", token).put("/home/c74-public", "x")).status).toBe(403)
  })

  const worthless: ReadonlyArray<readonly [what: string, token: () => string]> = [
    ["expired", () => capOf(key, "/home", nowSeconds() - 1, "rw")],
    ["expiring now", () => capOf(key, "/home", nowSeconds(), "rw")],
    ["under another key", () => capOf("guess", "/home", nowSeconds() + 60, "rw")],
    ["under an empty key", () => capOf("", "/home", nowSeconds() + 60, "rw")],
    [
      "with a payload that was changed",
      () =>
        `${Buffer.from(`/|${nowSeconds() + 60}|rw`).toString("base64url")}.${capOf(key, "/home", nowSeconds() + 60, "r").split(".")[1]}`
    ],
    ["without its signature", () => capOf(key, "/home", nowSeconds() + 60, "rw").split(".")[0] ?? ""],
    ["with an empty signature", () => `${capOf(key, "/home", nowSeconds() + 60, "rw").split(".")[0]}.`],
    ["with half a signature", () => capOf(key, "/home", nowSeconds() + 60, "rw").slice(0, -20)],
    ["of an unknown mode", () => capOf(key, "/home", nowSeconds() + 60, "x")],
    ["without end", () => capOf(key, "/home", "", "rw")],
    ["ending never", () => capOf(key, "/home", "Infinity", "rw")],
    ["ending at a fraction", () => capOf(key, "/home", `${nowSeconds() + 60}.5`, "rw")],
    ["of more parts", () => capOf(key, "/home|/home", nowSeconds() + 60, "rw")],
    ["of a prefix that is not canonical", () => capOf(key, "/home/../etc", nowSeconds() + 60, "rw")],
    [
      "signing the encoded payload",
      () => {
        const payload = Buffer.from(`/home|${nowSeconds() + 60}|rw`).toString("base64url")
        return `${payload}.${capOf(key, payload, 0, "").split(".")[1]}`
      }
    ]
  ]
  test.each(worthless)("C7.4 a cap %s is junk: T1", async (_, token) => {
    const asked = holder(token())
    await user.put("/home/c74-public", "x")
    expect((await asked.put("/home/c74-public", "x", guarded)).status).toBe(403)
    expect((await asked.get("/home/c74-public")).status).toBe(200)
    expect((await asked.get("/boot/c73")).status).toBe(403)
  })

  test("C7.4 a stream ends with the cap that opened it", async () => {
    const { token } = mintedOf(await operator.post("/auth/mint?prefix=/home/c74&ttl=1"))
    await user.put("/home/c74/ends", "0")
    const stream = await listen(server, "/stream/home/c74/ends", { authorization: `Bearer ${token}` })
    expect(stream.status).toBe(200)
    // Each commit wakes the stream; the first one after the cap's last second ends it.
    const deadline = Date.now() + 5000
    let over = false
    void stream.ended.then(() => {
      over = true
    })
    while (!over && Date.now() < deadline) await user.put("/home/c74/ends", "x")
    expect(over).toBe(true)
  })
})
