import { setFlagsFromString } from "node:v8"
import "effect/Fiber"
import { globalValue } from "effect/GlobalValue"
import { defaultScheduler, SchedulerRunner } from "effect/Scheduler"
import { TransientSet } from "../domain/Transients.ts"

/*
 * What a request allocates should be gone before anybody has to look at it. For that nothing old may point to it, and
 * each thread imports this module before all others, because three things made something old do so. A fourth cannot be
 * switched off: a function that stands where a property gets it is made in the old generation until that code is compiled,
 * and keeps all that it refers to. So functions get a name first; a test sees to it.
 */

// V8 learns at start, when everything stays, that some things are best made in the old generation right away. Later they
// die there with the request they were made for, and keep alive what they point to until that generation is collected.
setFlagsFromString("--no-allocation-site-pretenuring")

// Effect keeps its fibers without a parent, and every request is one, in a Set that lives as long as the process. If a
// later version does so no more, this changes an object that nobody looks at.
const fibers = globalValue(Symbol.for("effect/FiberScope/Global"), (): { roots: Iterable<unknown> } => ({ roots: [] }))
fibers.roots = new TransientSet<unknown>()

// Effect gives each fiber a queue of its own, in a WeakMap; of what is old and weak, V8 lets go with the old generation
// only. All fibers of a thread in one queue need none, and take turns the same way.
const batches = 2048
const resolved = Promise.resolve()
const queue = new SchedulerRunner((depth, drain) => {
  if (depth >= batches) setTimeout(() => drain(0), 0)
  // Not queueMicrotask, which makes a resource of its own for each.
  else resolved.then(() => drain(depth + 1))
})
defaultScheduler.scheduleTask = queue.scheduleTask.bind(queue)
