import { randomUUID } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Command, Delete } from "../../domain/Command.ts"
import { StorageFailure, WorldNotFound } from "../../domain/Errors.ts"
import { entryOf } from "../../domain/World.ts"
import { namespaceOf, type WorldName } from "../../domain/WorldPath.ts"
import { EventChain } from "../../services/EventChain.ts"
import { Storage, type StorageShape } from "../../services/Storage.ts"
import { attempt, type Database, storageFailure } from "./Database.ts"
import * as Handles from "./Handles.ts"
import { tableState } from "./Tables.ts"
import { execute, perform, refusalOf } from "./Transaction.ts"
import type { Volume } from "./Volume.ts"
import { readEvents, readHead, readWorld } from "./WorldFile.ts"

/** Databases that are open at a time: three files and up to a megabyte of memory each. */
export const openWorlds = 64

/** Storage over SQLite databases, one per world, wherever the volume keeps them; `capacity` of them open at a time. */
export const make = (volume: Volume, capacity: number): Effect.Effect<StorageShape, never, EventChain | Scope.Scope> =>
  Effect.gen(function* () {
    const chain = yield* EventChain
    const handles = yield* Handles.make(volume, capacity)
    const unread = new Set<WorldName>()

    /** A world's first commit: all of it or nothing, so that no ghost world stays. */
    const create = (command: Command) => {
      if (!makesWorlds(command)) return WorldNotFound.at(command.name)
      return (
        refusalOf(command, undefined) ??
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          volume.create(command.name, (db) => perform(db, chain, command, now))
        )
      )
    }

    const change = (handle: Handles.Handle, db: Database, command: Command) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        attempt("the write failed", () => execute(db, chain, command, now))
      ).pipe(
        // A connection that failed in mid-transaction is not trusted with the next one.
        Effect.tapErrorTag("StorageFailure", () => handle.close)
      )

    /** The final event, then the move; the mark lets the next start complete what was interrupted between the two. */
    const remove = (handle: Handles.Handle, db: Database, command: Delete) => {
      const { deletion, name } = command
      return volume
        .condemn(name)
        .pipe(
          Effect.zipRight(Effect.onError(change(handle, db, command), () => volume.spare(name))),
          Effect.zipLeft(Effect.zipRight(handle.close, volume.discard(name, deletion)))
        )
    }

    /** What a world holds that no note vouches for; none where nothing is, or nothing that can be read. */
    const examine = (name: WorldName) =>
      Effect.catchTag(recover(handles, volume, name, unread), "StorageFailure", (failure) =>
        // Without its configuration the machine would be more open than its operator wants.
        namespaceOf(name) === "etc"
          ? new StorageFailure({ message: `/${name} cannot be read`, cause: failure.cause })
          : Effect.logError(`${name} cannot be read and is not served`, failure.cause).pipe(
              Effect.as(Option.none()),
              Effect.zipLeft(Effect.sync(() => unread.add(name)))
            )
      )

    return {
      execute: (command) =>
        Effect.uninterruptible(
          handles.use(command.name, (handle) =>
            Option.match(handle.db, {
              onNone: () => create(command),
              onSome: (db) => (command._tag === "Delete" ? remove(handle, db, command) : change(handle, db, command))
            })
          )
        ),

      evict: (name) => Effect.uninterruptible(handles.closed(name, volume.remove(name))),

      scan: (visit) =>
        Effect.flatMap(volume.scan(visit), (unknown) =>
          Effect.map(Effect.forEach(unknown, examine), (entries) => visit(entries.flatMap(Option.toArray)))
        ),

      unread: Effect.sync(() => [...unread]),

      head: (name) => readFrom(handles, name, (db) => readHead(db, name)),
      read: (name) => readFrom(handles, name, (db) => readWorld(db, name)),
      events: (name, after, limit) =>
        handles.use(name, (handle) =>
          Option.match(handle.db, {
            onNone: () => Effect.succeed([]),
            onSome: (db) =>
              Effect.sync(() => readEvents(db, after, limit)).pipe(storageFailure("events could not be read"))
          })
        )
    }
  })

const makesWorlds = (command: Command): boolean =>
  command._tag === "Overwrite" || command._tag === "Append" || command._tag === "Annotate"

const readFrom = <A>(handles: Handles.Handles, name: Command["name"], query: (db: Database) => A | undefined) =>
  handles.use(name, (handle) =>
    Option.match(handle.db, {
      onNone: () => Effect.succeedNone,
      onSome: (db) =>
        Effect.sync(() => Option.fromNullable(query(db))).pipe(storageFailure("a world could not be read"))
    })
  )

/**
 * A world that no note vouches for: either it was written when the server last stopped without notice, or it was copied
 * in. A creation that never committed goes away; a deletion that was committed is completed.
 */
const recover = (handles: Handles.Handles, volume: Volume, name: WorldName, unread: Set<WorldName>) =>
  handles.use(name, (handle) =>
    Option.match(handle.db, {
      onNone: () => Effect.succeedNone,
      onSome: (db) =>
        Effect.gen(function* () {
          const state = tableState(db)
          if (state === "empty") yield* Effect.zipRight(handle.close, volume.remove(name))
          const head = state === "own" || state === "foreign" ? readHead(db, name) : undefined
          if (head === undefined) {
            if (state !== "empty") {
              yield* Effect.logWarning(`${name} holds a database that is no world; left alone`)
              unread.add(name)
            }
            return Option.none()
          }
          const [newest] = readEvents(db, head.eventId - 1, 1)
          if (newest?.event_type === "stage_deleted" && (yield* volume.isCondemned(name))) {
            yield* Effect.logInfo(`the deletion of ${name} was interrupted and is completed`)
            yield* Effect.zipRight(handle.close, volume.discard(name, `recovered-${randomUUID()}`))
            return Option.none()
          }
          return Option.some(entryOf(head))
        }).pipe(storageFailure("a world could not be read"))
    })
  )

/** Storage over the given volume. */
export const layer = <E, R>(
  volume: Effect.Effect<Volume, E, R>,
  capacity = openWorlds
): Layer.Layer<Storage, E, Exclude<R, Scope.Scope> | EventChain> =>
  Layer.scoped(
    Storage,
    Effect.flatMap(volume, (volume) => make(volume, capacity))
  )
