import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Caller } from "../../domain/Caller.ts"
import type { Target } from "../../domain/GpuConf.ts"
import type { WorldName } from "../../domain/WorldPath.ts"
import type { Worlds } from "../../services/Worlds.ts"

/** The world that remembers calls (C5.2). A literal of this program, and a canonical one. */
const log = "var/log/gpu" as WorldName

/** One call of the device, as it goes. */
export interface Call {
  /** a backend is asked; the last one is who answered, or failed to */
  readonly asks: (target: Target, model: string | undefined) => void
  /** a piece of the answer is passed on */
  readonly says: (piece: string) => void
  /** the call is over, and its event written. Only the first end counts */
  readonly ends: (errored: boolean) => Effect.Effect<void>
}

/**
 * Begins a call that leaves one event in `var/log/gpu` (C11.1), unless no backend was asked. It ends with `ends`, or with
 * the scope, which means that the caller has left: then `reply_len` is how far it came.
 */
export type Begin = (
  type: "gpu_call" | "gpu_stream_call",
  caller: Caller,
  prompt: string
) => Effect.Effect<Call, never, Scope.Scope>

/** Calls that are still under way when the scope closes end with it, while there is a world to write to. */
export const make = (worlds: typeof Worlds.Service): Effect.Effect<Begin, never, Scope.Scope> =>
  Effect.gen(function* () {
    const open = new Set<Call>()
    yield* Effect.addFinalizer(() => Effect.forEach([...open], (call) => call.ends(true), { discard: true }))

    return (type, caller, prompt) =>
      Effect.gen(function* () {
        const written = yield* Deferred.make<void>()
        let asked: { readonly target: Target; readonly model: string | undefined } | undefined
        let replied = 0
        let over = false

        const write = (errored: boolean): Effect.Effect<void> => {
          if (asked === undefined) return Effect.void
          const details = {
            scheme: asked.target.scheme,
            ...(asked.model === undefined ? {} : { model: asked.model }),
            prompt_len: Buffer.byteLength(prompt),
            reply_len: replied,
            caller: caller.id,
            errored: errored ? 1 : 0
          }
          // The caller has an answer or has none, and would be no better off if this failed the call.
          return Effect.catchAll(worlds.record(log, type, details), (error) =>
            Effect.logError("a call of the gpu left no event", Cause.fail(error))
          )
        }

        const call: Call = {
          asks: (target, model) => {
            asked = { target, model }
          },
          says: (piece) => {
            replied += Buffer.byteLength(piece)
          },
          ends: (errored) =>
            Effect.suspend(() => {
              if (over) return Deferred.await(written)
              over = true
              const forget = Effect.sync(() => open.delete(call))
              return write(errored).pipe(Effect.ensuring(Deferred.succeed(written, undefined)), Effect.ensuring(forget))
            }).pipe(Effect.uninterruptible)
        }
        open.add(call)
        yield* Effect.addFinalizer(() => call.ends(true))
        return call
      })
  })
