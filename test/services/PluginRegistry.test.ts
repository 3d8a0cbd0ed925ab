import { expect, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Layer, Option, type Scope, TestClock } from "effect"
import { describe } from "vitest"
import { NotConfigured, PluginRejected } from "../../src/domain/Errors.ts"
import { Catalog } from "../../src/services/Catalog.ts"
import type { Plugin, PluginRequest } from "../../src/services/Plugin.ts"
import { PluginFault } from "../../src/services/PluginLoader.ts"
import { PluginRegistry } from "../../src/services/PluginRegistry.ts"
import { Storage } from "../../src/services/Storage.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { cap, erase, machine, operator, outcome, user, write } from "../helpers/Machine.ts"
import { path, world } from "../helpers/Paths.ts"
import { plugin, registry, shelve } from "../helpers/Plugins.ts"
import { eventsOf, payloadsOf, post } from "../helpers/Storages.ts"

type Services = Layer.Layer.Success<ReturnType<typeof machine>> | PluginRegistry | Scope.Scope

const test = (name: string, run: Effect.Effect<void, unknown, Services>): void =>
  it.scoped(name, () => Effect.provide(run, Layer.provideMerge(registry, machine())))

const install = (name: string, module: unknown) => write(name, shelve(module))
const setState = (name: string, state: string) =>
  Effect.flatMap(PluginRegistry, (registry) => registry.setState(operator, world(name), state))
const activate = (name: string, given: Partial<Plugin> = {}) =>
  Effect.zipRight(install(name, plugin(given)), setState(name, "active"))
const relocate = (op: "copy" | "move", from: string, to: string) =>
  Effect.flatMap(Worlds, (worlds) =>
    worlds[op](operator, { from: path(from), to: path(to), depth: "infinity", overwrite: true, conditions: {} })
  )
const match = (target: string) => Effect.map(PluginRegistry, (registry) => registry.match(target))
const isServed = (target: string) => Effect.map(match(target), (found) => found !== undefined)
const stateOf = (name: string) => Effect.map(Catalog, (catalog) => catalog.get(name)?.state)
const events = (name: string) => Effect.flatMap(Storage, (storage) => Effect.map(eventsOf(storage, name), payloadsOf))

const request = { path: "/p/x", method: "GET" } as PluginRequest
const ask = (target = "p") =>
  Effect.flatMap(match(target), (found) =>
    found === undefined ? Effect.dieMessage("nothing is served") : Effect.scoped(found.handle(request))
  )

describe("C10.1 the life of a plugin", () => {
  test(
    "active, active again, disabled, disabled again, active",
    Effect.gen(function* () {
      yield* install("lib/p", plugin())
      expect(yield* isServed("p")).toBe(false)
      expect(yield* setState("lib/p", "active")).toEqual({
        state: "active",
        version: 1,
        changed: true,
        from: "pending"
      })
      expect(yield* ask()).toBe("/p/x")
      expect(yield* setState("lib/p", "active")).toEqual({ state: "active", version: 1, changed: false })
      expect(yield* setState("lib/p", "disabled")).toEqual({
        ...{ state: "disabled", version: 1, changed: true, from: "active" }
      })
      expect(yield* isServed("p")).toBe(false)
      expect(yield* setState("lib/p", "disabled")).toEqual({ state: "disabled", version: 1, changed: false })
      expect(yield* setState("lib/p", "active")).toMatchObject({ changed: true, from: "disabled" })
      expect((yield* events("lib/p")).map(({ from, to, type }) => [type, from, to])).toEqual([
        ["stage_written", undefined, undefined],
        ["state_transition", "pending", "active"],
        ["state_transition", "active", "disabled"],
        ["state_transition", "disabled", "active"]
      ])
    })
  )

  test(
    "who may, which plugin, which word: in this order",
    Effect.gen(function* () {
      yield* install("lib/p", plugin())
      yield* write("home/x/y", "")
      const { setState } = yield* PluginRegistry
      for (const caller of [user(1), user(2), cap("lib", "rw")]) {
        expect(yield* outcome(setState(caller, world("lib/p"), "active"))).toBe("Forbidden")
        expect(yield* outcome(setState(caller, world("lib/absent"), "wild"))).toBe("Forbidden")
      }
      expect(yield* outcome(setState(operator, world("lib/absent"), "wild"))).toBe("WorldNotFound")
      for (const word of ["", "pending", "ACTIVE", "wild"]) {
        expect(yield* outcome(setState(operator, world("lib/p"), word))).toBe("Unprocessable")
      }
      expect(yield* isServed("p")).toBe(false)
    })
  )

  const changes = [
    ["new source", () => install("lib/p", plugin()), "pending"],
    ["the same source", () => write("lib/p", "same"), "pending"],
    ["an append", () => Effect.flatMap(Worlds, (worlds) => worlds.append(operator, post("lib/p", "+"))), "pending"],
    ["deletion", () => erase("lib/p"), undefined],
    ["a move", () => relocate("move", "lib/p", "lib/q"), undefined],
    ["a copy onto it", () => Effect.zipRight(write("lib/q", "q"), relocate("copy", "lib/q", "lib/p")), "pending"]
  ] as const
  test(
    "deletion of what is above takes the routes down before it is answered",
    Effect.gen(function* () {
      yield* activate("lib/above/p")
      expect(yield* isServed("p")).toBe(true)
      yield* erase("lib/above")
      expect(yield* isServed("p")).toBe(false)
    })
  )

  for (const [what, change, state] of changes) {
    test(
      `${what} takes the routes down before it is answered`,
      Effect.gen(function* () {
        yield* activate("lib/p")
        expect(yield* isServed("p/below")).toBe(true)
        yield* Effect.asVoid(change() as Effect.Effect<unknown, unknown, Worlds>)
        expect(yield* isServed("p/below")).toBe(false)
        expect(yield* stateOf("lib/p")).toBe(state)
      })
    )
  }

  test(
    "source that is replaced while it is being loaded does not run",
    Effect.gen(function* () {
      const loading = yield* Deferred.make<void>()
      const gate = yield* Deferred.make<void>()
      yield* install(
        "lib/p",
        Effect.as(Effect.zipRight(Deferred.succeed(loading, undefined), Deferred.await(gate)), plugin())
      )
      const activation = yield* Effect.fork(Effect.flip(setState("lib/p", "active")))
      yield* Deferred.await(loading)
      yield* write("lib/p", "other")
      yield* Deferred.succeed(gate, undefined)
      expect(yield* Fiber.join(activation)).toMatchObject({ _tag: "PluginRejected", state: "pending" })
      expect(yield* isServed("p")).toBe(false)
      expect(yield* stateOf("lib/p")).toBe("pending")
    })
  )

  test(
    "two plugins, longest route first; one cannot take the other's",
    Effect.gen(function* () {
      yield* activate("lib/p", { handle: () => Effect.succeed("outer") })
      yield* activate("lib/q", { ROUTES: ["/p/x", "/q"], handle: () => Effect.succeed("inner") })
      expect(yield* ask("p/x/y")).toBe("inner")
      expect(yield* ask("p/xy")).toBe("outer")
      yield* install("lib/r", plugin({ ROUTES: ["/free", "/q"] }))
      const rejected = yield* Effect.flip(setState("lib/r", "active"))
      expect(rejected).toBeInstanceOf(PluginRejected)
      expect((rejected as PluginRejected).reason).toContain("/lib/q")
      expect(yield* isServed("free")).toBe(false)
      yield* setState("lib/q", "disabled")
      expect(yield* setState("lib/r", "active")).toMatchObject({ changed: true })
      expect((yield* PluginRegistry).routes().map(({ route }) => route)).toEqual(["p", "free", "q"])
    })
  )

  const faults: ReadonlyArray<readonly [string, unknown]> = [
    ["does not load", new PluginFault({ message: "line 1" })],
    ["says nothing of itself", {}],
    ["wants what is reserved", plugin({ ROUTES: ["/ok", "/proc/x"] })],
    ["fails to start", plugin({ start: new NotConfigured({ message: "no key" }) })],
    ["dies at the start", plugin({ start: Effect.die(new Error("boom")) })]
  ]
  for (const [what, module] of faults) {
    test(
      `a plugin that ${what} is rejected with its reason, and nothing has changed`,
      Effect.gen(function* () {
        yield* install("lib/p", module)
        for (const state of ["pending", "disabled"]) {
          const rejected = yield* Effect.flip(setState("lib/p", "active"))
          expect(rejected).toMatchObject({ _tag: "PluginRejected", state })
          expect((rejected as PluginRejected).reason.length).toBeGreaterThan(3)
          expect(yield* stateOf("lib/p")).toBe(state)
          yield* setState("lib/p", "disabled")
        }
        expect((yield* PluginRegistry).routes()).toEqual([])
      })
    )
  }
})

describe("C10.2 a plugin lives in its own scope", () => {
  test(
    "what start opens lives until the plugin goes, and a start that fails closes what it had opened",
    Effect.gen(function* () {
      const log: Array<string> = []
      const open = Effect.acquireRelease(
        Effect.sync(() => log.push("open")),
        () => Effect.sync(() => log.push("close"))
      )
      yield* activate("lib/p", { start: Effect.asVoid(open) })
      expect(log).toEqual(["open"])
      yield* setState("lib/p", "disabled")
      expect(log).toEqual(["open", "close"])
      yield* install("lib/p", plugin({ start: Effect.zipRight(open, Effect.fail("no")) }))
      yield* Effect.flip(setState("lib/p", "active"))
      expect(log).toEqual(["open", "close", "open", "close"])
    })
  )

  test(
    "fibers that start forks are interrupted with the plugin",
    Effect.gen(function* () {
      const interrupted = yield* Deferred.make<void>()
      const worker = Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined))
      yield* activate("lib/p", { start: Effect.asVoid(Effect.forkScoped(worker)) })
      yield* Effect.yieldNow()
      yield* write("lib/p", "replaced")
      yield* Deferred.await(interrupted)
    })
  )

  test(
    "a start that hangs is given up",
    Effect.gen(function* () {
      yield* install("lib/p", plugin({ start: Effect.never }))
      const activation = yield* Effect.fork(Effect.flip(setState("lib/p", "active")))
      yield* TestClock.adjust("11 seconds")
      expect(yield* Fiber.join(activation)).toMatchObject({ _tag: "PluginRejected" })
    })
  )

  test(
    "a request in its hands is interrupted, and whoever asked hears that it is gone",
    Effect.gen(function* () {
      const asked = yield* Deferred.make<void>()
      const interrupted = yield* Deferred.make<void>()
      const hang = Effect.zipRight(Deferred.succeed(asked, undefined), Effect.never)
      yield* activate("lib/p", {
        handle: () => Effect.onInterrupt(hang, () => Deferred.succeed(interrupted, undefined))
      })
      const answer = yield* Effect.fork(Effect.flip(ask()))
      yield* Deferred.await(asked)
      yield* setState("lib/p", "disabled")
      expect(yield* Fiber.join(answer)).toMatchObject({ _tag: "RouteNotFound" })
      yield* Deferred.await(interrupted)
    })
  )

  test(
    "even one that refuses to be interrupted keeps nobody waiting",
    Effect.gen(function* () {
      const asked = yield* Deferred.make<void>()
      const hang = Effect.uninterruptible(Effect.zipRight(Deferred.succeed(asked, undefined), Effect.never))
      yield* activate("lib/p", { handle: () => hang })
      const answer = yield* Effect.fork(Effect.flip(ask()))
      yield* Deferred.await(asked)
      yield* setState("lib/p", "disabled")
      expect(yield* Fiber.join(answer)).toMatchObject({ _tag: "RouteNotFound" })
    })
  )

  test(
    "whoever asks for more than it may have in hand is told to come back; a free place is a place again",
    Effect.gen(function* () {
      const gate = yield* Deferred.make<string>()
      yield* activate("lib/p", { handle: () => Deferred.await(gate) })
      const waiting = yield* Effect.forkAll(Array.from({ length: 1024 }, () => ask()))
      yield* Effect.yieldNow()
      expect(yield* Effect.flip(ask())).toMatchObject({ _tag: "Overloaded", retryAfter: 1 })
      yield* Deferred.succeed(gate, "done")
      yield* Fiber.join(waiting)
      expect(yield* ask()).toBe("done")
    })
  )

  const mistakes: ReadonlyArray<readonly [string, Plugin["handle"]]> = [
    [
      "throws",
      () => {
        throw new Error("thrown")
      }
    ],
    ["answers no Effect", (() => "text") as unknown as Plugin["handle"]],
    ["answers a promise", (() => Promise.resolve("text")) as unknown as Plugin["handle"]],
    ["interrupts itself", () => Effect.interrupt],
    ["dies", () => Effect.die("x")]
  ]
  for (const [what, handle] of mistakes) {
    test(
      `a handler that ${what} is a mistake of that request alone`,
      Effect.gen(function* () {
        yield* activate("lib/p", { handle: (request) => (request.path === "/p/x" ? handle(request) : Effect.void) })
        const exit = yield* Effect.exit(ask())
        expect(Exit.isFailure(exit) && Cause.isDie(exit.cause)).toBe(true)
        expect(yield* isServed("p")).toBe(true)
      })
    )
  }

  test(
    "its own errors are the answer",
    Effect.gen(function* () {
      yield* activate("lib/p", { handle: () => new NotConfigured({ message: "no key" }) })
      expect(yield* Effect.flip(ask())).toMatchObject({ _tag: "NotConfigured", message: "no key" })
    })
  )
})

describe("C10.3 at boot", () => {
  const second = <A, E>(use: Effect.Effect<A, E, Services>) =>
    Effect.flatMap(Effect.context<Layer.Layer.Success<ReturnType<typeof machine>> | Scope.Scope>(), (context) =>
      Effect.provide(use, Layer.provide(Layer.fresh(registry), Layer.succeedContext(context)))
    )

  test(
    "every active plugin loads; one that cannot stays active, is told, and can be loaded again; others load",
    Effect.gen(function* () {
      let broken = false
      const fickle = Effect.suspend(() =>
        broken ? new PluginFault({ message: "moved" }) : Effect.succeed(plugin({ ROUTES: ["/a"] }))
      )
      yield* install("lib/a", fickle)
      yield* setState("lib/a", "active")
      yield* activate("lib/b", { ROUTES: ["/b"] })
      yield* activate("lib/c", { ROUTES: ["/c"] })
      yield* setState("lib/c", "disabled")
      broken = true
      yield* second(
        Effect.gen(function* () {
          expect((yield* PluginRegistry).running()).toEqual(["lib/b"])
          expect(yield* stateOf("lib/a")).toBe("active")
          expect((yield* events("lib/a")).at(-1)).toMatchObject({ type: "plugin_load_failed", version_after: 1 })
          expect((yield* events("lib/b")).at(-1)).toMatchObject({ type: "plugin_activated_on_boot" })
          expect((yield* events("lib/c")).at(-1)).toMatchObject({ type: "state_transition" })
          expect(yield* Effect.flip(setState("lib/a", "active"))).toMatchObject({ state: "active" })
          broken = false
          expect(yield* setState("lib/a", "active")).toEqual({
            ...{ state: "active", version: 1, changed: false, reloaded: true }
          })
          expect(yield* isServed("a")).toBe(true)
          expect((yield* events("lib/a")).at(-1)).toMatchObject({ type: "plugin_reloaded" })
        })
      )
    })
  )

  test(
    "what it had opened is closed when the machine stops",
    Effect.gen(function* () {
      let closed = false
      const start = Effect.addFinalizer(() =>
        Effect.sync(() => {
          closed = true
        })
      )
      yield* install("lib/p", plugin({ start }))
      yield* second(setState("lib/p", "active"))
      expect(closed).toBe(true)
      expect(
        Option.isSome(yield* Effect.map(Catalog, (catalog) => Option.fromNullable(catalog.get(path("lib/p")))))
      ).toBe(true)
    })
  )
})
