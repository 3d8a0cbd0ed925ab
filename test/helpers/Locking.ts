import { Effect } from "effect"
import type { Caller } from "../../src/domain/Caller.ts"
import type { LockRequest } from "../../src/domain/Lock.ts"
import { Catalog } from "../../src/services/Catalog.ts"
import { Locks } from "../../src/services/Locks.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { operator } from "./Machine.ts"
import { path } from "./Paths.ts"

/** What a client asks for that wants a path to itself. */
export const asking = (root: string, given: Partial<LockRequest> = {}): LockRequest => ({
  root: path(root),
  depth: "0",
  scope: "exclusive",
  owner: "",
  timeout: 60,
  ...given
})

/** A lock of the caller's. */
export const lock = (caller: Caller, root: string, given: Partial<LockRequest> = {}) =>
  Effect.flatMap(Locks, (locks) => locks.take(caller, asking(root, given)))

/** Makes a collection as the operator. */
export const collection = (name: string) =>
  Effect.flatMap(Worlds, (worlds) => worlds.makeCollection(operator, path(name), {}))

/** Every world and made collection there is, as listings would write them. */
export const everything = Effect.map(Catalog, (catalog) =>
  [
    ...[...catalog.entries()].map(({ name }): string => name),
    ...catalog.madeWithin("home").map((made) => `${made}/`)
  ].sort()
)
