import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type {
  BadRequest,
  BodyTooLarge,
  Forbidden,
  Overloaded,
  ResourceNotFound,
  StorageFailure,
  TimedOut,
  WorldNotFound
} from "../domain/Errors.ts"
import type { WorldName } from "../domain/WorldPath.ts"

/** What a statement is run against: a world's own database, or a SQLite file on this host. */
export type QuerySource =
  | { readonly _tag: "World"; readonly name: WorldName }
  | {
      readonly _tag: "File"
      readonly file: string
      /** what the caller calls it; messages name it so */
      readonly path: string
    }

/**
 * Forbidden: what writes, or is no query. BadRequest: what SQLite does not accept, and a file that it cannot read.
 * Overloaded: too many wait, or another program has the file locked.
 */
export type QueryError =
  | BadRequest
  | BodyTooLarge
  | Forbidden
  | WorldNotFound
  | ResourceNotFound
  | TimedOut
  | Overloaded
  | StorageFailure

/**
 * Read-only SQL (C11.3): one statement that reads the latest commit, within the bounds of
 * domain/QueryLimits. It is stopped when its time is over, and when whoever asked is interrupted. The policy is not asked here.
 */
export interface QueriesShape {
  /**
   * the rows as the text of a JSON array, an object each; it is written where the statement runs, so that a large result
   * keeps nobody here waiting. Integers beyond 2^53 and infinities are strings; a blob is its text, or
   * `{"blob": "<base64>"}` when it is none; of columns that share a name the later ones are `name:1`, `name:2`
   */
  readonly run: (source: QuerySource, sql: string) => Effect.Effect<string, QueryError>
}

export class Queries extends Context.Tag("elastik/Queries")<Queries, QueriesShape>() {}
