import { fork } from "node:child_process"
import * as Effect from "effect/Effect"
import { StorageFailure } from "../../domain/Errors.ts"
import * as ChildProcesses from "../ChildProcesses.ts"
import { failed, type Question, type Reply } from "./Protocol.ts"

/** A query process, as the server sees it. It has one question at a time. */
export interface Process {
  /** interruption ends the process, and with it the statement */
  readonly ask: (question: Question) => Effect.Effect<Reply, StorageFailure>
  /** at once, whatever it does */
  readonly kill: () => void
  readonly isAlive: () => boolean
  /** completes when the process is gone */
  readonly ended: Effect.Effect<void>
}

/** Starts a process that runs the module `entry`; `onEnd` is called when it is gone. */
export const start = (entry: URL, onEnd: (process: Process) => void): Process => {
  // Nothing of the environment, in which there are tokens and keys, and none of our own options.
  const child = fork(entry, {
    env: {},
    execArgv: [],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"]
  })
  let pending: ((reply: Effect.Effect<Reply, StorageFailure>) => void) | undefined
  /** what it says to every question from its end on */
  let lastWord: Effect.Effect<Reply, StorageFailure> | undefined
  let killed = false

  const settle = (reply: Effect.Effect<Reply, StorageFailure>) => {
    const waiting = pending
    pending = undefined
    waiting?.(reply)
  }
  const onGone = (reply: Effect.Effect<Reply, StorageFailure>) => {
    if (lastWord !== undefined) return
    lastWord = reply
    settle(reply)
    onEnd(process)
  }
  // The other side is this program too, compiled with it.
  child.on("message", (reply) => settle(Effect.succeed(reply as Reply)))
  child.on("error", (cause) => onGone(broken(cause)))
  child.on("exit", (code, signal) => onGone(killed ? broken("killed") : died(code, signal)))

  const kill = () => {
    killed = true
    ChildProcesses.kill(child)
  }
  const process: Process = {
    ask: (question) =>
      Effect.async((resume) => {
        if (lastWord !== undefined) return resume(lastWord)
        pending = resume
        // When files or processes have run out there is nothing to send by; an error is on its way.
        if (child.pid === undefined) return
        child.send(question, (cause) => {
          if (cause !== null) settle(broken(cause))
        })
        return Effect.sync(() => {
          pending = undefined
          kill()
        })
      }),
    kill,
    isAlive: () => lastWord === undefined,
    ended: Effect.async<void>((resume) => {
      if (lastWord !== undefined) return resume(Effect.void)
      child.once("exit", () => resume(Effect.void)).once("error", () => resume(Effect.void))
    })
  }
  return process
}

const broken = (cause: unknown) => new StorageFailure({ message: "the query could not be run", cause })

/** Out of memory it ends itself, or is ended by V8 or the system; everything else is our mistake. */
const died = (code: number | null, signal: string | null): Effect.Effect<Reply, StorageFailure> =>
  signal === "SIGKILL" || signal === "SIGABRT"
    ? Effect.succeed({ ...failed("Wrong", "the statement needs more memory than it may have"), heavy: true })
    : broken(`a query process ended by itself: ${signal ?? code}`)
