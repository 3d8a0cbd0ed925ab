import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { changed, type Property, type PropertyChange, sizeOf } from "../../src/domain/Property.ts"

const property = (name: string, xml = `<${name}/>`, namespace = "urn:x"): Property => ({ namespace, name, xml })
const set = (given: Property): PropertyChange => ({ _tag: "Set", ...given })
const remove = (name: string, namespace = "urn:x"): PropertyChange => ({ _tag: "Remove", namespace, name })

const changes = fc.array(
  fc
    .record({
      name: fc.constantFrom("a", "b"),
      namespace: fc.constantFrom("", "urn:x"),
      xml: fc.constantFrom("1", "2"),
      drop: fc.boolean()
    })
    .map(({ drop, ...given }) => (drop ? remove(given.name, given.namespace) : set(given)))
)

describe("RFC 4918 section 9.2 changes of properties", () => {
  it("are done in order: what is set again has the newer value", () => {
    expect(changed([property("a", "1")], [set(property("a", "2")), set(property("a", "3"))])).toEqual([
      property("a", "3")
    ])
  })

  it("removing what is not there changes nothing", () => {
    expect(changed([property("a")], [remove("b"), remove("a", "urn:y")])).toEqual([property("a")])
  })

  it("a name is its namespace too", () => {
    expect(changed([property("a", "1", "")], [set(property("a", "2"))])).toHaveLength(2)
  })

  it("leave what a Map by name would hold", () => {
    fc.assert(
      fc.property(changes, (changes) => {
        const model = new Map<string, string>()
        for (const change of changes) {
          if (change._tag === "Set") model.set(`${change.namespace} ${change.name}`, change.xml)
          else model.delete(`${change.namespace} ${change.name}`)
        }
        const after = changed([], changes)
        expect(new Map(after.map(({ name, namespace, xml }) => [`${namespace} ${name}`, xml]))).toEqual(model)
        expect(after).toHaveLength(model.size)
      })
    )
  })
})

it("what properties take is the length of all their parts", () => {
  expect(sizeOf([property("ab", "12345", "u"), property("c", "1", "")])).toBe(10)
})
