import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Storage } from "../../src/services/Storage.ts"
import { databaseOf, names, put, session, temporary, threads } from "../helpers/Storages.ts"

/** A file that the system does not open, for whoever asks. */
const lock = (file: string) => {
  renameSync(file, `${file}.away`)
  symlinkSync(file, file)
}

const found = (data: string) =>
  session(data, (storage) => Effect.all([names(storage), Effect.map(storage.unread, (unread) => [...unread].sort())]))

describe("C1.4 what a start finds and cannot read is told apart from what is not there", () => {
  it.scoped("a damaged world, one that cannot be opened", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) =>
        Effect.forEach(["home/a", "home/damaged", "home/closed"], (name) => storage.execute(put(name)))
      )
      writeFileSync(databaseOf(data, "home/damaged"), "this is no database")
      lock(databaseOf(data, "home/closed"))
      writeFileSync(join(data, "home%2Ffile"), "a file where a directory should be")
      mkdirSync(join(data, "home%2Fempty"))
      expect(yield* found(data)).toEqual([["home/a"], ["home/closed", "home/damaged"]])
    })
  )

  it.scoped("what is configuration stops the start, as the machine would be more open without it", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) => storage.execute(put("etc/private", "/home")))
      lock(databaseOf(data, "etc/private"))
      expect(yield* Effect.flip(found(data))).toMatchObject({
        _tag: "StorageFailure",
        message: "/etc/private cannot be read"
      })
    })
  )

  it.scoped("storage in threads tells the same", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      yield* session(data, (storage) => Effect.forEach(["home/a", "home/b"], (name) => storage.execute(put(name))))
      for (const name of ["home/a", "home/b"]) writeFileSync(databaseOf(data, name), "this is no database")
      yield* Effect.gen(function* () {
        const storage = yield* Storage
        expect([yield* names(storage), [...(yield* storage.unread)].sort()]).toEqual([[], ["home/a", "home/b"]])
      }).pipe(Effect.provide(Layer.orDie(threads(data))))
    })
  )
})
