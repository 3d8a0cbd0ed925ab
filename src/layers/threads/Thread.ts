import { Worker } from "node:worker_threads"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { StorageFailure } from "../../domain/Errors.ts"
import { Slots } from "../../domain/Transients.ts"
import type { WriteError } from "../../services/Storage.ts"
import * as Outbox from "./Outbox.ts"
import type { Packed } from "./Packed.ts"
import {
  type Answers,
  type Ask,
  type Assignment,
  close,
  Failure,
  type Part,
  type Question,
  type Reply
} from "./Protocol.ts"

/** A storage thread, as the one that asks it sees it. */
export interface Thread {
  /** `transfer` lists the buffers in the question that the thread may keep */
  readonly ask: <Q extends Question>(
    question: Q,
    transfer?: ReadonlyArray<ArrayBuffer>
  ) => Effect.Effect<Answers[Q["_tag"]][0], Answers[Q["_tag"]][1]>
  /** shows what there is, part by part */
  readonly scan: (visit: (part: Packed) => void) => Effect.Effect<void, StorageFailure>
}

/** Somebody who has asked. */
interface Asker {
  readonly answer: (answer: Exit.Exit<unknown, WriteError>) => void
  readonly visit: (part: Packed) => void
}

const nothing = (): void => {}

/**
 * Starts a thread that runs the module `entry` until the scope closes. A thread that dies fails what it was asked and
 * had not answered, of which nobody knows whether it was done, and the next question starts another.
 */
export const make = (entry: URL, assignment: Assignment): Effect.Effect<Thread, never, Scope.Scope> =>
  Effect.gen(function* () {
    const runFork = Runtime.runFork(yield* Effect.runtime())
    const pending = new Slots<Asker>()
    let worker: Worker | undefined
    let closing = false

    const onReplies = (replies: ReadonlyArray<Reply | Part>) => {
      for (const reply of replies) {
        if ("part" in reply) pending.get(reply.id)?.visit(reply.part)
        else pending.take(reply.id)?.answer(exitOf(reply))
      }
    }

    /** What is asked while the events of one turn of the loop are dealt with goes together at its end. */
    const asks = Outbox.make<Ask>((batch, transfer) => (worker ?? start()).postMessage(batch, transfer))

    const onExit = (cause: unknown) => {
      worker = undefined
      if (!closing) runFork(Effect.logError("a storage thread stopped; the next request starts another", cause))
      const failure = new StorageFailure({ message: "the storage stopped before it had answered", cause })
      // What was not posted yet fails too: another thread must not do it, and answer by a number that is given again.
      asks.clear()
      for (const { answer } of pending.takeAll()) answer(Exit.fail(failure))
    }

    const start = (): Worker => {
      const started = new Worker(entry, { workerData: assignment, resourceLimits: limitsOf(assignment) })
      let cause: unknown = "it ended by itself"
      started.on("message", (replies) => {
        // Numbers are given again: nothing that a thread might still say after its end may be taken for another's answer.
        if (worker === started) onReplies(replies)
      })
      started.on("error", (error) => {
        cause = error
      })
      started.on("exit", () => onExit(cause))
      worker = started
      return started
    }

    yield* Effect.addFinalizer(() =>
      Effect.async<void>((resume) => {
        closing = true
        asks.flush()
        if (worker === undefined) return resume(Effect.void)
        worker.once("exit", () => resume(Effect.void))
        worker.postMessage(close)
      })
    )
    start()

    const ask = <Q extends Question>(
      question: Q,
      transfer: ReadonlyArray<ArrayBuffer> = [],
      visit: Asker["visit"] = nothing
    ) =>
      Effect.async<Answers[Q["_tag"]][0], Answers[Q["_tag"]][1]>((resume) => {
        if (closing) return resume(new StorageFailure({ message: "the storage is closed", cause: "the server stops" }))
        // The other side is this program too, compiled with it: it answers as `Answers` says. Who leaves is answered like
        // all others, and does not hear it: a place is free when its answer has come.
        const answer: Asker["answer"] = (answer) =>
          resume(answer as Exit.Exit<Answers[Q["_tag"]][0], Answers[Q["_tag"]][1]>)
        const id = pending.put({ answer, visit })
        if (asks.isEmpty()) setImmediate(asks.flush)
        asks.add({ id, question }, transfer)
      })

    return { ask, scan: (visit) => ask({ _tag: "Scan" }, [], visit) }
  })

/**
 * Room for the largest body as text, several times over. That V8 knows a bound makes it collect early: without one, a
 * thread that opens thousands of databases keeps several times the memory that it needs.
 */
const limitsOf = ({ maxBody }: Assignment) => ({
  maxYoungGenerationSizeMb: 8,
  maxOldGenerationSizeMb: 256 + Math.ceil((8 * maxBody) / 1024 / 1024)
})

const decodeFailure = Schema.decodeUnknownSync(Failure)

const exitOf = (reply: Reply): Exit.Exit<unknown, WriteError> => {
  if ("value" in reply) return Exit.succeed(reply.value)
  return "failure" in reply ? Exit.fail(decodeFailure(reply.failure)) : Exit.die(reply.defect)
}
