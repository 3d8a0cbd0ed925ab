import type { Ask, Question } from "./Protocol.ts"

/** Writes in the order in which they are to be done, one at a time, with a look in between at what has arrived. */
export interface Turns {
  /** a write, in its turn */
  readonly take: (ask: Ask) => void
  /** whether another write follows at once */
  readonly isBusy: () => boolean
  /** something was asked that somebody waits for: whatever has patience waits for more of it */
  readonly heard: () => void
}

/** Milliseconds without a question after which nobody is taken to be about to ask. */
const quiet = 4

/** Milliseconds that a write waits at most for such a moment. */
const patience = 20

/**
 * What the machine writes for itself (caches, events of calls) keeps nobody waiting, and each takes some syncs of the
 * disk: it gives way to what others ask, for a while. Whoever has got an answer often asks the next thing at once.
 * `onPause` is called when nothing follows at once.
 */
export const make = (perform: (ask: Ask) => void, onPause: () => void): Turns => {
  const writes: Array<Ask> = []
  const patient: Array<{ readonly ask: Ask; readonly since: number }> = []
  let scheduled = false
  let watching = false
  let heardAt = 0

  const heard = () => {
    heardAt = performance.now()
  }
  const isOverdue = (): boolean => patient[0] !== undefined && performance.now() >= patient[0].since + patience
  const isDue = (): boolean =>
    patient[0] !== undefined && (isOverdue() || performance.now() - Math.max(heardAt, patient[0].since) >= quiet)

  const schedule = (): void => {
    if (scheduled) return
    if (writes.length > 0 || isDue()) {
      scheduled = true
      setImmediate(step)
    } else if (patient.length > 0 && !watching) {
      watching = true
      setTimeout(() => {
        watching = false
        schedule()
      }, quiet)
    }
  }

  const step = (): void => {
    scheduled = false
    const ask = isOverdue() ? patient.shift()?.ask : (writes.shift() ?? (isDue() ? patient.shift()?.ask : undefined))
    schedule()
    if (ask !== undefined) perform(ask)
    if (!scheduled) onPause()
  }

  return {
    take: (ask) => {
      if (isPatient(ask.question)) patient.push({ ask, since: performance.now() })
      else {
        writes.push(ask)
        heard()
      }
      schedule()
    },
    isBusy: () => scheduled,
    heard
  }
}

/** Only what nobody waits for: a plugin's start, say, waits for its event. */
const isPatient = (question: Question): boolean => {
  if (question._tag !== "Execute") return question._tag === "Evict"
  const { command } = question
  switch (command._tag) {
    case "Annotate":
      return command.remarks.every(({ type }) => type === "gpu_call" || type === "gpu_stream_call")
    case "Overwrite":
      return command.type !== undefined
    default:
      return false
  }
}
