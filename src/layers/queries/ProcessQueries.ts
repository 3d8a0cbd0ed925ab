import { resolve } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import {
  BadRequest,
  Forbidden,
  Overloaded,
  ResourceNotFound,
  StorageFailure,
  WorldNotFound
} from "../../domain/Errors.ts"
import { type ReadStatement, readStatement } from "../../domain/ReadStatement.ts"
import { directoryName, type WorldName } from "../../domain/WorldPath.ts"
import { AppConfig } from "../../services/AppConfig.ts"
import { Catalog } from "../../services/Catalog.ts"
import { Queries, type QueryError } from "../../services/Queries.ts"
import { Storage } from "../../services/Storage.ts"
import * as Processes from "./Processes.ts"
import type { Failed } from "./Protocol.ts"

/** Queries in processes of their own, which can be stopped at any moment. `entry` is the compiled QueryProcess. */
export const layer = (entry: URL): Layer.Layer<Queries, never, AppConfig | Catalog | Storage> =>
  Layer.scoped(
    Queries,
    Effect.gen(function* () {
      const { data } = yield* AppConfig
      const catalog = yield* Catalog
      const storage = yield* Storage
      const scope = yield* Effect.scope
      const processes = yield* Processes.make(entry)

      const query = (file: string, path: string, { pragma, sql }: ReadStatement): Effect.Effect<string, QueryError> =>
        Effect.flatMap(processes.run({ file: resolve(file), sql, pragma }), (reply) =>
          reply._tag === "Rows" ? Effect.succeed(reply.json) : Effect.fail(errorOf(reply, path))
        )

      /**
       * Held open by the storage, before and after: then log and index of the database are the storage's own, and if it
       * closed the world while the query still read, they find their owner again.
       */
      const queryWorld = (name: WorldName, statement: ReadStatement): Effect.Effect<string, QueryError> =>
        Effect.gen(function* () {
          if (catalog.get(name) === undefined || Option.isNone(yield* storage.head(name)))
            return yield* WorldNotFound.at(name)
          const file = resolve(data, directoryName(name), "universe.db")
          return yield* Effect.ensuring(
            query(file, `/${name}`, statement),
            Effect.forkIn(Effect.uninterruptible(Effect.ignoreLogged(storage.head(name))), scope)
          )
        })

      return {
        run: (source, sql) =>
          Effect.flatMap(readStatement(sql), (statement) =>
            source._tag === "World" ? queryWorld(source.name, statement) : query(source.file, source.path, statement)
          )
      }
    })
  )

const errorOf = ({ _tag, message }: Failed, path: string): QueryError => {
  switch (_tag) {
    case "Refused":
      return new Forbidden({ message })
    case "Wrong":
      return new BadRequest({ message })
    case "Absent":
      return new ResourceNotFound({ message: `there is no file at ${path}`, path })
    case "Busy":
      return new Overloaded({ message, retryAfter: 1 })
    case "Broken":
      return new StorageFailure({ message: "the database could not be read", cause: message })
  }
}
