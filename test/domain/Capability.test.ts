import { createHmac } from "node:crypto"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Capability, decodeCapability, encodeCapability, type Sign } from "../../src/domain/Capability.ts"
import { anyPath, path } from "../helpers/Paths.ts"

const under =
  (key: string): Sign =>
  (text) =>
    createHmac("sha256", key).update(text).digest()
const sign = under("key")
const cap: Capability = { prefix: path("home/work"), exp: 1000, mode: "rw" }
const decode = (token: string, now = 0) => decodeCapability(token, sign, now)

/** The wire format of C7.4, from its text. */
const wire = (payload: string, key = "key") =>
  `${Buffer.from(payload).toString("base64url")}.${createHmac("sha256", key).update(payload).digest("base64url")}`

const anyCap: fc.Arbitrary<Capability> = fc.record({
  prefix: fc.oneof(anyPath, fc.constantFrom(path(""), path("home/a.b"), path("home/größe"))),
  exp: fc.integer({ min: 1, max: 4_102_444_800 }),
  mode: fc.constantFrom("r", "rw")
})

describe("C7.4 the wire format", () => {
  it.each([
    [cap, "/home/work|1000|rw"],
    [{ ...cap, mode: "r" as const }, "/home/work|1000|r"],
    [{ ...cap, prefix: path("") }, "/|1000|rw"],
    [{ ...cap, prefix: path("home/a.b/größe 😀") }, "/home/a.b/größe 😀|1000|rw"]
  ])("%j is %s, signed before encoding", (capability, payload) => {
    expect(encodeCapability(capability, sign)).toBe(wire(payload))
  })

  it("has no padding and one dot, whatever the prefix", () => {
    fc.assert(
      fc.property(anyCap, (capability) => {
        expect(encodeCapability(capability, sign)).toMatch(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/)
      })
    )
  })

  it("comes back as it went", () => {
    fc.assert(
      fc.property(anyCap, (capability) => {
        expect(decode(encodeCapability(capability, sign))).toEqual(capability)
      })
    )
  })

  it("a signed prefix counts in its canonical form", () => {
    expect(decode(wire("/home/e\u0301/|1000|r"))).toEqual({ prefix: "home/é", exp: 1000, mode: "r" })
  })
})

describe("C7.4 expiry", () => {
  it.each([
    [999.999, true],
    [1000, false],
    [1000.001, false],
    [5000, false]
  ])("exp 1000 at %d: %s", (now, valid) => {
    expect(decode(encodeCapability(cap, sign), now) !== undefined).toBe(valid)
  })
})

describe("C7.3 what is not a cap is junk", () => {
  const token = encodeCapability(cap, sign)

  it.each([
    ["nothing", ""],
    ["a dot", "."],
    ["no dot", token.replace(".", "")],
    ["a payload alone", token.slice(0, token.indexOf(".") + 1)],
    ["a signature alone", token.slice(token.indexOf("."))],
    ["three parts", `${token}.x`],
    ["leading text", `x${token}`],
    [
      "the signature in hex",
      `${token.slice(0, token.indexOf("."))}.${Buffer.from(sign("/home/work|1000|rw")).toString("hex")}`
    ],
    ["plain base64 text", "aGVsbG8.d29ybGQ"],
    ["something enormous", `${"A".repeat(1_000_000)}.${"A".repeat(43)}`],
    ["no Latin", "größe.größe"]
  ])("%s", (_, text) => {
    expect(decode(text)).toBeUndefined()
  })

  it.each([
    ...[
      "",
      "|",
      "||",
      "/home/work|1000",
      "/home/work|1000|rw|",
      "/home|work|1000|rw",
      "/home/work|1000|RW",
      "/home/work|1000|w"
    ],
    ...[
      "/home/work|1000|",
      "/home/work||rw",
      "/home/work|-1|rw",
      "/home/work|1e9|rw",
      "/home/work| 1000|rw",
      "/home/work|1000.5|rw"
    ],
    ...[
      "/home/work|0x1000|rw",
      "/home/work|NaN|rw",
      "/home/work|9999999999999999|rw",
      "/home/../etc|1000|rw",
      "//home|1000|rw"
    ]
  ])("a signed payload that says nothing of the kind: %j", (payload) => {
    expect(decode(wire(payload))).toBeUndefined()
  })

  it("is signed by this very key", () => {
    expect(decode(wire("/home/work|1000|rw", "other"))).toBeUndefined()
    expect(decodeCapability(token, under("Key"), 0)).toBeUndefined()
  })

  it("a wider payload under the signature of a narrower one", () => {
    const wider = Buffer.from("/|1000|rw").toString("base64url")
    expect(decode(`${wider}.${token.split(".")[1]}`)).toBeUndefined()
  })

  it("any truncation", () => {
    for (let length = 0; length < token.length; length++) expect(decode(token.slice(0, length))).toBeUndefined()
  })

  it("any other text than the one that was minted, even if it decodes to the same bytes", () => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n"
    for (let i = 0; i < token.length; i++) {
      for (const character of alphabet) {
        const forged = token.slice(0, i) + character + token.slice(i + 1)
        if (forged !== token) expect(`${forged} ${decode(forged) !== undefined}`).toBe(`${forged} false`)
      }
    }
  })

  it.each(["=", "==", "\n", "\r\n"])("%j appended", (tail) => {
    expect(decode(token + tail)).toBeUndefined()
  })

  it("any flipped bit of payload or signature", () => {
    const dot = token.indexOf(".")
    fc.assert(
      fc.property(fc.boolean(), fc.nat(), fc.integer({ min: 0, max: 7 }), (first, at, bit) => {
        const parts = [token.slice(0, dot), token.slice(dot + 1)].map((part) => Buffer.from(part, "base64url"))
        const part = parts[first ? 0 : 1] ?? Buffer.alloc(0)
        part[at % part.length] = (part[at % part.length] ?? 0) ^ (1 << bit)
        expect(decode(parts.map((bytes) => bytes.toString("base64url")).join("."))).toBeUndefined()
      })
    )
  })

  it("never throws", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.base64String()), fc.string(), (a, b) => {
        expect(decode(`${a}.${b}`)).toBeUndefined()
      })
    )
  })
})
