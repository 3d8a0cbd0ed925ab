import { createHash, createHmac } from "node:crypto"
import type { EventRow } from "../../src/domain/Event.ts"

export const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex")

/** The signature of C5.3, from its text. */
export const hmac = (key: string, prevHmac: string, payload: string): string =>
  createHmac("sha256", key)
    .update(prevHmac + payload, "utf8")
    .digest("hex")

/** The id of the first event that breaks a chain, judged by the text of C5.3; undefined when none does. */
export const firstBad = (rows: ReadonlyArray<EventRow>, key: string): number | undefined => {
  let previous = ""
  for (const row of rows) {
    const { ts, type } = JSON.parse(row.payload) as { readonly ts: unknown; readonly type: unknown }
    const signed = row.prev_hmac === previous && row.hmac === hmac(key, previous, row.payload)
    if (!signed || type !== row.event_type || ts !== row.timestamp) return row.id
    previous = row.hmac
  }
  return undefined
}

/** Rows signed one after another, as a server with `key` would have. */
export const signed = (
  key: string,
  events: ReadonlyArray<Pick<EventRow, "event_type" | "timestamp"> & { readonly payload: string }>
): ReadonlyArray<EventRow> => {
  const rows: Array<EventRow> = []
  for (const event of events) {
    const prev_hmac = rows.at(-1)?.hmac ?? ""
    rows.push({ id: rows.length + 1, ...event, prev_hmac, hmac: hmac(key, prev_hmac, event.payload) })
  }
  return rows
}
