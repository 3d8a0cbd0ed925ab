import "../YoungGeneration.ts"
import { setPriority } from "node:os"
import { type MessagePort, parentPort, workerData } from "node:worker_threads"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import type { Entry } from "../../domain/World.ts"
import { EventChain } from "../../services/EventChain.ts"
import { ResourceStore, type ResourceStoreShape } from "../../services/ResourceStore.ts"
import { Storage, type StorageShape, type WriteError } from "../../services/Storage.ts"
import * as Logs from "../Logs.ts"
import * as SqliteResources from "../resources/SqliteResources.ts"
import * as FileVolume from "../sqlite/FileVolume.ts"
import * as SqliteStorage from "../sqlite/SqliteStorage.ts"
import * as Outbox from "./Outbox.ts"
import { pack } from "./Packed.ts"
import {
  type Ask,
  type Assignment,
  alone,
  close,
  Failure,
  type Part,
  type Question,
  type Reply,
  threadOf
} from "./Protocol.ts"
import * as Turns from "./Turns.ts"

/**
 * The body of a storage thread: the same storage over the same files as in one thread, for its share of the worlds. What
 * waits for the disk waits here, and the thread that speaks HTTP never does.
 */
const serve = (port: MessagePort) =>
  Effect.gen(function* () {
    const storage = yield* Storage
    const resources = yield* ResourceStore
    const runtime = yield* Effect.runtime<never>()
    const closed = yield* Deferred.make<void>()
    const replies = Outbox.make<Reply>((batch, transfer) => port.postMessage(batch, transfer))
    let heldSince = 0

    /** Replies to writes wait for those of the next ones, for a moment. */
    const reply = (reply: Reply, transfer: ReadonlyArray<ArrayBuffer>) => {
      if (replies.isEmpty()) heldSince = performance.now()
      replies.add(reply, transfer)
      if (!turns.isBusy() || performance.now() - heldSince >= longestHold) replies.flush()
    }

    const answer = ({ id, question }: Ask) => {
      const show = (part: ReadonlyArray<Entry>) => port.postMessage([{ id, part: pack(part) } satisfies Part])
      Runtime.runCallback(runtime)(answerTo(storage, resources, question, show), {
        onExit: (exit) => reply(replyOf(id, exit), Exit.isSuccess(exit) ? exit.value.transfer : [])
      })
    }

    const turns = Turns.make(answer, replies.flush)

    port.on("message", (asks: ReadonlyArray<Ask> | typeof close) => {
      if (asks === close) return Deferred.unsafeDone(closed, Exit.void)
      for (const ask of asks) {
        if (isWrite(ask.question)) turns.take(ask)
        else {
          // A read need not wait for all the writes before it.
          turns.heard()
          answer(ask)
        }
      }
      replies.flush()
    })
    yield* Deferred.await(closed)
    port.close()
  })

const isWrite = ({ _tag }: Question): boolean => _tag === "Execute" || _tag === "Evict" || _tag === "Change"

/** How long the answer to a write may wait for others to go with, in milliseconds: a few writes. */
const longestHold = 1

/** A value, and the buffers in it that are handed over rather than copied. */
interface Answer {
  readonly value: unknown
  readonly transfer: ReadonlyArray<ArrayBuffer>
}

const copied = (value: unknown): Answer => ({ value, transfer: [] })

const answerTo = (
  storage: StorageShape,
  resources: ResourceStoreShape,
  question: Question,
  show: (part: ReadonlyArray<Entry>) => void
): Effect.Effect<Answer, WriteError> => {
  switch (question._tag) {
    case "Execute":
      return Effect.map(storage.execute(question.command), copied)
    case "Evict":
      return Effect.map(storage.evict(question.name), copied)
    case "Scan":
      return Effect.map(storage.scan(show), copied)
    case "Unread":
      return Effect.map(storage.unread, copied)
    case "Head":
      return Effect.map(storage.head(question.name), (head) => copied(Option.getOrUndefined(head)))
    case "Read":
      return Effect.map(
        storage.read(question.name),
        Option.match({
          onNone: () => copied(undefined),
          onSome: (world) => {
            const body = alone(world.body)
            return { value: { ...world, body }, transfer: [body.buffer] }
          }
        })
      )
    case "Events":
      return Effect.map(storage.events(question.name, question.after, question.limit), copied)
    case "Load":
      return Effect.map(resources.load(question.kind), copied)
    case "Change":
      return Effect.map(resources.change(question.changes), copied)
  }
}

const replyOf = (id: number, exit: Exit.Exit<Answer, WriteError>): Reply => {
  if (Exit.isSuccess(exit)) return { id, value: exit.value.value }
  const failure = Cause.failureOption(exit.cause)
  return Option.isSome(failure)
    ? { id, failure: encodeFailure(failure.value) }
    : { id, defect: Cause.pretty(exit.cause, { renderErrorCause: true }) }
}

const encodeFailure = Schema.encodeSync(Failure)

/**
 * The thread that speaks HTTP goes first, by a little: 32 writers keep readers waiting half as long. Only Linux knows this
 * for a thread, elsewhere it would be the whole process; and where it is forbidden all are equal.
 */
const giveWay = Effect.ignore(Effect.try(() => process.platform === "linux" && setPriority(2)))

// What the thread that started this one passed on (Thread.ts).
const { count, data, index, key } = workerData as Assignment

const StorageLive = SqliteStorage.layer(
  FileVolume.make(data, (name) => threadOf(name, count) === index),
  Math.ceil(SqliteStorage.openWorlds / count)
).pipe(Layer.provide(EventChain.layer(key)), Layer.provide([NodeFileSystem.layer, NodePath.layer]))

if (parentPort !== null) {
  await Effect.runPromise(
    Effect.zipRight(giveWay, serve(parentPort)).pipe(
      Effect.provide([StorageLive, SqliteResources.layer(data), Logs.layer])
    )
  )
}
