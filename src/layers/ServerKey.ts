import { randomBytes } from "node:crypto"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { StorageFailure } from "../domain/Errors.ts"
import { AppConfig } from "../services/AppConfig.ts"
import { EventChain } from "../services/EventChain.ts"
import { storageFailure } from "./sqlite/Database.ts"

/** The server's one key, in bytes: for the chain, wherever it is computed. */
export class ServerKey extends Context.Tag("elastik/ServerKey")<ServerKey, Uint8Array>() {}

/** The key in bytes: ELASTIK_KEY as it is, else the one kept in the data directory (C5.5). */
const read = Effect.gen(function* () {
  const { data, key } = yield* AppConfig
  if (Option.isSome(key)) return Option.some<Uint8Array>(Buffer.from(Redacted.value(key.value), "utf8"))
  const fs = yield* FileSystem.FileSystem
  const file = (yield* Path.Path).join(data, ".key")
  if (!(yield* fs.exists(file))) return Option.none()
  const hex = (yield* fs.readFileString(file)).trim()
  if (!/^(?:[0-9a-f]{2}){16,}$/i.test(hex)) {
    return yield* new StorageFailure({ message: ".key does not hold a key", cause: "too short, or not hex" })
  }
  return Option.some<Uint8Array>(Buffer.from(hex, "hex"))
}).pipe(storageFailure("the key cannot be read"))

/** Makes a key and keeps it where only this user can read it. */
const create = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const { data } = yield* AppConfig
  const key = randomBytes(32)
  yield* fs.makeDirectory(data, { recursive: true })
  const path = yield* Path.Path
  const draft = path.join(data, `.key.${randomBytes(6).toString("hex")}`)
  yield* Effect.scoped(
    Effect.gen(function* () {
      const file = yield* fs.open(draft, { flag: "wx", mode: 0o600 })
      yield* file.writeAll(new TextEncoder().encode(`${key.toString("hex")}\n`))
      yield* file.sync
    })
  )
  // A link appears whole or not at all, and never replaces a key that somebody else made meanwhile.
  yield* fs.link(draft, path.join(data, ".key")).pipe(Effect.ensuring(Effect.ignore(fs.remove(draft))))
  return key
}).pipe(storageFailure("the key cannot be kept"))

/** A key, and the chain under it. */
const both = (key: Uint8Array) => Layer.merge(Layer.succeed(ServerKey, key), EventChain.layer(key))

/** The server's key, which is made at the first start. */
export const layer = Layer.unwrapEffect(
  Effect.map(
    Effect.flatMap(read, Option.match({ onNone: () => create, onSome: (key) => Effect.succeed<Uint8Array>(key) })),
    both
  )
)

/** The key that exists; for commands that look at a data directory and leave it alone. */
export const layerExisting = Layer.unwrapEffect(
  Effect.map(
    Effect.flatMap(
      read,
      Option.match({
        onNone: () =>
          new StorageFailure({
            message: "there is no key: set ELASTIK_KEY, or name the data directory",
            cause: "absent"
          }),
        onSome: Effect.succeed
      })
    ),
    both
  )
)
