import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { WorldName } from "../../domain/WorldPath.ts"
import { attempt, type Database, open } from "./Database.ts"
import { install } from "./Tables.ts"
import type { Volume } from "./Volume.ts"

/** Worlds in memory: the same databases without files. A database lives until its world is deleted. */
export const make: Effect.Effect<Volume, never, Scope.Scope> = Effect.gen(function* () {
  const scope = yield* Effect.scope
  const worlds = new Map<WorldName, { readonly db: Database; readonly scope: Scope.CloseableScope }>()

  const forget = (name: WorldName) =>
    Effect.suspend(() => {
      const world = worlds.get(name)
      worlds.delete(name)
      return world === undefined ? Effect.void : Scope.close(world.scope, Exit.void)
    })

  return {
    scan: () => Effect.sync(() => [...worlds.keys()]),
    identity: (name) => Effect.sync(() => (worlds.has(name) ? 0 : undefined)),
    create: (name, write) =>
      Effect.gen(function* () {
        const own = yield* Scope.fork(scope, { _tag: "Sequential" })
        return yield* open(":memory:").pipe(
          Scope.extend(own),
          Effect.flatMap((db) =>
            attempt("a world could not be made", () => {
              install(db)
              return db.transaction(() => write(db))
            }).pipe(Effect.tap(() => Effect.sync(() => worlds.set(name, { db, scope: own }))))
          ),
          Effect.onError(() => Scope.close(own, Exit.void))
        )
      }),
    open: (name) =>
      Effect.suspend(() => {
        const world = worlds.get(name)
        return world === undefined ? Effect.dieMessage(`${name} is not in memory`) : Effect.succeed(world.db)
      }),
    remove: forget,
    settle: () => Effect.void,
    condemn: () => Effect.void,
    spare: () => Effect.void,
    isCondemned: () => Effect.succeed(false),
    discard: forget
  }
})
