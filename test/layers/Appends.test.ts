import { describe, expect, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import * as fc from "fast-check"
import { digestsOf } from "../../src/layers/sqlite/Digests.ts"
import { Storage, type StorageShape } from "../../src/services/Storage.ts"
import { minimal, place } from "../helpers/ForeignWorld.ts"
import { world } from "../helpers/Paths.ts"
import { chain, databaseOf, memory, post, put, session, temporary, verdict, withDatabase } from "../helpers/Storages.ts"

const name = world("home/x")
const append = (storage: StorageShape, body: Uint8Array) => storage.execute({ ...post("home/x", ""), body })

/** The body, and whether all that is said of it is so. */
const bodyOf = (storage: StorageShape) =>
  Effect.map(storage.read(name), (found) => {
    const { body, jsonLength, len, sha256 } = Option.getOrThrow(found)
    expect({ len, sha256, jsonLength }).toEqual({ len: body.length, ...digestsOf(body) })
    return Buffer.from(body)
  })

const someBytes = fc.oneof(
  fc.uint8Array({ maxLength: 8 }),
  fc.constantFrom("é", "中\0", "😀", "\0", "").map((text) => Buffer.from(text)),
  fc.constantFrom([0xc3], [0xa9], [0, 0xff]).map((bytes) => Uint8Array.from(bytes))
)

describe("C4.2 what is appended", () => {
  it("stands behind what was there, byte for byte, and so do their digests", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ op: fc.constantFrom("put", "post", "post", "refused"), bytes: someBytes }), {
          minLength: 1,
          maxLength: 12
        }),
        (steps) =>
          Effect.gen(function* () {
            const storage = yield* Storage
            let expected: Buffer = Buffer.alloc(0)
            yield* storage.execute(put("home/x"))
            for (const { bytes, op } of steps) {
              if (op === "refused") {
                const conditions = { ifMatch: '"stale"' }
                yield* Effect.flip(storage.execute({ ...post("home/x", "", { conditions }), body: bytes }))
              } else if (op === "put") yield* storage.execute(put("home/x", bytes))
              else yield* append(storage, bytes)
              if (op !== "refused") expected = op === "put" ? Buffer.from(bytes) : Buffer.concat([expected, bytes])
              expect(yield* bodyOf(storage)).toEqual(expected)
            }
          }).pipe(Effect.provide(memory), Effect.provide(chain), Effect.runPromise)
      ),
      { numRuns: 60 }
    ))

  it.scoped.each<readonly [string, string, Buffer]>([
    ["text", "'by hand'", Buffer.from("by hand")],
    ["bytes", "x'00ff'", Buffer.from([0, 0xff])],
    ["nothing", "NULL", Buffer.alloc(0)]
  ])("also behind %s that somebody has put there by hand meanwhile", ([, literal, edited]) =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          yield* storage.execute(put("home/x", "a"))
          yield* append(storage, Buffer.from("b"))
          yield* withDatabase(databaseOf(data, "home/x"), (db) => {
            db.exec(`UPDATE stage_meta SET stage_html = ${literal}`)
          })
          for (const more of ["c", "d"]) yield* append(storage, Buffer.from(more))
          expect(yield* bodyOf(storage)).toEqual(Buffer.concat([edited, Buffer.from("cd")]))
          expect(yield* verdict(storage, "home/x")).toMatchObject({ chain: { ok: true }, body: { ok: true } })
        })
      )
    })
  )

  it.scoped.each(["UTF-8", "UTF-16le", "UTF-16be"])("also in a database whose texts are %s", (encoding) =>
    Effect.gen(function* () {
      const data = yield* temporary
      const bytes = [[0, 255, 195], [169], [], [1, 2]].map((values) => Buffer.from(values))
      yield* place(data, "home/x", (db) => {
        db.pragma(`encoding = '${encoding}'`)
        minimal(bytes[0] as Buffer)(db)
      })
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          for (const more of bytes.slice(1)) yield* append(storage, more)
          expect(yield* bodyOf(storage)).toEqual(Buffer.concat(bytes))
        })
      )
    })
  )
})
