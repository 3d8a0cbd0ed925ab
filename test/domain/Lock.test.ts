import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  ancestors,
  binds,
  conflicts,
  grantedTimeout,
  isLive,
  type Lock,
  longestLock,
  satisfies
} from "../../src/domain/Lock.ts"
import { path } from "../helpers/Paths.ts"

const lock = (root: string, given: Partial<Lock> = {}): Lock => ({
  token: `urn:uuid:${root}`,
  root: path(root),
  depth: "0",
  scope: "exclusive",
  owner: "",
  holder: "me",
  timeout: 60,
  expires: 60_000,
  ...given
})

const paths = fc
  .array(fc.constantFrom("a", "b", "ab", "a-"), { minLength: 1, maxLength: 4 })
  .map((segments) => `home/${segments.join("/")}`)
const locks = fc
  .tuple(paths, fc.constantFrom<Lock["depth"]>("0", "infinity"), fc.constantFrom<Lock["scope"]>("exclusive", "shared"))
  .map(([root, depth, scope]) => lock(root, { depth, scope }))

describe("RFC 4918 section 7.4 what a lock binds", () => {
  it.each([
    ["home/a", "0", "home/a", true],
    ["home/a", "0", "home/a/b", false],
    ["home/a", "infinity", "home/a", true],
    ["home/a", "infinity", "home/a/b", true],
    ["home/a", "infinity", "home/a/b/c", true],
    ["home/a", "infinity", "home/ab", false],
    ["home/a", "infinity", "home/a-", false],
    ["home/a/b", "infinity", "home/a", false],
    ["home/a", "0", "home", false]
  ] as const)("a lock on %s of depth %s and %s: %s", (root, depth, at, expected) => {
    expect(binds(lock(root, { depth }), at)).toBe(expected)
  })

  it("whatever is bound lies on the way down from a root, so that looking at the ancestors finds all", () => {
    fc.assert(
      fc.property(locks, paths, (lock, at) => {
        if (binds(lock, at)) expect([at, ...ancestors(at)]).toContain(lock.root)
      })
    )
  })
})

describe("RFC 4918 section 6.2 which locks can be held at a time", () => {
  it.each([
    ["exclusive", "home/a", "exclusive", "home/a", true],
    ["exclusive", "home/a", "shared", "home/a", true],
    ["shared", "home/a", "shared", "home/a", false],
    ["exclusive", "home/a", "exclusive", "home/b", false],
    ["exclusive", "home/a", "exclusive", "home/a/b", false]
  ] as const)("%s on %s against %s on %s: in the way is %s", (one, here, other, there, expected) => {
    expect(conflicts(lock(here, { scope: one }), lock(there, { scope: other }))).toBe(expected)
  })

  it.each([
    ["home/a", "home/a/b/c", true],
    ["home/a/b/c", "home/a", false]
  ])("a deep one on %s is in the way of one on %s: %s", (deep, shallow, expected) => {
    expect(conflicts(lock(deep, { depth: "infinity" }), lock(shallow))).toBe(expected)
  })

  it("is the same asked from either side", () => {
    fc.assert(
      fc.property(locks, locks, (a, b) => {
        expect(conflicts(a, b)).toBe(conflicts(b, a))
      })
    )
  })

  it("two locks are in each other's way exactly when one is exclusive and a path is bound by both", () => {
    fc.assert(
      fc.property(locks, locks, (a, b) => {
        const shared = [a.root, b.root].some((at) => binds(a, at) && binds(b, at))
        expect(conflicts(a, b)).toBe(shared && (a.scope === "exclusive" || b.scope === "exclusive"))
      })
    )
  })
})

describe("RFC 4918 section 7.5 who may write what is locked", () => {
  const mine = lock("home/a", { token: "urn:uuid:mine", scope: "shared" })
  const theirs = lock("home/a", { token: "urn:uuid:theirs", scope: "shared", holder: "them" })

  it.each([
    ["nothing binds it", [], [], true],
    ["the token is not submitted", [mine], [], false],
    ["the token is submitted by its holder", [mine], ["urn:uuid:mine"], true],
    ["the token is somebody else's", [theirs], ["urn:uuid:theirs"], false],
    ["one of several shared locks is theirs", [theirs, mine], ["urn:uuid:other", "urn:uuid:mine"], true],
    ["tokens are compared as they are", [mine], ["URN:UUID:MINE"], false]
  ] as const)("%s", (_, binding, tokens, expected) => {
    expect(satisfies(binding, tokens, "me")).toBe(expected)
  })
})

describe("RFC 4918 section 6.6 timeouts", () => {
  it.each([
    [60, 60],
    [0, 1],
    [-5, 1],
    [1.9, 1],
    [Number.POSITIVE_INFINITY, longestLock],
    [2 ** 32 - 1, longestLock],
    [Number.NaN, longestLock]
  ])("who asks for %d seconds gets %d", (wanted, granted) => {
    expect(grantedTimeout(wanted)).toBe(granted)
  })

  it("a lock is over at its end, not before", () => {
    expect([59_999, 60_000].map((now) => isLive(lock("home/a"), now))).toEqual([true, false])
  })
})

it("the ancestors of a path, nearest first, without the root", () => {
  expect([...ancestors("home/a/b")]).toEqual(["home/a", "home"])
  expect([...ancestors("home")]).toEqual([])
})
