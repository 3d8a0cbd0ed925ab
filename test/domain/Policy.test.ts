import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { anonymous, type Caller, openCaller, system, type Tier } from "../../src/domain/Caller.ts"
import { type Action, allows, type PrivacyRules, parsePrivate, publicRules, refusal } from "../../src/domain/Policy.ts"
import { anyPath, anySegment, path } from "../helpers/Paths.ts"

const user = (tier: Tier): Caller => ({ ...anonymous, id: `user:T${tier}`, tier, credentialed: true })
const cap = (prefix: string, mode: "r" | "rw"): Caller => ({
  ...user(2),
  id: `cap:${prefix}:${mode}`,
  scope: { prefix: path(prefix), mode },
  expires: 1
})

const actions: ReadonlyArray<Action> = ["list", "read", "write", "delete", "activate", "operate"]
const [T1, T2, T3] = [user(1), user(2), user(3)]

// C7 transcribed by hand, one row a path: who lists, reads, writes, deletes, activates, operates when nothing is
// private. A listing is a query (C3.1): it is open to all, and each child in it is judged by itself.
// "-" nobody; "1" T1 and up, credential or not; "2", "3" from that tier.
const table = [
  ["home/x", "1", "1", "2", "3", "3", "3"],
  ["home/x/y", "1", "1", "2", "3", "3", "3"],
  ["lib/dav", "1", "1", "2", "3", "3", "3"],
  ["etc/gpu.conf", "1", "1", "3", "3", "3", "3"],
  ["etc/private", "1", "1", "3", "3", "3", "3"],
  ["etc/passwd", "1", "1", "3", "3", "3", "3"],
  ["etc/shadow", "1", "3", "3", "3", "3", "3"],
  ["etc/shadow/x", "1", "3", "3", "3", "3", "3"],
  ["etc/shadows", "1", "1", "3", "3", "3", "3"],
  ["etc/fstab", "1", "3", "3", "3", "3", "3"],
  ["etc/fstab.bak", "1", "1", "3", "3", "3", "3"],
  ["usr/x", "1", "1", "3", "3", "3", "3"],
  ["var/log/gpu", "1", "1", "3", "3", "3", "3"],
  ["boot/env", "1", "3", "3", "3", "3", "3"],
  ["boot", "1", "3", "3", "3", "3", "3"],
  ["boots/x", "1", "1", "-", "3", "3", "3"],
  ["proc/status", "1", "1", "-", "3", "3", "3"],
  ["dev/gpu", "1", "1", "-", "3", "3", "3"],
  ["homes/x", "1", "1", "-", "3", "3", "3"],
  ["", "1", "1", "-", "3", "3", "3"]
] as const

const cells = table.flatMap(([world, ...cells]) =>
  actions.map((action, i) => ({ world, action, from: cells[i] ?? "-" }))
)
const reaches = (tier: Tier, from: string) => from !== "-" && tier >= Number(from)

describe("C7.1 tiers: caller x action x path", () => {
  const callers: ReadonlyArray<readonly [string, Caller, Tier]> = [
    ["anonymous", anonymous, 1],
    ["open mode (C7.2)", openCaller, 2],
    ["a T1 user", T1, 1],
    ["T2", T2, 2],
    ["T3", T3, 3],
    ["the machine", system, 3]
  ]
  describe.each(callers)("%s", (_, caller, tier) => {
    it.each(cells)("$action /$world needs T$from", ({ action, from, world }) => {
      expect(allows(caller, action, world, publicRules)).toBe(reaches(tier, from))
    })
  })
})

describe("C7.4 capabilities: T2 at most, inside the prefix, reading only with r", () => {
  const prefixes = ["home", "home/x", "home/x/y", "lib", "etc", "etc/shadow", "boot", "dev/gpu", "proc", "/"]
  const inside = (world: string, prefix: string) => prefix === "/" || world === prefix || world.startsWith(`${prefix}/`)

  describe.each(prefixes)("of %s", (prefix) => {
    it.each(cells)("$action /$world", ({ action, from, world }) => {
      const asT2 = inside(world, prefix) && reaches(2, from)
      expect(allows(cap(prefix, "rw"), action, world, publicRules)).toBe(asT2)
      expect(allows(cap(prefix, "r"), action, world, publicRules)).toBe(
        asT2 && (action === "read" || action === "list")
      )
    })
  })

  it("an rw cap may write the lib source in its scope", () => {
    expect(allows(cap("lib/x", "rw"), "write", "lib/x", publicRules)).toBe(true)
    expect(allows(cap("lib/x", "rw"), "activate", "lib/x", publicRules)).toBe(false)
  })

  it("is matched on segment boundaries", () => {
    expect(allows(cap("home/x", "rw"), "read", "home/xy", publicRules)).toBe(false)
  })
})

describe("C7.1 privacy", () => {
  const rules: PrivacyRules = { prefixes: [path("home/secret"), path("etc/passwd")], everything: false }
  const credentialed: ReadonlyArray<Caller> = [openCaller, T1, T2, T3, system, cap("home/secret", "r")]

  it.each(["home/secret", "home/secret/x"])("%s takes any credential to read", (world) => {
    expect(allows(anonymous, "read", world, rules)).toBe(false)
    for (const caller of credentialed) expect(allows(caller, "read", world, rules)).toBe(true)
  })

  it.each(["home/secrets", "home", "home/s", "home/x/secret"])("%s is not below a private prefix", (world) => {
    expect(allows(anonymous, "read", world, rules)).toBe(true)
  })

  it.each(["home/x", "", "proc/status", "lib/x"])("ELASTIK_READ=private: %j takes any credential", (world) => {
    const everything: PrivacyRules = { prefixes: [], everything: true }
    expect(allows(anonymous, "read", world, everything)).toBe(false)
    expect(allows(T1, "read", world, everything)).toBe(true)
  })

  it("a private rule opens nothing that tiers close", () => {
    const boot: PrivacyRules = { prefixes: [path("boot"), path("etc/shadow")], everything: true }
    for (const caller of [anonymous, openCaller, T1, T2, cap("boot", "rw")]) {
      expect(allows(caller, "read", "boot/env", boot)).toBe(false)
    }
  })

  it("C7.5 a refusal tells nothing about the path", () => {
    for (const action of actions) expect(refusal(anonymous, action, "boot/env", rules) ?? "").not.toContain("boot")
    expect(refusal(anonymous, "read", "home/secret", rules)).not.toContain("secret")
    expect(refusal(cap("home/x", "r"), "read", "etc/y", rules)).not.toMatch(/home|etc/)
  })
})

describe("C7 properties", () => {
  const anyRules = fc.record({ prefixes: fc.array(anyPath, { maxLength: 3 }), everything: fc.boolean() })
  const anyAction = fc.constantFrom(...actions)
  const anyMode = fc.constantFrom(...(["r", "rw"] as const))
  const known = fc.constantFrom(...table.map(([world]) => world))
  const target = fc.oneof(anyPath, known)

  const related = fc
    .tuple(target, anySegment, fc.constantFrom("", "/", "-"))
    .map(([prefix, segment, joint]) => [prefix, joint === "" ? prefix : prefix + joint + segment] as const)
  const pair = fc.oneof(related, fc.tuple(target, target))

  it("a cap never may what T2 may not, nor anything outside its prefix", () => {
    fc.assert(
      fc.property(pair, anyMode, anyAction, anyRules, ([prefix, world], mode, action, rules) => {
        const inside = prefix === "" || `${world}/`.startsWith(`${prefix}/`)
        const reading = mode === "rw" || action === "read" || action === "list"
        const expected = inside && reading && allows(T2, action, world, rules)
        expect(allows(cap(prefix, mode), action, world, rules)).toBe(expected)
      }),
      { numRuns: 2000 }
    )
  })

  it("a higher tier never may less, and a credential never hurts", () => {
    const ladder = [anonymous, T1, T2, T3]
    fc.assert(
      fc.property(target, anyAction, anyRules, (world, action, rules) => {
        const may = ladder.map((caller) => Number(allows(caller, action, world, rules)))
        expect(may).toEqual([...may].sort())
      })
    )
  })

  it("a rule never opens anything", () => {
    fc.assert(
      fc.property(
        target,
        anyAction,
        anyRules,
        fc.constantFrom(anonymous, T1, T2, T3),
        (world, action, rules, caller) => {
          fc.pre(allows(caller, action, world, rules))
          expect(allows(caller, action, world, publicRules)).toBe(true)
        }
      )
    )
  })
})

describe("/etc/private (C7.1)", () => {
  it.each([
    ["/home/a\n/home/b\n", ["home/a", "home/b"]],
    ["home/a", ["home/a"]],
    ["  /home/a/  \r\n\r\n# /home/b\n   # x\n/home/c", ["home/a", "home/c"]],
    ["/home/e\u0301\n", ["home/é"]],
    ["\uFEFF/home/a", ["home/a"]],
    ["/home/../etc\n/home//x\n/home/a:b\n/home/ok", ["home/ok"]],
    ["/home/a/*\n/home/b//", ["home/a", "home/b"]],
    ["/", [""]],
    ["", []],
    ["\n\n#\n", []]
  ])("%j names %j", (text, prefixes) => {
    expect(parsePrivate(text).prefixes).toEqual(prefixes)
  })

  it("lines that name no path are handed back", () => {
    expect(parsePrivate("/home/../etc\n/home/ok\nhome:x").unread).toEqual(["/home/../etc", "home:x"])
  })
})
