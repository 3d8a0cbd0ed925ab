import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Nursery } from "./Nursery.ts"

/** Text that one fiber makes and many read, each from its beginning. */
export interface SharedReply<A, E> {
  /**
   * counts as a reader until the scope closes; when the last one leaves, the making of it is interrupted. None when all
   * have left already: there is nothing to wait for
   */
  readonly join: Effect.Effect<Option.Option<Reading<A, E>>, never, Scope.Scope>
  /** begins the making of it, for whoever has joined; once */
  readonly start: (nursery: Nursery) => Effect.Effect<void>
}

export interface Reading<A, E> {
  /** whether there is any text, as soon as that is known */
  readonly begun: Effect.Effect<boolean>
  /** the text as it is made; how it ended is for `outcome` to say */
  readonly text: Stream.Stream<string>
  /** what was made, once it is kept */
  readonly outcome: Effect.Effect<A, E>
}

/** What a reply is made with. */
export interface Making<A, E> {
  /** passes text on as it has it */
  readonly work: (pass: (text: string) => void) => Effect.Effect<A, E>
  /** what is done with what was made before anybody hears of it; nobody interrupts it */
  readonly keep: (made: A) => Effect.Effect<void>
  /** nobody needs to join it any more, because it is kept, has failed, or everybody has left; called once */
  readonly onOver: () => void
}

/** A reply that can be joined, and then started. */
export const make = <A, E>(making: Making<A, E>): Effect.Effect<SharedReply<A, E>> =>
  Effect.map(Deferred.make<A, E>(), (outcome) => {
    const pieces: Array<string> = []
    let more = Effect.unsafeMakeLatch(false)
    let fiber: Fiber.RuntimeFiber<A, E> | undefined
    /** all of the text is there */
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
        wake()
        const kept = Exit.isSuccess(exit) ? making.keep(exit.value) : Effect.void
        const tell = Effect.sync(() => {
          making.onOver()
          Deferred.unsafeDone(outcome, exit)
        })
        return Effect.ensuring(kept, tell)
      })

    const start: SharedReply<A, E>["start"] = ({ fork }) =>
      Effect.suspend(() => {
        if (left) return Effect.void
        const work = Effect.interruptible(Effect.suspend(() => making.work(pass)))
        // The fiber inherits that nothing interrupts it before it is where it tells how it ended.
        return Effect.map(fork(Effect.onExit(work, end)), (started) => {
          fiber = started
        })
      }).pipe(Effect.uninterruptible)

    const from = (read: number): Effect.Effect<Option.Option<readonly [text: string, read: number]>> =>
      Effect.suspend(() => {
        if (pieces.length > read) return Effect.succeedSome([pieces.slice(read).join(""), pieces.length] as const)
        return over ? Effect.succeedNone : Effect.zipRight(more.await, from(read))
      })

    const reading: Reading<A, E> = {
      begun: Effect.map(from(0), Option.isSome),
      text: Stream.unfoldEffect(0, from),
      outcome: Deferred.await(outcome)
    }

    const enter = Effect.sync(() => {
      if (left) return Option.none()
      readers++
      return Option.some(reading)
    })

    const leave = Effect.suspend(() => {
      readers--
      if (readers > 0 || over) return Effect.void
      left = true
      making.onOver()
      return fiber === undefined ? Effect.void : Fiber.interruptFork(fiber)
    })

    // acquireRelease would do the same and more, for the price of a request.
    const join = Effect.uninterruptible(
      Effect.flatMap(Effect.scope, (scope) =>
        Effect.tap(enter, (entered) => (Option.isSome(entered) ? Scope.addFinalizer(scope, leave) : Effect.void))
      )
    )
    return { join, start }
  })
