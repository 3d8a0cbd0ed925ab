import { randomBytes } from "node:crypto"
import { expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Option } from "effect"
import fc from "fast-check"
import { describe } from "vitest"
import { alone, threadOf } from "../../src/layers/threads/Protocol.ts"
import { Storage, type StorageShape } from "../../src/services/Storage.ts"
import { world } from "../helpers/Paths.ts"
import {
  directories,
  eventsOf,
  post,
  put,
  readText,
  scanned,
  session,
  temporary,
  threads,
  verdict
} from "../helpers/Storages.ts"

const mortal = new URL("../helpers/mortalThread.mjs", import.meta.url)

const using = <A, E>(data: string, use: (storage: StorageShape) => Effect.Effect<A, E>, entry?: URL) =>
  Effect.provide(Effect.flatMap(Storage, use), threads(data, entry))

describe("a thread that dies", () => {
  const ids = (rows: ReadonlyArray<{ readonly id: number }>) => rows.map(({ id }) => id)

  it.scoped.each(["throw", "exit", "reject"])("fails what it was asked, by %s, and is followed by another", (how) =>
    Effect.gen(function* () {
      const data = yield* temporary
      const ask = (storage: StorageShape, name: string) => storage.events(world(`home/${name}`), 0, 1)
      yield* using(
        data,
        (storage) =>
          Effect.gen(function* () {
            expect(ids(yield* ask(storage, "ok"))).toEqual([1])
            expect(ids(yield* ask(storage, "ok"))).toEqual([2])
            // Whatever thread it has, what waits there when it dies is not left without an answer.
            const waiting = yield* Effect.fork(
              Effect.all(
                ["a", "b", "c", "d"].map((n) => ask(storage, `${n}/silence`)),
                { concurrency: "unbounded", mode: "either" }
              )
            )
            yield* Effect.yieldNow()
            for (const n of ["a", "b", "c", "d"]) {
              expect((yield* Effect.flip(ask(storage, `${n}/${how}`)))._tag).toBe("StorageFailure")
            }
            const outcomes = yield* Fiber.join(waiting)
            expect(outcomes.map((outcome) => outcome._tag === "Left" && outcome.left._tag)).toEqual(
              Array(4).fill("StorageFailure")
            )
            expect(ids(yield* ask(storage, "ok"))).toEqual([1])
          }),
        mortal
      )
    })
  )

  it.scoped("a mistake in a thread is a mistake here, and nothing that could be handled", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(using(yield* temporary, (storage) => storage.head(world("home/defect")), mortal))
      expect(Exit.isFailure(exit) && Cause.isDie(exit.cause)).toBe(true)
    })
  )

  it.scoped("a storage whose threads cannot start says so", () =>
    Effect.gen(function* () {
      const absent = new URL("./absent.mjs", import.meta.url)
      expect((yield* Effect.flip(using(yield* temporary, (storage) => scanned(storage), absent)))._tag).toBe(
        "StorageFailure"
      )
    })
  )
})

describe("storage in threads", () => {
  const names = Array.from({ length: 20 }, (_, n) => `home/w${n}`)

  it.scoped("leaves what storage in one thread finds, and finds what that left", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* using(data, (storage) =>
        Effect.forEach(names, (name) => storage.execute(put(name, name)), { discard: true })
      )
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          expect((yield* scanned(storage)).map(({ name }) => name).sort()).toEqual([...names].sort())
          for (const name of names) {
            yield* storage.execute(post(name, "+"))
            expect(yield* verdict(storage, name)).toMatchObject({ events: 2, chain: { ok: true }, body: { ok: true } })
          }
        })
      )
      yield* using(data, (storage) =>
        Effect.gen(function* () {
          expect((yield* scanned(storage)).map(({ name, version }) => [name, version]).sort()).toEqual(
            names.map((name) => [name, 2]).sort()
          )
          for (const name of names) expect(yield* readText(storage, name)).toEqual(Option.some(`${name}+`))
        })
      )
      expect(directories(data)).toHaveLength(names.length)
    })
  )

  it.scoped("many writes at a time, over several worlds, all arrive once and in the order they were sent", () =>
    Effect.gen(function* () {
      yield* using(yield* temporary, (storage) =>
        Effect.gen(function* () {
          const writes = Array.from({ length: 200 }, (_, n) => [names[n % 7] as string, `${n};`] as const)
          yield* Effect.forEach(writes, ([name, text]) => storage.execute(post(name, text)), {
            concurrency: "unbounded",
            discard: true
          })
          for (const name of names.slice(0, 7)) {
            const mine = writes.filter(([of]) => of === name).map(([, text]) => text)
            expect(yield* readText(storage, name)).toEqual(Option.some(mine.join("")))
            expect((yield* eventsOf(storage, name)).length).toBe(mine.length)
          }
        })
      )
    })
  )

  it.scoped("bytes go there and back, whatever buffer they lie in, and the sender keeps its own", () =>
    Effect.gen(function* () {
      yield* using(yield* temporary, (storage) =>
        Effect.gen(function* () {
          for (const size of [0, 1, 200, 70_000, 3_000_000]) {
            const whole = randomBytes(size + 20)
            const part = whole.subarray(10, 10 + size)
            const before = Buffer.from(part)
            yield* storage.execute(put("home/x", part))
            expect(Buffer.from(part).equals(before)).toBe(true)
            const read = Option.getOrThrow(yield* storage.read(world("home/x")))
            expect(Buffer.from(read.body).equals(before)).toBe(true)
          }
        })
      )
    })
  )

  it.scoped("C5.5 signs with the server's key", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* using(data, (storage) => storage.execute(put("home/x", "1")))
      expect(yield* session(data, (storage) => verdict(storage, "home/x"))).toMatchObject({ chain: { ok: true } })
    })
  )
})

describe("threadOf", () => {
  it("names one of the threads, the same each time, and uses them all", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 64 }), (name, count) => {
        const thread = threadOf(name, count)
        expect(thread).toBe(threadOf(name, count))
        expect(Number.isInteger(thread) && thread >= 0 && thread < count).toBe(true)
      })
    )
    const threads = Array.from({ length: 1000 }, (_, n) => threadOf(`home/bench/${n}`, 4))
    for (const thread of [0, 1, 2, 3]) expect(threads.filter((of) => of === thread).length).toBeGreaterThan(150)
  })
})

describe("alone", () => {
  it("has the same bytes, and nothing beside them in its buffer", () => {
    const whole = Uint8Array.from({ length: 100 }, (_, n) => n)
    for (const bytes of [whole, whole.subarray(3, 50), whole.subarray(0, 0), Buffer.from("abc"), new Uint8Array(0)]) {
      const own = alone(bytes)
      expect([...own]).toEqual([...bytes])
      expect(own.buffer.byteLength).toBe(bytes.length)
    }
  })
})
