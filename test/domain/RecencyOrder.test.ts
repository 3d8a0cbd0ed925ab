import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import * as RecencyOrder from "../../src/domain/RecencyOrder.ts"

const names = ["a", "b", "c", "d", "e"]

describe("C13 the order of recency", () => {
  test("is that of a list to whose front every touched name moves", () => {
    const step = fc.record({ name: fc.constantFrom(...names), touches: fc.boolean() })
    fc.assert(
      fc.property(fc.subarray(names), fc.array(step, { maxLength: 60 }), (initial, steps) => {
        const order = RecencyOrder.make(initial)
        let model = [...initial].reverse()
        for (const { name, touches } of steps) {
          model = model.filter((other) => other !== name)
          if (touches) model.unshift(name)
          order[touches ? "touch" : "forget"](name)
          expect([...order.newestFirst()]).toEqual(model)
        }
      })
    )
  })

  test("stays right, and quick, when the same few are touched a million times", () => {
    const order = RecencyOrder.make(names)
    const started = performance.now()
    for (let i = 0; i < 1_000_000; i++) order.touch(names[i % 3] ?? "")
    expect([...order.newestFirst()]).toEqual(["a", "c", "b", "e", "d"])
    expect(performance.now() - started).toBeLessThan(5000)
  })
})
