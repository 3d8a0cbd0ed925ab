import { closeSync, ftruncateSync, openSync, readdirSync, statSync, truncateSync, writeSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { anonymous } from "../../../src/domain/Caller.ts"
import { MountTable } from "../../../src/services/MountTable.ts"
import { get, mounted, post } from "../../helpers/Mounts.ts"
import { tree } from "../../helpers/Trees.ts"

const MiB = 1024 * 1024
const GiB = 1024 * MiB

/** A file of many gigabytes that takes no room: nothing but a mark at its end. */
const sparse = (length: number): string => {
  const { root } = tree()
  const file = openSync(join(root, "big"), "w")
  ftruncateSync(file, length)
  writeSync(file, "end", length - 3)
  closeSync(file)
  return root
}

const over = (root: string) => Effect.provide(mounted(`${root} /mnt/work rw`))

/** What the process holds, in bytes. */
const held = () => {
  const { arrayBuffers, external, heapUsed } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}

const descriptors = () => readdirSync("/proc/self/fd").length

const reading = (headers: Record<string, string> = {}) =>
  Effect.flatMap(MountTable, (mounts) =>
    mounts.read({
      caller: anonymous,
      method: "GET",
      path: "work/big",
      slash: false,
      search: "",
      headers
    })
  )

describe("C11.2 files of any size", () => {
  it.live("are streamed: memory does not grow with them", () => {
    const length = GiB
    return Effect.gen(function* () {
      const { body, headers } = yield* reading()
      expect(headers["content-length"]).toBe(String(length))
      const before = held()
      let most = 0
      const read = yield* Stream.runFold(body as Stream.Stream<Uint8Array>, 0, (sum, part) => {
        most = Math.max(most, held() - before)
        return sum + part.length
      })
      expect(read).toBe(length)
      expect(most).toBeLessThan(256 * MiB)
    }).pipe(Effect.scoped, over(sparse(length)))
  })

  it.live("have parts beyond what 32 bits can count", () => {
    const length = 9 * GiB
    return Effect.gen(function* () {
      const last = yield* get("work/big", { headers: { range: "bytes=-3" } })
      expect([last.status, last.text]).toEqual([206, "end"])
      expect(last.headers["content-range"]).toBe(`bytes ${length - 3}-${length - 1}/${length}`)
      const middle = yield* get("work/big", { headers: { range: `bytes=${5 * GiB}-${5 * GiB + 1}` } })
      expect(middle.bytes).toEqual(Buffer.alloc(2))
    }).pipe(over(sparse(length)))
  })

  it.live("are read no further than somebody listens, and closed when the scope ends", () => {
    const root = sparse(GiB)
    return Effect.gen(function* () {
      const before = descriptors()
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { body } = yield* reading()
          yield* Stream.runDrain(Stream.take(body as Stream.Stream<Uint8Array>, 2))
          // The file, and nothing of the way to it.
          expect(descriptors()).toBe(before + 1)
        })
      )
      expect(descriptors()).toBe(before)
    }).pipe(over(root))
  })

  it.live("of which nothing is to be sent leave nothing open", () => {
    const root = sparse(GiB)
    return Effect.gen(function* () {
      const before = descriptors()
      yield* get("work/big", { method: "HEAD" })
      yield* Effect.flip(get("work/big", { headers: { "if-match": '"x"' } }))
      yield* Effect.flip(get("work/nothing"))
      yield* get("work")
      yield* post("work/other", "x")
      expect(descriptors()).toBe(before)
    }).pipe(over(root))
  })

  it.live("that become shorter while they are read fail, and do not end early", () => {
    const root = sparse(GiB)
    return Effect.gen(function* () {
      const { body } = yield* reading()
      let parts = 0
      const broken = yield* Effect.flip(
        Stream.runForEach(body as Stream.Stream<Uint8Array, { readonly _tag: string }>, () =>
          Effect.sync(() => {
            if (++parts === 2) truncateSync(join(root, "big"), 0)
          })
        )
      )
      expect(broken._tag).toBe("StorageFailure")
    }).pipe(Effect.scoped, over(root))
  })

  it.live("that grow while they are read are sent as long as they were", () => {
    const root = sparse(MiB)
    return Effect.gen(function* () {
      const { body } = yield* reading()
      truncateSync(join(root, "big"), 5 * MiB)
      const read = yield* Stream.runFold(body as Stream.Stream<Uint8Array>, 0, (sum, part) => sum + part.length)
      expect(read).toBe(MiB)
    }).pipe(Effect.scoped, over(root))
  })

  it.live("are written as they come: memory does not grow with them", () => {
    const { root } = tree()
    const part = Buffer.alloc(64 * 1024, "x")
    const count = 4096
    return Effect.gen(function* () {
      const before = held()
      let most = 0
      const body = Stream.map(Stream.rechunk(Stream.range(1, count), 1), () => {
        most = Math.max(most, held() - before)
        return part
      })
      expect(yield* post("work/big", body)).toMatchObject({ size: count * part.length })
      expect(statSync(join(root, "big")).size).toBe(count * part.length)
      expect(most).toBeLessThan(64 * MiB)
    }).pipe(over(root))
  })
})
