import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import type { StorageFailure } from "../../domain/Errors.ts"
import { type Database, open, storageFailure } from "./Database.ts"
import { install } from "./Tables.ts"

/** What became of an empty world, and the file that holds it. */
export interface Composed<A> {
  readonly result: A
  readonly file: Uint8Array
}

/** A place in memory where new worlds are composed, before anything of them is on disk. */
export interface Scratch {
  /** the file of a world with our tables after `write`; nothing of it is kept here */
  readonly compose: <A, E>(write: (db: Database) => Either.Either<A, E>) => Either.Either<Composed<A>, E>
}

/** Lasts until the scope closes. */
export const make: Effect.Effect<Scratch, StorageFailure, Scope.Scope> = Effect.gen(function* () {
  const db = yield* open(":memory:")
  yield* Effect.sync(() => install(db)).pipe(storageFailure("the tables of new worlds could not be made"))

  return {
    compose: (write) => {
      db.query("BEGIN")
      try {
        return Either.map(write(db), (result) => ({ result, file: logged(db.contents()) }))
      } finally {
        db.query("ROLLBACK")
      }
    }
  }
})

/**
 * Says in the file's header that it has a write-ahead log (the format's bytes 18 and 19 are 2), so that whoever opens it
 * need not rewrite it for that.
 */
const logged = (file: Uint8Array): Uint8Array => {
  file[18] = 2
  file[19] = 2
  return file
}
