import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { Remark } from "../domain/Command.ts"
import type { WorldName } from "../domain/WorldPath.ts"
import type { Commits } from "./Commits.ts"

/** Events of the machine's own about one world, which nobody waits for: those that come together are written in one commit. */
export interface Journal {
  /**
   * Notes an event. Whoever looks at the world from now on waits until it is written; whoever notes it goes on, unless too
   * many are on their way.
   */
  readonly note: (remark: Remark) => Effect.Effect<void>
}

/** How long the first event of a commit waits for others, unless somebody looks. */
const gathering = "10 millis"

/** Events that may be on their way before somebody waits for theirs. */
const mostOnTheirWay = 64

interface Batch {
  readonly remarks: [Remark, ...Array<Remark>]
  /** nobody else is waited for */
  readonly due: Effect.Latch
  readonly written: Effect.Latch
  readonly arrived: () => void
}

/** One clerk writes what is noted. The scope closes when all of it is written. */
export const make = (
  { commit, expect }: Pick<Commits, "commit" | "expect">,
  name: WorldName
): Effect.Effect<Journal, never, Scope.Scope> =>
  Effect.gen(function* () {
    const begun = yield* Effect.makeLatch()
    let batch: Batch | undefined
    let onTheirWay = 0
    let closing = false

    const begin = (remark: Remark): Batch => {
      const due = Effect.unsafeMakeLatch(closing)
      const arrived = expect(name, () => due.unsafeOpen())
      begun.unsafeOpen()
      return { remarks: [remark], due, written: Effect.unsafeMakeLatch(), arrived }
    }

    const write = ({ arrived, remarks, written }: Batch) =>
      commit({ _tag: "Annotate", name, remarks }).pipe(
        // Whoever noted them would be no better off if they failed for it.
        Effect.catchAllCause((cause) => Effect.logError(`events of /${name} are lost: ${remarks.length}`, cause)),
        Effect.ensuring(
          Effect.sync(() => {
            onTheirWay -= remarks.length
            arrived()
            written.unsafeOpen()
          })
        )
      )

    const take = Effect.suspend(() => {
      const taken = batch
      batch = undefined
      begun.unsafeClose()
      return taken === undefined ? Effect.void : write(taken)
    })

    const work: Effect.Effect<void> = Effect.suspend(() => {
      if (batch !== undefined) {
        return Effect.raceFirst(Effect.sleep(gathering), batch.due.await).pipe(
          Effect.zipRight(take),
          Effect.zipRight(work)
        )
      }
      return closing ? Effect.void : Effect.zipRight(begun.await, work)
    })

    const clerk = yield* Effect.forkDaemon(work)
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        closing = true
        batch?.due.unsafeOpen()
        begun.unsafeOpen()
        return Fiber.await(clerk)
      })
    )

    return {
      note: (remark) =>
        Effect.suspend(() => {
          onTheirWay++
          if (batch === undefined) batch = begin(remark)
          else batch.remarks.push(remark)
          if (onTheirWay <= mostOnTheirWay) return Effect.void
          batch.due.unsafeOpen()
          return batch.written.await
        })
    }
  })
