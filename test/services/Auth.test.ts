import { createHash, scryptSync } from "node:crypto"
import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Layer, Option, Redacted, TestClock } from "effect"
import * as fc from "fast-check"
import { anonymous, type Caller, openCaller } from "../../src/domain/Caller.ts"
import { Auth } from "../../src/services/Auth.ts"
import { erase, machine, T2, T3, write } from "../helpers/Machine.ts"
import { path } from "../helpers/Paths.ts"

const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`
const closed = Layer.fresh(machine())
const open = Layer.fresh(machine({ token: Option.none(), approveToken: Option.none() }))

const identify = (header: string | undefined) => Effect.flatMap(Auth, (auth) => auth.identify(header))
const tierOf = (header: string | undefined) => Effect.map(identify(header), ({ tier }) => tier)

const sha = (password: string) => createHash("sha256").update(password).digest("hex")
const scrypt = (password: string, N = 16, r = 8, p = 1) => {
  const salt = Buffer.from("0123456789abcdef")
  const hash = scryptSync(password, salt, 32, { N, r, p })
  return `scrypt$${N}$${r}$${p}$${salt.toString("base64")}$${hash.toString("base64")}`
}

describe("C7.3 tokens", () => {
  it.effect.each([
    [`Bearer ${T2}`, 2],
    [`bearer ${T2}`, 2],
    [`Bearer ${T3}`, 3],
    [basic("anybody", T2), 2],
    [basic("", T3), 3],
    [basic("root", T3), 3],
    ["Bearer nonsense", 1],
    [`Bearer ${T2}x`, 1],
    [`Bearer ${T2.slice(1)}`, 1],
    [`Bearer ${T2.toUpperCase()}`, 1],
    [basic(T3, "x"), 1],
    ["Bearer", 1],
    ["Bearer ", 1],
    ["Basic", 1],
    ["Basic ====", 1],
    [`Digest ${T3}`, 1],
    [T3, 1],
    ["", 1]
  ] as const)("%s", ([header, tier]) =>
    Effect.gen(function* () {
      const caller = yield* identify(header)
      expect(caller.tier).toBe(tier)
      expect(caller.credentialed).toBe(tier > 1)
      expect(caller.scope).toBeUndefined()
    }).pipe(Effect.provide(closed))
  )

  it.effect("no header is nobody", () =>
    Effect.gen(function* () {
      expect(yield* identify(undefined)).toEqual(anonymous)
    }).pipe(Effect.provide(closed))
  )

  it.effect("no caller's name holds a credential", () =>
    Effect.gen(function* () {
      yield* write("etc/passwd", "ann:T2")
      yield* write("etc/shadow", `ann:${sha("password")}`)
      const token = (yield* Auth).mint({ prefix: path("home"), mode: "r" }, 1000)
      for (const header of [`Bearer ${T2}`, `Bearer ${T3}`, basic("ann", "password"), `Bearer ${token}`]) {
        const { id } = yield* identify(header)
        for (const secret of [T2, T3, "password", token]) expect(id).not.toContain(secret)
      }
    }).pipe(Effect.provide(closed))
  )

  it.effect("arbitrary headers never crash, and open nothing", () =>
    Effect.gen(function* () {
      const auth = yield* Auth
      const header = fc.oneof(
        fc.string(),
        fc.string().map((text) => `Basic ${text}`),
        fc.string().map((t) => `Bearer ${t}`),
        fc.tuple(fc.string(), fc.string()).map(([u, p]) => basic(u, p))
      )
      const seen: Array<number> = []
      for (const text of fc.sample(header, 300)) seen.push((yield* auth.identify(text)).tier)
      expect(new Set(seen)).toEqual(new Set([1]))
    }).pipe(Effect.provide(closed))
  )
})

describe("C7.2 open mode", () => {
  it.effect("T2 needs no token; junk is still nobody", () =>
    Effect.gen(function* () {
      const auth = yield* Auth
      expect(auth.open).toBe(true)
      expect(yield* identify(undefined)).toEqual(openCaller)
      expect(yield* identify("Bearer ")).toEqual(openCaller)
      expect(yield* tierOf("Bearer junk")).toBe(1)
      expect(yield* tierOf("Digest x")).toBe(1)
    }).pipe(Effect.provide(open))
  )

  it.effect("T3 has a random token for this run", () =>
    Effect.gen(function* () {
      const token = Redacted.value(Option.getOrThrow((yield* Auth).generated))
      expect(token.length).toBeGreaterThanOrEqual(32)
      expect(yield* tierOf(`Bearer ${token}`)).toBe(3)
      const other = yield* Effect.provide(
        Effect.map(Auth, ({ generated }) => Redacted.value(Option.getOrThrow(generated))),
        Layer.fresh(open)
      )
      expect(other).not.toBe(token)
    }).pipe(Effect.provide(open))
  )

  it.effect("with tokens configured nothing is made up", () =>
    Effect.gen(function* () {
      const auth = yield* Auth
      expect([auth.open, auth.generated]).toEqual([false, Option.none()])
    }).pipe(Effect.provide(closed))
  )
})

describe("C7.3 /etc/passwd and /etc/shadow", () => {
  const users = (passwd: string, shadow: string) =>
    Effect.zipRight(write("etc/passwd", passwd), write("etc/shadow", shadow))

  it.effect("sha256 and scrypt, each with its tier", () =>
    Effect.gen(function* () {
      yield* users(
        "ann:T1\nbob:T2\ncat:T3\n",
        `ann:${sha("a:b")}\nbob:${scrypt("größe")}\ncat:${scrypt("", 32, 4, 2)}\n`
      )
      const callers: ReadonlyArray<readonly [string, string, Caller]> = [
        ["ann", "a:b", { ...anonymous, id: "user:ann", tier: 1, credentialed: true }],
        ["bob", "größe", { ...anonymous, id: "user:bob", tier: 2, credentialed: true }],
        ["cat", "", { ...anonymous, id: "user:cat", tier: 3, credentialed: true }]
      ]
      for (const [user, password, caller] of callers) {
        expect(yield* identify(basic(user, password))).toEqual(caller)
        expect(yield* identify(basic(user, password))).toEqual(caller)
        expect(yield* identify(basic(user, `${password}x`))).toEqual(anonymous)
      }
      expect(yield* identify(basic("ann", "größe"))).toEqual(anonymous)
    }).pipe(Effect.provide(closed))
  )

  it.effect("a user of only one of the two files is nobody", () =>
    Effect.gen(function* () {
      yield* users("ann:T3\nbob:T9\n", `bob:${sha("x")}\ncat:${sha("x")}\nann:x\n`)
      for (const user of ["ann", "bob", "cat", "dan", ""]) expect(yield* tierOf(basic(user, "x"))).toBe(1)
    }).pipe(Effect.provide(closed))
  )

  it.effect("a change takes effect at once, also for a password that was verified before", () =>
    Effect.gen(function* () {
      yield* users("ann:T2", `ann:${scrypt("old")}`)
      expect(yield* tierOf(basic("ann", "old"))).toBe(2)
      yield* write("etc/shadow", `ann:${scrypt("new")}`)
      expect([yield* tierOf(basic("ann", "old")), yield* tierOf(basic("ann", "new"))]).toEqual([1, 2])
      yield* write("etc/passwd", "ann:T3")
      expect(yield* tierOf(basic("ann", "new"))).toBe(3)
      yield* erase("etc/passwd")
      expect(yield* tierOf(basic("ann", "new"))).toBe(1)
    }).pipe(Effect.provide(closed))
  )

  it.effect("a password is that of one user: the same one of another does not open the door", () =>
    Effect.gen(function* () {
      yield* users("ann:T3\nbob:T2", `ann:${scrypt("one")}\nbob:${scrypt("two")}`)
      expect(yield* tierOf(basic("bob", "two"))).toBe(2)
      expect(yield* tierOf(basic("ann", "two"))).toBe(1)
      expect(yield* tierOf(basic("bob", "one"))).toBe(1)
    }).pipe(Effect.provide(closed))
  )

  it.effect("a hash that asks for more memory than there may be matches nothing", () =>
    Effect.gen(function* () {
      yield* users("ann:T3", `ann:scrypt$67108864$64$1$${Buffer.from("salt").toString("base64")}$${"A".repeat(44)}`)
      expect(yield* tierOf(basic("ann", "x"))).toBe(1)
    }).pipe(Effect.provide(closed))
  )

  it.effect("many logins at once are all right", () =>
    Effect.gen(function* () {
      yield* users("ann:T2", `ann:${scrypt("right")}`)
      const tiers = yield* Effect.forEach(
        Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? "right" : `wrong${i}`)),
        (password) => tierOf(basic("ann", password)),
        { concurrency: "unbounded" }
      )
      expect(tiers).toEqual(Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? 2 : 1)))
    }).pipe(Effect.provide(closed))
  )
})

describe("C7.4 capabilities", () => {
  const scope = { prefix: path("home/a.b"), mode: "rw" } as const

  it.effect("are T2 within their scope, by Bearer and by Basic", () =>
    Effect.gen(function* () {
      const token = (yield* Auth).mint(scope, 1000)
      for (const header of [`Bearer ${token}`, `bearer ${token}`, basic("any", token)]) {
        const now = yield* Clock.currentTimeMillis
        expect({ now, caller: yield* identify(header) }).toMatchObject({
          now: 0,
          caller: { tier: 2, credentialed: true, scope, expires: 1000 }
        })
      }
    }).pipe(Effect.provide(closed))
  )

  it.effect("expire on the second: then they are junk", () =>
    Effect.gen(function* () {
      const header = `Bearer ${(yield* Auth).mint(scope, 1000)}`
      yield* TestClock.setTime(999_999)
      expect(yield* tierOf(header)).toBe(2)
      yield* TestClock.setTime(1_000_000)
      expect(yield* identify(header)).toEqual(anonymous)
    }).pipe(Effect.provide(closed))
  )

  it.effect("expired in open mode are junk too, not what no credential would be", () =>
    Effect.gen(function* () {
      const header = `Bearer ${(yield* Auth).mint(scope, 1)}`
      yield* TestClock.setTime(5000)
      expect(yield* identify(header)).toEqual(anonymous)
    }).pipe(Effect.provide(open))
  )

  it.effect("each has a name of its own, the same each time", () =>
    Effect.gen(function* () {
      const auth = yield* Auth
      const ids = yield* Effect.forEach([1000, 1000, 1001], (exp) =>
        Effect.map(auth.identify(`Bearer ${auth.mint(scope, exp)}`), ({ id }) => id)
      )
      expect(ids[0]).toBe(ids[1])
      expect(ids[0]).not.toBe(ids[2])
    }).pipe(Effect.provide(closed))
  )

  it.effect("there is one spelling of each: others are junk, or a cap would have many names", () =>
    Effect.gen(function* () {
      const token = (yield* Auth).mint(scope, 1000)
      for (const spelling of [`${token}=`, `${token}\n`, `\n${token}`, token.replace(".", "\r\n.")]) {
        expect(yield* tierOf(basic("any", spelling))).toBe(1)
      }
    }).pipe(Effect.provide(closed))
  )
})
