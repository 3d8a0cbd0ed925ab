import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { parseAuthorization, parsePasswd, parseShadow } from "../../src/domain/Credentials.ts"

const base64 = (text: string) => Buffer.from(text).toString("base64")
const bearer = (token: string) => ({ _tag: "Bearer", token })
const basic = (user: string, password: string) => ({ _tag: "Basic", user, password })

describe("parseAuthorization (C7.3)", () => {
  it.each([
    ["Bearer abc", bearer("abc")],
    ["bearer abc", bearer("abc")],
    ["BEARER abc", bearer("abc")],
    ["BeArEr  abc ", bearer("abc")],
    ["Bearer a.b.c", bearer("a.b.c")],
    ["Bearer a:b", bearer("a:b")],
    ["Bearer a b", bearer("a b")],
    ["Bearer =", bearer("=")]
  ])("%j is a token", (header, credentials) => {
    expect(parseAuthorization(header)).toEqual(credentials)
  })

  it.each([
    [`Basic ${base64("user:pass")}`, basic("user", "pass")],
    [`basic ${base64("user:pass")}`, basic("user", "pass")],
    [`BASIC   ${base64("user:pass")}  `, basic("user", "pass")],
    [`Basic ${base64("user:p:a:ss")}`, basic("user", "p:a:ss")],
    [`Basic ${base64("user::")}`, basic("user", ":")],
    [`Basic ${base64(":token")}`, basic("", "token")],
    [`Basic ${base64("user:")}`, basic("user", "")],
    [`Basic ${base64(":")}`, basic("", "")],
    [`Basic ${base64("größe:pässwörd 😀")}`, basic("größe", "pässwörd 😀")],
    [`Basic ${base64("user: pass ")}`, basic("user", " pass ")]
  ])("%j is a user and a password", (header, credentials) => {
    expect(parseAuthorization(header)).toEqual(credentials)
  })

  it.each([undefined, "", " ", "Bearer", "Bearer ", "bearer   ", "Basic", "Basic "])("%j offers nothing", (header) => {
    expect(parseAuthorization(header)).toEqual({ _tag: "None" })
  })

  it.each([
    ...["abc", "Digest abc", "Bearerabc", "Token x", "Bearer:abc", "Bearer\tabc", "=", "Basic !!!", "Basic abc"],
    ...[`Basic ${base64("nocolon")}`, "Basic ====", "Basic größe", "Basic a=b=", "Negotiate", ":", "Basic YQ=="]
  ])("%j is junk", (header) => {
    expect(parseAuthorization(header)).toEqual({ _tag: "Junk" })
  })

  it("any user without a colon and any password come back", () => {
    const name = fc.string({ unit: "binary" }).filter((text) => !text.includes(":"))
    fc.assert(
      fc.property(name, fc.string({ unit: "binary" }), (user, password) => {
        expect(parseAuthorization(`Basic ${base64(`${user}:${password}`)}`)).toEqual(basic(user, password))
      })
    )
  })

  it("never throws", () => {
    const scheme = fc.constantFrom("", "Basic ", "basic", "Bearer ", "BASIC  ")
    const rest = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.base64String(),
      fc.uint8Array().map((b) => Buffer.from(b).toString("base64"))
    )
    fc.assert(
      fc.property(scheme, rest, (scheme, rest) => {
        expect(["None", "Bearer", "Basic", "Junk"]).toContain(parseAuthorization(scheme + rest)._tag)
      }),
      { numRuns: 1000 }
    )
  })
})

describe("/etc/passwd (C7.3)", () => {
  it.each([
    ["ann:T1\nbob:T2\ncat:T3\n", { ann: 1, bob: 2, cat: 3 }],
    ["ann:T2", { ann: 2 }],
    [" ann : T2 \r\n\r\n# bob:T3\n", { ann: 2 }],
    ["ann:T2\nann:T1", { ann: 1 }],
    ["größe:T2", { größe: 2 }],
    ["\uFEFFann:T2", { ann: 2 }],
    ["ann:T4\nbob:T0\ncat:t2\ndan:2\neve:T2:x\n:T3\nfay\nT3", {}],
    ["#ann:T3", {}],
    ["", {}],
    ["__proto__:T3\nconstructor:T2", { ["__proto__"]: 3, constructor: 2 }]
  ])("%j", (text, users) => {
    expect(Object.entries(Object.fromEntries(parsePasswd(text)))).toEqual(Object.entries(users))
  })
})

describe("/etc/shadow (C7.3)", () => {
  const sha = "ab".repeat(32)
  const salt = base64("0123456789abcdef")
  const hash = base64("x".repeat(32))
  const entry = (value: string) => parseShadow(`ann:${value}`).get("ann")

  it.each([sha, sha.toUpperCase(), ` ${sha} `])("sha256 in hex: %j", (value) => {
    expect(entry(value)).toEqual({ _tag: "Sha256", hex: sha })
  })

  it("scrypt$N$r$p$salt$hash", () => {
    expect(entry(`scrypt$16384$8$1$${salt}$${hash}`)).toEqual({
      _tag: "Scrypt",
      cost: 16384,
      blockSize: 8,
      parallelization: 1,
      salt: new TextEncoder().encode("0123456789abcdef"),
      hash: new TextEncoder().encode("x".repeat(32))
    })
  })

  it.each([
    ...["", "x", sha.slice(1), `${sha}0`, `g${sha.slice(1)}`, "$1$abc$def", "*", "!"],
    ...[`scrypt$3$8$1$${salt}$${hash}`, `scrypt$1$8$1$${salt}$${hash}`, `scrypt$0$8$1$${salt}$${hash}`],
    ...[`scrypt$16$0$1$${salt}$${hash}`, `scrypt$16$8$0$${salt}$${hash}`, `scrypt$-16$8$1$${salt}$${hash}`],
    ...[`scrypt$16$8$${salt}$${hash}`, `scrypt$16$8$1$${salt}$${hash}$x`, `SCRYPT$16$8$1$${salt}$${hash}`],
    ...[`scrypt$16$8$1$!!$${hash}`, `scrypt$16$8$1$${salt}$!!`, `scrypt$16$8$1$${salt}$`, `scrypt$16$8$1$${salt}$YQ==`],
    ...[`scrypt$1e4$8$1$${salt}$${hash}`, `scrypt$999999999$8$1$${salt}$${hash}`, "scrypt$$$$$"]
  ])("%j is no password", (value) => {
    expect(entry(value)).toBeUndefined()
  })

  it("never throws, and a malformed line leaves its neighbours alone", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.array(fc.constantFrom("scrypt", "$", ":", "16", "8", salt, "\n")),
        (a, b) => {
          const line = a.replaceAll("ann", "").replaceAll("\n", " ") + b.join("")
          expect(parseShadow(`${line}\nann:${sha}\n${line}`).get("ann")).toEqual({ _tag: "Sha256", hex: sha })
          parsePasswd(`${a}\n${line}`)
        }
      )
    )
  })
})
