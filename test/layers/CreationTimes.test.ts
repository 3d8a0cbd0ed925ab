import { existsSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "@effect/vitest"
import { Effect, Option, TestClock } from "effect"
import { describe } from "vitest"
import type { StorageShape } from "../../src/services/Storage.ts"
import { world } from "../helpers/Paths.ts"
import {
  databaseOf,
  post,
  put,
  remove,
  scanned,
  session,
  setState,
  temporary,
  withDatabase
} from "../helpers/Storages.ts"

const known = (storage: StorageShape, name: string) =>
  Effect.gen(function* () {
    const head = Option.getOrUndefined(yield* storage.head(world(name)))
    const entry = (yield* scanned(storage)).find((entry) => entry.name === name)
    return [head?.createdAt, entry?.createdAt, head?.updatedAt]
  })

describe("C15 a world was created when its first event was", () => {
  it.scoped("whatever is written since, and by every receipt", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* TestClock.setTime(1000)
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          yield* storage.execute(put("lib/x", "x"))
          for (const command of [put("lib/x", "y"), post("lib/x", "z"), setState("lib/x", "active")]) {
            yield* TestClock.adjust(1000)
            expect((yield* storage.execute(command)).createdAt).toBe(1000)
          }
          expect(yield* known(storage, "lib/x")).toEqual([1000, 1000, 3000])
        })
      )
    })
  )

  it.scoped("also after a restart, by its notes as without them", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* TestClock.setTime(1000)
      yield* session(data, (storage) => storage.execute(put("home/x", "x")))
      yield* TestClock.setTime(5000)
      yield* session(data, (storage) => storage.execute(put("home/x", "y")))
      expect(existsSync(join(data, ".catalog.db"))).toBe(true)
      expect(yield* session(data, (storage) => known(storage, "home/x"))).toEqual([1000, 1000, 5000])
    })
  )

  it.scoped("a world that is made again begins anew", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* TestClock.setTime(1000)
      yield* session(data, (storage) =>
        Effect.gen(function* () {
          yield* storage.execute(put("home/x", "x"))
          yield* storage.execute(remove("home/x"))
          yield* TestClock.setTime(5000)
          yield* storage.execute(put("home/x", "y"))
          expect(yield* known(storage, "home/x")).toEqual([5000, 5000, 5000])
        })
      )
    })
  )

  it.scoped("one without events was created when it was last written", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* TestClock.setTime(1000)
      yield* session(data, (storage) => storage.execute(put("home/x", "x")))
      yield* withDatabase(databaseOf(data, "home/x"), (db) => db.exec("DELETE FROM events"))
      expect(yield* session(data, (storage) => known(storage, "home/x"))).toEqual([1000, 1000, 1000])
    })
  )

  it.scoped("notes of an earlier version are only lost", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* TestClock.setTime(1000)
      yield* session(data, (storage) => storage.execute(put("home/x", "x")))
      yield* withDatabase(join(data, ".catalog.db"), (db) =>
        db.exec(
          "DROP TABLE entries; CREATE TABLE notes (name TEXT PRIMARY KEY, stamp TEXT); INSERT INTO notes VALUES ('home/x', '')"
        )
      )
      expect(yield* session(data, (storage) => known(storage, "home/x"))).toEqual([1000, 1000, 1000])
    })
  )
})
