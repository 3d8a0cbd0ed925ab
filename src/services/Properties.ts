import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Caller } from "../domain/Caller.ts"
import type { Conditions } from "../domain/Conditions.ts"
import {
  type Forbidden,
  InsufficientStorage,
  type Locked,
  type PreconditionFailed,
  type StorageFailure,
  WorldNotFound
} from "../domain/Errors.ts"
import {
  changed,
  largestProperties,
  mostProperties,
  type Property,
  type PropertyChange,
  sizeOf
} from "../domain/Property.ts"
import type { CanonicalPath } from "../domain/WorldPath.ts"
import { Access } from "./Access.ts"
import { Catalog } from "./Catalog.ts"
import { Collections } from "./Collections.ts"
import { Locks } from "./Locks.ts"
import { type ResourceChange, ResourceStore } from "./ResourceStore.ts"
import { WriteGate } from "./WriteGate.ts"

/**
 * Dead properties of worlds and collections (RFC 4918 section 4, C15): in memory, and on the disk before they are
 * answered. They are no part of the world: they write no event, and change neither version nor tag.
 */
export interface PropertiesShape {
  /** the properties of what is at a path, in the order in which they were set; who asks has asked the policy */
  readonly get: (path: string) => ReadonlyArray<Property>
  /**
   * All changes or none; without any, it tells whether there could be some. Wants the right to write the path, where
   * something must be. InsufficientStorage: they would be too many or too large.
   */
  readonly patch: (
    caller: Caller,
    path: CanonicalPath,
    changes: ReadonlyArray<PropertyChange>,
    conditions: Conditions
  ) => Effect.Effect<
    void,
    Forbidden | Locked | PreconditionFailed | WorldNotFound | InsufficientStorage | StorageFailure
  >
  /** makes the properties of each target those of its source, and no others */
  readonly copy: (
    pairs: ReadonlyArray<{ readonly from: string; readonly to: string }>
  ) => Effect.Effect<void, StorageFailure>
  /** removes those of these paths, as what had them is gone */
  readonly forget: (paths: ReadonlyArray<string>) => Effect.Effect<void, StorageFailure>
}

export class Properties extends Context.Tag("elastik/Properties")<Properties, PropertiesShape>() {
  static readonly layer: Layer.Layer<
    Properties,
    StorageFailure,
    Access | Catalog | Collections | Locks | ResourceStore | WriteGate
  > = Layer.effect(
    Properties,
    Effect.suspend(() => make)
  )
}

/** What all properties together can take, in characters: they are all in memory. */
const capacity = 64 * 1024 * 1024

const none: ReadonlyArray<Property> = []

const make = Effect.gen(function* () {
  const access = yield* Access
  const catalog = yield* Catalog
  const locks = yield* Locks
  const store = yield* ResourceStore
  const gate = yield* WriteGate
  // A collection can have properties, and those come with this.
  yield* Collections
  const byPath = new Map<string, ReadonlyArray<Property>>()
  let size = 0

  const get = (path: string) => byPath.get(path) ?? none
  const set = (path: string, properties: ReadonlyArray<Property>) => {
    size += sizeOf(properties) - sizeOf(get(path))
    if (properties.length === 0) byPath.delete(path)
    else byPath.set(path, properties)
  }
  const storing = (key: string, properties: ReadonlyArray<Property>): ResourceChange => ({
    kind: "properties",
    key,
    value: properties.length === 0 ? undefined : JSON.stringify(properties)
  })

  const abandoned: Array<string> = []
  for (const { key, value } of yield* store.load("properties")) {
    const properties = decode(value)
    if (catalog.isGone(key)) abandoned.push(key)
    else if (Option.isSome(properties)) set(key, properties.value)
    else yield* Effect.logWarning("kept properties cannot be read; left alone", key)
  }
  // What had them went by somebody's hand, or a deletion was interrupted. What cannot be read today keeps them.
  if (abandoned.length > 0) yield* store.change(abandoned.map((key) => storing(key, none)))

  return Properties.of({
    get,

    patch: (caller, path, changes, conditions) =>
      Effect.gen(function* () {
        if (!catalog.isThere(path)) return yield* WorldNotFound.at(path)
        yield* locks.judge(caller, path, conditions)
        yield* locks.permit(caller, conditions.lockTokens, [path])
        if (changes.length === 0) return
        const after = changed(get(path), changes)
        const grown = sizeOf(after) - sizeOf(get(path))
        if (
          after.length > mostProperties ||
          sizeOf(after) > largestProperties ||
          (grown > 0 && size + grown > capacity)
        ) {
          return yield* new InsufficientStorage({ message: "there is no room for so many or so large properties" })
        }
        yield* store.change([storing(path, after)])
        set(path, after)
      }).pipe(gate.trees([path]), Effect.uninterruptible, (patching) =>
        Effect.zipRight(access.require(caller, "write", path), patching)
      ),

    copy: (pairs) =>
      Effect.suspend(() => {
        let room = capacity - size
        const copies = pairs.flatMap(({ from, to }) => {
          if (get(from).length === 0 && get(to).length === 0) return []
          // What finds no room stays behind: the world itself has been copied.
          const fits = sizeOf(get(from)) <= room
          if (fits) room -= sizeOf(get(from))
          return [{ to, properties: fits ? get(from) : none }]
        })
        if (copies.length === 0) return Effect.void
        return Effect.map(store.change(copies.map(({ properties, to }) => storing(to, properties))), () => {
          for (const { properties, to } of copies) set(to, properties)
        })
      }),

    forget: (paths) =>
      Effect.suspend(() => {
        const gone = byPath.size === 0 ? [] : paths.filter((path) => byPath.has(path))
        if (gone.length === 0) return Effect.void
        return Effect.map(store.change(gone.map((key) => storing(key, none))), () => {
          for (const path of gone) set(path, none)
        })
      })
  })
})

const decode = Schema.decodeOption(
  Schema.parseJson(Schema.Array(Schema.Struct({ namespace: Schema.String, name: Schema.String, xml: Schema.String })))
)
