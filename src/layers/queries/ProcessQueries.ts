import { join, resolve } from "node:path"
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

/** How often a world may change while a statement fails on it, before that is the statement's own failure. */
const attempts = 3

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

      const query = (file: string, { pragma, sql }: ReadStatement) =>
        processes.run({ file: resolve(file), sql, pragma })

      /**
       * Held open by the storage, before and after: then log and index of the database are the storage's own, and if it
       * closed the world while the query still read, they find their owner again.
       */
      const queryWorld = (name: WorldName, statement: ReadStatement, attempt = 1): Effect.Effect<string, QueryError> =>
        Effect.gen(function* () {
          const before = catalog.get(name) === undefined ? Option.none() : yield* storage.head(name)
          if (Option.isNone(before)) return yield* WorldNotFound.at(name)
          const reply = yield* Effect.ensuring(
            query(join(data, directoryName(name), "universe.db"), statement),
            Effect.forkIn(Effect.uninterruptible(Effect.ignoreLogged(storage.head(name))), scope)
          )
          if (reply._tag === "Rows") return reply.json
          // What goes wrong when a world is deleted or replaced while it is read is nobody's mistake.
          const after = yield* storage.head(name)
          if (Option.isNone(after)) return yield* WorldNotFound.at(name)
          const same = after.value.tag === before.value.tag
          return yield* same || attempt === attempts
            ? Effect.fail(errorOf(reply, `/${name}`))
            : queryWorld(name, statement, attempt + 1)
        })

      const queryFile = (file: string, path: string, statement: ReadStatement): Effect.Effect<string, QueryError> =>
        Effect.flatMap(query(file, statement), (reply) =>
          reply._tag === "Rows" ? Effect.succeed(reply.json) : Effect.fail(errorOf(reply, path))
        )

      return {
        run: (source, sql) =>
          Effect.flatMap(readStatement(sql), (statement) =>
            source._tag === "World"
              ? queryWorld(source.name, statement)
              : queryFile(source.file, source.path, statement)
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
