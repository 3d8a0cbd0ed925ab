import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import type { Scope } from "./Caller.ts"
import { canonicalText } from "./WorldPath.ts"

/** Signs a text: raw HMAC-SHA256 bytes under the server's key. */
export type Sign = (text: string) => Uint8Array

/** What a capability says: a scope, until `exp` (unix seconds) (C7.4). */
export interface Capability extends Scope {
  readonly exp: number
}

/** A century, in seconds: a capability that should live longer is a mistake. */
export const longestTtl = 100 * 365 * 24 * 60 * 60

/** The bearer form: base64url(payload) "." base64url(HMAC-SHA256(key, payload)), without padding. */
export const encodeCapability = (capability: Capability, sign: Sign): string => {
  const payload = `/${capability.prefix}|${capability.exp}|${capability.mode}`
  return `${Encoding.encodeBase64Url(payload)}.${Encoding.encodeBase64Url(sign(payload))}`
}

/**
 * Reads a bearer token as a capability: undefined when it is forged, malformed or expired at `now` (unix seconds), all
 * of which mean the same to the caller. The signature is compared in constant time.
 */
export const decodeCapability = (token: string, sign: Sign, now: number): Capability | undefined => {
  const dot = token.indexOf(".")
  if (dot < 0 || token.length > maxTokenLength) return undefined
  const payload = Either.getOrUndefined(Encoding.decodeBase64UrlString(token.slice(0, dot)))
  const mac = Either.getOrUndefined(Encoding.decodeBase64Url(token.slice(dot + 1)))
  if (payload === undefined || mac === undefined || !equalBytes(mac, sign(payload))) return undefined
  // Decoders forgive padding, line breaks and loose bits; a token has one spelling, so that a caller has one name.
  if (`${Encoding.encodeBase64Url(payload)}.${Encoding.encodeBase64Url(mac)}` !== token) return undefined
  const parts = payload.split("|")
  if (parts.length !== 3) return undefined
  const [prefix, expiry, mode] = parts as [string, string, string]
  if ((mode !== "r" && mode !== "rw") || !/^[0-9]{1,15}$/.test(expiry)) return undefined
  const exp = Number(expiry)
  if (exp <= now) return undefined
  const parsed = Either.getOrUndefined(canonicalText(prefix))
  return parsed === undefined ? undefined : { prefix: parsed.path, exp, mode }
}

// A prefix is at most as long as a request target; nothing longer was ever minted.
const maxTokenLength = 16_384

/** Compares without telling by its duration where the first difference is. */
const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number)
  return difference === 0
}
