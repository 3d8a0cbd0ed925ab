import { readFileSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, TestClock } from "effect"
import { anonymous, type Caller, system } from "../../src/domain/Caller.ts"
import type { Conditions } from "../../src/domain/Conditions.ts"
import { StorageFailure } from "../../src/domain/Errors.ts"
import { longestOwner } from "../../src/domain/Lock.ts"
import * as SqliteResources from "../../src/layers/resources/SqliteResources.ts"
import { Locks } from "../../src/services/Locks.ts"
import { Properties } from "../../src/services/Properties.ts"
import { ResourceStore } from "../../src/services/ResourceStore.ts"
import { Storage } from "../../src/services/Storage.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { asking, collection, everything, lock } from "../helpers/Locking.ts"
import { cap, erase, machine, machineTest, memoryWith, operator, outcome, user, write } from "../helpers/Machine.ts"
import { path, world } from "../helpers/Paths.ts"
import { databaseOf, files, post, put, setState, temporary, textOf } from "../helpers/Storages.ts"

const alice: Caller = { ...user(2), id: "user:alice" }
const bob: Caller = { ...user(2), id: "user:bob" }

const under = (...lockTokens: ReadonlyArray<string>): { readonly conditions: Conditions } => ({
  conditions: { lockTokens }
})

describe("C15 taking a lock", () => {
  machineTest(
    "gives a token of its own, and tells what was granted",
    Effect.gen(function* () {
      const [a, b] = [yield* lock(alice, "home/a", { owner: "<href>a</href>" }), yield* lock(alice, "home/b")]
      expect(a).toMatchObject({
        root: "home/a",
        holder: "user:alice",
        owner: "<href>a</href>",
        timeout: 60,
        expires: 60_000
      })
      expect(a.token).toMatch(/^urn:uuid:[0-9a-f-]{36}$/)
      expect(a.token).not.toBe(b.token)
      expect((yield* Locks).on("home/a")).toEqual([a])
    })
  )

  machineTest(
    "is for who may write there",
    Effect.gen(function* () {
      for (const [caller, root] of [
        [anonymous, "home/a"],
        [alice, "etc/a"],
        [cap("home/b", "rw"), "home/a"],
        [cap("home/a", "r"), "home/a"]
      ] as const) {
        expect(yield* outcome(lock(caller, root))).toBe("Forbidden")
      }
      expect(yield* outcome(lock(cap("home/a", "rw"), "home/a"))).toBe("allowed")
    })
  )

  machineTest(
    "of a whole namespace is nobody's",
    Effect.gen(function* () {
      expect(yield* outcome(lock(operator, "home", { depth: "infinity" }))).toBe("Forbidden")
    })
  )

  machineTest(
    "an owner's text is bounded",
    Effect.gen(function* () {
      expect(yield* outcome(lock(alice, "home/a", { owner: "x".repeat(longestOwner) }))).toBe("allowed")
      expect(yield* outcome(lock(alice, "home/b", { owner: "x".repeat(longestOwner + 1) }))).toBe("BadRequest")
    })
  )

  machineTest(
    "is refused where another one is in the way, whose root is told",
    Effect.gen(function* () {
      yield* lock(alice, "home/a/b")
      yield* lock(alice, "home/shared", { scope: "shared" })
      expect(yield* Effect.flip(lock(bob, "home/a", { depth: "infinity" }))).toMatchObject({
        _tag: "Locked",
        roots: ["home/a/b"]
      })
      expect(yield* outcome(lock(bob, "home/a"))).toBe("allowed")
      expect(yield* outcome(lock(bob, "home/a/b"))).toBe("Locked")
      expect(yield* outcome(lock(alice, "home/a/b"))).toBe("Locked")
      expect(yield* outcome(lock(bob, "home/shared"))).toBe("Locked")
      expect(yield* outcome(lock(bob, "home/shared", { scope: "shared" }))).toBe("allowed")
    })
  )

  machineTest(
    "of many at the same moment exactly one gets it",
    Effect.gen(function* () {
      const attempts = Array.from({ length: 50 }, (_, i) => outcome(lock({ ...bob, id: `user:${i}` }, "home/a")))
      const outcomes = yield* Effect.all(attempts, { concurrency: "unbounded" })
      expect(outcomes.filter((one) => one === "allowed")).toHaveLength(1)
      expect(outcomes.filter((one) => one === "Locked")).toHaveLength(49)
    })
  )

  machineTest(
    "nobody can have too many",
    Effect.gen(function* () {
      const locks = yield* Locks
      yield* Effect.forEach(Array.from({ length: 2000 }), (_, i) => locks.take(alice, asking(`home/${i}`)))
      expect(yield* outcome(lock(alice, "home/more"))).toBe("Overloaded")
      expect(yield* outcome(lock(bob, "home/more"))).toBe("allowed")
      yield* TestClock.adjust("61 seconds")
      expect(yield* outcome(lock(alice, "home/more"))).toBe("allowed")
    })
  )

  it.effect("that cannot be kept is not taken", () =>
    Effect.gen(function* () {
      const failing = Layer.succeed(ResourceStore, {
        load: () => Effect.succeed([]),
        change: () => Effect.dieMessage("no disk")
      })
      yield* Effect.gen(function* () {
        yield* Effect.exit(lock(alice, "home/a"))
        expect((yield* Locks).none()).toBe(true)
      }).pipe(Effect.provide(machine({}, undefined, failing)))
    })
  )
})

describe("C15 the life of a lock", () => {
  machineTest(
    "it is over when its time is, and binds nobody any more",
    Effect.gen(function* () {
      const locks = yield* Locks
      const { token } = yield* lock(alice, "home/a")
      yield* TestClock.adjust("59 seconds")
      expect(yield* outcome(write("home/a", ""))).toBe("Locked")
      yield* TestClock.adjust("1 seconds")
      expect([locks.on("home/a"), locks.within("home")]).toEqual([[], []])
      expect(yield* outcome(write("home/a", ""))).toBe("allowed")
      expect(yield* outcome(locks.refresh(alice, path("home/a"), token, 60))).toBe("PreconditionFailed")
      expect(yield* outcome(lock(bob, "home/a"))).toBe("allowed")
    })
  )

  machineTest(
    "its holder refreshes it, from whatever it binds; nobody else does",
    Effect.gen(function* () {
      const locks = yield* Locks
      const { token } = yield* lock(alice, "home/a", { depth: "infinity" })
      yield* TestClock.adjust("50 seconds")
      const refreshed = yield* locks.refresh(alice, path("home/a/b"), token, 100)
      expect(refreshed).toMatchObject({ token, root: "home/a", timeout: 100, expires: 150_000 })
      expect(locks.on("home/a")).toEqual([refreshed])
      expect(yield* outcome(locks.refresh(bob, path("home/a"), token, 60))).toBe("Forbidden")
      expect(yield* outcome(locks.refresh(alice, path("home/b"), token, 60))).toBe("PreconditionFailed")
      expect(yield* outcome(locks.refresh(alice, path("home/a"), "urn:uuid:none", 60))).toBe("PreconditionFailed")
    })
  )

  machineTest(
    "its holder and operators release it; nobody else does",
    Effect.gen(function* () {
      const locks = yield* Locks
      for (const caller of [alice, operator]) {
        const { token } = yield* lock(alice, "home/a", { depth: "infinity" })
        expect(yield* outcome(locks.release(bob, path("home/a"), token))).toBe("Forbidden")
        expect(yield* outcome(locks.release(caller, path("home/b"), token))).toBe("Conflict")
        yield* locks.release(caller, path("home/a/b"), token)
        expect(yield* outcome(locks.release(caller, path("home/a"), token))).toBe("Conflict")
        expect(locks.none()).toBe(true)
      }
    })
  )

  it.scoped("it stays when it is refreshed in its last moment, whatever else is locked meanwhile", () =>
    Effect.gen(function* () {
      const latch = yield* Effect.makeLatch(true)
      const slow = Layer.effect(
        ResourceStore,
        Effect.map(ResourceStore, (store) => ({
          ...store,
          change: (changes: Parameters<typeof store.change>[0]) => Effect.zipRight(latch.await, store.change(changes))
        }))
      ).pipe(Layer.provide(SqliteResources.layerMemory))
      yield* Effect.gen(function* () {
        const locks = yield* Locks
        const { token } = yield* lock(alice, "home/a")
        yield* TestClock.adjust("59 seconds")
        yield* latch.close
        const refreshing = yield* Effect.fork(locks.refresh(alice, path("home/a"), token, 60))
        yield* Effect.yieldNow()
        yield* TestClock.adjust("2 seconds")
        const taking = yield* Effect.fork(lock(bob, "home/b"))
        yield* Effect.yieldNow()
        yield* latch.open
        yield* Fiber.join(refreshing)
        yield* Fiber.join(taking)
        const kept = yield* (yield* ResourceStore).load("lock")
        expect([locks.on("home/a").length, kept.some(({ key }) => key === token)]).toEqual([1, true])
      }).pipe(Effect.provide(machine({}, undefined, slow)))
    })
  )

  it.scoped("one that could not be refreshed lasts as long as it did", () =>
    Effect.gen(function* () {
      let broken = false
      const failing = Layer.effect(
        ResourceStore,
        Effect.map(ResourceStore, (store) => ({
          ...store,
          change: (changes: Parameters<typeof store.change>[0]) =>
            broken ? new StorageFailure({ message: "no", cause: "no disk" }) : store.change(changes)
        }))
      ).pipe(Layer.provide(SqliteResources.layerMemory))
      yield* Effect.gen(function* () {
        const locks = yield* Locks
        const taken = yield* lock(alice, "home/a")
        broken = true
        expect(yield* outcome(locks.refresh(alice, path("home/a"), taken.token, 600))).toBe("StorageFailure")
        expect(locks.on("home/a")).toEqual([taken])
      }).pipe(Effect.provide(machine({}, undefined, failing)))
    })
  )

  it.scoped("it survives a restart, unless it is over or what it locked is gone", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      const life = <A, E>(run: Effect.Effect<A, E, Locks | Worlds | Storage>) =>
        Effect.provide(run, machine({}, Layer.orDie(files(data)), SqliteResources.layer(data)))
      const taken = yield* life(
        Effect.gen(function* () {
          yield* Effect.forEach(["home/a", "home/b", "home/gone/x"], (name) => write(name, ""))
          yield* lock(alice, "home/b", { timeout: 10 })
          yield* lock(alice, "home/none")
          yield* lock(alice, "home/gone/x")
          // By hand, as it were: the door would have released the lock.
          yield* (yield* Storage).execute({ _tag: "Delete", name: world("home/gone/x"), conditions: {}, deletion: "x" })
          return yield* lock(alice, "home/a", { owner: "é", depth: "infinity", scope: "shared" })
        })
      )
      yield* TestClock.adjust("30 seconds")
      yield* life(
        Effect.gen(function* () {
          const locks = yield* Locks
          expect(locks.within("home")).toEqual([taken])
          expect(yield* outcome(write("home/a", ""))).toBe("Locked")
          yield* locks.release(alice, path("home/a"), taken.token)
        })
      )
      yield* life(
        Effect.gen(function* () {
          expect((yield* Locks).none()).toBe(true)
        })
      )
    })
  )
})

describe("C15 a lock of what could not be read at one start", () => {
  it.scoped("is still there at the next", () =>
    Effect.gen(function* () {
      const data = yield* temporary
      const life = <A, E>(run: Effect.Effect<A, E, Locks | Worlds>) =>
        Effect.provide(run, machine({}, Layer.orDie(files(data)), SqliteResources.layer(data)))
      yield* life(
        Effect.gen(function* () {
          yield* write("home/t/x", "")
          yield* lock(alice, "home/t/x")
          yield* lock(alice, "home/t")
        })
      )
      const file = databaseOf(data, "home/t/x")
      const healthy = readFileSync(file)
      writeFileSync(file, "for a while this is no database")
      yield* life(
        Effect.gen(function* () {
          expect(yield* outcome(write("home/t/x", ""))).toBe("Locked")
        })
      )
      writeFileSync(file, healthy)
      yield* life(
        Effect.gen(function* () {
          expect(
            (yield* Locks)
              .within("home")
              .map(({ root }) => root)
              .sort()
          ).toEqual(["home/t", "home/t/x"])
        })
      )
    })
  )
})

describe("C15 a collection that is locked loses no member to several who delete at a time", () => {
  /** A storage that keeps every deletion waiting until the latch opens. */
  const slow = Effect.gen(function* () {
    const latch = yield* Effect.makeLatch(false)
    const begun = yield* Effect.makeLatch(false)
    const storage = memoryWith((storage) => ({
      execute: (command) =>
        command._tag === "Delete"
          ? Effect.zipRight(Effect.zipRight(begun.open, latch.await), storage.execute(command))
          : storage.execute(command)
    }))
    return { latch, begun, machine: machine({}, storage) }
  })
  const move = (from: string, to: string) =>
    Effect.flatMap(Worlds, (worlds) =>
      worlds.move(operator, { from: path(from), to: path(to), depth: "infinity", overwrite: true, conditions: {} })
    )

  /** Two who come at a time to a collection `sub` with these members, in one whose membership is locked. */
  const both = (
    members: ReadonlyArray<string>,
    one: (token: string) => Effect.Effect<unknown, { readonly _tag: string }, Worlds>,
    other: Effect.Effect<unknown, { readonly _tag: string }, Worlds>
  ) =>
    Effect.gen(function* () {
      const { begun, latch, machine } = yield* slow
      return yield* Effect.gen(function* () {
        yield* Effect.forEach(members, (name) => write(`home/c/sub/${name}`, ""))
        const { token } = yield* lock(operator, "home/c")
        const first = yield* Effect.fork(outcome(one(token)))
        yield* begun.await
        const second = yield* Effect.fork(outcome(other))
        yield* Effect.yieldNow()
        yield* latch.open
        return [yield* Fiber.join(first), yield* Fiber.join(second)]
      }).pipe(Effect.provide(machine))
    })

  it.scoped("the last two members of what is in it do not both go", () =>
    Effect.gen(function* () {
      expect(yield* both(["a", "b"], () => erase("home/c/sub/a"), erase("home/c/sub/b"))).toEqual(["allowed", "Locked"])
    })
  )

  it.scoped("nor does one move away while the other is deleted", () =>
    Effect.gen(function* () {
      const moved = move("home/c/sub/b", "home/elsewhere")
      expect(yield* both(["a", "b"], () => erase("home/c/sub/a"), moved)).toEqual(["allowed", "Locked"])
    })
  )

  it.scoped("nobody makes anew, without the token, what its holder has just emptied", () =>
    Effect.gen(function* () {
      const empty = (token: string) =>
        Effect.flatMap(Worlds, (worlds) => worlds.remove(operator, path("home/c/sub/a"), { lockTokens: [token] }))
      expect(yield* both(["a"], empty, write("home/c/sub/new", ""))).toEqual(["allowed", "Locked"])
    })
  )

  machineTest(
    "a deletion that was refused takes nothing into account afterwards",
    Effect.gen(function* () {
      yield* write("home/c/sub/a", "")
      yield* write("home/c/sub/b", "")
      yield* lock(operator, "home/c")
      yield* lock(operator, "home/c/sub/a")
      expect(yield* outcome(erase("home/c/sub/a"))).toBe("Locked")
      expect(yield* outcome(erase("home/c/sub/b"))).toBe("allowed")
    })
  )

  machineTest(
    "nor does one that was done, when its world is there again",
    Effect.gen(function* () {
      yield* write("home/c/sub/a", "")
      yield* write("home/c/sub/b", "")
      yield* lock(operator, "home/c")
      yield* erase("home/c/sub/a")
      yield* write("home/c/sub/a", "")
      expect(yield* outcome(erase("home/c/sub/b"))).toBe("allowed")
    })
  )

  machineTest(
    "a member that only gets another name needs no token of what is above",
    Effect.gen(function* () {
      yield* write("home/c/sub/a", "")
      yield* lock(operator, "home/c")
      expect(yield* outcome(move("home/c/sub/a", "home/c/sub/b"))).toBe("allowed")
      expect(yield* outcome(move("home/c/sub/b", "home/b"))).toBe("Locked")
    })
  )
})

describe("C15 a lock binds every write", () => {
  machineTest(
    "of the world: who does not submit the token is Locked, its holder who does is not",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/a", "")
      const { token } = yield* lock(alice, "home/a")
      for (const [caller, given] of [
        [alice, {}],
        [bob, {}],
        [bob, under(token)],
        [operator, under(token)]
      ] as const) {
        expect(yield* outcome(worlds.overwrite(caller, put("home/a", "x", given)))).toBe("Locked")
        expect(yield* outcome(worlds.append(caller, post("home/a", "x", given)))).toBe("Locked")
      }
      expect(yield* outcome(worlds.remove(operator, path("home/a"), {}))).toBe("Locked")
      expect(yield* Effect.flip(worlds.overwrite(bob, put("home/a")))).toMatchObject({ roots: ["home/a"] })
      yield* worlds.overwrite(alice, put("home/a", "x", under("urn:uuid:other", token)))
      yield* worlds.append(alice, post("home/a", "y", under(token)))
      expect(textOf((yield* worlds.read(bob, world("home/a"))).body)).toBe("xy")
    })
  )

  machineTest(
    "below a deep one, and not below one that is not deep",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/deep/x", "")
      yield* write("home/flat/x", "")
      const { token } = yield* lock(alice, "home/deep", { depth: "infinity" })
      yield* lock(alice, "home/flat")
      expect(yield* outcome(worlds.overwrite(bob, put("home/deep/x")))).toBe("Locked")
      expect(yield* outcome(worlds.overwrite(bob, put("home/deep/new/y")))).toBe("Locked")
      expect(yield* outcome(worlds.overwrite(alice, put("home/deep/new/y", "", under(token))))).toBe("allowed")
      expect(yield* outcome(worlds.overwrite(bob, put("home/flat/x")))).toBe("allowed")
    })
  )

  machineTest(
    "a locked collection gets and loses no members, however far below it they come to be",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/c/x", "")
      yield* write("home/c/sub/only", "")
      yield* write("home/c/many/a", "")
      yield* write("home/c/many/b", "")
      const { token } = yield* lock(operator, "home/c")
      for (const name of ["home/c/new", "home/c/newer/y/z"]) {
        expect(yield* outcome(worlds.overwrite(bob, put(name)))).toBe("Locked")
        expect(yield* outcome(worlds.append(bob, post(name, "")))).toBe("Locked")
      }
      expect(yield* outcome(collection("home/c/made"))).toBe("Locked")
      // The collection goes with its last member.
      for (const name of ["home/c/x", "home/c/sub/only", "home/c/sub"])
        expect(yield* outcome(erase(name))).toBe("Locked")
      expect(yield* outcome(worlds.overwrite(bob, put("home/c/many/c")))).toBe("allowed")
      expect(yield* outcome(erase("home/c/many/a"))).toBe("allowed")
      expect(yield* outcome(worlds.remove(operator, path("home/c/x"), { lockTokens: [token] }))).toBe("allowed")
    })
  )

  machineTest(
    "a tree that holds a lock is not deleted, and then nothing of it is",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/t/a", "")
      yield* write("home/t/b", "")
      const { token } = yield* lock(operator, "home/t/b")
      expect(yield* Effect.flip(erase("home/t"))).toMatchObject({ _tag: "Locked", roots: ["home/t/b"] })
      expect(yield* everything).toEqual(["home/t/a", "home/t/b"])
      yield* worlds.remove(operator, path("home/t"), { lockTokens: [token] })
      expect((yield* Locks).none()).toBe(true)
    })
  )

  machineTest(
    "of properties too",
    Effect.gen(function* () {
      const properties = yield* Properties
      yield* write("home/a", "")
      const { token } = yield* lock(alice, "home/a")
      const patch = (lockTokens: ReadonlyArray<string>) =>
        outcome(properties.patch(alice, path("home/a"), [], { lockTokens }))
      expect([yield* patch([]), yield* patch([token])]).toEqual(["Locked", "allowed"])
    })
  )

  machineTest(
    "reading, the machine's own writes and the state of a plugin are not bound",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("lib/p", "source")
      yield* lock(alice, "lib/p")
      yield* lock(operator, "var/cache", { depth: "infinity" })
      expect(yield* outcome(worlds.read(bob, world("lib/p")))).toBe("allowed")
      expect(yield* outcome(worlds.setState(operator, setState("lib/p", "disabled")))).toBe("allowed")
      expect(yield* outcome(worlds.record(world("lib/p"), { type: "plugin_reloaded", details: {} }))).toBe("allowed")
      expect(yield* outcome(worlds.overwrite(system, put("var/cache/x")))).toBe("allowed")
      expect(yield* outcome(worlds.evict(world("var/cache/x")))).toBe("allowed")
    })
  )

  machineTest(
    "what may not be written is Forbidden, locked or not",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* lock(operator, "etc/x")
      expect(yield* outcome(worlds.overwrite(bob, put("etc/x")))).toBe("Forbidden")
      expect(yield* outcome(worlds.remove(bob, path("etc/x"), {}))).toBe("Forbidden")
    })
  )
})

describe("C15 a lock is taken when no write can pass it by any more", () => {
  it.scoped("writes that have begun end before it is answered; those that come later are Locked", () =>
    Effect.gen(function* () {
      const latch = yield* Effect.makeLatch(false)
      const begun = yield* Effect.makeLatch(false)
      const slow = memoryWith((storage) => ({
        execute: (command) =>
          Effect.zipRight(
            Effect.zipRight(begun.open, command.name.endsWith("slow") ? latch.await : Effect.void),
            storage.execute(command)
          )
      }))
      yield* Effect.gen(function* () {
        const worlds = yield* Worlds
        const log: Array<string> = []
        const first = yield* Effect.fork(
          Effect.tap(outcome(worlds.overwrite(bob, put("home/t/slow"))), (how) =>
            Effect.sync(() => log.push(`first ${how}`))
          )
        )
        yield* begun.await
        const taking = yield* Effect.fork(
          Effect.tap(lock(alice, "home/t", { depth: "infinity" }), () => Effect.sync(() => log.push("locked")))
        )
        yield* Effect.yieldNow()
        const second = yield* Effect.fork(
          Effect.tap(outcome(worlds.overwrite(bob, put("home/t/slow"))), (how) =>
            Effect.sync(() => log.push(`second ${how}`))
          )
        )
        yield* Effect.yieldNow()
        expect(log).toEqual([])
        yield* latch.open
        yield* Fiber.awaitAll([first, taking, second])
        expect(log).toEqual(["first allowed", "locked", "second Locked"])
      }).pipe(Effect.provide(machine({}, slow)), Effect.timeout(Duration.seconds(10)))
    })
  )
})
