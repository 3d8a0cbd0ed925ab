import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** Text that one fiber makes and many read, each from its beginning. */
export interface SharedReply<A, E> {
  /** counts as a reader until the scope closes; when the last one leaves, the making of it is interrupted */
  readonly join: Effect.Effect<Reading<A, E>, never, Scope.Scope>
}

export interface Reading<A, E> {
  /** whether there is any text, as soon as that is known */
  readonly begun: Effect.Effect<boolean>
  /** the text as it is made; how it ended is for `outcome` to say */
  readonly text: Stream.Stream<string>
  readonly outcome: Effect.Effect<A, E>
}

/** What a reply is made with. */
export interface Making<A, E> {
  /** passes text on as it has it */
  readonly work: (pass: (text: string) => void) => Effect.Effect<A, E>
  /** what is done with the outcome once the readers have it; nobody interrupts it */
  readonly keep: (made: A) => Effect.Effect<void>
  /** nobody needs to join it any more, because it is kept, has failed, or everybody has left */
  readonly onOver: () => void
}

/** Starts making a reply in `scope`. */
export const start = <A, E>(making: Making<A, E>, scope: Scope.Scope): Effect.Effect<SharedReply<A, E>> =>
  Effect.gen(function* () {
    const outcome = yield* Deferred.make<A, E>()
    const pieces: Array<string> = []
    let more = Effect.unsafeMakeLatch(false)
    let over = false
    let left = false
    let readers = 0

    const wake = () => {
      more.unsafeOpen()
      more = Effect.unsafeMakeLatch(false)
    }
    const pass = (text: string) => {
      if (text === "") return
      pieces.push(text)
      wake()
    }
    const end = (exit: Exit.Exit<A, E>) =>
      Effect.suspend(() => {
        // Whoever has left it to itself has said so.
        if (left) return Effect.void
        over = true
        Deferred.unsafeDone(outcome, exit)
        wake()
        const kept = Exit.isSuccess(exit) ? making.keep(exit.value) : Effect.void
        return Effect.ensuring(kept, Effect.sync(making.onOver))
      })

    const fiber = yield* Effect.forkIn(
      Effect.onExit(
        Effect.suspend(() => making.work(pass)),
        end
      ),
      scope
    )

    const from = (read: number): Effect.Effect<Option.Option<readonly [text: string, read: number]>> =>
      Effect.suspend(() => {
        if (pieces.length > read) return Effect.succeedSome([pieces.slice(read).join(""), pieces.length] as const)
        return over ? Effect.succeedNone : Effect.zipRight(more.await, from(read))
      })

    const leave = Effect.suspend(() => {
      readers--
      if (readers > 0 || over) return Effect.void
      left = true
      making.onOver()
      return Fiber.interruptFork(fiber)
    })

    const reading: Reading<A, E> = {
      begun: Effect.map(from(0), Option.isSome),
      text: Stream.unfoldEffect(0, from),
      outcome: Deferred.await(outcome)
    }
    return {
      join: Effect.acquireRelease(
        Effect.sync(() => {
          readers++
          return reading
        }),
        () => leave
      )
    }
  })
