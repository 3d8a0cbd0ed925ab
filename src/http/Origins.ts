import { BlockList, isIP } from "node:net"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Forbidden } from "../domain/Errors.ts"
import { AppConfig, type AppConfigShape, isLoopback } from "../services/AppConfig.ts"
import { Auth } from "../services/Auth.ts"
import type { Asked } from "./Asked.ts"

/** Where a request comes from and where it believes to be: Host, Origin, and a proxy in between (C4.7, C17). */
interface OriginsShape {
  /** whether the Host of a request may be answered: in open mode only a loopback one (C4.7: DNS rebinding) */
  readonly isMeantForUs: (host: string | undefined) => boolean
  /** why this request is refused for where it comes from; undefined when it is not */
  readonly refusal: (request: Asked) => Forbidden | undefined
  /**
   * whether a page of another site had the browser ask, without anybody's click. Such a page cannot read the answer, and
   * credentials are nothing that it has; but what is open to whoever asks, it could have done, and paid for
   */
  readonly isUninvited: (request: Asked) => boolean
  /** the CORS headers of its answer, if its origin is listed */
  readonly cors: (request: Asked) => Readonly<Record<string, string>>
  /** the host, with its port, under which the client knows this server; "" when it did not say */
  readonly authority: (request: Asked) => string
  /** the server's own origin, as this request sees it; "" when it names none */
  readonly own: (request: Asked) => string
  /** the client's address, as far as it can be believed */
  readonly client: (request: Asked) => string
}

/** Methods that change nothing. */
const safe = new Set(["GET", "HEAD", "OPTIONS", "PROPFIND"])

const allowedMethods = "GET, HEAD, PUT, POST, DELETE, OPTIONS"

export class Origins extends Effect.Service<Origins>()("elastik/http/Origins", {
  effect: Effect.gen(function* () {
    const { open } = yield* Auth
    return make(yield* AppConfig, open)
  })
}) {}

const make = (config: AppConfigShape, open: boolean): OriginsShape => {
  const listed = new Set(config.corsOrigins)
  const proxies = new BlockList()
  for (const block of Option.match(config.trustedProxy, { onNone: () => [], onSome: ({ from }) => from })) {
    const [address = "", bits] = block.split("/")
    const family = isIP(address) === 6 ? "ipv6" : "ipv4"
    if (bits === undefined) proxies.addAddress(address, family)
    else proxies.addSubnet(address, Number(bits), family)
  }

  const remote = (request: Asked) => (request.message.socket.remoteAddress ?? "").replace(/^::ffff:/, "")
  const fromProxy = (request: Asked): boolean => {
    const address = remote(request)
    return isIP(address) !== 0 && proxies.check(address, isIP(address) === 6 ? "ipv6" : "ipv4")
  }

  const authority = (request: Asked): string => {
    const { host = "" } = request.headers
    // Proxies in a row each add theirs; the first is the one that the client spoke to.
    const forwarded = first(request.headers["x-forwarded-host"])
    return forwarded !== undefined && fromProxy(request) ? forwarded : host
  }

  const ownOrigin = (request: Asked): string => {
    const forwarded = first(request.headers["x-forwarded-proto"])
    const scheme = forwarded === "https" && fromProxy(request) ? "https" : "http"
    return normal(`${scheme}://${authority(request)}`)
  }

  const isMeantForUs = (host: string | undefined) => !open || isLoopback(hostname(host))

  return {
    own: ownOrigin,
    isMeantForUs,
    authority,
    refusal: (request) => {
      const { host, origin } = request.headers
      if (!isMeantForUs(host)) {
        return new Forbidden({ message: "without tokens this server answers only to a loopback Host" })
      }
      if (origin === undefined || safe.has(request.method) || listed.has(origin)) return undefined
      const own = ownOrigin(request)
      return own !== "" && normal(origin) === own
        ? undefined
        : new Forbidden({ message: "a page of another origin may not write here" })
    },
    isUninvited: ({ headers }) => {
      const { origin, "sec-fetch-site": site, "sec-fetch-user": click } = headers
      const foreign = site === "cross-site" || site === "same-site"
      return foreign && click !== "?1" && (origin === undefined || !listed.has(origin))
    },
    cors: (request) => {
      if (listed.size === 0) return {}
      const { origin } = request.headers
      if (origin === undefined || !listed.has(origin)) return { vary: "Origin" }
      const asked = request.headers["access-control-request-headers"]
      return {
        vary: "Origin",
        "access-control-allow-origin": origin,
        "access-control-expose-headers": "*",
        ...(request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined
          ? {
              "access-control-allow-methods": allowedMethods,
              "access-control-max-age": "600",
              ...(asked === undefined ? {} : { "access-control-allow-headers": asked })
            }
          : {})
      }
    },
    client: (request) =>
      Option.match(config.trustedProxy, {
        onNone: () => remote(request),
        onSome: ({ header }) => (fromProxy(request) ? (request.headers[header] ?? remote(request)) : remote(request))
      })
  }
}

const first = (list: string | undefined): string | undefined => list?.split(",")[0]?.trim()

/** The host of a Host header, without its port. */
const hostname = (host: string | undefined): string => (host ?? "").replace(/:\d*$/, "")

/** An origin in its one form, so that default ports and letter case do not count; "" when it is none. */
const normal = (origin: string): string => (URL.canParse(origin) ? new URL(origin).origin : "")
