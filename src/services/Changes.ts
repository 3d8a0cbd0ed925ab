import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import type { Operation } from "../domain/Event.ts"
import type { WorldName } from "../domain/WorldPath.ts"

/** One commit, as the machine tells it to whoever watches (C9). */
export interface Change {
  readonly name: WorldName
  readonly version: number
  readonly op: Operation
}

/** A collection that was made, or is gone: no commit, so it has no version, and `name` ends with a slash (C9, C15). */
export interface CollectionChange {
  readonly name: `${string}/`
  readonly version: 0
  readonly op: "put" | "delete"
}

/** A change and the cursor to continue after it. */
export type Numbered = (Change | CollectionChange) & { readonly seq: number }

/** Commits, pushed (C9). */
export interface ChangesShape {
  /** tells everybody; called in the same step as the commit's entry in the catalog */
  readonly publish: (change: Change) => void
  /** tells watchers alone: who listens, listens to commits */
  readonly tell: (change: CollectionChange) => void
  /** calls `listener` synchronously on every change, before any watcher wakes */
  readonly listen: (listener: (change: Change) => void) => Effect.Effect<void, never, Scope.Scope>
  /**
   * calls `wake` when something happened to a world (`home/x`), below a collection (`home/`), or at all (the empty
   * topic), and at the end; nothing is queued, so whoever is woken looks for itself. Answers with what undoes it
   */
  readonly subscribe: (topic: string, wake: () => void) => () => void
  /** names this run of the server, so that cursors of an earlier one are not mistaken for its own */
  readonly epoch: string
  /** the number of the newest change */
  readonly newest: () => number
  /** the changes after a number; undefined when they are no longer remembered */
  readonly since: (seq: number) => ReadonlyArray<Numbered> | undefined
  /** whether watching is over because the server stops */
  readonly ended: () => boolean
  /** ends all watching at once */
  readonly end: Effect.Effect<void>
}

export class Changes extends Context.Tag("elastik/Changes")<Changes, ChangesShape>() {
  static readonly layer: Layer.Layer<Changes> = Layer.scoped(
    Changes,
    Effect.suspend(() => make())
  )
}

/** How many changes a collection's watcher may lie behind before it is told that it missed some. */
const remembered = 4096

const make = (): Effect.Effect<ChangesShape, never, Scope.Scope> =>
  Effect.gen(function* () {
    const epoch = (yield* Random.nextIntBetween(0, 2 ** 31)).toString(36)
    const listeners = new Set<(change: Change) => void>()
    const topics = new Map<string, Set<() => void>>()
    const ring: Array<Numbered> = []
    let newest = 0
    let ended = false

    const wake = (topic: string) => {
      for (const wake of topics.get(topic) ?? []) wake()
    }
    const wakeAll = () => {
      for (const topic of topics.keys()) wake(topic)
    }

    const tell = (change: Change | CollectionChange) => {
      ring[++newest % remembered] = { ...change, seq: newest }
      wake("")
      wake(change.name)
      const inside = change.name.length - 1
      for (let slash = change.name.indexOf("/"); slash >= 0 && slash < inside; ) {
        wake(change.name.slice(0, slash + 1))
        slash = change.name.indexOf("/", slash + 1)
      }
    }

    const end = Effect.sync(() => {
      ended = true
      wakeAll()
    })
    yield* Effect.addFinalizer(() => end)

    return {
      publish: (change) => {
        for (const listener of listeners) listener(change)
        tell(change)
      },
      tell,
      listen: (listener) =>
        Effect.acquireRelease(
          Effect.sync(() => listeners.add(listener)),
          () => Effect.sync(() => listeners.delete(listener))
        ),
      subscribe: (topic, wake) => {
        const subscribers = topics.get(topic) ?? new Set()
        topics.set(topic, subscribers.add(wake))
        return () => {
          subscribers.delete(wake)
          if (subscribers.size === 0 && topics.get(topic) === subscribers) topics.delete(topic)
        }
      },
      epoch,
      newest: () => newest,
      since: (seq) => {
        if (seq > newest || newest - seq > remembered) return undefined
        const changes: Array<Numbered> = []
        for (let n = seq + 1; n <= newest; n++) {
          const change = ring[n % remembered]
          if (change !== undefined) changes.push(change)
        }
        return changes
      },
      ended: () => ended,
      end
    }
  })
