import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { envelope, envelopeLength } from "../../src/domain/Envelope.ts"
import { decodeText, jsonStringLength } from "../../src/domain/Text.ts"
import type { World } from "../../src/domain/World.ts"
import { sha256 } from "../helpers/Chains.ts"
import { anyWorld, world } from "../helpers/Paths.ts"

const made = (body: Uint8Array, given: Partial<World> = {}): World => {
  const text = decodeText(body)
  return {
    name: world("home/x"),
    version: 3,
    ext: "txt",
    state: "active",
    len: body.length,
    createdAt: 0,
    updatedAt: Date.UTC(2026, 0, 15, 12, 0, 0, 7),
    eventId: 4,
    tag: "secret-tag",
    sha256: sha256(body),
    meta: [["x-meta-a", "b"]],
    jsonLength: text === undefined ? undefined : jsonStringLength(text),
    body,
    ...given
  }
}
const bytes = (text: string) => new TextEncoder().encode(text)

describe("envelope (C2.2)", () => {
  it("holds exactly what the contract names", () => {
    expect(JSON.parse(envelope(made(bytes("größe\n"))))).toEqual({
      stage_html: "größe\n",
      version: 3,
      ext: "txt",
      type: "txt",
      state: "active",
      updated_at: "2026-01-15T12:00:00.007Z",
      len: 8,
      sha256: sha256("größe\n")
    })
  })

  it.each([[[0xff]], [[0x00]], [[0x61, 0x00, 0x62]], [[0xed, 0xa0, 0x80]]])(
    'stage_html is "" when the bytes are no text: %j',
    (values) => {
      expect(JSON.parse(envelope(made(Uint8Array.from(values))))).toMatchObject({ stage_html: "", len: values.length })
    }
  )

  it("a byte order mark is part of the text", () => {
    expect(JSON.parse(envelope(made(bytes("\uFEFFa"))))).toMatchObject({ stage_html: "\uFEFFa" })
  })
})

describe("envelopeLength (C2.4)", () => {
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.string({ unit: "binary" }).map(bytes),
    fc.string().map(bytes),
    fc.constantFrom("", '"\\\n\u0001\u001f\u007f\u2028', "😀é中").map(bytes)
  )

  it("is the length of the envelope in bytes, without the body", () => {
    fc.assert(
      fc.property(body, anyWorld, fc.nat(), fc.constantFrom("txt", "tar.gz"), (body, name, version, ext) => {
        const whole = made(body, { name, version, ext })
        const { body: _body, ...head } = whole
        expect(envelopeLength(head)).toBe(Buffer.byteLength(envelope(whole)))
      }),
      { numRuns: 1000 }
    )
  })
})
