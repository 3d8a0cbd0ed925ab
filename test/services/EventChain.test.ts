import { createHash, createHmac } from "node:crypto"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import { digestOf, EventChain, secretCheck, sha256 } from "../../src/services/EventChain.ts"

it.effect("C5.3, C7.4 links and signs with HMAC-SHA256 under the key", () =>
  Effect.gen(function* () {
    const { link, sign } = yield* EventChain
    const hmac = (text: string) => createHmac("sha256", Buffer.from([0, 255, 7])).update(text, "utf8")
    fc.assert(
      fc.property(fc.hexaString(), fc.string({ unit: "binary" }), (previous, payload) => {
        expect(link(previous, payload)).toBe(hmac(previous + payload).digest("hex"))
        expect(Buffer.from(sign(payload)).equals(hmac(payload).digest())).toBe(true)
      })
    )
  }).pipe(Effect.provide(EventChain.layer(Uint8Array.of(0, 255, 7))))
)

it("C7.3 secrets are equal when they are the same text, whatever their lengths", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
      expect(secretCheck(a)(digestOf(b))).toBe(a === b)
      expect(secretCheck(a)(digestOf(a))).toBe(true)
    })
  )
})

it("C5.2 sha256 is that of the bytes, in hex", () => {
  expect(sha256(Uint8Array.of(0, 255))).toBe(
    createHash("sha256")
      .update(Buffer.from([0, 255]))
      .digest("hex")
  )
})
