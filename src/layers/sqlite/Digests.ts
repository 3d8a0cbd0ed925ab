import { createHash, type Hash } from "node:crypto"
import { decodeText, jsonStringLength } from "../../domain/Text.ts"
import { sha256 } from "../../services/EventChain.ts"

/** What is computed from a body once, when it is written. */
export interface Digests {
  readonly sha256: string
  /** the length of the body as a JSON string; undefined when it is no text */
  readonly jsonLength: number | undefined
}

export const digestsOf = (body: Uint8Array): Digests => ({ sha256: sha256(body), jsonLength: jsonLengthOf(body) })

/** Digests of a body that grows, from which one can go on without what has been looked at already. */
export interface Running extends Digests {
  readonly hash: Hash
}

export const begin = (body: Uint8Array, digests = digestsOf(body)): Running => ({
  ...digests,
  hash: createHash("sha256").update(body)
})

/**
 * The digests when `appended` has come. Text to which text is appended is as long as both, less the quotes between them;
 * what was no text may have become some, which only the `whole` tells.
 */
export const extend = (before: Running, appended: Uint8Array, whole: () => Uint8Array): Running => {
  const hash = before.hash.copy().update(appended)
  if (before.jsonLength === undefined) return running(hash, jsonLengthOf(whole()))
  const added = jsonLengthOf(appended)
  return running(hash, added === undefined ? undefined : before.jsonLength + added - 2)
}

const running = (hash: Hash, jsonLength: number | undefined): Running => ({
  hash,
  sha256: hash.copy().digest("hex"),
  jsonLength
})

const jsonLengthOf = (body: Uint8Array): number | undefined => {
  const text = decodeText(body)
  return text === undefined ? undefined : jsonStringLength(text)
}
