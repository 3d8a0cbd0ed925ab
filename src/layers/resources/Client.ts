import * as Reactivity from "@effect/experimental/Reactivity"
import type { SqlError } from "@effect/sql/SqlError"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { StorageFailure } from "../../domain/Errors.ts"
import { storageFailure } from "../sqlite/Database.ts"

/**
 * A SQLite database beside the worlds, through one connection, held from opening to closing. Whoever has it uses it alone,
 * so nothing is acquired for a statement.
 */
export interface Client {
  readonly query: (sql: string, parameters?: ReadonlyArray<unknown>) => Effect.Effect<ReadonlyArray<unknown>, SqlError>
  /** all of `body` or nothing; a COMMIT that fails is rolled back and is a failure like any other */
  readonly transaction: <A, E, R>(body: Effect.Effect<A, E, R>) => Effect.Effect<A, E | SqlError, R>
}

/** Opens a database until the scope closes. */
export const open = (config: SqliteClient.SqliteClientConfig): Effect.Effect<Client, StorageFailure, Scope.Scope> =>
  Effect.gen(function* () {
    const client = yield* SqliteClient.make(config).pipe(
      Effect.provideServiceEffect(Reactivity.Reactivity, Reactivity.make)
    )
    const connection = yield* client.reserve
    const query: Client["query"] = (sql, parameters = []) => connection.execute(sql, parameters, undefined)
    return {
      query,
      transaction: <A, E, R>(body: Effect.Effect<A, E, R>) =>
        query("BEGIN IMMEDIATE").pipe(
          Effect.zipRight(
            Effect.onError(Effect.zipLeft(body, query("COMMIT")), () => Effect.ignore(query("ROLLBACK")))
          ),
          Effect.uninterruptible
        )
    }
  }).pipe(storageFailure("a database could not be opened"))
