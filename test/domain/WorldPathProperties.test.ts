import { Either } from "effect"
import * as fc from "fast-check"
import { expect, it } from "vitest"
import {
  canonicalTarget,
  canonicalText,
  directoryName,
  isWithin,
  maxDirectoryName,
  urlPath,
  worldName,
  worldOfDirectory
} from "../../src/domain/WorldPath.ts"
import { anyPath, anySegment, anyTarget, anyWorld, naiveCanonical, path } from "../helpers/Paths.ts"

const canonical = (raw: string) => Either.getOrUndefined(canonicalTarget(raw))

it("C1.2 agrees with the clauses read one by one, on targets made of mean pieces", () => {
  fc.assert(
    fc.property(anyTarget, (raw) => {
      expect(canonical(raw)).toEqual(naiveCanonical(raw))
    }),
    { numRuns: 5000 }
  )
})

it("C1.2 agrees with them on any Latin-1 text", () => {
  const latin1 = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 12 })
  fc.assert(
    fc.property(latin1, (codes) => {
      const raw = `/${String.fromCharCode(...codes)}`
      expect(canonical(raw)).toEqual(naiveCanonical(raw))
    }),
    { numRuns: 3000 }
  )
})

it("C1.2 agrees with them on plain ASCII, where the fast path answers", () => {
  const plain = fc.stringOf(fc.constantFrom(..."abZ09._~@$&'()+,;=!-///"), { maxLength: 16 })
  fc.assert(
    fc.property(plain, (text) => {
      expect(canonical(`/${text}`)).toEqual(naiveCanonical(`/${text}`))
    }),
    { numRuns: 3000 }
  )
})

it("C1.4 a directory is a world's exactly when the world's directory is that one, plain or not", () => {
  const pieces = ["home", "lib", "proc", "%2F", "%2F", "%2F", "%25", "%2f", ".", "a", "B-9", "state", " ", "é", "*"]
  const directory = fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join(""))
  fc.assert(
    fc.property(fc.oneof(directory, anyWorld.map(directoryName)), (directory) => {
      const text = directory.replaceAll("%2F", "/").replaceAll("%25", "%")
      const read = Either.getOrUndefined(Either.flatMap(canonicalText(text), ({ path }) => worldName(path)))
      const expected = read !== undefined && directoryName(read) === directory ? read : undefined
      expect(worldOfDirectory(directory)).toBe(expected)
    }),
    { numRuns: 3000 }
  )
})

it("C1.2 canonicalisation is idempotent", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const once = Either.getOrUndefined(canonicalText(text))
      fc.pre(once !== undefined)
      expect(Either.getOrUndefined(canonicalText(once.path))?.path).toBe(once.path)
    })
  )
})

it("C1.2 the URL of a canonical path leads back to it", () => {
  fc.assert(
    fc.property(anyPath, fc.boolean(), (name, slash) => {
      expect(canonical(urlPath(name) + (slash ? "/" : ""))).toEqual({ path: name, slash })
    })
  )
})

it("C1.2 percent-encoding any byte of a target does not change what it names", () => {
  fc.assert(
    fc.property(anyPath, fc.array(fc.boolean(), { minLength: 64, maxLength: 64 }), (name, choices) => {
      const raw = [...Buffer.from(name)].map((byte, i) =>
        choices[i % 64] || byte === 37 ? `%${byte.toString(16).padStart(2, "0")}` : String.fromCharCode(byte)
      )
      expect(canonical(`/${raw.join("")}`)?.path).toBe(name)
    })
  )
})

it("C1.4 the directory of a world is its own: worldOfDirectory is the inverse", () => {
  fc.assert(
    fc.property(anyWorld, (name) => {
      expect(directoryName(name)).not.toContain("/")
      expect(worldOfDirectory(directoryName(name))).toBe(name)
    })
  )
})

it("C1.4 a directory that is a world's is the very directory that the world has", () => {
  const pieces = fc.array(fc.constantFrom("home", "%2F", "%25", "%2f", "%", "a", "é", ".", "state"), {
    maxLength: 7
  })
  fc.assert(
    fc.property(pieces, (parts) => {
      const directory = `home%2F${parts.join("")}`
      const name = worldOfDirectory(directory)
      if (name !== undefined) expect(directoryName(name)).toBe(directory)
    })
  )
})

it("C1.4 different paths have different directories", () => {
  const nasty = fc.stringOf(fc.constantFrom("%", "2", "5", "F", "/a", "a"), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(nasty, nasty, (a, b) => {
      const [one, other] = [path(`home/a${a}`), path(`home/a${b}`)]
      expect(directoryName(one) === directoryName(other)).toBe(one === other)
    })
  )
})

it("C1.3 a name is accepted exactly when its directory name has at most 255 bytes", () => {
  const long = fc.array(fc.constantFrom("a", "%", "é", "中", "😀", "b/"), { minLength: 55, maxLength: 130 })
  fc.assert(
    fc.property(long, (parts) => {
      const name = path(`home/${parts.join("")}z`)
      const fits = Buffer.byteLength(name.replaceAll("%", "%25").replaceAll("/", "%2F")) <= maxDirectoryName
      expect(Either.isRight(worldName(name))).toBe(fits)
    })
  )
})

it("C7.4 isWithin compares whole segments", () => {
  fc.assert(
    fc.property(fc.array(anySegment, { maxLength: 4 }), fc.array(anySegment, { maxLength: 3 }), (a, b) => {
      const prefixed = b.length <= a.length && b.every((segment, i) => segment === a[i])
      expect(isWithin(a.join("/"), b.join("/"))).toBe(prefixed)
      expect(isWithin([...b, ...a].join("/"), b.join("/"))).toBe(true)
      if (b.length > 0) expect(isWithin(`${b.join("/")}x`, b.join("/"))).toBe(false)
    })
  )
})
