import fc from "fast-check"
import { describe, expect, test } from "vitest"
import * as Chunk from "../../../src/http/stream/Chunk.ts"

describe("C9 chunks", () => {
  test("C9: a chunk is its length in hexadecimal, its bytes, and nothing else", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 5000 }), (text) => {
        const { bytes, framed } = Chunk.make(text)
        expect(Buffer.from(bytes).toString()).toBe(text)
        expect(Buffer.from(framed).toString()).toBe(`${bytes.length.toString(16)}\r\n${text}\r\n`)
      })
    )
  })

  test("C9: nothing to say is no chunk, which would end the answer", () => {
    const { bytes, framed } = Chunk.make("")
    expect([bytes.length, framed.length]).toEqual([0, 0])
  })
})
