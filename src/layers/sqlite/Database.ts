import * as Reactivity from "@effect/experimental/Reactivity"
import type { SqlError } from "@effect/sql/SqlError"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { StorageFailure } from "../../domain/Errors.ts"

/**
 * One SQLite database through one connection, held from opening to closing. Whoever has it uses it alone (Handles.ts
 * sees to that), so nothing is acquired for a statement: they cost a fraction of what a shared client's would.
 */
export interface Database {
  readonly query: (sql: string, parameters?: ReadonlyArray<unknown>) => Effect.Effect<ReadonlyArray<unknown>, SqlError>
  /** all of `body` or nothing; a COMMIT that fails is rolled back and is a failure like any other */
  readonly transaction: <A, E, R>(body: Effect.Effect<A, E, R>) => Effect.Effect<A, E | SqlError, R>
  /** the file that the database is, or would be if it were one, with what the transaction under way has done */
  readonly contents: Effect.Effect<Uint8Array, unknown>
}

/** A database as a value that statements can be asked of, for SqlSchema. */
export const AnyDatabase: Schema.Schema<Database> = Schema.declare(
  (input: unknown): input is Database => typeof input === "object" && input !== null && "query" in input
)

/** Opens a database until the scope closes. */
export const open = (config: SqliteClient.SqliteClientConfig): Effect.Effect<Database, StorageFailure, Scope.Scope> =>
  Effect.gen(function* () {
    const client = yield* SqliteClient.make(config).pipe(
      Effect.provideServiceEffect(Reactivity.Reactivity, Reactivity.make)
    )
    const connection = yield* client.reserve
    const query: Database["query"] = (sql, parameters = []) => connection.execute(sql, parameters, undefined)
    return {
      query,
      contents: contentsOf(connection),
      transaction: <A, E, R>(body: Effect.Effect<A, E, R>) =>
        query("BEGIN IMMEDIATE").pipe(
          Effect.zipRight(
            Effect.onError(Effect.zipLeft(body, query("COMMIT")), () => Effect.ignore(query("ROLLBACK")))
          ),
          Effect.uninterruptible
        )
    }
  }).pipe(storageFailure("a database could not be opened"))

/** The client's connections can be exported, but the interface that they are handed out with does not say so. */
const contentsOf = (connection: object) =>
  "export" in connection && Effect.isEffect(connection.export)
    ? Effect.flatMap(
        // An exit of this process: what it needs and how it fails is known to nobody but the client.
        connection.export as Effect.Effect<unknown, unknown>,
        Schema.decodeUnknown(Schema.Uint8ArrayFromSelf)
      )
    : Effect.dieMessage("this client cannot export a database")

/** Whatever SQLite reports, as the one error that storage has. The cause is for the log. */
export const storageFailure =
  (message: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, StorageFailure, R> =>
    effect.pipe(
      Effect.catchAllDefect((cause) => Effect.fail(cause)),
      Effect.mapError((cause) => (cause instanceof StorageFailure ? cause : new StorageFailure({ message, cause })))
    )
