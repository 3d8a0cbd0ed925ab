import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { digestsOf, digestsOfAppended } from "../../src/layers/sqlite/WorldFile.ts"

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
  it("appended: the same as of the whole", () => {
    fc.assert(
      fc.property(someBytes, someBytes, (before, appended) => {
        const whole = Buffer.concat([before, appended])
        expect(digestsOfAppended(digestsOf(before), appended, whole)).toEqual(digestsOf(whole))
      }),
      { numRuns: 2000 }
    )
  })

  it("a character that was cut in two by an append is text again when the rest has come", () => {
    const [first, second] = [Buffer.from([0x61, 0xc3]), Buffer.from([0xa9])]
    const whole = Buffer.from("aé")
    expect(digestsOf(first).jsonLength).toBeUndefined()
    expect(digestsOfAppended(digestsOf(first), second, whole).jsonLength).toBe(5)
  })
})
