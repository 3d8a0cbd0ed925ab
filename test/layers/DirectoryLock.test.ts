import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { NodeContext } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import * as DirectoryLock from "../../src/layers/DirectoryLock.ts"
import { directories, temporary } from "../helpers/Storages.ts"

const acquire = (data: string) => Effect.provide(DirectoryLock.acquire(data), NodeContext.layer)

it.scoped("C17 a second server on the same directory refuses, and says why", () =>
  Effect.gen(function* () {
    const data = yield* temporary
    yield* acquire(data)
    const error = yield* Effect.flip(Effect.scoped(acquire(data)))
    expect(error._tag).toBe("StorageFailure")
    expect(error.message).toContain(data)
    expect(error.message).toContain("in use")
  })
)

it.scoped("C17 the refused one does not break the lock of the first", () =>
  Effect.gen(function* () {
    const data = yield* temporary
    yield* acquire(data)
    for (let i = 0; i < 3; i++) expect(Exit.isFailure(yield* Effect.exit(Effect.scoped(acquire(data))))).toBe(true)
  })
)

it.scoped("C17 the directory is free when the scope has closed", () =>
  Effect.gen(function* () {
    const data = yield* temporary
    for (let i = 0; i < 3; i++) yield* Effect.scoped(acquire(data))
    yield* acquire(data)
  })
)

it.scoped("C17 other directories are not concerned", () =>
  Effect.gen(function* () {
    yield* acquire(yield* temporary)
    yield* acquire(yield* temporary)
  })
)

it.scoped("C1.4 the lock makes the directory, and hides behind a dot", () =>
  Effect.gen(function* () {
    const data = join(yield* temporary, "new", "data")
    yield* acquire(data)
    expect(directories(data)).toEqual([])
  })
)

it.scoped("C17 a directory that cannot be made is not blamed on another server", () =>
  Effect.gen(function* () {
    const file = join(yield* temporary, "file")
    writeFileSync(file, "")
    const error = yield* Effect.flip(acquire(file))
    expect(error.message).not.toContain("another server")
  })
)
