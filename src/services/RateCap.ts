import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FairCap from "../domain/FairCap.ts"

/** A cap on what callers do, over a sliding minute (C12.4, C13). */
export interface RateCap {
  readonly limits: FairCap.Limits
  /** takes one, if there is one to have */
  readonly admit: (caller: string) => Effect.Effect<FairCap.Admission>
}

/** By the clock that never goes back. */
export const make = (limits: FairCap.Limits): RateCap => {
  const admit = FairCap.make(limits)
  return {
    limits,
    admit: (caller) => Effect.map(Clock.currentTimeNanos, (now) => admit(caller, Number(now / 1_000_000n)))
  }
}
