import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import type { Caller } from "../../domain/Caller.ts"
import type { Target } from "../../domain/GpuConf.ts"
import { TransientSet } from "../../domain/Transients.ts"
import type { WorldName } from "../../domain/WorldPath.ts"
import type { Worlds } from "../../services/Worlds.ts"

/** The world that remembers calls (C5.2). A literal of this program, and a canonical one. */
const log = "var/log/gpu" as WorldName

/** One call of the device, as it goes. */
export interface Call {
  /** a backend is asked; the last one is who answered, or failed to */
  readonly asks: (target: Target, model: string | undefined) => void
  /** pieces of the answer are passed on */
  readonly says: (pieces: ReadonlyArray<string>) => void
  /** the call is over, and its event on its way: the caller need not wait for the disk. Only the first end counts */
  readonly ends: (errored: boolean) => Effect.Effect<void>
}

/**
 * Begins a call that leaves one event in `var/log/gpu` (C11.1), unless no backend was asked. It ends with `ends`, or with
 * the scope, which means that the caller has left: then `reply_len` is how far it came.
 */
export type Begin = (
  scope: Scope.Scope,
  type: "gpu_call" | "gpu_stream_call",
  caller: Caller,
  prompt: string
) => Effect.Effect<Call>

/**
 * Calls that are still under way when the scope closes end with it, while there is a world to write to, and it closes
 * when all events are written.
 */
export const make = (worlds: typeof Worlds.Service): Effect.Effect<Begin, never, Scope.Scope> =>
  Effect.gen(function* () {
    const open = new TransientSet<Call>()
    const journal = yield* worlds.journal(log)
    yield* Effect.addFinalizer(() => Effect.forEach([...open], (call) => call.ends(true), { discard: true }))

    return Effect.fnUntraced(function* (scope, type, caller, prompt) {
      let asked: { readonly target: Target; readonly model: string | undefined } | undefined
      let replied = 0

      const leave = (errored: boolean): Effect.Effect<void> => {
        if (asked === undefined) return Effect.void
        const { model, target } = asked
        return journal.note({
          type,
          details: {
            scheme: target.scheme,
            ...(model === undefined ? {} : { model }),
            prompt_len: Buffer.byteLength(prompt),
            reply_len: replied,
            caller: caller.id,
            errored: errored ? 1 : 0
          }
        })
      }

      const call: Call = {
        asks: (target, model) => {
          asked = { target, model }
        },
        says: (pieces) => {
          for (const piece of pieces) replied += Buffer.byteLength(piece)
        },
        ends: (errored) => Effect.suspend(() => (open.delete(call) ? leave(errored) : Effect.void))
      }
      open.add(call)
      yield* Scope.addFinalizer(scope, call.ends(true))
      return call
    })
  })
