/** The schemes that a line of /etc/gpu.conf may have (C11.1). */
export const schemes = ["ollama", "openai", "claude", "deepseek", "vast", "compat", "fake"] as const
export type Scheme = (typeof schemes)[number]

/** A backend that a line names. */
export interface Target {
  readonly _tag: "Target"
  readonly scheme: Scheme
  /** where its API begins, without a slash at the end; "" for `fake`, which is nowhere */
  readonly url: string
  /** `scheme://host`: all that messages and logs say of it */
  readonly name: string
  /** whether only this machine can be meant */
  readonly local: boolean
}

/** A line with a scheme that nothing speaks. */
export interface Unsupported {
  readonly _tag: "Unsupported"
  readonly scheme: string
}

/** A line that names no backend. It is not repeated: nobody knows what stands in it. */
export interface Unreadable {
  readonly _tag: "Unreadable"
  /** from 1 */
  readonly line: number
  readonly why: string
}

export type Line = Target | Unsupported | Unreadable

/** What /etc/gpu.conf says. */
export interface GpuConf {
  /** the backend and then its fallbacks; never empty */
  readonly lines: ReadonlyArray<Line>
  /** whether every line names a backend on this machine */
  readonly local: boolean
  /** the lines that count, trimmed: the same text asks the same backends */
  readonly text: string
}

/**
 * How each scheme gets from an endpoint to a URL. `vendor` is what an empty endpoint means, `path` what one without a
 * path gets, `adds` what the requests begin with anyway, so that an endpoint may end in it too.
 */
const dialects: Readonly<
  Record<Exclude<Scheme, "fake">, { readonly vendor?: string; readonly path?: string; readonly adds?: string }>
> = {
  ollama: { vendor: "http://localhost:11434", adds: "/api" },
  openai: { vendor: "https://api.openai.com", path: "/v1" },
  claude: { vendor: "https://api.anthropic.com", adds: "/v1" },
  deepseek: { vendor: "https://api.deepseek.com" },
  vast: { path: "/v1" },
  compat: { path: "/v1" }
}

/**
 * Reads /etc/gpu.conf (C11.1): `scheme://endpoint` a line, blank and `#` lines skipped; undefined when none is left. A
 * loopback endpoint is plain http, any other https, unless the endpoint spells its own scheme. Total.
 */
export const parseGpuConf = (text: string): GpuConf | undefined => {
  const effective = text
    .split("\n")
    .map((line, index) => ({ line: index + 1, text: line.trim() }))
    .filter(({ text }) => text !== "" && !text.startsWith("#"))
  if (effective.length === 0) return undefined
  const lines = effective.map(({ line, text }) => parseLine(line, text))
  return {
    lines,
    local: lines.every((line) => line._tag === "Target" && line.local),
    text: effective.map(({ text }) => text).join("\n")
  }
}

const parseLine = (line: number, text: string): Line => {
  const [, written = "", endpoint = ""] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text) ?? []
  const scheme = written.toLowerCase()
  if (scheme === "") return { _tag: "Unreadable", line, why: "is not scheme://endpoint" }
  if (!isScheme(scheme)) return { _tag: "Unsupported", scheme }
  if (scheme === "fake") return { _tag: "Target", scheme, url: "", name: "fake://", local: true }
  const { adds, path, vendor } = dialects[scheme]
  const given = endpoint === "" ? vendor : endpoint
  if (given === undefined) return { _tag: "Unreadable", line, why: "needs an endpoint, such as localhost:8000" }
  const url = urlOf(given)
  if (typeof url === "string") return { _tag: "Unreadable", line, why: url }
  const local = isLoopback(url.hostname)
  if (scheme === "ollama" && local && !spelled.test(given) && !/^[^/]*:\d+(?:\/|$)/.test(given)) url.port = "11434"
  const own = url.pathname.replace(/\/+$/, "")
  const base = adds !== undefined && own.endsWith(adds) ? own.slice(0, -adds.length) : own || (path ?? "")
  return { _tag: "Target", scheme, url: url.origin + base, name: `${scheme}://${url.host}`, local }
}

const isScheme = (scheme: string): scheme is Scheme => schemes.some((known) => known === scheme)

const spelled = /^https?:\/\//i

/** The URL of an endpoint, or what is wrong with it. */
const urlOf = (endpoint: string): URL | string => {
  if (/\s/.test(endpoint)) return "has an endpoint with spaces"
  if (endpoint.replace(spelled, "").includes("://")) return "has an endpoint that is neither http nor https"
  // A URL skips slashes until it finds something that it can take for a host.
  if (/^[/\\]/.test(endpoint.replace(spelled, ""))) return "has an endpoint that is no address"
  const plain = parseUrl(spelled.test(endpoint) ? endpoint : `http://${endpoint}`)
  if (plain === undefined) return "has an endpoint that is no address"
  if (plain.username !== "" || plain.password !== "")
    return "has a credential in its endpoint; keys go in the environment"
  if (/[?#]/.test(endpoint)) return "has an endpoint with a query"
  if (spelled.test(endpoint) || isLoopback(plain.hostname)) return plain
  return parseUrl(`https://${endpoint}`) ?? "has an endpoint that is no address"
}

const parseUrl = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined)

/** Whether a host, in the form that URL gives it, is this machine whatever a resolver says. */
const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname)
