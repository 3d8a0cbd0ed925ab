import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { StorageFailure } from "../../domain/Errors.ts"

/**
 * The database of one world, through one connection. SQLite has done what it is asked when it returns, and so has this:
 * as an effect, a statement would cost several times what it takes. What goes wrong is thrown, and becomes the one error
 * that storage has where effects begin (`storageFailure`).
 */
export interface Database {
  /** the rows of a statement; none if it only changes something */
  readonly query: (sql: string, parameters?: ReadonlyArray<unknown>) => ReadonlyArray<unknown>
  /** keeps what `body` has done if it is right, and nothing of it otherwise */
  readonly transaction: <A, E>(body: () => Either.Either<A, E>) => Either.Either<A, E>
  /** the file that the database is, or would be if it were one, with what the transaction under way has done */
  readonly contents: () => Uint8Array
}

/** Opens a database until the scope closes. */
export const open = (
  filename: string,
  options: Pick<Sqlite.Options, "readonly"> = {}
): Effect.Effect<Database, StorageFailure, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => new Sqlite(filename, options)),
    (db) => Effect.sync(() => db.close())
  ).pipe(Effect.map(make), storageFailure("a database could not be opened"))

const make = (db: Sqlite.Database): Database => {
  const prepared = new Map<string, Sqlite.Statement>()

  const prepare = (sql: string): Sqlite.Statement => {
    const statement = db.prepare(sql)
    prepared.set(sql, statement)
    return statement
  }

  const query: Database["query"] = (sql, parameters = []) => {
    const statement = prepared.get(sql) ?? prepare(sql)
    if (statement.reader) return statement.all(...parameters)
    statement.run(...parameters)
    return []
  }

  const transaction: Database["transaction"] = (body) => {
    query("BEGIN IMMEDIATE")
    try {
      const result = body()
      query(Either.isRight(result) ? "COMMIT" : "ROLLBACK")
      return result
    } catch (error) {
      // Some errors have ended it already.
      if (db.inTransaction) query("ROLLBACK")
      throw error
    }
  }

  return { query, transaction, contents: () => db.serialize() }
}

/** The first of some rows, if there is one; one that is not as `schema` says is thrown. */
export const first = <A, I>(schema: Schema.Schema<A, I>) => {
  const decode = Schema.decodeUnknownSync(schema)
  return ([row]: ReadonlyArray<unknown>): A | undefined => (row === undefined ? undefined : decode(row))
}

/** All rows, likewise. */
export const all = <A, I>(schema: Schema.Schema<A, I>) => Schema.decodeUnknownSync(Schema.Array(schema))

/** What can be refused, and can fail besides, as an effect: what it throws is a StorageFailure that says `message`. */
export const attempt = <A, E>(message: string, work: () => Either.Either<A, E>): Effect.Effect<A, E | StorageFailure> =>
  Effect.suspend((): Effect.Effect<A, E | StorageFailure> => {
    try {
      return work()
    } catch (cause) {
      return new StorageFailure({ message, cause })
    }
  })

/** Whatever SQLite reports, as the one error that storage has. The cause is for the log. */
export const storageFailure =
  (message: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, StorageFailure, R> =>
    effect.pipe(
      Effect.catchAllDefect((cause) => Effect.fail(cause)),
      Effect.mapError((cause) => (cause instanceof StorageFailure ? cause : new StorageFailure({ message, cause })))
    )
