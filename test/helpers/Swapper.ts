import { Worker } from "node:worker_threads"
import { Effect, type Scope } from "effect"

const code = `
const { workerData, parentPort } = require("node:worker_threads")
const { renameSync } = require("node:fs")
const { path, other, flag } = workerData
const running = new Int32Array(flag)
const aside = path + ".aside"
let rounds = 0
while (Atomics.load(running, 0) === 1) {
  renameSync(path, aside)
  renameSync(other, path)
  renameSync(path, other)
  renameSync(aside, path)
  if (++rounds === 1) parentPort.postMessage("swapping")
}
`

/**
 * Puts `other` in the place of `path` and back, as fast as it can and in a thread of its own, until the scope closes;
 * then everything is where it was. What is made has been swapped at least once.
 */
export const swapping = (path: string, other: string): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<{ readonly worker: Worker; readonly running: Int32Array }>((resume) => {
      const flag = new SharedArrayBuffer(4)
      const running = new Int32Array(flag)
      running[0] = 1
      const worker = new Worker(code, { eval: true, workerData: { path, other, flag } })
      worker.once("error", (error) => resume(Effect.die(error)))
      worker.once("message", () => resume(Effect.succeed({ worker, running })))
    }),
    ({ running, worker }) =>
      Effect.async<void>((resume) => {
        worker.once("exit", () => resume(Effect.void))
        Atomics.store(running, 0, 0)
      })
  )
