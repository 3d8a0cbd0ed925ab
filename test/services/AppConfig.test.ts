import { availableParallelism } from "node:os"
import { describe, expect, it } from "@effect/vitest"
import { ConfigProvider, Effect, Either, Layer, Option, Redacted } from "effect"
import { AppConfig, type AppConfigShape, checkExposure, isLoopback, summary } from "../../src/services/AppConfig.ts"

type Environment = Readonly<Record<string, string>>

/** What a server makes of an environment: its configuration, or the line with which it refuses to start. */
const load = (environment: Environment): Effect.Effect<Either.Either<AppConfigShape, string>> =>
  Effect.zipRight(checkExposure, AppConfig).pipe(
    Effect.provide(AppConfig.layerConfig()),
    Effect.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(environment))))),
    Effect.mapError(String),
    Effect.either
  )

const loaded = (environment: Environment) =>
  Effect.map(
    load(environment),
    Either.getOrThrowWith((line) => new Error(line))
  )

describe("C17 defaults", () => {
  it.effect("are those of the contract", () =>
    Effect.gen(function* () {
      expect(yield* loaded({})).toEqual({
        host: "127.0.0.1",
        port: 3005,
        data: "./data",
        token: Option.none(),
        approveToken: Option.none(),
        key: Option.none(),
        privateRead: false,
        maxBody: 67_108_864,
        storageThreads: Math.min(4, Math.max(2, Math.floor(availableParallelism() / 2))),
        corsOrigins: [],
        trustedProxy: Option.none(),
        gpu: {
          keys: {
            openai: Option.none(),
            claude: Option.none(),
            deepseek: Option.none(),
            vast: Option.none(),
            compat: Option.none()
          },
          models: {
            ollama: Option.none(),
            openai: Option.none(),
            claude: Option.none(),
            deepseek: Option.none(),
            vast: Option.none(),
            compat: Option.none()
          },
          connectTimeout: 10,
          firstByteTimeout: 120
        },
        semantic: {
          maxSource: 20_000,
          cacheMax: 1000,
          genCapPerMin: 60,
          genCapPerCaller: 60,
          routeCapPerMin: 120,
          routeExternal: false
        }
      })
    })
  )

  it.effect("a variable that is set to nothing counts as not set", () =>
    Effect.gen(function* () {
      const names = [
        "HOST",
        "PORT",
        "DATA",
        "TOKEN",
        "APPROVE_TOKEN",
        "KEY",
        "READ",
        "MAX_BODY",
        "STORAGE_THREADS",
        "CORS_ORIGINS",
        "GPU_CONNECT_TIMEOUT",
        "GPU_FIRST_BYTE_TIMEOUT"
      ]
      const proxy = ["TRUST_PROXY_HEADER", "TRUST_PROXY_FROM"]
      const nothing = Object.fromEntries(
        [...names, ...proxy]
          .map((name) => `ELASTIK_${name}`)
          .concat(Object.keys(gpuKeys), Object.keys(gpuModels))
          .map((name, i) => [name, i % 2 === 0 ? "" : "  "])
      )
      expect(yield* loaded(nothing)).toEqual(yield* loaded({}))
    })
  )
})

/** C11.1's variables and the schemes that they are for. */
const gpuKeys = {
  OPENAI_API_KEY: "openai",
  ANTHROPIC_API_KEY: "claude",
  DEEPSEEK_API_KEY: "deepseek",
  VAST_API_KEY: "vast",
  COMPAT_API_KEY: "compat"
} as const
const gpuModels = {
  OLLAMA_MODEL: "ollama",
  OPENAI_MODEL: "openai",
  ANTHROPIC_MODEL: "claude",
  DEEPSEEK_MODEL: "deepseek",
  VAST_MODEL: "vast",
  COMPAT_MODEL: "compat"
} as const

describe("C11.1 what the environment says of language models", () => {
  it.effect.each(Object.entries(gpuKeys))("%s is the key of %s, redacted, and of nobody else", ([name, scheme]) =>
    Effect.gen(function* () {
      const config = yield* loaded({ [name]: " s3cret " })
      for (const [of, key] of Object.entries(config.gpu.keys)) {
        expect(Option.map(key, Redacted.value)).toEqual(of === scheme ? Option.some("s3cret") : Option.none())
      }
      expect(`${JSON.stringify(config)} ${String(config.gpu.keys)}`).not.toContain("s3cret")
      expect(summary(config)).toContain(name)
      expect(summary(config).join("\n")).not.toContain("s3cret")
    })
  )

  it.effect.each(Object.entries(gpuModels))("%s is the model of %s, and of nobody else", ([name, scheme]) =>
    Effect.gen(function* () {
      const config = yield* loaded({ [name]: "tiny:1b" })
      for (const [of, model] of Object.entries(config.gpu.models)) {
        expect(model).toEqual(of === scheme ? Option.some("tiny:1b") : Option.none())
      }
      expect(summary(config)).toContain(`${name}=tiny:1b`)
    })
  )

  it.effect("the patience with backends is in seconds", () =>
    Effect.gen(function* () {
      const config = yield* loaded({ ELASTIK_GPU_CONNECT_TIMEOUT: "3", ELASTIK_GPU_FIRST_BYTE_TIMEOUT: "600" })
      expect(config.gpu).toMatchObject({ connectTimeout: 3, firstByteTimeout: 600 })
      expect(summary(config)).toEqual(
        expect.arrayContaining(["ELASTIK_GPU_CONNECT_TIMEOUT=3", "ELASTIK_GPU_FIRST_BYTE_TIMEOUT=600"])
      )
    })
  )
})

describe("C17 good values", () => {
  const closed = { ELASTIK_TOKEN: "t" }
  it.effect.each([
    [{ ELASTIK_PORT: "0" }, { port: 0 }],
    [{ ELASTIK_PORT: "65535" }, { port: 65_535 }],
    [{ ELASTIK_PORT: " 80 " }, { port: 80 }],
    [{ ELASTIK_DATA: "/var/lib/elastik data" }, { data: "/var/lib/elastik data" }],
    [{ ELASTIK_READ: "private" }, { privateRead: true }],
    [{ ELASTIK_READ: "public" }, { privateRead: false }],
    [{ ELASTIK_MAX_BODY: "1" }, { maxBody: 1 }],
    [{ ELASTIK_STORAGE_THREADS: "3" }, { storageThreads: 3 }],
    [{ ...closed, ELASTIK_HOST: "0.0.0.0" }, { host: "0.0.0.0" }],
    [{ ...closed, ELASTIK_HOST: "::" }, { host: "::" }],
    [
      { ELASTIK_CORS_ORIGINS: "https://a.example, http://b.example:8080  https://C.example/" },
      { corsOrigins: ["https://a.example", "http://b.example:8080", "https://c.example"] }
    ],
    [
      { ELASTIK_TRUST_PROXY_HEADER: "X-Forwarded-For", ELASTIK_TRUST_PROXY_FROM: "10.0.0.0/8, 127.0.0.1 ::1 fd00::/8" },
      { trustedProxy: Option.some({ header: "x-forwarded-for", from: ["10.0.0.0/8", "127.0.0.1", "::1", "fd00::/8"] }) }
    ]
  ] as ReadonlyArray<readonly [Environment, Partial<AppConfigShape>]>)("%j", ([environment, expected]) =>
    Effect.gen(function* () {
      expect(yield* loaded(environment)).toMatchObject(expected)
    })
  )

  it.effect("secrets are redacted as soon as they are read", () =>
    Effect.gen(function* () {
      const config = yield* loaded({ ELASTIK_TOKEN: "s3cret", ELASTIK_APPROVE_TOKEN: "s3cret", ELASTIK_KEY: "s3cret" })
      expect(Option.map(config.token, Redacted.value)).toEqual(Option.some("s3cret"))
      expect(`${JSON.stringify(config)} ${String(config.key)} ${String(config.approveToken)}`).not.toContain("s3cret")
    })
  )
})

describe("C12.4 what shaping may cost", () => {
  it.effect("one caller may have what all may have, unless told otherwise", () =>
    Effect.gen(function* () {
      const both = yield* loaded({ SEMANTIC_GEN_CAP_PER_MIN: "7" })
      expect(both.semantic).toMatchObject({ genCapPerMin: 7, genCapPerCaller: 7 })
      const { semantic } = yield* loaded({ SEMANTIC_GEN_CAP_PER_MIN: "7", SEMANTIC_GEN_CAP_PER_CALLER: "3" })
      expect(semantic).toMatchObject({ genCapPerMin: 7, genCapPerCaller: 3 })
    })
  )

  it.effect.each([
    [{}, false],
    [{ SEMANTIC_ROUTE_EXTERNAL_OK: "1" }, true],
    [{ SEMANTIC_ROUTE_LOCAL_ONLY: "0" }, true],
    [{ SEMANTIC_ROUTE_EXTERNAL_OK: "0", SEMANTIC_ROUTE_LOCAL_ONLY: "1" }, false]
  ] as const)("C13 %o lets the router ask models elsewhere: %s", ([variables, allowed]) =>
    Effect.gen(function* () {
      const config = yield* loaded(variables)
      expect(config.semantic.routeExternal).toBe(allowed)
      expect(summary(config)).toContain(`SEMANTIC_ROUTE_LOCAL_ONLY=${allowed ? 0 : 1}`)
    })
  )
})

describe("C17 a bad value stops the start with a line that names the variable", () => {
  it.effect.each([
    ...["-1", "65536", "http", "80.5", "8e1", "0x50", "9".repeat(30)].map((v) => ["ELASTIK_PORT", { ELASTIK_PORT: v }]),
    ...["0", "-5", "64MiB", "1e9", "99999999999"].map((v) => ["ELASTIK_MAX_BODY", { ELASTIK_MAX_BODY: v }]),
    ...["0", "-1", "1.5", "10s", "86401"].map((v) => [
      "ELASTIK_GPU_CONNECT_TIMEOUT",
      { ELASTIK_GPU_CONNECT_TIMEOUT: v }
    ]),
    ...["0", "never"].map((v) => ["ELASTIK_GPU_FIRST_BYTE_TIMEOUT", { ELASTIK_GPU_FIRST_BYTE_TIMEOUT: v }]),
    ...["0", "65", "many"].map((v) => ["ELASTIK_STORAGE_THREADS", { ELASTIK_STORAGE_THREADS: v }]),
    ...["Private", "yes", "true", "none"].map((v) => ["ELASTIK_READ", { ELASTIK_READ: v }]),
    ...["a.example", "*", "ftp://a.example", "https://a.example/path", "https://ok.example, nonsense", "null"].map(
      (v) => ["ELASTIK_CORS_ORIGINS", { ELASTIK_CORS_ORIGINS: v }]
    ),
    ...["-1", "many", "1e3"].map((v) => ["SEMANTIC_CACHE_MAX", { SEMANTIC_CACHE_MAX: v }]),
    ["SEMANTIC_MAX_SOURCE", { SEMANTIC_MAX_SOURCE: "0" }],
    ...["yes", "true", "2"].map((v) => ["SEMANTIC_ROUTE_EXTERNAL_OK", { SEMANTIC_ROUTE_EXTERNAL_OK: v }]),
    ["ELASTIK_TRUST_PROXY_FROM", { ELASTIK_TRUST_PROXY_HEADER: "x-real-ip" }],
    ["ELASTIK_TRUST_PROXY_HEADER", { ELASTIK_TRUST_PROXY_FROM: "10.0.0.0/8" }],
    ...["everywhere", "10.0.0/8", "10.0.0.0/33", "999.1.1.1", "::1/129", "10.0.0.1/", "/8"].map((v) => [
      "ELASTIK_TRUST_PROXY_FROM",
      { ELASTIK_TRUST_PROXY_HEADER: "x-real-ip", ELASTIK_TRUST_PROXY_FROM: v }
    ]),
    [
      "ELASTIK_TRUST_PROXY_HEADER",
      { ELASTIK_TRUST_PROXY_HEADER: "not a header", ELASTIK_TRUST_PROXY_FROM: "10.0.0.0/8" }
    ],
    ...["http://127.0.0.1", "127.0.0.1/x", "my host"].map((v) => [
      "ELASTIK_HOST",
      { ELASTIK_HOST: v, ELASTIK_TOKEN: "t" }
    ])
  ] as ReadonlyArray<readonly [string, Environment]>)("%s: %j", ([name, environment]) =>
    Effect.gen(function* () {
      const line = Either.getOrElse(Either.flip(yield* load(environment)), () => "it started")
      expect(line).toContain(name)
      expect(line.split("\n")).toHaveLength(1)
    })
  )
})

describe("C7.2 open mode is for loopback only", () => {
  it.effect.each([
    "0.0.0.0",
    "::",
    "192.168.1.5",
    "example.com",
    "127.0.0.1.example.com",
    "localhost.example.com",
    "::ffff:1.2.3.4"
  ])("%s without ELASTIK_TOKEN refuses to start, saying how to set tokens", (host) =>
    Effect.gen(function* () {
      const line = Either.getOrElse(Either.flip(yield* load({ ELASTIK_HOST: host })), () => "it started")
      for (const word of ["ELASTIK_HOST", "ELASTIK_TOKEN", "ELASTIK_APPROVE_TOKEN"]) expect(line).toContain(word)
      expect(Either.isRight(yield* load({ ELASTIK_HOST: host, ELASTIK_TOKEN: "t" }))).toBe(true)
      expect(Either.isLeft(yield* load({ ELASTIK_HOST: host, ELASTIK_APPROVE_TOKEN: "t" }))).toBe(true)
    })
  )

  it.effect.each(["127.0.0.1", "127.8.9.1", "localhost", "LOCALHOST", "::1"])("%s is fine", (host) =>
    Effect.gen(function* () {
      expect(Either.isRight(yield* load({ ELASTIK_HOST: host }))).toBe(true)
    })
  )

  it.each([
    ["[::1]", true],
    ["elastik.localhost", true],
    ["notlocalhost", false],
    ["127.0.0.999", false],
    ["127.1.1", false],
    ["1127.0.0.1", false],
    ["", false]
  ])("isLoopback(%j) is %s", (host, expected) => {
    expect(isLoopback(host)).toBe(expected)
  })
})

describe("C17 the summary in /boot/env", () => {
  it.effect("tells the values of the harmless and the names of the secret", () =>
    Effect.gen(function* () {
      const secret = "s3cret"
      const lines = summary(
        yield* loaded({
          ...{ ELASTIK_TOKEN: secret, ELASTIK_APPROVE_TOKEN: secret, ELASTIK_KEY: secret, ELASTIK_PORT: "8080" },
          ...{ ELASTIK_TRUST_PROXY_HEADER: "x-real-ip", ELASTIK_TRUST_PROXY_FROM: "10.1.2.3" }
        })
      )
      expect(lines).toContain("ELASTIK_PORT=8080")
      for (const name of ["ELASTIK_TOKEN", "ELASTIK_APPROVE_TOKEN", "ELASTIK_KEY"]) expect(lines).toContain(name)
      expect(lines.join("\n")).not.toContain(secret)
      expect(summary(yield* loaded({})).join("\n")).not.toMatch(/TOKEN|KEY|PROXY/)
    })
  )
})

describe("layerTest", () => {
  it.effect("is the defaults but for what is given", () =>
    Effect.gen(function* () {
      expect(yield* AppConfig).toEqual({ ...(yield* loaded({})), maxBody: 7 })
    }).pipe(Effect.provide(AppConfig.layerTest({ maxBody: 7 })))
  )
})
