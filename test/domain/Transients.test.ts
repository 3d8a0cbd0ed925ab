import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { Slots, TransientMap, TransientSet } from "../../src/domain/Transients.ts"

const key = fc.constantFrom("a", "b", "c", "d", "e")
const step = fc.record({ key, adds: fc.boolean() })

describe("collections of what comes and goes", () => {
  it("a TransientSet has what a Set has, in the same order", () => {
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const set = new Set<string>()
        const transient = new TransientSet<string>()
        for (const { adds, key } of steps) {
          if (!adds) expect(transient.delete(key)).toBe(set.delete(key))
          else if (!set.has(key)) transient.add(key) ?? set.add(key)
          expect(transient.size).toBe(set.size)
        }
        expect([...transient]).toEqual([...set])
      })
    )
  })

  it("whoever goes through a TransientSet meets all that were there, whatever they take out", () => {
    const set = new TransientSet<number>()
    for (const n of [1, 2, 3, 4]) set.add(n)
    const met: Array<number> = []
    for (const n of set) {
      met.push(n)
      set.delete(n)
      set.add(n + 10)
    }
    expect(met).toEqual([1, 2, 3, 4])
    expect([...set]).toEqual([11, 12, 13, 14])
  })

  it("a TransientMap answers as a Map does", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.integer())), (steps) => {
        const map = new Map<string, number>()
        const transient = new TransientMap<string, number>()
        for (const [{ adds, key }, value] of steps) {
          if (adds) map.set(key, value) && transient.set(key, value)
          else if (map.delete(key)) transient.delete(key)
          else transient.delete(key)
          expect(transient.get(key)).toBe(map.get(key))
          expect(transient.size).toBe(map.size)
        }
      })
    )
  })

  it("a TransientMap forgets keys that have no value, and never one that has", () => {
    const map = new TransientMap<string, string>()
    map.set("held", "here")
    for (let n = 0; n < 10_000; n++) {
      map.set(`key ${n}`, "there")
      map.delete(`key ${n}`)
      expect(map.free).toBeLessThanOrEqual(1024)
    }
    expect([map.get("held"), map.size]).toEqual(["here", 1])
  })

  it("Slots gives each thing back once, by its own number, and its numbers again", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant("put"), fc.nat({ max: 8 }))), (steps) => {
        const slots = new Slots<string>()
        const held = new Map<number, string>()
        let made = 0
        let most = 0
        for (const step of steps) {
          if (typeof step === "number") {
            expect(slots.get(step)).toBe(held.get(step))
            expect(slots.take(step)).toBe(held.get(step))
            held.delete(step)
          } else {
            const thing = `thing ${made++}`
            const at = slots.put(thing)
            expect(held.has(at)).toBe(false)
            held.set(at, thing)
            // No more numbers than things were held at a time.
            most = Math.max(most, held.size)
            expect(at).toBeLessThan(most)
          }
        }
        expect([...slots.takeAll()].sort()).toEqual([...held.values()].sort())
        expect(slots.takeAll()).toEqual([])
      })
    )
  })
})
