/** How much of something there is to have in any minute. */
export interface Limits {
  /** of everybody together */
  readonly overall: number
  readonly perCaller: number
}

/** The answer to somebody who wants one more. */
export interface Admission {
  readonly admitted: boolean
  /** what is left for this caller now */
  readonly remaining: number
  /** seconds until there is more, at most a minute */
  readonly reset: number
}

/** The minute, in milliseconds. */
export const window = 60_000

/**
 * A cap that is fair. Whoever was turned away has an equal share kept for them for a minute: one who asks all the time
 * cannot take every place the moment it comes free. Nobody is held back while nobody is turned away. Memory is that of
 * the callers of one minute. Asked with times that do not go back, in milliseconds (C12.4, C13).
 */
export const make = ({ overall, perCaller }: Limits): ((caller: string, now: number) => Admission) => {
  /** what was admitted, oldest first */
  let taken: Array<{ readonly caller: string; readonly at: number }> = []
  const counts = new Map<string, number>()
  /** who was turned away last, and when; in that order */
  const waiting = new Map<string, number>()

  const countOf = (caller: string): number => counts.get(caller) ?? 0

  const expire = (now: number) => {
    const stale = taken.findIndex(({ at }) => at > now - window)
    const gone = taken.slice(0, stale < 0 ? taken.length : stale)
    taken = taken.slice(gone.length)
    for (const { caller } of gone) {
      const left = countOf(caller) - 1
      if (left === 0) counts.delete(caller)
      else counts.set(caller, left)
    }
    for (const [caller, at] of waiting) {
      if (at > now - window) break
      waiting.delete(caller)
    }
  }

  /** Places that are kept for others: what those who were turned away still lack of an equal share. */
  const keptFrom = (caller: string, share: number): number => {
    let kept = 0
    for (const other of waiting.keys()) {
      if (other !== caller) kept += Math.max(0, Math.min(share, perCaller) - countOf(other))
    }
    return kept
  }

  const secondsUntilFree = (caller: string, now: number): number => {
    const own = countOf(caller) >= perCaller
    const next = taken.find((use) => !own || use.caller === caller)
    return next === undefined ? window / 1000 : Math.max(1, Math.ceil((next.at + window - now) / 1000))
  }

  return (caller, now) => {
    expire(now)
    const own = countOf(caller)
    const share = Math.max(1, Math.floor(overall / new Set([...counts.keys(), ...waiting.keys(), caller]).size))
    const free = overall - taken.length - (own < share ? 0 : keptFrom(caller, share))
    const left = Math.max(0, Math.min(free, perCaller - own))
    if (left === 0) {
      waiting.delete(caller)
      waiting.set(caller, now)
      return { admitted: false, remaining: 0, reset: secondsUntilFree(caller, now) }
    }
    taken.push({ caller, at: now })
    counts.set(caller, own + 1)
    return { admitted: true, remaining: left - 1, reset: secondsUntilFree(caller, now) }
  }
}
