import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { begin, digestsOf, extend } from "../../src/layers/sqlite/Digests.ts"

/** Bytes of which some are text, some begin or end in the middle of a character, and some are no text at all. */
const someBytes = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 6 }).map((text) => Buffer.from(text)),
      fc.constantFrom("\ufeff", "é", "中", "😀", "\n", '"', "\\", "\u007f", "\0").map((text) => Buffer.from(text)),
      fc.constantFrom([0xc3], [0xa9], [0xe4, 0xb8], [0xad], [0xf0, 0x9f], [0x98, 0x80], [0xff]).map(Buffer.from)
    ),
    { maxLength: 6 }
  )
  .map((parts) => Buffer.concat(parts))

describe("what is computed from a body once", () => {
  it("appended, again and again: the same as of the whole", () => {
    fc.assert(
      fc.property(someBytes, fc.array(someBytes, { maxLength: 4 }), (first, others) => {
        let whole = first
        let running = begin(first)
        expect(running).toMatchObject(digestsOf(whole))
        for (const appended of others) {
          whole = Buffer.concat([whole, appended])
          running = extend(running, appended, () => whole)
          expect(running).toMatchObject(digestsOf(whole))
        }
      }),
      { numRuns: 2000 }
    )
  })

  it("one beginning may go on in two ways", () => {
    const [ab, abc, abd] = ["ab", "abc", "abd"].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer]
    const running = begin(ab)
    for (const whole of [abc, abd]) {
      expect(extend(running, whole.subarray(2), () => whole)).toMatchObject(digestsOf(whole))
    }
  })

  it("a character that was cut in two by an append is text again when the rest has come", () => {
    const [first, second] = [Buffer.from([0x61, 0xc3]), Buffer.from([0xa9])]
    const whole = Buffer.from("aé")
    expect(digestsOf(first).jsonLength).toBeUndefined()
    expect(extend(begin(first), second, () => whole).jsonLength).toBe(5)
  })
})
