import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { AppConfig } from "../../services/AppConfig.ts"
import { ResourceStore, type ResourceStoreShape } from "../../services/ResourceStore.ts"
import { Storage, type StorageShape } from "../../services/Storage.ts"
import * as DirectoryLock from "../DirectoryLock.ts"
import { ServerKey } from "../ServerKey.ts"
import * as FileVolume from "../sqlite/FileVolume.ts"
import { unpack } from "./Packed.ts"
import { threadOf } from "./Protocol.ts"
import * as Thread from "./Thread.ts"

/**
 * Storage in threads of its own: each world belongs to one of them, which alone opens its database, so that writes of
 * different worlds wait for the disk side by side and the thread that asks waits for none. `entry` is the compiled
 * StorageThread. The first of them keeps what there is of resources beside worlds, too: it is little.
 */
export const layer = (entry: URL) =>
  Layer.scopedContext(
    Effect.gen(function* () {
      const { data, maxBody, storageThreads: count } = yield* AppConfig
      const key = yield* ServerKey
      yield* DirectoryLock.acquire(data)
      // Before there are several who would do it at a time.
      yield* Effect.scoped(FileVolume.make(data))
      const threads = yield* Effect.forEach(Array.from({ length: count }), (_, index) =>
        Thread.make(entry, { data, key, maxBody, index, count })
      )
      return Context.make(Storage, make(threads)).pipe(Context.add(ResourceStore, resources(threads)))
    })
  )

const make = (threads: ReadonlyArray<Thread.Thread>): StorageShape => {
  // A number below the count of threads names one of them.
  const threadFor = (name: string) => threads[threadOf(name, threads.length)] as Thread.Thread
  return {
    execute: (command) => {
      if (!("body" in command)) return threadFor(command.name).ask({ _tag: "Execute", command })
      // What arrived from a socket lies in a buffer with much else, and posting copies buffers whole.
      const body = new Uint8Array(command.body)
      return threadFor(command.name).ask({ _tag: "Execute", command: { ...command, body } }, [body.buffer])
    },
    evict: (name) => Effect.asVoid(threadFor(name).ask({ _tag: "Evict", name })),
    scan: (visit) =>
      Effect.forEach(threads, (thread) => thread.scan((part) => visit(unpack(part))), {
        concurrency: "unbounded",
        discard: true
      }),
    unread: Effect.map(
      Effect.forEach(threads, (thread) => thread.ask({ _tag: "Unread" })),
      (shares) => shares.flat()
    ),
    head: (name) => Effect.map(threadFor(name).ask({ _tag: "Head", name }), Option.fromNullable),
    read: (name) => Effect.map(threadFor(name).ask({ _tag: "Read", name }), Option.fromNullable),
    events: (name, after, limit) => threadFor(name).ask({ _tag: "Events", name, after, limit })
  }
}

const resources = (threads: ReadonlyArray<Thread.Thread>): ResourceStoreShape => {
  // There is at least one (AppConfig).
  const [first] = threads as readonly [Thread.Thread, ...ReadonlyArray<Thread.Thread>]
  return {
    load: (kind) => first.ask({ _tag: "Load", kind }),
    change: (changes) => Effect.asVoid(first.ask({ _tag: "Change", changes }))
  }
}
