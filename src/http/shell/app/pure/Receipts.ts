import type { Meta } from "./Meta.ts"

/** An event as /proc/events tells it. */
export interface Receipt {
  readonly id: number
  readonly timestamp: string
  readonly type: string
  readonly payload: string
  readonly hmac: string
  readonly prev_hmac: string
  /** what the signed text has besides, that whoever asks may not know */
  readonly withheld?: ReadonlyArray<string>
}

/** What a receipt says of the world it leaves behind (C5.2). */
export interface Aftermath {
  readonly op: string
  readonly len: number
  readonly ext: string
  readonly version: number
  readonly sha256: string
  readonly meta: Meta
  readonly type: string
  readonly ts: string
  /** all else that it says */
  readonly more: ReadonlyArray<readonly [name: string, value: unknown]>
}

const known = new Set(["op", "len", "ext", "version_after", "body_sha256_after", "meta_headers", "type", "ts"])

/** Reads a payload; undefined when it is not that of an event. */
export const readPayload = (payload: string): Aftermath | undefined => {
  let said: unknown
  try {
    said = JSON.parse(payload)
  } catch {
    return undefined
  }
  if (typeof said !== "object" || said === null) return undefined
  const fields: Record<string, unknown> = { ...said }
  const { body_sha256_after: sha256, ext, len, meta_headers: meta, op, ts, type, version_after: version } = fields
  if (typeof sha256 !== "string" || typeof version !== "number" || typeof len !== "number") return undefined
  if (typeof ext !== "string" || typeof op !== "string" || typeof type !== "string" || typeof ts !== "string") {
    return undefined
  }
  return {
    op,
    len,
    ext,
    version,
    sha256,
    type,
    ts,
    meta: Array.isArray(meta) ? meta.filter(isPair) : [],
    more: Object.entries(fields).filter(([name]) => !known.has(name))
  }
}

const isPair = (value: unknown): value is readonly [string, string] =>
  Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "string")

/** The metadata after receipts in a row: that of the last whole write among them, since all else keeps it. */
export const metaAfter = (receipts: ReadonlyArray<Receipt>): Meta | undefined => {
  for (const { payload } of receipts.toReversed()) {
    const said = readPayload(payload)
    if (said?.op === "put" || said?.op === "copy" || said?.op === "move") return said.meta
  }
  return undefined
}

/** What was found when receipts were checked without the server's key. */
export type Links =
  | { readonly ok: true; readonly checked: number }
  | { readonly ok: false; readonly at: number; readonly why: string }

/**
 * Whether receipts follow one another: each names the signature of the one before, and its columns agree with what was
 * signed. `before` is the signature that the first has to name. The signatures themselves need the key (C5.4).
 */
export const checkLinks = (receipts: ReadonlyArray<Receipt>, before: string): Links => {
  let previous = before
  for (const receipt of receipts) {
    const { hmac, id, payload, prev_hmac, timestamp, type } = receipt
    if (prev_hmac !== previous) return { ok: false, at: id, why: "it does not name the signature of the one before" }
    if (!/^[0-9a-f]{64}$/.test(hmac)) return { ok: false, at: id, why: "its signature is none" }
    const said = readPayload(payload)
    if (said === undefined) return { ok: false, at: id, why: "what was signed is not an event" }
    if (said.type !== type) return { ok: false, at: id, why: "its type differs from the signed one" }
    if (said.ts !== timestamp) return { ok: false, at: id, why: "its time differs from the signed one" }
    previous = hmac
  }
  return { ok: true, checked: receipts.length }
}
