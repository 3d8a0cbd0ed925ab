import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { AppConfig } from "../services/AppConfig.ts"

/**
 * Makes the data directory, with those above it, or says in a line of its own why it cannot be (C17). One directory at a
 * time: where a file system takes none, as below /proc, node's own way of making them all tries for ever.
 */
export const ensure: Effect.Effect<void, ConfigError.ConfigError, AppConfig | FileSystem.FileSystem | Path.Path> =
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const { data } = yield* AppConfig

    const make = (directory: string): Effect.Effect<void, PlatformError> =>
      Effect.gen(function* () {
        if (yield* fs.exists(directory)) return
        const parent = path.dirname(directory)
        if (parent !== directory) yield* make(parent)
        yield* Effect.catchIf(fs.makeDirectory(directory), isThere, () => Effect.void)
      })

    yield* Effect.mapError(make(path.resolve(data)), (error) => bad(`${data} cannot be made: ${reasonOf(error)}`))
    const info = yield* Effect.mapError(fs.stat(data), (error) => bad(`${data} cannot be used: ${reasonOf(error)}`))
    if (info.type !== "Directory") return yield* Effect.fail(bad(`wants a directory, and ${data} is none`))
  })

/** The same, for whoever is built on it. */
export const layer = Layer.effectDiscard(ensure)

/** Somebody else was faster, or something else is in its place: what it is will be looked at. */
const isThere = (error: PlatformError): boolean => error._tag === "SystemError" && error.reason === "AlreadyExists"

const bad = (message: string): ConfigError.ConfigError => ConfigError.InvalidData(["ELASTIK_DATA"], message)

const reasons: Readonly<Record<string, string>> = {
  PermissionDenied: "permission denied",
  NotFound: "its file system takes no directory there"
}

const reasonOf = (error: PlatformError): string =>
  error._tag === "SystemError" ? (reasons[error.reason] ?? error.description ?? error.reason) : error.message
