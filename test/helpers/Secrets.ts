import { createHash, createHmac } from "node:crypto"

/** The contract's formulas, written a second time from its text, so that a test does not ask the program itself. */

export const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex")

/** C5.3: hex(HMAC-SHA256(key, prev_hmac + payload)). */
export const linkOf = (key: Uint8Array | string, previous: string, payload: string): string =>
  createHmac("sha256", key)
    .update(previous + payload, "utf8")
    .digest("hex")

/** C7.4: base64url("<prefix>|<exp>|<mode>") "." base64url(HMAC-SHA256(key, that payload)), no padding. */
export const capOf = (key: Uint8Array | string, prefix: string, exp: number | string, mode: string): string => {
  const payload = `${prefix}|${exp}|${mode}`
  const mac = createHmac("sha256", key).update(payload, "utf8").digest("base64url")
  return `${Buffer.from(payload, "utf8").toString("base64url")}.${mac}`
}

export const nowSeconds = (): number => Math.floor(Date.now() / 1000)
