import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { rowsJson, tooLarge, type Value } from "../../../src/layers/queries/RowsJson.ts"

const written = (columns: ReadonlyArray<string>, ...rows: ReadonlyArray<ReadonlyArray<Value>>) =>
  String(rowsJson(columns, rows, 1e6))
const one = (value: Value): unknown => JSON.parse(written(["v"], [value]))[0].v

describe("C11.3 values as JSON", () => {
  it.each<readonly [string, Value, unknown]>([
    ["null", null, null],
    ["an integer", 42n, 42],
    ["the largest integer that every reader keeps", 2n ** 53n - 1n, 2 ** 53 - 1],
    ["a larger one, as text", 2n ** 53n, "9007199254740992"],
    ["the smallest", -(2n ** 63n), "-9223372036854775808"],
    ["a fraction", 1.5, 1.5],
    ["infinity, as text", Number.POSITIVE_INFINITY, "Infinity"],
    ["its opposite", Number.NEGATIVE_INFINITY, "-Infinity"],
    ["text", 'größe "x"\n\u0000😀', 'größe "x"\n\u0000😀'],
    ["a blob that is text", Buffer.from("größe"), "größe"],
    ["an empty blob", new Uint8Array(0), ""],
    ["a blob that is none", Uint8Array.of(0xff, 0xfe), { blob: "//4=" }],
    ["a blob with a NUL", Uint8Array.of(0x61, 0), { blob: "YQA=" }]
  ])("%s", (_, value, expected) => {
    expect(one(value)).toEqual(expected)
  })

  it("any value comes out, and blobs come back whole", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "binary" }), fc.double({ noNaN: true }), fc.bigInt(), fc.uint8Array()),
        (value) => {
          const found = one(value)
          if (value instanceof Uint8Array && typeof found === "object") {
            expect(found).toEqual({ blob: Buffer.from(value).toString("base64") })
          } else if (value instanceof Uint8Array) expect(found).toBe(Buffer.from(value).toString("utf8"))
          else if (typeof value === "string") expect(found).toBe(value)
          else expect(String(found)).toBe(String(value === 0 ? 0 : value))
        }
      )
    )
  })
})

describe("C11.3 rows as JSON", () => {
  it("pretty, as everybody writes it", () => {
    const rows = [
      { a: 1, b: "x" },
      { a: null, b: { blob: "/w==" } }
    ]
    expect(written(["a", "b"], [1n, "x"], [null, Uint8Array.of(0xff)])).toBe(JSON.stringify(rows, null, 2))
    expect(written(["a"])).toBe("[]")
  })

  it("columns keep their order, also those that look like numbers", () => {
    expect(written(["b", "2", "a", "1"], [1n, 2n, 3n, 4n]).match(/"."/g)).toEqual(['"b"', '"2"', '"a"', '"1"'])
  })

  it.each([
    [
      ["a", "a", "b", "a"],
      ["a", "a:1", "b", "a:2"]
    ],
    [
      ["a:1", "a", "a"],
      ["a:1", "a", "a:2"]
    ],
    [
      ["", ""],
      ["", ":1"]
    ],
    [
      ["__proto__", "constructor"],
      ["__proto__", "constructor"]
    ],
    [
      ['"', "\n"],
      ['"', "\n"]
    ]
  ])("columns %j are %j", (columns, names) => {
    expect(
      Object.keys(
        JSON.parse(
          written(
            columns,
            columns.map(() => 1n)
          )
        )[0]
      )
    ).toEqual(names)
  })

  it("of columns that share a name none is lost", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", "b", "a:1", "a:2", "a:1:1"), { minLength: 1 }), (columns) => {
        const row = JSON.parse(
          written(
            columns,
            columns.map((_, i) => BigInt(i))
          )
        )[0]
        expect(Object.values(row)).toEqual(columns.map((_, i) => i))
      })
    )
  })
})

describe("C11.3 a result has an end", () => {
  const size = (...rows: ReadonlyArray<ReadonlyArray<Value>>) => Buffer.byteLength(written(["v"], ...rows))

  it.each<readonly [string, Value]>([
    ["text", "größe"],
    ["a blob", new Uint8Array(100).fill(255)],
    ["a number", 1n]
  ])("of so many bytes and no more: %s", (_, value) => {
    const limit = size([value], [value])
    expect(rowsJson(["v"], [[value], [value]], limit)).not.toBe(tooLarge)
    expect(rowsJson(["v"], [[value], [value]], limit - 2)).toBe(tooLarge)
  })

  it("and is not read to it", () => {
    function* endless() {
      for (;;) yield ["x".repeat(100)]
    }
    expect(rowsJson(["v"], endless(), 10_000)).toBe(tooLarge)
  })

  it("a value too long to be written is not written", () => {
    // Only its length can be asked for.
    const huge = new Proxy(new Uint8Array(0), { get: (_, key) => (key === "length" ? 1e12 : undefined) })
    expect(rowsJson(["v"], [[huge]], 1e6)).toBe(tooLarge)
  })
})
