import { expect, it } from "@effect/vitest"
import fc from "fast-check"
import { pack, unpack } from "../../src/layers/threads/Packed.ts"
import { anyWorld } from "../helpers/Paths.ts"

const number = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.double({ noNaN: true }))
// Some that many have in common, and some that run into each other.
const word = fc.oneof(fc.constantFrom("", "txt", "active", "1", "1 1", " "), fc.string())
const anyEntry = fc.record({
  name: anyWorld,
  version: number,
  ext: word,
  state: word,
  len: number,
  createdAt: number,
  updatedAt: number,
  eventId: number,
  tag: fc.string()
})

it("entries that are packed, posted and unpacked are the same, in the same order", () => {
  fc.assert(
    fc.property(fc.array(anyEntry), (entries) => {
      expect(unpack(structuredClone(pack(entries)))).toEqual(entries)
    })
  )
})

it("what entries have in common is posted once", () => {
  fc.assert(
    fc.property(fc.array(anyEntry), (entries) => {
      const kinds = new Set(entries.map(({ ext, state }) => JSON.stringify([ext, state])))
      expect(pack(entries).kinds).toHaveLength(kinds.size)
    })
  )
})
