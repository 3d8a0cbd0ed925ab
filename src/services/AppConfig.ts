import { isIP } from "node:net"
import { availableParallelism } from "node:os"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Gpu from "./GpuConfig.ts"
import * as Semantic from "./SemanticConfig.ts"
import { integer, list, optional, parsed, secret } from "./Variables.ts"

/** Everything that can be configured (C17), read once at start by nobody but this service. */
export interface AppConfigShape {
  readonly host: string
  /** 0 asks the system for a free one */
  readonly port: number
  /** the data directory */
  readonly data: string
  /** T2; none means open mode (C7.2) */
  readonly token: Option.Option<Redacted.Redacted>
  /** T3; none means a random one, printed at start */
  readonly approveToken: Option.Option<Redacted.Redacted>
  /** signs events and capabilities; none means `<data>/.key` (C5.5) */
  readonly key: Option.Option<Redacted.Redacted>
  /** any credential to read anything */
  readonly privateRead: boolean
  /** bytes */
  readonly maxBody: number
  /** threads that read and write worlds */
  readonly storageThreads: number
  readonly corsOrigins: ReadonlyArray<string>
  readonly trustedProxy: Option.Option<{
    /** lower-cased name of the header that carries the client's address */
    readonly header: string
    /** CIDR blocks from which alone it is believed */
    readonly from: ReadonlyArray<string>
  }>
  readonly gpu: Gpu.GpuConfig
  readonly semantic: Semantic.SemanticConfig
}

/** The configuration in force as lines for people: values of the harmless, names alone of the secret (C17). */
export const summary = (config: AppConfigShape): ReadonlyArray<string> => [
  `ELASTIK_HOST=${config.host}`,
  `ELASTIK_PORT=${config.port}`,
  `ELASTIK_DATA=${config.data}`,
  `ELASTIK_READ=${config.privateRead ? "private" : "public"}`,
  `ELASTIK_MAX_BODY=${config.maxBody}`,
  `ELASTIK_STORAGE_THREADS=${config.storageThreads}`,
  ...(config.corsOrigins.length === 0 ? [] : [`ELASTIK_CORS_ORIGINS=${config.corsOrigins.join(",")}`]),
  ...(Option.isNone(config.trustedProxy) ? [] : ["ELASTIK_TRUST_PROXY_HEADER", "ELASTIK_TRUST_PROXY_FROM"]),
  ...(Option.isNone(config.token) ? [] : ["ELASTIK_TOKEN"]),
  ...(Option.isNone(config.approveToken) ? [] : ["ELASTIK_APPROVE_TOKEN"]),
  ...(Option.isNone(config.key) ? [] : ["ELASTIK_KEY"]),
  ...Gpu.summary(config.gpu),
  ...Semantic.summary(config.semantic)
]

export class AppConfig extends Context.Tag("elastik/AppConfig")<AppConfig, AppConfigShape>() {
  /** From the current ConfigProvider. A bad value fails with a message that names the variable. */
  static readonly layerConfig = (): Layer.Layer<AppConfig, ConfigError.ConfigError> => Layer.effect(AppConfig, load)

  /** Defaults, except for what is given: for tests and embedding. */
  static readonly layerTest = (given: Partial<AppConfigShape> = {}): Layer.Layer<AppConfig> =>
    Layer.succeed(AppConfig, { ...defaults, ...given })
}

export const defaults: AppConfigShape = {
  host: "127.0.0.1",
  port: 3005,
  data: "./data",
  token: Option.none(),
  approveToken: Option.none(),
  key: Option.none(),
  privateRead: false,
  maxBody: 64 * 1024 * 1024,
  // Half of the processors, so that some are left to speak HTTP; two in any case, so that one works while the other waits.
  storageThreads: Math.max(2, Math.min(4, Math.floor(availableParallelism() / 2))),
  corsOrigins: [],
  trustedProxy: Option.none(),
  gpu: Gpu.defaults,
  semantic: Semantic.defaults
}

/** Addresses that only this machine can reach (C7.2). */
export const isLoopback = (host: string): boolean => {
  const name = host.replace(/^\[|\]$/g, "").toLowerCase()
  return (
    name === "localhost" ||
    name.endsWith(".localhost") ||
    name === "::1" ||
    (isIP(name) === 4 && name.startsWith("127."))
  )
}

// SQLite's own limit on a value is a little above this.
const largestBody = 1_000_000_000

const origin = (value: string): string | undefined => {
  const url = URL.canParse(value) ? new URL(value) : undefined
  return url !== undefined && /^https?:$/.test(url.protocol) && url.pathname === "/" ? url.origin : undefined
}

const load: Effect.Effect<AppConfigShape, ConfigError.ConfigError> = Effect.gen(function* () {
  return {
    host: Option.getOrElse(yield* optional("ELASTIK_HOST"), () => defaults.host),
    port: yield* integer("ELASTIK_PORT", defaults.port, 0, 65_535),
    data: Option.getOrElse(yield* optional("ELASTIK_DATA"), () => defaults.data),
    token: yield* secret("ELASTIK_TOKEN"),
    approveToken: yield* secret("ELASTIK_APPROVE_TOKEN"),
    key: yield* secret("ELASTIK_KEY"),
    privateRead: yield* parsed("ELASTIK_READ", defaults.privateRead, (value) =>
      value === "private" || value === "public" ? value === "private" : `wants "public" or "private", not "${value}"`
    ),
    maxBody: yield* integer("ELASTIK_MAX_BODY", defaults.maxBody, 1, largestBody),
    storageThreads: yield* integer("ELASTIK_STORAGE_THREADS", defaults.storageThreads, 1, 64),
    corsOrigins: yield* parsed<ReadonlyArray<string>>("ELASTIK_CORS_ORIGINS", [], (value) => {
      const origins = list(value).map(origin)
      return origins.every((item) => item !== undefined)
        ? origins
        : `wants origins like https://a.example, not "${value}"`
    }),
    trustedProxy: yield* trustedProxy,
    gpu: yield* Gpu.load,
    semantic: yield* Semantic.load
  }
})

/**
 * Refuses to listen where others could write without a token (C7.2), or on something that is no address. Only a server
 * asks: other commands may find ELASTIK_HOST set for the scripts that talk to one.
 */
export const checkExposure: Effect.Effect<void, ConfigError.ConfigError, AppConfig> = Effect.flatMap(
  AppConfig,
  ({ host, token }) => {
    if (/[/\s]/.test(host)) {
      return Effect.fail(ConfigError.InvalidData(["ELASTIK_HOST"], `wants a host name or address, not "${host}"`))
    }
    return Option.isSome(token) || isLoopback(host)
      ? Effect.void
      : Effect.fail(
          ConfigError.InvalidData(
            ["ELASTIK_HOST"],
            `${host} can be reached from elsewhere, and without ELASTIK_TOKEN anybody could write: set ELASTIK_TOKEN ` +
              "and ELASTIK_APPROVE_TOKEN to two long random strings, or listen on 127.0.0.1"
          )
        )
  }
)

const trustedProxy = Effect.gen(function* () {
  const header = yield* optional("ELASTIK_TRUST_PROXY_HEADER")
  const from = Option.map(yield* optional("ELASTIK_TRUST_PROXY_FROM"), list)
  if (Option.isNone(header) && Option.isNone(from)) return Option.none()
  if (Option.isNone(header) || Option.isNone(from)) {
    return yield* Effect.fail(
      ConfigError.InvalidData(
        [Option.isNone(header) ? "ELASTIK_TRUST_PROXY_HEADER" : "ELASTIK_TRUST_PROXY_FROM"],
        "is needed too: a proxy is trusted by its header and its addresses together"
      )
    )
  }
  for (const block of from.value) {
    if (!isBlock(block)) {
      return yield* Effect.fail(
        ConfigError.InvalidData(["ELASTIK_TRUST_PROXY_FROM"], `wants addresses or CIDR blocks, not "${block}"`)
      )
    }
  }
  if (!/^[A-Za-z0-9-]+$/.test(header.value)) {
    return yield* Effect.fail(
      ConfigError.InvalidData(["ELASTIK_TRUST_PROXY_HEADER"], `wants a header name, not "${header.value}"`)
    )
  }
  return Option.some({ header: header.value.toLowerCase(), from: from.value })
})

/** An address, or a CIDR block of them. */
const isBlock = (block: string): boolean => {
  const [address = "", bits, ...rest] = block.split("/")
  const family = isIP(address)
  const most = family === 4 ? 32 : 128
  return family !== 0 && rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))
}
