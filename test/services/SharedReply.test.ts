import { describe, expect, it } from "@effect/vitest"
import { Cause, Chunk, Deferred, Effect, Exit, Fiber, Option, Scope, Stream } from "effect"
import * as Nursery from "../../src/services/Nursery.ts"
import * as SharedReply from "../../src/services/SharedReply.ts"

/** Work in the hands of a test, and what became of it. */
class Work {
  readonly outcome = Effect.runSync(Deferred.make<string, string>())
  readonly began = Effect.runSync(Deferred.make<void>())
  readonly left = Effect.runSync(Deferred.make<void>())
  begun = 0
  over = 0
  readonly kept: Array<string> = []
  pass: (text: string) => void = () => {}
  keep: (made: string) => Effect.Effect<void> = () => Effect.void

  readonly making: SharedReply.Making<string, string> = {
    work: (pass) => {
      this.begun++
      this.pass = pass
      Deferred.unsafeDone(this.began, Exit.void)
      return Effect.onInterrupt(Deferred.await(this.outcome), () => Deferred.succeed(this.left, undefined))
    },
    keep: (made) => {
      this.kept.push(made)
      return this.keep(made)
    },
    onOver: () => {
      this.over++
    }
  }
}

/** Long enough for everything that needs nobody. */
const settle = Effect.yieldNow().pipe(Effect.repeatN(50))
const all = <E>(reading: Pick<SharedReply.Reading<string, E>, "text">) =>
  Effect.map(Stream.runCollect(reading.text), Chunk.toArray)
const joined = <A, E>(reply: SharedReply.SharedReply<A, E>) => Effect.map(reply.join, Option.getOrThrow)

/** A reader in a scope of its own. */
const readerOf = <A, E>(reply: SharedReply.SharedReply<A, E>) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const reading = yield* Scope.extend(joined(reply), scope)
    return { ...reading, leave: Scope.close(scope, Exit.void) }
  })

/** A reply that is being made, with its first reader. */
const started = (work = new Work()) =>
  Effect.gen(function* () {
    const reply = yield* SharedReply.make(work.making)
    const first = yield* readerOf(reply)
    yield* reply.start(yield* Nursery.make)
    yield* Deferred.await(work.began)
    return { reply, first, work }
  })

describe("C12.5 a reply for many", () => {
  it.scoped("is made once, and everybody reads all of it, whenever they come", () =>
    Effect.gen(function* () {
      const { first, reply, work } = yield* started()
      work.pass("a")
      work.pass("b")
      const late = yield* readerOf(reply)
      const reading = yield* Effect.fork(Effect.all([all(first), all(late)], { concurrency: 2 }))
      yield* settle
      work.pass("c")
      yield* settle
      yield* Deferred.succeed(work.outcome, "done")
      const texts = yield* Fiber.join(reading)
      expect(texts).toEqual([
        ["ab", "c"],
        ["ab", "c"]
      ])
      expect(yield* Effect.all([first.outcome, late.outcome])).toEqual(["done", "done"])
      expect([work.begun, work.kept, work.over]).toEqual([1, ["done"], 1])
    })
  )

  it.scoped("can be read anew by whoever has joined, from its beginning", () =>
    Effect.gen(function* () {
      const { first, work } = yield* started()
      work.pass("a")
      yield* Deferred.succeed(work.outcome, "done")
      yield* first.outcome
      expect([yield* all(first), yield* all(first)]).toEqual([["a"], ["a"]])
    })
  )

  it.scoped("has begun with its first text, and not with an empty piece", () =>
    Effect.gen(function* () {
      const { first, work } = yield* started()
      const begun = yield* Effect.fork(first.begun)
      work.pass("")
      yield* settle
      expect(begun.unsafePoll()).toBe(null)
      work.pass("a")
      expect(yield* Fiber.join(begun)).toBe(true)
    })
  )

  it.scoped("never begins when it ends without text, well or not", () =>
    Effect.gen(function* () {
      const well = yield* started()
      yield* Deferred.succeed(well.work.outcome, "empty")
      expect([yield* well.first.begun, yield* well.first.outcome]).toEqual([false, "empty"])
      const ill = yield* started()
      yield* Deferred.fail(ill.work.outcome, "no")
      expect([yield* ill.first.begun, yield* Effect.flip(ill.first.outcome)]).toEqual([false, "no"])
    })
  )

  it.scoped("keeps many readers of many pieces in step, whoever is slow", () =>
    Effect.gen(function* () {
      const { first, reply, work } = yield* started()
      const slow = yield* readerOf(reply)
      const readers = yield* Effect.forEach(Array.from({ length: 20 }), () => readerOf(reply))
      const texts = yield* Effect.fork(
        Effect.all(
          [
            ...[first, ...readers].map(all),
            Effect.map(Stream.runCollect(Stream.tap(slow.text, () => settle)), Chunk.toArray)
          ],
          { concurrency: "unbounded" }
        )
      )
      for (let n = 0; n < 200; n++) {
        work.pass(`${n} `)
        if (n % 7 === 0) yield* Effect.yieldNow()
      }
      yield* Deferred.succeed(work.outcome, "done")
      const whole = Array.from({ length: 200 }, (_, n) => `${n} `).join("")
      expect(new Set((yield* Fiber.join(texts)).map((pieces) => pieces.join("")))).toEqual(new Set([whole]))
    })
  )
})

describe("C12.6 whoever leaves", () => {
  it.scoped("first, or last but one, leaves it to the others", () =>
    Effect.gen(function* () {
      const { first, reply, work } = yield* started()
      const second = yield* readerOf(reply)
      yield* first.leave
      yield* settle
      expect([yield* Deferred.isDone(work.left), work.over]).toEqual([false, 0])
      yield* Deferred.succeed(work.outcome, "done")
      expect(yield* second.outcome).toBe("done")
    })
  )

  it.scoped("last interrupts the making of it, and nothing is kept", () =>
    Effect.gen(function* () {
      const { first, reply, work } = yield* started()
      const second = yield* readerOf(reply)
      yield* first.leave
      yield* second.leave
      yield* Deferred.await(work.left)
      expect([work.kept, work.over]).toEqual([[], 1])
    })
  )

  it.scoped("last is the last: nobody can join what nobody makes", () =>
    Effect.gen(function* () {
      const { first, reply } = yield* started()
      yield* first.leave
      expect(Option.isNone(yield* reply.join)).toBe(true)
    })
  )

  it.scoped("and finds nobody to join has not been counted, and so does not leave", () =>
    Effect.gen(function* () {
      const { first, reply, work } = yield* started()
      yield* first.leave
      yield* Effect.scoped(reply.join)
      expect(work.over).toBe(1)
    })
  )

  it.scoped("twice leaves once", () =>
    Effect.gen(function* () {
      const { first, reply, work } = yield* started()
      yield* readerOf(reply)
      yield* first.leave
      yield* first.leave
      expect([work.over, yield* Deferred.isDone(work.left)]).toEqual([0, false])
    })
  )

  it.scoped("before it is started: it never is", () =>
    Effect.gen(function* () {
      const work = new Work()
      const reply = yield* SharedReply.make(work.making)
      yield* (yield* readerOf(reply)).leave
      yield* reply.start(yield* Nursery.make)
      yield* settle
      expect([work.begun, work.over]).toEqual([0, 1])
    })
  )

  it.scoped("right after it was started: it is over, whether it ever ran or not", () =>
    Effect.gen(function* () {
      const work = new Work()
      const reply = yield* SharedReply.make(work.making)
      const first = yield* readerOf(reply)
      yield* reply.start(yield* Nursery.make)
      yield* first.leave
      yield* settle
      expect([work.over, work.kept]).toEqual([1, []])
    })
  )

  it.scoped("while the outcome is kept does not undo it", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const reached = yield* Deferred.make<void>()
      const work = new Work()
      work.keep = () => Effect.zipRight(Deferred.succeed(reached, undefined), Deferred.await(gate))
      const { first, reply } = yield* started(work)
      yield* Deferred.succeed(work.outcome, "done")
      yield* Deferred.await(reached)
      yield* first.leave
      yield* settle
      expect(work.over).toBe(0)
      const late = yield* readerOf(reply)
      yield* Deferred.succeed(gate, undefined)
      expect([yield* late.outcome, work.over]).toEqual(["done", 1])
    })
  )

  it.scoped("in the tick in which the work ends: it is over once, kept or not", () =>
    Effect.gen(function* () {
      const { first, work } = yield* started()
      yield* Deferred.succeed(work.outcome, "done")
      yield* first.leave
      yield* settle
      expect(work.over).toBe(1)
    })
  )
})

describe("C12.5 what was made", () => {
  it.scoped("is kept before anybody hears of it, while its text is there already", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const work = new Work()
      work.keep = () => Deferred.await(gate)
      const { first } = yield* started(work)
      work.pass("all of it")
      const outcome = yield* Effect.fork(first.outcome)
      yield* Deferred.succeed(work.outcome, "done")
      expect(yield* all(first)).toEqual(["all of it"])
      yield* settle
      expect([outcome.unsafePoll(), work.over]).toEqual([null, 0])
      yield* Deferred.succeed(gate, undefined)
      expect(yield* Fiber.join(outcome)).toBe("done")
    })
  )

  it.scoped("is heard of although keeping it breaks", () =>
    Effect.gen(function* () {
      const work = new Work()
      work.keep = () => Effect.die("the disk is gone")
      const { first } = yield* started(work)
      yield* Deferred.succeed(work.outcome, "done")
      expect([yield* first.outcome, work.over]).toEqual(["done", 1])
    })
  )

  it.scoped("frees those who leave while keeping it hangs", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const work = new Work()
      work.keep = () => Deferred.await(gate)
      const { first } = yield* started(work)
      yield* Deferred.succeed(work.outcome, "done")
      const waiting = yield* Effect.fork(first.outcome)
      yield* settle
      expect(Exit.isInterrupted(yield* Fiber.interrupt(waiting))).toBe(true)
      yield* first.leave
      yield* Deferred.succeed(gate, undefined)
    })
  )

  it.scoped("is nothing after a failure: it is over before anybody hears of that, and so can be tried again", () =>
    Effect.gen(function* () {
      const { first, work } = yield* started()
      yield* Deferred.fail(work.outcome, "no")
      const over = yield* Effect.map(Effect.flip(first.outcome), () => work.over)
      expect([over, work.kept]).toEqual([1, []])
    })
  )

  it.scoped("is a defect where the work has one, for everybody", () =>
    Effect.gen(function* () {
      const { first, reply, work } = yield* started()
      const second = yield* readerOf(reply)
      yield* Deferred.die(work.outcome, "a mistake")
      for (const { outcome } of [first, second]) {
        expect(Exit.isFailure(yield* Effect.exit(outcome))).toBe(true)
      }
      expect(work.over).toBe(1)
    })
  )
})

describe("C12.5 the same key", () => {
  it.scoped("right after a cancelled reply has a new one, which the old one's end leaves alone", () =>
    Effect.gen(function* () {
      const nursery = yield* Nursery.make
      const replies = new Map<string, SharedReply.SharedReply<string, string>>()
      const gone = yield* Deferred.make<void>()
      const begin = (work: SharedReply.Making<string, string>["work"]) =>
        Effect.gen(function* () {
          const onOver = () => {
            replies.delete("k")
          }
          const reply = yield* SharedReply.make({ work, keep: () => Effect.void, onOver })
          replies.set("k", reply)
          const reader = yield* readerOf(reply)
          yield* reply.start(nursery)
          return { ...reader, reply }
        })
      // It takes its time to go.
      const old = yield* begin(() => Effect.onInterrupt(Effect.never, () => Deferred.await(gone)))
      yield* settle
      yield* old.leave
      const fresh = yield* begin(() => Effect.never)
      yield* Deferred.succeed(gone, undefined)
      yield* settle
      expect(replies.get("k")).toBe(fresh.reply)
      yield* fresh.leave
      expect(replies.size).toBe(0)
    })
  )

  it.scoped("is free again after work that ends as it begins", () =>
    Effect.gen(function* () {
      const replies = new Map<string, unknown>()
      const reply = yield* SharedReply.make<string, never>({
        work: (pass) =>
          Effect.as(
            Effect.sync(() => pass("a")),
            "done"
          ),
        keep: () => Effect.void,
        onOver: () => {
          replies.delete("k")
        }
      })
      replies.set("k", reply)
      const reader = yield* readerOf(reply)
      yield* reply.start(yield* Nursery.make)
      expect([yield* reader.outcome, replies.size, yield* all(reader)]).toEqual(["done", 0, ["a"]])
    })
  )
})

describe("when the scope of the making closes", () => {
  it.effect("it is interrupted, and so is whoever waits", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const work = new Work()
      const reply = yield* SharedReply.make(work.making)
      const reader = yield* readerOf(reply)
      yield* reply.start(yield* Scope.extend(Nursery.make, scope))
      yield* Deferred.await(work.began)
      const waiting = yield* Effect.fork(reader.outcome)
      const reading = yield* Effect.fork(all(reader))
      yield* settle
      yield* Scope.close(scope, Exit.void)
      const exit = yield* Fiber.await(waiting)
      expect(Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause)).toBe(true)
      expect([yield* Fiber.join(reading), work.over]).toEqual([[], 1])
    })
  )

  it.effect("that was closed before: the same", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      yield* Scope.close(scope, Exit.void)
      const work = new Work()
      const reply = yield* SharedReply.make(work.making)
      const reader = yield* readerOf(reply)
      yield* reply.start(yield* Scope.extend(Nursery.make, scope))
      const exit = yield* Effect.exit(reader.outcome)
      expect([Exit.isInterrupted(exit), work.begun, work.over]).toEqual([true, 0, 1])
    })
  )

  it.effect("it closes although keeping takes its time, and not before what is kept is kept", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const gate = yield* Deferred.make<void>()
      const work = new Work()
      work.keep = () => Deferred.await(gate)
      const reply = yield* SharedReply.make(work.making)
      const reader = yield* readerOf(reply)
      yield* reply.start(yield* Scope.extend(Nursery.make, scope))
      yield* Deferred.succeed(work.outcome, "done")
      yield* settle
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* settle
      expect(closing.unsafePoll()).toBe(null)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(closing)
      expect(yield* reader.outcome).toBe("done")
    })
  )
})
