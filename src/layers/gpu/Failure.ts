import * as HttpClientError from "@effect/platform/HttpClientError"
import * as Data from "effect/Data"

/** Why there is no answer, or no more of it. `why` is for callers: it holds no key and nothing that the backend wrote. */
export class BackendFailed extends Data.TaggedError("BackendFailed")<{
  readonly why: string
  readonly cause: unknown
}> {}

/** A status that is no success. */
export class Refused extends Data.TaggedError("Refused")<{
  readonly status: number
  readonly code: string | undefined
}> {
  override get message(): string {
    return `answered ${this.status}${this.code === undefined ? "" : ` (${this.code})`}`
  }
}

/** A word like `rate_limit_error`, which no key looks like. */
export const codeWord = (value: unknown): string | undefined =>
  typeof value === "string" && /^[a-z]+(?:_[a-z]+)*$/.test(value) && value.length <= 64 ? value : undefined

/** What the errors of node, and of the client that it comes with, mean to the caller of a model. */
const meanings: ReadonlyArray<readonly [code: RegExp, why: string]> = [
  [/^ECONNREFUSED$/, "refused the connection"],
  [/^(?:ENOTFOUND|EAI_AGAIN)$/, "has a host name that is not known"],
  [/^(?:UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT)$/, "did not take the connection in time"],
  [/^(?:EHOSTUNREACH|ENETUNREACH)$/, "cannot be reached"],
  [/^UND_ERR_INVALID_ARG$/, "cannot be asked: its key holds what no header may hold"],
  [/^(?:CERT_|ERR_TLS_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/, "has a certificate that is not trusted"],
  [/^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/, "does not speak https"],
  [/^(?:EPROTO|ERR_SSL_)/, "does not agree on TLS"],
  [/^(?:HPE_|HTTPParserError$)/, "breaks the rules of HTTP"]
]

const unknown = "broke the connection"

/** A failure of the client, or of a library above it, for the caller and the log. */
export const failure = (error: unknown): BackendFailed => {
  const root = rootOf(error)
  if (root instanceof BackendFailed) return root
  if (root instanceof Refused) return new BackendFailed({ why: root.message, cause: root })
  if (!(root instanceof Error)) return new BackendFailed({ why: unknown, cause: unknown })
  const code = codeOf(root)
  const why = meanings.find(([pattern]) => pattern.test(code))?.[1] ?? unknown
  // The errors around the root hold the request, and with it the key, as does one that holds what an echo answers with.
  return new BackendFailed({ why, cause: "data" in root ? root.message : root })
}

const codeOf = (error: Error): string => {
  if ("code" in error && typeof error.code === "string") return error.code
  // The parser of HTTP shows the bytes that it could not read. There are none when the connection ended too early.
  return "data" in error && error.data === "" ? unknown : error.name
}

/** What lies behind the errors of the libraries, those about requests at least; undefined when none of them knows. */
const rootOf = (error: unknown): unknown => {
  let at = error
  for (let depth = 0; depth < 8 && at instanceof Error; depth++) {
    const ours = HttpClientError.isHttpClientError(at) || "module" in at
    if (!ours) return at
    at = at.cause
  }
  return undefined
}
