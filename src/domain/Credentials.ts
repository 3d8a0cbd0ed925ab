import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import type { Tier } from "./Caller.ts"

/** What an Authorization header offers, before anybody has judged it (C7.3). */
export type Credentials =
  | { readonly _tag: "None" }
  | { readonly _tag: "Bearer"; readonly token: string }
  | { readonly _tag: "Basic"; readonly user: string; readonly password: string }
  | { readonly _tag: "Junk" }

const none: Credentials = { _tag: "None" }
const junk: Credentials = { _tag: "Junk" }

/**
 * Reads an Authorization header: scheme names are case-insensitive, passwords may hold `:`, tokens may hold `.`. A
 * header that is absent or names a scheme without a value (an unset shell variable) offers nothing.
 */
export const parseAuthorization = (header: string | undefined): Credentials => {
  const value = header?.trim() ?? ""
  if (value === "") return none
  const space = value.indexOf(" ")
  const scheme = (space < 0 ? value : value.slice(0, space)).toLowerCase()
  const rest = space < 0 ? "" : value.slice(space + 1).trim()
  if (scheme !== "bearer" && scheme !== "basic") return junk
  if (rest === "") return none
  if (scheme === "bearer") return { _tag: "Bearer", token: rest }
  const decoded = Either.getOrUndefined(Encoding.decodeBase64String(rest))
  if (decoded === undefined) return junk
  const colon = decoded.indexOf(":")
  return colon < 0 ? junk : { _tag: "Basic", user: decoded.slice(0, colon), password: decoded.slice(colon + 1) }
}

/** The tiers of /etc/passwd: lines `user:T1|T2|T3`; blank, `#` and malformed lines give nobody anything. */
export const parsePasswd = (text: string): ReadonlyMap<string, Tier> => {
  const users = new Map<string, Tier>()
  for (const [user, tier] of fields(text)) {
    if (tier === "T1") users.set(user, 1)
    else if (tier === "T2") users.set(user, 2)
    else if (tier === "T3") users.set(user, 3)
  }
  return users
}

/** How /etc/shadow keeps a password. */
export type PasswordHash =
  | { readonly _tag: "Sha256"; readonly hex: string }
  | {
      readonly _tag: "Scrypt"
      readonly cost: number
      readonly blockSize: number
      readonly parallelization: number
      readonly salt: Uint8Array
      readonly hash: Uint8Array
    }

/** The passwords of /etc/shadow: lines `user:<sha256 hex>` or `user:scrypt$N$r$p$<salt base64>$<hash base64>`. */
export const parseShadow = (text: string): ReadonlyMap<string, PasswordHash> => {
  const hashes = new Map<string, PasswordHash>()
  for (const [user, value] of fields(text)) {
    const hash = parseHash(value)
    if (hash !== undefined) hashes.set(user, hash)
  }
  return hashes
}

const parseHash = (value: string): PasswordHash | undefined => {
  if (/^[0-9a-f]{64}$/i.test(value)) return { _tag: "Sha256", hex: value.toLowerCase() }
  const parts = value.split("$")
  if (parts[0] !== "scrypt" || parts.length !== 6) return undefined
  const numbers = parts.slice(1, 4).map((part) => (/^[0-9]{1,8}$/.test(part) ? Number(part) : 0))
  const [cost = 0, blockSize = 0, parallelization = 0] = numbers
  const salt = Either.getOrUndefined(Encoding.decodeBase64(parts[4] ?? ""))
  const hash = Either.getOrUndefined(Encoding.decodeBase64(parts[5] ?? ""))
  if (salt === undefined || hash === undefined || hash.length < 16) return undefined
  // scrypt wants N to be a power of two above one (RFC 7914 section 2).
  if (cost < 2 || (cost & (cost - 1)) !== 0 || blockSize < 1 || parallelization < 1) return undefined
  return { _tag: "Scrypt", cost, blockSize, parallelization, salt, hash }
}

function* fields(text: string): Generator<readonly [user: string, value: string]> {
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(":")
    if (colon > 0 && !line.startsWith("#")) yield [line.slice(0, colon).trim(), line.slice(colon + 1).trim()]
  }
}
