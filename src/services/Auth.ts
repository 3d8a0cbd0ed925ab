import { createHash, randomBytes, scrypt, timingSafeEqual } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { anonymous, type Caller, openCaller, type Scope, type Tier } from "../domain/Caller.ts"
import { decodeCapability, encodeCapability } from "../domain/Capability.ts"
import { type PasswordHash, parseAuthorization, parsePasswd, parseShadow } from "../domain/Credentials.ts"
import type { StorageFailure } from "../domain/Errors.ts"
import { AppConfig } from "./AppConfig.ts"
import { ConfigWorlds } from "./ConfigWorlds.ts"
import { digestOf, EventChain, secretCheck } from "./EventChain.ts"

/** Who is asking (C7.3), and the tokens that say so. */
export interface AuthShape {
  /** the caller behind an Authorization header; junk is anonymous, never an error */
  readonly identify: (authorization: string | undefined) => Effect.Effect<Caller, StorageFailure>
  /** a new capability; `expires` in unix seconds */
  readonly mint: (scope: Scope, expires: number) => string
  /** whether T2 needs no token (C7.2) */
  readonly open: boolean
  /** the operator token made up for this run, when none was configured */
  readonly generated: Option.Option<Redacted.Redacted>
}

export class Auth extends Context.Tag("elastik/Auth")<Auth, AuthShape>() {
  static readonly layer: Layer.Layer<Auth, never, AppConfig | ConfigWorlds | EventChain> = Layer.effect(
    Auth,
    Effect.suspend(() => make)
  )
}

const make = Effect.gen(function* () {
  const config = yield* AppConfig
  const chain = yield* EventChain
  const worlds = yield* ConfigWorlds
  const generated = Option.isSome(config.approveToken)
    ? Option.none()
    : Option.some(Redacted.make(randomBytes(24).toString("base64url")))
  const operatorToken = Redacted.value(
    Option.getOrElse(
      Option.orElse(config.approveToken, () => generated),
      unreachable
    )
  )
  const isOperator = secretCheck(operatorToken)
  const isUser = Option.match(config.token, {
    onNone: () => () => false,
    onSome: (t) => secretCheck(Redacted.value(t))
  })
  const operator = credentialed("token:T3", 3)
  const user = credentialed("token:T2", 2)
  const open = Option.isNone(config.token)
  const passwd = worlds.follow("etc/passwd", parsePasswd)
  const shadow = worlds.follow("etc/shadow", parseShadow)
  const passwordMatches = yield* makePasswordCheck

  const byToken = (token: string): Effect.Effect<Option.Option<Caller>> => {
    const digest = digestOf(token)
    if (isOperator(digest)) return Effect.succeedSome(operator)
    if (isUser(digest)) return Effect.succeedSome(user)
    return Effect.map(Clock.currentTimeMillis, (now) => {
      const capability = decodeCapability(token, chain.sign, now / 1000)
      if (capability === undefined) return Option.none()
      const { exp, mode, prefix } = capability
      const id = `cap:${createHash("sha256").update(token).digest("hex").slice(0, 12)}`
      return Option.some({ ...credentialed(id, 2), scope: { prefix, mode }, expires: exp })
    })
  }

  const byPassword = Effect.fnUntraced(function* (user: string, password: string) {
    const tier = (yield* passwd).get(user)
    const hashes = yield* shadow
    const hash = hashes.get(user)
    if (tier !== undefined && hash !== undefined) {
      return (yield* passwordMatches(password, hash)) ? Option.some(credentialed(`user:${user}`, tier)) : Option.none()
    }
    // Whoever does not exist costs as much as somebody who does, so that names cannot be told by the time.
    const decoy = [...hashes.values()].find(({ _tag }) => _tag === "Scrypt")
    if (decoy !== undefined) yield* passwordMatches(password, decoy)
    return Option.none<Caller>()
  })

  const orAnonymous = <E>(caller: Effect.Effect<Option.Option<Caller>, E>) =>
    Effect.map(
      caller,
      Option.getOrElse(() => anonymous)
    )

  return Auth.of({
    identify: (authorization) => {
      const credentials = parseAuthorization(authorization)
      switch (credentials._tag) {
        case "None":
          return Effect.succeed(open ? openCaller : anonymous)
        case "Junk":
          return Effect.succeed(anonymous)
        case "Bearer":
          return orAnonymous(byToken(credentials.token))
        case "Basic":
          return Effect.flatMap(byToken(credentials.password), (caller) =>
            Option.isSome(caller)
              ? Effect.succeed(caller.value)
              : orAnonymous(byPassword(credentials.user, credentials.password))
          )
      }
    },
    mint: (scope, expires) => encodeCapability({ ...scope, exp: expires }, chain.sign),
    open,
    generated
  })
})

const unreachable = (): never => {
  throw new Error("an operator token is configured or generated")
}

const credentialed = (id: string, tier: Tier): Caller => ({
  id,
  tier,
  credentialed: true,
  scope: undefined,
  expires: undefined
})

/** Memory that one scrypt derivation may take, in bytes; a hash that asks for more matches nothing. */
const scryptMemory = 256 * 1024 * 1024
/** How many verified passwords are remembered, as hashes: clients that send Basic with each request pay once. */
const rememberedPasswords = 256

const makePasswordCheck = Effect.gen(function* () {
  const verified = new Set<string>()
  const salt = randomBytes(16)
  // Derivations are slow by design: two at a time, so that guessing cannot starve the thread pool.
  const derivations = yield* Effect.makeSemaphore(2)

  return (password: string, expected: PasswordHash): Effect.Effect<boolean> => {
    if (expected._tag === "Sha256") {
      return Effect.sync(() =>
        timingSafeEqual(createHash("sha256").update(password).digest(), Buffer.from(expected.hex, "hex"))
      )
    }
    const memory = createHash("sha256").update(salt).update(expected.hash).update(password).digest("hex")
    if (verified.has(memory)) return Effect.succeed(true)
    const derived = Effect.map(derive(password, expected), (matches) => {
      if (matches) {
        if (verified.size >= rememberedPasswords) verified.clear()
        verified.add(memory)
      }
      return matches
    })
    // Whoever leaves while waiting waits no more; a derivation that runs keeps its permit to its end, because the
    // thread pool, which every fsync needs too, is busy with it until then.
    return derivations.withPermits(1)(Effect.uninterruptible(derived))
  }
})

const derive = (password: string, expected: PasswordHash & { readonly _tag: "Scrypt" }): Effect.Effect<boolean> =>
  Effect.async((resume) => {
    const { blockSize, cost, hash, parallelization, salt } = expected
    const options = { N: cost, r: blockSize, p: parallelization, maxmem: scryptMemory }
    try {
      scrypt(password, salt, hash.length, options, (error, key) =>
        resume(Effect.succeed(error === null && timingSafeEqual(key, hash)))
      )
    } catch {
      // Node refuses parameters that need more than maxmem: no password matches such a hash.
      resume(Effect.succeed(false))
    }
  })
