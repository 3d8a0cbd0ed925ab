import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Logger, LogLevel, type Scope, TestClock } from "effect"
import { anonymous, type Caller } from "../../src/domain/Caller.ts"
import { NotConfigured, StorageFailure, UnsupportedScheme, UpstreamFailed } from "../../src/domain/Errors.ts"
import type { AppConfigShape } from "../../src/services/AppConfig.ts"
import { Catalog } from "../../src/services/Catalog.ts"
import { type GpuConfiguration, GpuDevice, type GpuError } from "../../src/services/GpuDevice.ts"
import { defaults } from "../../src/services/SemanticConfig.ts"
import { type RouteRequest, SemanticRouter } from "../../src/services/SemanticRouter.ts"
import { Storage } from "../../src/services/Storage.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { cap, erase, machine, memoryWith, operator, user, write } from "../helpers/Machine.ts"
import { world } from "../helpers/Paths.ts"
import { eventsOf, memory, payloadsOf, post, put, textOf } from "../helpers/Storages.ts"

const local: GpuConfiguration = { fingerprint: "11111111", local: true }
const elsewhere: GpuConfiguration = { fingerprint: "22222222", local: false }

/** A device that a test can teach. */
class Model {
  /** what it was asked, in order */
  readonly prompts: Array<string> = []
  readonly callers: Array<string> = []
  configuration: Effect.Effect<GpuConfiguration | undefined> = Effect.succeed(local)
  answer: (prompt: string) => Effect.Effect<string, GpuError> = () => Effect.succeed("NONE: nothing")

  says(reply: string) {
    this.answer = () => Effect.succeed(reply)
  }

  /** the candidates of the newest prompt */
  get names(): ReadonlyArray<string> {
    return this.candidates.map(({ name }) => String(name)).sort()
  }

  get candidates(): ReadonlyArray<Readonly<Record<string, unknown>>> {
    const lines = (this.prompts.at(-1) ?? "").split("\n")
    return lines.slice(lines.indexOf("<data>") + 2, lines.indexOf("</data>")).map((line) => JSON.parse(line))
  }

  readonly layer = Layer.mock(GpuDevice, {
    configuration: Effect.suspend(() => this.configuration),
    generate: (caller, prompt) =>
      Effect.suspend(() => {
        this.prompts.push(prompt)
        this.callers.push(caller.id)
        return this.answer(prompt)
      })
  })
}

type Services = Layer.Layer.Success<ReturnType<typeof machine>> | SemanticRouter | Scope.Scope

const test = (
  name: string,
  run: (model: Model) => Effect.Effect<void, unknown, Services>,
  given: Partial<AppConfigShape> = {},
  storage: Parameters<typeof machine>[1] = memory
): void =>
  it.scoped(name, () => {
    const model = new Model()
    const router = SemanticRouter.layer.pipe(Layer.provide(model.layer))
    return Effect.provide(run(model), Layer.provideMerge(router, machine(given, storage))).pipe(
      // It fails on purpose.
      Logger.withMinimumLogLevel(LogLevel.None)
    )
  })

const semantic = (given: Partial<AppConfigShape["semantic"]>) => ({ semantic: { ...defaults, ...given } })

const ask = (path: string, given: Partial<RouteRequest> = {}) =>
  Effect.flatMap(SemanticRouter, (router) =>
    router.route({ caller: anonymous, path, language: undefined, intent: undefined, ...given })
  )
const askAsUser = (path: string) => ask(path, { caller: user(2) })
const fixed = (reason: string) => ({ _tag: "Static", reason })
const titled = (name: string, title: string, body = "") =>
  Effect.flatMap(Worlds, (worlds) => worlds.overwrite(operator, put(name, body, { meta: [["x-meta-title", title]] })))
const cached = Effect.map(Catalog, (catalog) => catalog.below("var/cache/router"))
const settle = Effect.yieldNow().pipe(Effect.repeatN(50))

describe("C13 what is looked at first", () => {
  test("no model: nobody is asked, whatever there is to find", (model) =>
    Effect.gen(function* () {
      model.configuration = Effect.sync(() => undefined)
      expect(yield* ask("/x")).toEqual(fixed("slm-unavailable"))
      yield* write("home/x", "")
      expect(yield* ask("/x")).toEqual(fixed("slm-unavailable"))
      expect([model.prompts, yield* cached]).toEqual([[], []])
    }))

  test("a model elsewhere: it is told nothing, not even when the pool is empty or the answer known", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "")
      yield* ask("/y")
      model.configuration = Effect.succeed({ ...elsewhere, fingerprint: local.fingerprint })
      expect(yield* ask("/y")).toEqual(fixed("policy"))
      yield* erase("home/x")
      expect(yield* ask("/y")).toEqual(fixed("policy"))
      expect(model.prompts).toHaveLength(1)
    }))

  test(
    "a model elsewhere that may be used is used",
    (model) =>
      Effect.gen(function* () {
        model.configuration = Effect.succeed(elsewhere)
        model.says("MATCH: home/x")
        yield* write("home/x", "")
        expect(yield* ask("/y")).toEqual({ _tag: "Match", name: "home/x", cache: "generated" })
      }),
    semantic({ routeExternal: true })
  )

  test("a model that is another one when it comes to asking is not told", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "")
      let looked = 0
      model.configuration = Effect.sync(() => (looked++ === 0 ? local : elsewhere))
      expect(yield* ask("/y")).toEqual(fixed("slm-unavailable"))
      expect([model.prompts, yield* cached]).toEqual([[], []])
    }))

  test(
    "nothing to find comes before the cap, a known answer too; then the cap",
    (model) =>
      Effect.gen(function* () {
        expect(yield* ask("/a")).toEqual(fixed("empty-pool"))
        yield* write("home/x", "")
        expect(yield* ask("/a")).toMatchObject({ _tag: "None", cache: "generated" })
        expect(yield* ask("/b")).toEqual(fixed("ratelimit"))
        expect(yield* ask("/a")).toMatchObject({ _tag: "None", cache: "hit" })
        expect(yield* ask("/b", { caller: user(2) })).toEqual(fixed("ratelimit"))
        yield* TestClock.adjust("61 seconds")
        expect(yield* ask("/b")).toMatchObject({ cache: "generated" })
        expect(model.prompts).toHaveLength(2)
      }),
    semantic({ routeCapPerMin: 1 })
  )
})

describe("C13 what the model says", () => {
  test("is a match, several, or none with prose; names that nobody offered do not count", (model) =>
    Effect.gen(function* () {
      yield* write("home/a", "")
      yield* write("home/b c", "")
      const answers: ReadonlyArray<readonly [string, object]> = [
        ["MATCH: home/a", { _tag: "Match", name: "home/a" }],
        ["MULTI: home/b c, home/a", { _tag: "Multi", names: ["home/b c", "home/a"] }],
        ["MULTI: home/gone, home/a", { _tag: "Match", name: "home/a" }],
        ["MATCH: etc/shadow", { _tag: "None", prose: "" }],
        ["NONE: 没有。", { _tag: "None", prose: "没有。" }],
        ["chatter", { _tag: "None", prose: "" }]
      ]
      for (const [i, [reply, answer]] of answers.entries()) {
        model.says(reply)
        expect(yield* ask(`/${i}`)).toEqual({ ...answer, cache: "generated" })
        expect(yield* ask(`/${i}`)).toEqual({ ...answer, cache: "hit" })
      }
      expect(model.prompts).toHaveLength(answers.length)
    }))

  test("it is told the path, the hints, and of each world its name, type and metadata, never its body", (model) =>
    Effect.gen(function* () {
      yield* titled("home/shopping-list.md", "%E8%B4%AD%E7%89%A9%E6%B8%85%E5%8D%95", "milk")
      yield* ask("/我的购物清单", { language: "zh-CN", intent: "read" })
      expect(model.prompts[0]).toContain('{"asked":"/我的购物清单","language":"zh-CN","intent":"read"}')
      expect(model.candidates).toEqual([{ name: "home/shopping-list.md", type: "text/plain", title: "购物清单" }])
      expect(model.prompts[0]).not.toContain("milk")
    }))

  const failures: ReadonlyArray<readonly [string, GpuError]> = [
    ["is down", new UpstreamFailed({ message: "down", cause: "x" })],
    ["has no key", new NotConfigured({ message: "no key" })],
    ["is of an unknown scheme", new UnsupportedScheme({ message: "what", scheme: "what" })],
    ["cannot be logged", new StorageFailure({ message: "disk", cause: "x" })]
  ]
  for (const [what, error] of failures) {
    test(`a model that ${what} leaves the plain answer and no world; the next one asks again`, (model) =>
      Effect.gen(function* () {
        yield* write("home/x", "")
        model.answer = () => Effect.fail(error)
        expect(yield* ask("/y")).toEqual(fixed("slm-unavailable"))
        expect(yield* cached).toEqual([])
        model.says("MATCH: home/x")
        expect(yield* ask("/y")).toMatchObject({ _tag: "Match", cache: "generated" })
      }))
  }

  test("a model that takes longer than a minute is given up", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "")
      const interrupted = yield* Deferred.make<void>()
      model.answer = () => Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined))
      const asking = yield* Effect.fork(ask("/y"))
      yield* settle
      yield* TestClock.adjust("61 seconds")
      yield* Deferred.await(interrupted)
      expect(yield* Fiber.join(asking)).toEqual(fixed("slm-unavailable"))
    }))
})

describe("C13 what is remembered", () => {
  test("of strangers' questions makes no world, and is remembered all the same, for an hour", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "")
      model.says("MATCH: home/x")
      expect(yield* ask("/y")).toEqual({ _tag: "Match", name: "home/x", cache: "generated" })
      yield* TestClock.adjust("3599 seconds")
      expect(yield* ask("/Y")).toEqual({ _tag: "Match", name: "home/x", cache: "hit" })
      yield* TestClock.adjust("1 second")
      expect(yield* ask("/y")).toMatchObject({ cache: "generated" })
      expect([model.prompts.length, yield* cached]).toEqual([2, []])
    }))

  test(
    "of strangers' questions is bounded too",
    () =>
      Effect.gen(function* () {
        yield* write("home/x", "")
        for (const path of ["/a", "/b", "/c"]) yield* ask(path)
        expect(yield* ask("/c")).toMatchObject({ cache: "hit" })
        expect(yield* ask("/a")).toMatchObject({ cache: "generated" })
      }),
    semantic({ cacheMax: 2 })
  )

  test("is a world with an event of its own, that nobody without a name can read", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "")
      model.says("MATCH: home/x")
      yield* askAsUser("/y")
      const [name = ""] = yield* cached
      expect(name).toMatch(/^var\/cache\/router\/[0-9a-f]{64}$/)
      const events = payloadsOf(yield* eventsOf(yield* Storage, name))
      expect(events).toMatchObject([{ type: "router_cache_write", ext: "json" }])
      const worlds = yield* Worlds
      expect(textOf((yield* worlds.read(operator, world(name))).body)).toBe('{"_tag":"Match","name":"home/x"}')
      expect(yield* Effect.flip(worlds.read(anonymous, world(name)))).toMatchObject({ _tag: "Forbidden" })
    }))

  test("for an hour", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "")
      yield* askAsUser("/y")
      yield* TestClock.adjust("3599 seconds")
      expect(yield* askAsUser("/y")).toMatchObject({ cache: "hit" })
      yield* TestClock.adjust("1 second")
      expect(yield* askAsUser("/y")).toMatchObject({ cache: "generated" })
      expect(yield* askAsUser("/y")).toMatchObject({ cache: "hit" })
      expect([model.prompts.length, (yield* cached).length]).toEqual([2, 1])
    }))

  test("for a path in any case", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "")
      yield* askAsUser("/Été")
      expect(yield* askAsUser("/éTÉ")).toMatchObject({ cache: "hit" })
      expect(model.prompts).toHaveLength(1)
    }))

  test("while the worlds that may be meant, and what is said of them, stay as they are; bodies may change", (model) =>
    Effect.gen(function* () {
      yield* titled("home/x", "one")
      yield* askAsUser("/y")
      yield* (yield* Worlds).append(operator, post("home/x", "more"))
      yield* titled("home/x", "one", "another body")
      expect(yield* askAsUser("/y")).toMatchObject({ cache: "hit" })
      yield* titled("home/x", "two")
      expect(yield* askAsUser("/y")).toMatchObject({ cache: "generated" })
      yield* write("home/z", "")
      expect(yield* askAsUser("/y")).toMatchObject({ cache: "generated" })
      yield* erase("home/z")
      expect(yield* askAsUser("/y")).toMatchObject({ cache: "hit" })
      yield* write("lib/p", "")
      expect(yield* askAsUser("/y")).toMatchObject({ cache: "hit" })
      expect(model.prompts).toHaveLength(3)
    }))

  test("apart for each language, intent, model, and for those who may read something else", (model) =>
    Effect.gen(function* () {
      yield* write("home/a/x", "")
      const askers: ReadonlyArray<Partial<RouteRequest>> = [
        {},
        { language: "zh" },
        { intent: "zh" },
        { intent: "en" },
        { caller: user(2) },
        { caller: cap("home", "r") },
        { caller: cap("home/a", "r") }
      ]
      for (const asker of askers) expect(yield* ask("/y", asker)).toMatchObject({ cache: "generated" })
      for (const asker of askers) expect(yield* ask("/y", asker)).toMatchObject({ cache: "hit" })
      expect(yield* ask("/y", { caller: { ...user(2), id: "user:other" } })).toMatchObject({ cache: "hit" })
      expect(yield* ask("/y", { caller: { ...cap("home/a", "rw"), id: "cap:other" } })).toMatchObject({ cache: "hit" })
      model.configuration = Effect.succeed({ fingerprint: "33333333", local: true })
      expect(yield* askAsUser("/y")).toMatchObject({ cache: "generated" })
    }))

  test("junk in its place is none", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "")
      yield* askAsUser("/y")
      const [name = ""] = yield* cached
      for (const junk of ["", "{}", '{"_tag":"Match"}', '{"_tag":"Static","reason":"policy"}', "\u0000"]) {
        yield* write(name, junk)
        expect(yield* askAsUser("/y")).toMatchObject({ _tag: "None", cache: "generated" })
      }
      // What only an operator can have written there is still not told to whom it does not concern.
      yield* write(name, '{"_tag":"Multi","names":["etc/shadow","home/gone","var/x"]}')
      yield* write("etc/shadow", "")
      expect(yield* askAsUser("/y")).toEqual({ _tag: "None", prose: "", cache: "hit" })
      expect(model.prompts).toHaveLength(6)
    }))

  test(
    "at most so many answers",
    () =>
      Effect.gen(function* () {
        yield* write("home/x", "")
        for (const path of ["/a", "/b", "/c"]) yield* askAsUser(path)
        expect((yield* cached).length).toBe(2)
        expect(yield* askAsUser("/a")).toMatchObject({ cache: "generated" })
      }),
    semantic({ cacheMax: 2 })
  )
})

describe("C13 the same question at the same time", () => {
  test("is asked once, and whoever leaves does not disturb the others", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "")
      const gate = yield* Deferred.make<string>()
      model.answer = () => Deferred.await(gate)
      const leaving = yield* Effect.fork(ask("/y"))
      yield* settle
      const waiting = yield* Effect.fork(Effect.all([ask("/y"), ask("/Y")], { concurrency: 2 }))
      yield* settle
      yield* Fiber.interrupt(leaving)
      yield* Deferred.succeed(gate, "MATCH: home/x")
      const answer = { _tag: "Match", name: "home/x", cache: "generated" }
      expect(yield* Fiber.join(waiting)).toEqual([answer, answer])
      expect(model.prompts).toHaveLength(1)
    }))

  test("the last one who leaves takes the model's work away, and nothing is remembered", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "")
      const interrupted = yield* Deferred.make<void>()
      model.answer = () => Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined))
      const asking = [yield* Effect.fork(ask("/y")), yield* Effect.fork(ask("/y"))]
      yield* settle
      for (const fiber of asking) yield* Fiber.interrupt(fiber)
      yield* Deferred.await(interrupted)
      expect([model.prompts.length, yield* cached]).toEqual([1, []])
      model.says("MATCH: home/x")
      expect(yield* ask("/y")).toMatchObject({ cache: "generated" })
    }))
})

describe("C13 who can find what", () => {
  const worlds = [
    ...["home/a", "home/a/b", "home/ab", "home/secret/x", "etc/motd", "etc/shadow", "etc/fstab", "etc/gpu.conf"],
    ...["lib/p", "usr/doc", "var/log", "boot/env"]
  ]
  const settled = Effect.gen(function* () {
    yield* write("etc/private", "/home/secret\n")
    for (const name of worlds) yield* titled(name, `title of ${name}`)
  })
  const everywhere = ["etc/gpu.conf", "etc/motd", "etc/private", "home/a", "home/a/b", "home/ab", "home/secret/x"]
  const scopes: ReadonlyArray<readonly [string, Caller, ReadonlyArray<string>]> = [
    ["T1 finds what is public at home", anonymous, ["home/a", "home/a/b", "home/ab"]],
    ["T1 with a name finds what is private there", user(1), ["home/a", "home/a/b", "home/ab", "home/secret/x"]],
    ["T2 finds home and etc", user(2), everywhere],
    ["T3 finds all of home and etc", operator, [...everywhere, "etc/fstab", "etc/shadow"].sort()],
    ["a capability finds what is inside of it", cap("home/a", "r"), ["home/a", "home/a/b"]],
    ["one for /etc finds what T2 may read there", cap("etc", "rw"), ["etc/gpu.conf", "etc/motd", "etc/private"]],
    ["one for everything finds no more than T2", cap("", "rw"), everywhere]
  ]
  for (const [what, caller, names] of scopes) {
    test(what, (model) =>
      Effect.gen(function* () {
        yield* settled
        yield* ask("/whatever", { caller })
        expect(model.names).toEqual(names)
        for (const name of [...worlds, "etc/private"]) {
          if (!names.includes(name)) expect(model.prompts[0]).not.toMatch(new RegExp(`"name":"${name}"|of ${name}"`))
        }
        expect(model.callers).toEqual([caller.id])
      })
    )
  }

  for (const prefix of ["lib", "var/cache", "boot", "mnt/x", "home/none", "dev/gpu"]) {
    test(`a capability for ${prefix} finds nothing`, (model) =>
      Effect.gen(function* () {
        yield* settled
        expect(yield* ask("/a", { caller: cap(prefix, "rw") })).toEqual(fixed("empty-pool"))
        expect(model.prompts).toEqual([])
      }))
  }

  test(
    "where reading needs a credential, nobody without one finds anything",
    () =>
      Effect.gen(function* () {
        yield* write("home/x", "")
        expect(yield* ask("/x")).toEqual(fixed("empty-pool"))
        expect(yield* ask("/x", { caller: user(1) })).toMatchObject({ cache: "generated" })
      }),
    { privateRead: true }
  )

  test("fifty at most are told, those whose names are most alike and then the newest", (model) =>
    Effect.gen(function* () {
      yield* write("home/shopping-list", "")
      for (let i = 0; i < 60; i++) {
        yield* TestClock.adjust(1000)
        yield* write(`home/other/n${i}`, "")
      }
      yield* ask("/shoping-lst")
      expect(model.candidates).toHaveLength(50)
      expect(model.candidates.map(({ name }) => name).slice(0, 2)).toEqual(["home/shopping-list", "home/other/n59"])
      // A write makes a world new again, a deletion makes it unknown.
      yield* write("home/other/n3", "again")
      yield* erase("home/other/n59")
      yield* ask("/entirely-else")
      expect(model.candidates.map(({ name }) => name).slice(0, 2)).toEqual(["home/other/n3", "home/other/n58"])
    }))

  test("what has gone, or become private, while the model thought is not told", (model) =>
    Effect.gen(function* () {
      const services = yield* Effect.context<Services>()
      for (const name of ["a", "b", "c"]) yield* write(`home/${name}`, "")
      const change = Effect.zipRight(write("etc/private", "/home/b\n"), erase("home/c"))
      model.answer = () => Effect.as(Effect.orDie(Effect.provide(change, services)), "MULTI: home/a, home/b, home/c")
      expect(yield* ask("/y")).toEqual({ _tag: "Match", name: "home/a", cache: "generated" })
    }))

  test("prose from before a world became private is not told either", (model) =>
    Effect.gen(function* () {
      const services = yield* Effect.context<Services>()
      yield* write("home/a", "")
      model.answer = () =>
        Effect.as(Effect.orDie(Effect.provide(write("etc/private", "/home\n"), services)), "NONE: there is only home/a")
      expect(yield* ask("/y")).toEqual({ _tag: "None", prose: "", cache: "generated" })
    }))

  test(
    "a world that cannot be read hides no other",
    (model) =>
      Effect.gen(function* () {
        yield* write("home/broken", "")
        yield* write("home/x", "")
        yield* ask("/y")
        expect(model.names).toEqual(["home/x"])
      }),
    {},
    memoryWith(({ head }) => ({
      head: (name) => (name === "home/broken" ? new StorageFailure({ message: "disk", cause: "x" }) : head(name))
    }))
  )

  test(
    "metadata that was read is not read again until its world changes",
    (model) =>
      Effect.gen(function* () {
        yield* titled("home/x", "one")
        const services = yield* Effect.context<Services>()
        yield* ask("/a")
        yield* Effect.provide(ask("/b"), services)
        expect([model.prompts.length, heads]).toEqual([2, 1])
        yield* titled("home/x", "two")
        yield* ask("/c")
        expect([model.candidates[0]?.title, heads]).toEqual(["two", 2])
      }),
    {},
    memoryWith(({ head }) => ({
      head: (name) =>
        Effect.suspend(() => {
          if (name === "home/x") heads++
          return head(name)
        })
    }))
  )
})

let heads = 0
