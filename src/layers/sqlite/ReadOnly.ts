import { existsSync } from "node:fs"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { compareBytes } from "../../domain/ByteOrder.ts"
import { directoryName, type WorldName, worldOfDirectory } from "../../domain/WorldPath.ts"
import type { StorageShape } from "../../services/Storage.ts"
import * as Database from "./Database.ts"
import { tableState } from "./Tables.ts"
import { readEventsIfAny, readForeign, readWorld } from "./WorldFile.ts"

const nothing = () => undefined

/** What there is to read in a database. */
const readers = { own: readWorld, foreign: readForeign, headless: nothing, empty: nothing, alien: nothing }

/** The worlds of a data directory, to look at and leave alone, whether a server runs on it or not. */
export const open = (data: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const file = (name: WorldName) => path.join(data, directoryName(name), "universe.db")
    const candidates = (yield* fs.readDirectory(data))
      .flatMap((directory) => (directory.startsWith(".") ? [] : (worldOfDirectory(directory) ?? [])))
      .sort(compareBytes)
    const names = candidates.filter((name) => existsSync(file(name)))

    const look = <A>(name: WorldName, read: (db: Database.Database) => A) =>
      Effect.scoped(Effect.map(Database.open(file(name), { readonly: true }), read))

    const worlds: Pick<StorageShape, "read" | "events"> = {
      // A creation that never committed is no world, nor is somebody else's database.
      read: (name) =>
        look(name, (db) => Option.fromNullable(readers[tableState(db)](db, name))).pipe(
          Database.storageFailure("the world cannot be read")
        ),
      events: (name, after, limit) =>
        look(name, (db) => readEventsIfAny(db, after, limit)).pipe(Database.storageFailure("the events cannot be read"))
    }
    return { names, ...worlds }
  }).pipe(Database.storageFailure(`the data directory ${data} cannot be read`))
