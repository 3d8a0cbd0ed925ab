import { createHmac, hash, timingSafeEqual } from "node:crypto"
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import type { Link } from "../domain/Event.ts"

/**
 * The server's signature: it links events into chains (C5.3) and signs capabilities (C7.4), both with HMAC-SHA256
 * under the one server key.
 */
export interface EventChainShape {
  /** hex signature of an event, given the signature before it ("" for the first) */
  readonly link: Link
  /** raw signature of a text */
  readonly sign: (text: string) => Uint8Array
}

export class EventChain extends Context.Tag("elastik/EventChain")<EventChain, EventChainShape>() {
  /** A chain under a given key, in bytes. */
  static readonly layer = (key: Uint8Array): Layer.Layer<EventChain> => Layer.sync(EventChain, () => make(key))
}

const make = (key: Uint8Array): EventChainShape => ({
  link: (prevHmac, payload) => createHmac("sha256", key).update(prevHmac).update(payload).digest("hex"),
  sign: (text) => createHmac("sha256", key).update(text).digest()
})

/** Hex SHA-256 of bytes. */
export const sha256 = (bytes: Uint8Array): string => hash("sha256", bytes, "hex")

/** A check whether a secret is the given one, in constant time whatever their lengths. */
export const secretCheck = (expected: string): ((candidate: Uint8Array) => boolean) => {
  const digest = digestOf(expected)
  return (candidate) => timingSafeEqual(candidate, digest)
}

/** What `secretCheck` compares: the raw SHA-256 of a secret's text. */
export const digestOf = (secret: string): Uint8Array => hash("sha256", secret, "buffer")
