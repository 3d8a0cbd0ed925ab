import { scryptSync } from "node:crypto"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { people, person } from "../helpers/People.ts"
import { sha256 } from "../helpers/Secrets.ts"
import { start, T2, T3 } from "../helpers/TestServer.ts"

const server = await start()
afterAll(server.stop)
const { login, operator } = people(server)

/** The tier that an Authorization header is worth, by what it opens: T3 reads /boot, T2 writes /home. */
const tierOf = async (authorization: string | undefined): Promise<number> => {
  const asked = person(server, authorization)
  if ((await asked.get("/boot/c73")).status === 200) return 3
  return (await asked.put("/home/c73", "x", { "if-match": '"never"' })).status === 412 ? 2 : 1
}

const base64 = (text: string | Buffer) => Buffer.from(text).toString("base64")
const scryptLine = (user: string, password: string, [N, r, p]: readonly [number, number, number]) => {
  const salt = Buffer.from(`salt of ${user}`)
  const hash = scryptSync(password, salt, 32, { N, r, p })
  return `${user}:scrypt$${N}$${r}$${p}$${base64(salt)}$${base64(hash)}`
}

beforeAll(() => operator.put("/boot/c73", "x"))

describe("C7.3 Authorization", () => {
  test.each([
    [`Bearer ${T2}`, 2],
    [`Bearer ${T3}`, 3],
    [`bearer ${T2}`, 2],
    [`BEARER ${T3}`, 3],
    [`Basic ${base64(`x:${T2}`)}`, 2],
    [`Basic ${base64(`:${T3}`)}`, 3],
    [`bAsIc ${base64(`x:${T3}`)}`, 3]
  ])("C7.3 %s is T%i", async (authorization, tier) => {
    expect(await tierOf(authorization)).toBe(tier)
  })

  const junk = [
    ...[
      "Bearer",
      "Bearer ",
      "Bearer .",
      "Bearer a.",
      "Bearer .a",
      "Bearer a.b",
      "Bearer a.b.c",
      "Bearer ..",
      "Bearer ="
    ],
    ...["Basic", "Basic ", "Basic !!!", "Basic Og==", "Basic eA==", "Basic =", "Basic e", "Basic 4pyT", "Basic //8="],
    ...[
      "Digest x",
      `Token ${T2}`,
      T2,
      T3,
      `Bearer ${T2}x`,
      `Bearer x${T2}`,
      `Bearer ${T2} x`,
      `Bearer ${T2}, Bearer ${T2}`
    ],
    ...[`Bearer ${T2.toUpperCase()}`, `Bearer ${base64(T2)}`, `Basic ${base64(T2)}`, `Basic ${base64(`${T2}:`)}`],
    ...[
      `Basic ${base64(`${T2}:x`)}`,
      `Bearer ${"x".repeat(30_000)}`,
      `Bearer ${"a.".repeat(9000)}`,
      "Bearer \u00ff\u00fe"
    ],
    ...[
      `Basic ${base64("nobody:")}`,
      `Basic ${base64("__proto__:x")}`,
      `Basic ${base64("constructor:x")}`,
      "Bearer null"
    ]
  ]
  test.each(junk)("C7.3 %j is junk: T1, never a crash", async (authorization) => {
    expect(await tierOf(authorization)).toBe(1)
    expect((await person(server, authorization).get("/proc/status")).status).toBe(200)
  })
})

describe("C7.3 users of /etc/passwd and /etc/shadow", () => {
  const shadow = [
    `one:${sha256("p1")}`,
    `two:${sha256("a:b::c")}`,
    `three:${sha256("p\u00e4ss \u6f6e").toUpperCase()}`,
    scryptLine("scrypted", "s3cret", [1024, 8, 1]),
    scryptLine("costly", "s3cret", [2048, 8, 2]),
    "hungry:scrypt$1073741824$64$64$c2FsdA==$c2FsdHNhbHRzYWx0c2FsdA==",
    "odd:scrypt$1000$8$1$c2FsdA==$c2FsdHNhbHRzYWx0c2FsdA==",
    "short:scrypt$1024$8$1$c2FsdA==$",
    "broken:scrypt$$$$$",
    "blank:",
    "plain:password",
    `unlisted:${sha256("p")}`,
    `untiered:${sha256("p")}`,
    "# comment:x",
    "no colon",
    `spaced :  ${sha256("p")}  `
  ]
  const passwd = [
    "one:T1",
    "two:T2",
    "three:T3",
    "scrypted:T2",
    "costly:T3",
    "hungry:T3",
    "odd:T3",
    "short:T3",
    "broken:T3"
  ]
  const more = ["blank:T3", "plain:T3", "shadowless:T3", "untiered:T9", "# comment:T3", "", "spaced : T2 "]
  beforeAll(async () => {
    await operator.put("/etc/passwd", [...passwd, ...more].join("\n"))
    await operator.put("/etc/shadow", shadow.join("\r\n"))
    await operator.put("/etc/private", "/home/c73-private")
    await operator.put("/home/c73-private", "x")
  })
  const users: ReadonlyArray<readonly [user: string, password: string, tier: number]> = [
    ["one", "p1", 1],
    ["two", "a:b::c", 2],
    ["three", "p\u00e4ss \u6f6e", 3],
    ["scrypted", "s3cret", 2],
    ["scrypted", "s3cret", 2],
    ["costly", "s3cret", 3],
    ["spaced", "p", 2],
    ["two", "a", 1],
    ["two", "", 1],
    ["Two", "a:b::c", 1],
    ["scrypted", "s3cret ", 1],
    ["hungry", "x", 1],
    ["odd", "x", 1],
    ["short", "", 1],
    ["broken", "", 1],
    ["blank", "", 1],
    ["plain", "password", 1],
    ["shadowless", "", 1],
    ["unlisted", "p", 1],
    ["untiered", "p", 1],
    ["# comment", "x", 1],
    ["three", sha256("p\u00e4ss \u6f6e"), 1]
  ]
  test.each(users)("C7.3 %s with %j is T%i", async (name, password, tier) => {
    expect(await tierOf(`Basic ${base64(`${name}:${password}`)}`)).toBe(tier)
  })
  test("C7.1 a T1 user has a credential all the same", async () => {
    expect((await login("one", "p1").get("/home/c73-private")).status).toBe(200)
    expect((await login("one", "px").get("/home/c73-private")).status).toBe(403)
  })
  test("C7.3 a changed password counts from the next request on", async () => {
    expect(await tierOf(`Basic ${base64("scrypted:s3cret")}`)).toBe(2)
    await operator.put("/etc/shadow", [...shadow.slice(0, 3), scryptLine("scrypted", "new", [1024, 8, 1])].join("\n"))
    expect(await tierOf(`Basic ${base64("scrypted:s3cret")}`)).toBe(1)
    expect(await tierOf(`Basic ${base64("scrypted:new")}`)).toBe(2)
    await operator.del("/etc/passwd")
    expect(await tierOf(`Basic ${base64("scrypted:new")}`)).toBe(1)
  })
})
