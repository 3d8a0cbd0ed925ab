import { sha256 } from "../pure/Sha256.ts"

/** Bytes of a world as this page has seen them. */
export interface Seen {
  readonly path: string
  /** hex SHA-256, computed here */
  readonly sha256: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Bytes that are kept, of all worlds together: what was seen first goes first. */
const capacity = 32 * 1024 * 1024

const kept = new Map<string, Seen>()
let size = 0

const keyOf = (path: string, hash: string) => `${hash} ${path}`

/** Keeps bytes that passed by, so that an earlier version can be brought back by its receipt's hash. Memory alone. */
export const remember = (path: string, hash: string, bytes: Uint8Array<ArrayBuffer>): void => {
  const key = keyOf(path, hash)
  const before = kept.get(key)
  if (before !== undefined) {
    kept.delete(key)
    kept.set(key, before)
    return
  }
  if (bytes.length > capacity / 4) return
  kept.set(key, { path, sha256: hash, bytes })
  size += bytes.length
  for (const [oldest, { bytes }] of kept) {
    if (size <= capacity) break
    kept.delete(oldest)
    size -= bytes.length
  }
}

/** The bytes with this hash, if this world had them while somebody watched. */
export const recall = (path: string, hash: string): Seen | undefined => kept.get(keyOf(path, hash))

/** Forgets everything: what one person has seen is not for the next. */
export const forget = (): void => {
  kept.clear()
  size = 0
}

/** Hex SHA-256. Browsers have it built in where the page came over https or from this machine. */
export const hashOf = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> => {
  if (globalThis.crypto?.subtle === undefined) return sha256(bytes)
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("")
}
