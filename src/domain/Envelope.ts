import { decodeText } from "./Text.ts"
import type { Head, World } from "./World.ts"

/** The JSON envelope of a world without its text, which stands first so that the rest can be appended to it. */
const facts = (head: Head) => ({
  version: head.version,
  ext: head.ext,
  type: head.ext,
  state: head.state,
  updated_at: new Date(head.updatedAt).toISOString(),
  len: head.len,
  sha256: head.sha256
})

/** The JSON envelope of a world (C2.2); `stage_html` is "" when the bytes are not text. */
export const envelope = (world: World): string =>
  JSON.stringify({ stage_html: decodeText(world.body) ?? "", ...facts(world) })

/** The length in bytes that `envelope` would have, without reading the body (C2.4). */
export const envelopeLength = (head: Head): number =>
  new TextEncoder().encode(JSON.stringify({ stage_html: "", ...facts(head) })).length - 2 + (head.jsonLength ?? 2)
