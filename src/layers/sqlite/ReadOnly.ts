import * as Reactivity from "@effect/experimental/Reactivity"
import { FileSystem, Path } from "@effect/platform"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import { Effect } from "effect"
import { compareBytes } from "../../domain/ByteOrder.ts"
import { directoryName, type WorldName, worldOfDirectory } from "../../domain/WorldPath.ts"
import type { StorageShape } from "../../services/Storage.ts"
import { storageFailure } from "./Handles.ts"
import { readEvents, readWorld } from "./WorldFile.ts"

/** The worlds of a data directory, to look at and leave alone, whether a server runs on it or not. */
export const open = (data: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const reactivity = yield* Reactivity.make
    const names = (yield* fs.readDirectory(data))
      .flatMap((directory) => (directory.startsWith(".") ? [] : (worldOfDirectory(directory) ?? [])))
      .sort(compareBytes)

    const connect = (name: WorldName) =>
      SqliteClient.make({
        filename: path.join(data, directoryName(name), "universe.db"),
        readonly: true,
        disableWAL: true
      }).pipe(Effect.provideService(Reactivity.Reactivity, reactivity))

    const worlds: Pick<StorageShape, "read" | "events"> = {
      read: (name) =>
        Effect.scoped(Effect.flatMap(connect(name), (sql) => readWorld(sql, name))).pipe(
          storageFailure("the world cannot be read")
        ),
      events: (name, after, limit) =>
        Effect.scoped(Effect.flatMap(connect(name), (sql) => readEvents(sql, after, limit))).pipe(
          storageFailure("the events cannot be read")
        )
    }
    return { names, ...worlds }
  }).pipe(storageFailure(`the data directory ${data} cannot be read`))
