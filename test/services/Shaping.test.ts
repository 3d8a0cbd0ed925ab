import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import {
  Chunk,
  Deferred,
  Effect,
  Exit,
  Fiber,
  Layer,
  Logger,
  LogLevel,
  Option,
  Queue,
  Scope,
  Stream,
  TestClock
} from "effect"
import * as fc from "fast-check"
import { anonymous, type Caller } from "../../src/domain/Caller.ts"
import { NotConfigured, UnsupportedScheme, UpstreamFailed } from "../../src/domain/Errors.ts"
import * as AllConverters from "../../src/layers/converters/Converters.ts"
import * as FstabMounts from "../../src/layers/mounts/FstabMounts.ts"
import type { AppConfigShape } from "../../src/services/AppConfig.ts"
import { Catalog } from "../../src/services/Catalog.ts"
import { type GpuConfiguration, GpuDevice, type GpuError } from "../../src/services/GpuDevice.ts"
import { defaults } from "../../src/services/SemanticConfig.ts"
import { type Flowing, type ShapeAnswer, type Shaped, type ShapeRequest, Shaping } from "../../src/services/Shaping.ts"
import { Storage } from "../../src/services/Storage.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { cap, erase, machine, memoryWith, operator, user, write } from "../helpers/Machine.ts"
import { path, world } from "../helpers/Paths.ts"
import { eventsOf, memory, payloadsOf, put, temporary, textOf } from "../helpers/Storages.ts"

const meta = (contentType: string, shape = "a shape") =>
  `\n===META===\n${JSON.stringify({ content_type: contentType, shape })}\n`
const reply = (content: string, contentType = "text/html", shape?: string) => content + meta(contentType, shape)

/** A call of the model that a test answers piece by piece. */
interface Call {
  readonly prompt: string
  readonly say: (...pieces: ReadonlyArray<string>) => Effect.Effect<void>
  readonly end: Effect.Effect<void>
  readonly fail: Effect.Effect<void>
  /** when nobody waits for it any more */
  readonly cancelled: Effect.Effect<void>
}

type Item = { readonly piece: string } | "end" | "failure"

/** A device that a test can teach. */
class Model {
  readonly prompts: Array<string> = []
  readonly callers: Array<string> = []
  configuration: GpuConfiguration | undefined = { fingerprint: "11111111", local: true }
  answer: (prompt: string) => Effect.Effect<Stream.Stream<string, UpstreamFailed>, GpuError, Scope.Scope> = () =>
    Effect.succeed(Stream.make(reply("<p>made")))
  private readonly calls = Effect.runSync(Queue.unbounded<Call>())

  says(...pieces: ReadonlyArray<string>) {
    this.answer = () => Effect.succeed(Stream.fromIterable(pieces))
  }

  fails(error: GpuError) {
    this.answer = () => error
  }

  /** From here on a test answers by hand. */
  byHand() {
    this.answer = (prompt) =>
      Effect.gen(this, function* () {
        const items = yield* Queue.unbounded<Item>()
        const cancelled = yield* Deferred.make<void>()
        yield* Effect.addFinalizer(() => Deferred.succeed(cancelled, undefined))
        yield* Queue.offer(this.calls, {
          prompt,
          say: (...pieces) =>
            Queue.offerAll(
              items,
              pieces.map((piece) => ({ piece }))
            ),
          end: Queue.offer(items, "end"),
          fail: Queue.offer(items, "failure"),
          cancelled: Deferred.await(cancelled)
        })
        const failure = new UpstreamFailed({ message: "it broke down", cause: "of the test" })
        const next = Effect.flatMap(Queue.take(items), (item): Effect.Effect<Option.Option<string>, UpstreamFailed> => {
          if (item === "failure") return failure
          return Effect.succeed(item === "end" ? Option.none() : Option.some(item.piece))
        })
        // As a device does: it answers with its first piece, or not at all.
        const first = yield* next
        if (Option.isNone(first)) return Stream.empty
        const rest = Stream.unfoldEffect(undefined, () =>
          Effect.map(
            next,
            Option.map((piece) => [piece, undefined] as const)
          )
        )
        return Stream.concat(Stream.make(first.value), rest)
      })
  }

  /** the next call that there is */
  get next() {
    return Queue.take(this.calls)
  }

  readonly layer = Layer.mock(GpuDevice, {
    configuration: Effect.sync(() => this.configuration),
    forEach: <E>(caller: Caller, prompt: string, each: (piece: string) => Effect.Effect<void, E>) =>
      Effect.suspend((): Effect.Effect<void, GpuError | E> => {
        this.prompts.push(prompt)
        this.callers.push(caller.id)
        return Effect.scoped(Effect.flatMap(this.answer(prompt), (pieces) => Stream.runForEach(pieces, each)))
      })
  })
}

type Services = Layer.Layer.Success<ReturnType<typeof machine>> | Shaping | Scope.Scope

const test = (
  name: string,
  run: (model: Model) => Effect.Effect<void, unknown, Services>,
  given: Partial<AppConfigShape["semantic"]> = {},
  storage: Parameters<typeof machine>[1] = memory
): void =>
  it.scoped(name, () => {
    const model = new Model()
    const services = machine({ semantic: { ...defaults, ...given } }, storage)
    const shaping = Shaping.layer.pipe(
      Layer.provide([AllConverters.layer, model.layer, FstabMounts.layer]),
      Layer.provideMerge(services)
    )
    // It fails on purpose.
    return Effect.provide(run(model), shaping).pipe(Logger.withMinimumLogLevel(LogLevel.None))
  })

type Asked = Partial<Omit<ShapeRequest, "source">>

const ask = (source: string, given: Asked = {}) =>
  Effect.flatMap(Shaping, (shaping) =>
    shaping.shape({
      ...{ caller: user(2), source: path(source), accept: "text/html", intent: undefined, userAgent: "test/1" },
      ...given
    })
  )

const isFlowing = (result: ShapeAnswer["result"]): result is Flowing => "outcome" in result
const shapedOf = ({ result }: ShapeAnswer): Shaped => {
  if (isFlowing(result)) throw new Error("it flows")
  return result
}
const flowingOf = ({ result }: ShapeAnswer): Flowing => {
  if (!isFlowing(result)) throw new Error("it does not flow")
  return result
}

/** The whole answer to somebody who leaves when they have it. */
const shaped = (source: string, given: Asked = {}) => Effect.scoped(Effect.map(ask(source, given), shapedOf))
const origin = (source: string, given: Asked = {}) => Effect.map(shaped(source, given), ({ cache }) => cache)
const said = ({ body, cache, contentType }: Shaped) => [cache, contentType, textOf(body)]
const failure = (source: string, given: Asked = {}) => Effect.flip(Effect.scoped(ask(source, given)))
const kept = Effect.map(Catalog, (catalog) => catalog.below("var/cache/semantic"))
const settle = Effect.yieldNow().pipe(Effect.repeatN(100))
const streamed = "text/html, text/event-stream"
const blockOf = (prompt: string, name: string) =>
  new RegExp(`^BEGIN ${name} (\\w+)\n([^]*?)\nEND ${name} \\1$`, "m").exec(prompt)?.[2]

/** Somebody with a scope of their own, who can leave. */
const asker = (source: string, given: Asked = {}) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const fiber = yield* Effect.fork(Scope.extend(ask(source, given), scope))
    const leave = Effect.zipRight(Fiber.interrupt(fiber), Scope.close(scope, Exit.void))
    return { answer: Fiber.join(fiber), leave, poll: () => fiber.unsafePoll() }
  })

describe("C12.1 what is looked at first", () => {
  test("Accept: a transport without anything to carry is a bad request, whatever there is to shape", (model) =>
    Effect.gen(function* () {
      expect(yield* failure("home/missing", { accept: "text/event-stream" })).toMatchObject({ _tag: "BadRequest" })
      expect(yield* failure("home/missing", { accept: "text/html;q=0" })).toMatchObject({ _tag: "NotAcceptable" })
      expect(model.prompts).toEqual([])
    }))

  test("the source: a missing one, a collection, and what is no text are no matter for a model", (model) =>
    Effect.gen(function* () {
      yield* write("home/dir/x", "")
      yield* Effect.flatMap(Worlds, (worlds) => worlds.overwrite(operator, put("home/b", Uint8Array.of(0, 255))))
      const tags = []
      for (const source of ["home/none", "home/dir", "home/b", "proc/status", "mnt", "mnt/none/x", "lib/x/state"]) {
        tags.push((yield* failure(source))._tag)
      }
      expect(tags).toEqual([
        ...["WorldNotFound", "CollectionOnly", "Unprocessable", "BadPath", "BadPath", "ResourceNotFound", "BadPath"]
      ])
      expect(model.prompts).toEqual([])
    }))

  test("the policy: it is asked for the source, of everybody, although it was asked before", (model) =>
    Effect.gen(function* () {
      yield* write("etc/private", "/home/secret")
      for (const name of ["home/secret", "home/a/x", "boot/x", "home/b"]) yield* write(name, "x")
      const may = (source: string, caller: ShapeRequest["caller"]) =>
        Effect.match(Effect.scoped(ask(source, { caller })), { onFailure: ({ _tag }) => _tag, onSuccess: () => "made" })
      expect([
        yield* may("home/secret", anonymous),
        yield* may("home/secret", user(2)),
        yield* may("boot/x", user(2)),
        yield* may("boot/x", operator),
        yield* may("home/a/x", cap("/home/a", "r")),
        yield* may("home/b", cap("/home/a", "rw"))
      ]).toEqual(["Forbidden", "made", "Forbidden", "made", "made", "Forbidden"])
      expect(model.prompts).toHaveLength(3)
    }))
})

describe("C12.3 what is made", () => {
  test("is the content, its type and its shape; the model's words about them are no part of it", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "# hi")
      model.says("<h1>", "hi</h", "1>\n===ME", "TA===\n", '{"content_type": "text/html", "shape": "big"}')
      const { rate, result, streams, ...about } = yield* Effect.scoped(ask("home/x"))
      expect(result).toMatchObject({ cache: "generated", contentType: "text/html", shape: "big" })
      expect(isFlowing(result) ? "" : textOf(result.body)).toBe("<h1>hi</h1>")
      expect(about).toEqual({ render: expect.stringMatching(/^[0-9a-f]{16}$/), gpu: "11111111" })
      expect([rate, streams]).toEqual([{ admitted: true, remaining: 59, reset: 60, limit: 60 }, false])
    }))

  test("is asked for with the source's metadata, the type, all of Accept and the hint, in the caller's name", (model) =>
    Effect.gen(function* () {
      const meta = [
        ["x-meta-author", "Ada"],
        ["x-meta-author", "Bob"]
      ] as const
      yield* Effect.flatMap(Worlds, (worlds) => worlds.overwrite(operator, put("home/x", "# hi", { ext: "md", meta })))
      yield* shaped("home/x", { accept: "text/html;q=0.9, text/plain;q=0.1", intent: "big-font" })
      const [prompt = ""] = model.prompts
      expect(blockOf(prompt, "METADATA")).toBe(
        "path: /home/x\nmedia type: text/markdown\nx-meta-author: Ada\nx-meta-author: Bob"
      )
      expect([blockOf(prompt, "SOURCE"), blockOf(prompt, "INTENT")]).toEqual(["# hi", "big-font"])
      expect(prompt).toContain("Required media type: text/html\nAccept: text/html;q=0.9, text/plain;q=0.1\n")
      expect(model.callers).toEqual([user(2).id])
    }))

  test(
    "C12.7 is asked for with so much of the source, and a mark where it ends",
    (model) =>
      Effect.gen(function* () {
        yield* write("home/x", "0123456789abc")
        yield* shaped("home/x")
        expect(blockOf(model.prompts[0] ?? "", "SOURCE")).toMatch(
          /^0123456789\nTRUNCATED \w{16}: only the first 10 characters are shown$/
        )
      }),
    { maxSource: 10 }
  )

  test("is not acceptable: then it is told apart and not kept, whatever is wrong with it", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "x")
      const wrong = [
        [reply("words", "text/plain", "prose"), "text/html", "text/plain", "prose"],
        ["words without META", "text/html", "text/plain", "unknown"],
        [reply("{'a': 1}", "application/json"), "application/json", "application/json", "a shape"],
        [reply("<a>", "application/xml"), "application/xml", "application/xml", "a shape"],
        [reply("", "application/json"), "application/json", "application/json", "a shape"],
        [reply("x", "text/html", "l\r\nset-cookie: a=b"), "text/css", "text/html", "unknown"],
        [reply("data: x", "text/event-stream"), "*/*", "text/event-stream", "a shape"]
      ] as const
      for (const [said, accept, contentType, shape] of wrong) {
        model.says(said)
        expect(yield* failure("home/x", { accept })).toMatchObject({ _tag: "ShapeMismatch", contentType, shape })
      }
      expect(yield* kept).toEqual([])
      expect(model.prompts).toHaveLength(wrong.length)
    }))

  test("may be empty, and may be anything for whoever takes anything", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "x")
      model.says(reply("", "text/html"))
      expect(said(yield* shaped("home/x"))).toEqual(["generated", "text/html", ""])
      expect(said(yield* shaped("home/x"))).toEqual(["hit", "text/html", ""])
      model.says("words without META")
      expect(said(yield* shaped("home/x", { accept: "*/*" }))).toEqual([
        "generated",
        "text/plain",
        "words without META"
      ])
    }))

  test("has no fence and no words around it", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "x")
      model.says(`\`\`\`json\n[1]\n\`\`\`${meta("application/json")}`)
      expect(textOf((yield* shaped("home/x", { accept: "application/json" })).body)).toBe("[1]")
      model.says(`Sure! Here it is:\n\n\`\`\`json\n[2]\n\`\`\`\nEnjoy.${meta("application/json")}`)
      expect(textOf((yield* shaped("home/x", { accept: "application/json", intent: "b" })).body)).toBe("[2]")
    }))

  test("is nothing when it does not end: the call is left, and nothing is kept", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "x")
      model.byHand()
      const asked = yield* asker("home/x", { accept: "text/css" })
      const call = yield* model.next
      for (let n = 0; n < 5; n++) yield* call.say("x".repeat(1024 * 1024))
      expect(yield* Effect.flip(asked.answer)).toMatchObject({
        _tag: "ShapingUnavailable",
        message: expect.stringMatching(/does not end/)
      })
      yield* call.cancelled
      expect(yield* kept).toEqual([])
    }))
})

describe("C12.5 what is kept", () => {
  test("is found again, without the model, with the same tag, for everybody who may read the source", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "x")
      const first = yield* shaped("home/x")
      const { rate, ...again } = yield* Effect.scoped(ask("home/x", { caller: operator }))
      expect(shapedOf({ rate, ...again })).toEqual({ ...first, cache: "hit", body: expect.anything() })
      expect(said(shapedOf({ rate, ...again }))).toEqual(["hit", "text/html", "<p>made"])
      expect([first.tag, rate, model.prompts.length]).toEqual([expect.stringMatching(/^[0-9a-f-]{33}$/), undefined, 1])
    }))

  test("is a world with an event of its own when the answer comes", () =>
    Effect.gen(function* () {
      yield* write("home/x", "x")
      yield* shaped("home/x")
      const [name = "", ...others] = yield* kept
      expect([name, others]).toEqual([expect.stringMatching(/^var\/cache\/semantic\/[0-9a-f]{64}$/), []])
      expect(payloadsOf(yield* eventsOf(yield* Storage, name))).toMatchObject([
        { type: "semantic_cache_write", op: "put", ext: "html" }
      ])
      const found = yield* Effect.flatMap(Worlds, (worlds) => worlds.read(user(2), world(name)))
      expect([textOf(found.body), found.meta]).toEqual([
        "<p>made",
        [
          ["x-meta-content-type", "text/html"],
          ["x-meta-shape", "a shape"]
        ]
      ])
    }))

  test("is kept apart by source, its tag, hint, Accept, and the model's configuration, and by nothing else", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "x")
      yield* write("home/y", "x")
      const all: Array<string> = []
      const count = (source: string, given?: Asked) => Effect.map(origin(source, given), (cache) => all.push(cache))
      yield* count("home/x")
      yield* count("home/y")
      yield* count("home/x", { userAgent: "other/1" })
      yield* count("home/x", { intent: "other/1" })
      yield* count("home/x", { intent: "new" })
      yield* count("home/x", { accept: "text/html, text/css;q=0.5" })
      yield* count("home/x", { accept: " TEXT/HTML ;q=1.0,text/css; q=0.500" })
      yield* count("home/x", { accept: streamed, caller: operator })
      model.configuration = { fingerprint: "22222222", local: true }
      yield* count("home/x")
      yield* write("home/x", "x")
      yield* count("home/x")
      yield* erase("home/x")
      yield* write("home/x", "x")
      yield* count("home/x")
      expect(all).toEqual([
        ...["generated", "generated", "generated", "hit", "generated", "generated", "hit", "hit"],
        ...["generated", "generated", "generated"]
      ])
    }))

  test("is not what it was when the source has changed in the meantime", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "old")
      model.byHand()
      const before = yield* asker("home/x")
      const old = yield* model.next
      yield* write("home/x", "new")
      const after = yield* asker("home/x")
      const fresh = yield* model.next
      expect([blockOf(old.prompt, "SOURCE"), blockOf(fresh.prompt, "SOURCE")]).toEqual(["old", "new"])
      yield* old.say(reply("of old"))
      yield* old.end
      yield* fresh.say(reply("of new"))
      yield* fresh.end
      expect(said(shapedOf(yield* before.answer))).toEqual(["generated", "text/html", "of old"])
      expect(said(shapedOf(yield* after.answer))).toEqual(["generated", "text/html", "of new"])
      expect(said(yield* shaped("home/x"))).toEqual(["hit", "text/html", "of new"])
    }))

  test(
    "goes when there is too much, the least recently used first, and leaves nothing in the trash",
    (model) =>
      Effect.gen(function* () {
        yield* write("home/x", "x")
        for (const intent of ["a", "b"]) yield* shaped("home/x", { intent })
        expect(yield* origin("home/x", { intent: "a" })).toBe("hit")
        yield* shaped("home/x", { intent: "c" })
        expect(yield* kept).toHaveLength(2)
        expect(yield* origin("home/x", { intent: "a" })).toBe("hit")
        expect(yield* origin("home/x", { intent: "b" })).toBe("generated")
        expect(model.prompts).toHaveLength(4)
      }),
    { cacheMax: 2 }
  )

  test(
    "is nothing where nothing shall be",
    (model) =>
      Effect.gen(function* () {
        yield* write("home/x", "x")
        expect([yield* origin("home/x"), yield* origin("home/x")]).toEqual(["generated", "generated"])
        expect([yield* kept, model.prompts.length]).toEqual([[], 2])
      }),
    { cacheMax: 0 }
  )

  test("is nothing of what only operators may read: users may read what is kept", (model) =>
    Effect.gen(function* () {
      for (const source of ["boot/x", "etc/shadow", "etc/fstab", "etc/shadow/below"]) {
        yield* write(source, "#")
        const caches = [yield* origin(source, { caller: operator }), yield* origin(source, { caller: operator })]
        expect([source, ...caches]).toEqual([source, "generated", "generated"])
      }
      expect([yield* kept, model.prompts.length]).toEqual([[], 8])
    }))

  test("of what is private is for nobody without credentials", () =>
    Effect.gen(function* () {
      yield* write("etc/private", "/home/secret")
      yield* write("home/secret", "x")
      yield* shaped("home/secret")
      const [name = ""] = yield* kept
      const worlds = yield* Worlds
      expect(yield* Effect.flip(worlds.read(anonymous, world(name)))).toMatchObject({ _tag: "Forbidden" })
    }))
})

describe("C12.5 many who want the same", () => {
  const hundred = (given: Asked = {}) => Effect.forEach(Array.from({ length: 100 }), () => asker("home/x", given))

  test(
    "make one call and cost one",
    (model) =>
      Effect.gen(function* () {
        yield* write("home/x", "x")
        model.byHand()
        const all = yield* hundred()
        const call = yield* model.next
        yield* settle
        yield* call.say(reply("<p>once"))
        yield* call.end
        const answers = yield* Effect.forEach(all, ({ answer }) => answer)
        expect(new Set(answers.map((answer) => said(shapedOf(answer)).join()))).toEqual(
          new Set(["generated,text/html,<p>once"])
        )
        expect(answers.filter(({ rate }) => rate !== undefined)).toHaveLength(1)
        expect(model.prompts).toHaveLength(1)
        expect(yield* origin("home/x")).toBe("hit")
      }),
    { genCapPerMin: 1 }
  )

  test("fail together, and the next one tries again", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "x")
      model.byHand()
      const all = yield* hundred()
      yield* (yield* model.next).fail
      for (const { answer } of all) expect(yield* Effect.flip(answer)).toMatchObject({ _tag: "ShapingUnavailable" })
      model.says(reply("<p>made"))
      expect([yield* origin("home/x"), model.prompts.length]).toEqual(["generated", 2])
    }))

  test("are not left by the first who leaves, and leave the model with the last", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "x")
      model.byHand()
      const [first, second] = [yield* asker("home/x"), yield* asker("home/x")]
      const call = yield* model.next
      yield* settle
      yield* first.leave
      yield* settle
      expect(second.poll()).toBe(null)
      yield* call.say("half")
      yield* second.leave
      yield* call.cancelled
      expect([yield* kept, model.prompts.length]).toEqual([[], 1])
      const third = yield* asker("home/x")
      const anew = yield* model.next
      yield* anew.say(reply("<p>whole"))
      yield* anew.end
      expect(said(shapedOf(yield* third.answer))).toEqual(["generated", "text/html", "<p>whole"])
    }))

  test("while one of them streams and one does not, get the same", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "x")
      model.byHand()
      const [streams, waits] = [yield* asker("home/x", { accept: streamed }), yield* asker("home/x")]
      const call = yield* model.next
      yield* call.say("<p>one")
      const { outcome, text } = flowingOf(yield* streams.answer)
      yield* call.say(reply(", two"))
      yield* call.end
      expect(Chunk.join(yield* Stream.runCollect(text), "")).toBe("<p>one, two")
      expect(yield* outcome).toEqual(shapedOf(yield* waits.answer))
      expect(model.prompts).toHaveLength(1)
    }))

  it.scoped("do not make again what was made while they read the source", () => {
    const model = new Model()
    const reached = Effect.runSync(Deferred.make<void>())
    const gate = Effect.runSync(Deferred.make<void>())
    let slow = false
    const storage = memoryWith(({ read }) => ({
      read: (name) =>
        slow && name === "home/x"
          ? Deferred.succeed(reached, undefined).pipe(
              Effect.zipRight(Effect.sync(() => (slow = false))),
              Effect.zipRight(Deferred.await(gate)),
              Effect.zipRight(read(name))
            )
          : read(name)
    }))
    const layer = Shaping.layer.pipe(
      Layer.provide([AllConverters.layer, model.layer, FstabMounts.layer]),
      Layer.provideMerge(machine({}, storage))
    )
    return Effect.gen(function* () {
      yield* write("home/x", "x")
      slow = true
      const late = yield* asker("home/x")
      yield* Deferred.await(reached)
      expect(yield* origin("home/x")).toBe("generated")
      yield* Deferred.succeed(gate, undefined)
      expect(said(shapedOf(yield* late.answer))).toEqual(["hit", "text/html", "<p>made"])
      expect(model.prompts).toHaveLength(1)
    }).pipe(Effect.provide(layer))
  })
})

describe("C12.5 coming and going", () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("come" as const), which: fc.nat(2) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("leave" as const), which: fc.nat(20) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("end" as const, "fail" as const), which: fc.nat(20) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), which: fc.nat(30) }) }
  )
  const scripts = fc.sample(fc.array(step, { minLength: 4, maxLength: 40 }), { numRuns: 150, seed: 12 })

  test(
    "in any order leaves nobody waiting, no call without readers, and the next one served",
    (model) =>
      Effect.gen(function* () {
        for (const [n, script] of scripts.entries()) {
          yield* write("home/x", `${n}`)
          const all = new Set<Call>()
          const open = new Set<Call>()
          const here: Array<Effect.Effect.Success<ReturnType<typeof asker>>> = []
          model.byHand()
          const calls = yield* Effect.fork(
            Effect.forever(Effect.tap(model.next, (call) => Effect.sync(() => all.add(call) && open.add(call))))
          )
          const finish = (call: Call | undefined, well: boolean) =>
            call === undefined
              ? Effect.void
              : Effect.zipRight(
                  well ? Effect.zipRight(call.say(reply("<p>made")), call.end) : call.fail,
                  Effect.sync(() => open.delete(call))
                )
          for (const { do: what, which } of script) {
            if (what === "come") {
              const accept = which === 0 ? streamed : "text/html"
              here.push(yield* asker("home/x", { accept, intent: `${which % 2}` }))
            } else if (what === "wait") yield* Effect.repeatN(Effect.yieldNow(), which)
            else if (what === "leave") yield* here.splice(which % Math.max(1, here.length), 1)[0]?.leave ?? Effect.void
            else yield* finish([...open][which % Math.max(1, open.size)], what === "end")
          }
          yield* settle
          for (const call of open) yield* finish(call, true)
          yield* settle
          for (const call of open) yield* finish(call, true)
          for (const { answer } of here) yield* Effect.exit(answer)
          for (const { leave } of here) yield* leave
          for (const call of all) yield* call.cancelled
          yield* Fiber.interrupt(calls)
          model.says(reply("<p>made"))
          for (const intent of ["0", "1"]) {
            expect(said(yield* shaped("home/x", { intent }))).toEqual([expect.any(String), "text/html", "<p>made"])
          }
        }
      }),
    { genCapPerMin: 1_000_000, genCapPerCaller: 1_000_000 }
  )
})

describe("C12.4 without a model", () => {
  const sources = {
    md: ["md", "# hi\n"],
    list: ["json", '[{"a": 1, "b": 2}]'],
    object: ["json", '{"a": {"b": [1]}}'],
    broken: ["json", "{a"],
    csv: ["csv", "a,b\r\n1,2\r\n"],
    page: ["html", "<p>hi</p>"],
    text: ["txt", "words"]
  } as const

  /** source, Accept, how it comes, as what */
  const table = [
    ["md", "text/html", "converted", "text/html"],
    ["md", "text/html, text/plain", "converted", "text/html"],
    ["md", "text/html;q=0.5, text/plain", "raw", "text/plain"],
    ["md", "application/xhtml+xml, text/html;q=0.1", "converted", "text/html"],
    ["md", "*/*", "raw", "text/plain"],
    ["md", undefined, "raw", "text/plain"],
    ["md", "text/*", "raw", "text/plain"],
    ["md", "text/plain;q=0, */*", "converted", "text/markdown"],
    ["md", "text/csv", "error", ""],
    ["list", "text/csv", "converted", "text/csv"],
    ["list", "application/yaml, text/csv", "converted", "application/yaml"],
    ["list", "application/yaml;q=0.4, text/csv;q=0.5", "converted", "text/csv"],
    ["list", "text/csv, text/event-stream", "converted", "text/csv"],
    ["object", "text/csv", "error", ""],
    ["object", "text/csv, application/yaml;q=0.1", "converted", "application/yaml"],
    ["object", "application/*", "converted", "application/json"],
    ["object", "text/plain", "raw", "text/plain"],
    ["broken", "application/yaml", "error", ""],
    ["broken", "application/yaml, text/plain", "raw", "text/plain"],
    ["csv", "application/json", "converted", "application/json"],
    ["page", "text/plain", "converted", "text/plain"],
    ["text", "text/plain", "raw", "text/plain"],
    ["text", "text/plain;q=0.1", "raw", "text/plain"],
    ["text", "text/html", "error", ""],
    ["text", "text/html, text/plain;q=0.9", "error", ""],
    ["text", "image/png", "error", ""]
  ] as const

  const settled = Effect.gen(function* () {
    const worlds = yield* Worlds
    for (const [name, [ext, text]] of Object.entries(sources)) {
      yield* worlds.overwrite(operator, put(`home/${name}`, text, { ext }))
    }
  })

  const outcomes = Effect.forEach(table, ([source, accept]) =>
    Effect.match(shaped(`home/${source}`, { accept }), {
      onFailure: (error) => [error._tag, "retryAfter" in error ? error.retryAfter : undefined],
      onSuccess: ({ cache, contentType, tag }) => [cache, contentType, tag]
    })
  )
  const expected = (reason: string, ...error: ReadonlyArray<unknown>) =>
    table.map(([, , how, type]) => (how === "error" ? error : [`${reason}-${how}`, type, undefined]))

  const failures: ReadonlyArray<readonly [why: string, (model: Model) => void]> = [
    [
      "that is configured",
      (model) => {
        model.configuration = undefined
      }
    ],
    ["that has its key", (model) => model.fails(new NotConfigured({ message: "set OPENAI_API_KEY" }))],
    ["whose scheme is known", (model) => model.fails(new UnsupportedScheme({ message: "x", scheme: "x" }))],
    ["that answers", (model) => model.fails(new UpstreamFailed({ message: "down", cause: "of the test" }))],
    [
      "that keeps answering",
      (model) => {
        const broken = new UpstreamFailed({ message: "down", cause: "of the test" })
        model.answer = () => Effect.succeed(Stream.concat(Stream.make("`"), Stream.fail(broken)))
      }
    ]
  ]
  for (const [why, breakDown] of failures) {
    test(`${why}: what is exact, else the source, else 503 in five seconds; never kept, never tagged`, (model) =>
      Effect.gen(function* () {
        yield* settled
        breakDown(model)
        expect(yield* outcomes).toEqual(expected("fallback", "ShapingUnavailable", 5))
        expect(yield* kept).toEqual([])
      }))
  }

  test(
    "for now, as everybody had had their share: the same, or 429 in a minute",
    (model) =>
      Effect.gen(function* () {
        yield* settled
        expect(yield* outcomes).toEqual(expected("ratelimit", "RateLimited", 60))
        expect([yield* kept, model.prompts]).toEqual([[], []])
      }),
    { genCapPerMin: 0, genCapPerCaller: 0 }
  )

  test("the text is what it says it is", (model) =>
    Effect.gen(function* () {
      yield* settled
      model.configuration = undefined
      const text = (source: string, accept: string) => Effect.map(shaped(source, { accept }), (is) => textOf(is.body))
      expect(yield* text("home/md", "text/html")).toContain("<h1>hi</h1>")
      expect(yield* text("home/list", "text/csv")).toBe("a,b\r\n1,2\r\n")
      expect(yield* text("home/page", "text/plain")).toBe("hi\n")
      expect(yield* text("home/md", "text/plain")).toBe("# hi\n")
    }))

  test("it is no answer for when there is one again", (model) =>
    Effect.gen(function* () {
      yield* settled
      const configuration = model.configuration
      model.configuration = undefined
      const before = yield* Effect.scoped(ask("home/md"))
      expect([before.gpu, shapedOf(before).cache]).toEqual([undefined, "fallback-converted"])
      model.configuration = configuration
      expect(yield* origin("home/md")).toBe("generated")
    }))

  test("what is kept is still there, for the configuration that it was made with", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "x")
      yield* shaped("home/x")
      model.fails(new UpstreamFailed({ message: "down", cause: "of the test" }))
      expect(yield* origin("home/x")).toBe("hit")
    }))
})

describe("C12.4 the cap", () => {
  const intents = (...all: ReadonlyArray<string>) =>
    Effect.forEach(all, (intent) =>
      origin("home/x", { intent, accept: "text/html, text/plain;q=0.9" }).pipe(
        Effect.catchAll(({ _tag }) => Effect.succeed(_tag))
      )
    )

  test(
    "counts calls of the model in any minute; hits are free, and each answer that cost one says what is left",
    (model) =>
      Effect.gen(function* () {
        yield* write("home/x", "x")
        expect((yield* Effect.scoped(ask("home/x", { intent: "a" }))).rate).toEqual({
          ...{ admitted: true, remaining: 1, reset: 60, limit: 2 }
        })
        yield* TestClock.adjust("20 seconds")
        expect(yield* origin("home/x", { intent: "a" })).toBe("hit")
        expect((yield* Effect.scoped(ask("home/x", { intent: "b" }))).rate).toMatchObject({ remaining: 0, reset: 40 })
        expect(yield* failure("home/x", { intent: "c" })).toMatchObject({
          ...{ _tag: "RateLimited", retryAfter: 60, limit: 2, reset: 40 }
        })
        expect(yield* origin("home/x", { intent: "b" })).toBe("hit")
        yield* TestClock.adjust("40 seconds")
        expect(yield* origin("home/x", { intent: "c" })).toBe("generated")
        expect(model.prompts).toHaveLength(3)
      }),
    { genCapPerMin: 2 }
  )

  test(
    "of one caller leaves the others alone",
    () =>
      Effect.gen(function* () {
        yield* write("home/x", "x")
        const ids = ["a", "b"].map((id) => ({ ...user(2), id }))
        const all: Array<string> = []
        for (const [i, caller] of [...ids, ...ids].entries()) {
          const intent = `${i}`
          all.push(yield* Effect.catchAll(origin("home/x", { caller, intent }), ({ _tag }) => Effect.succeed(_tag)))
        }
        expect(all).toEqual(["generated", "generated", "RateLimited", "RateLimited"])
      }),
    { genCapPerCaller: 1 }
  )

  test(
    "is fair: whoever was turned away is not overtaken by one who asks all the time",
    () =>
      Effect.gen(function* () {
        yield* write("home/x", "x")
        const [noisy, quiet] = ["noisy", "quiet"].map((id) => ({ ...user(2), id })) as [
          typeof operator,
          typeof operator
        ]
        let n = 0
        const tries = (caller: typeof operator) =>
          origin("home/x", { caller, intent: `${n++}` }).pipe(Effect.catchAll(({ _tag }) => Effect.succeed(_tag)))
        yield* tries(noisy)
        yield* tries(noisy)
        expect(yield* tries(quiet)).toBe("RateLimited")
        yield* TestClock.adjust("59 seconds")
        expect([yield* tries(noisy), yield* tries(quiet)]).toEqual(["RateLimited", "RateLimited"])
        yield* TestClock.adjust("1 seconds")
        expect([yield* tries(noisy), yield* tries(quiet), yield* tries(noisy)]).toEqual([
          ...["generated", "generated", "RateLimited"]
        ])
      }),
    { genCapPerMin: 2 }
  )

  test(
    "is not spent by what never reaches a model",
    (model) =>
      Effect.gen(function* () {
        yield* write("home/x", "x")
        yield* failure("home/none")
        yield* failure("home/x", { accept: "text/event-stream" })
        const configuration = model.configuration
        model.configuration = undefined
        expect(yield* intents("a")).toEqual(["ShapingUnavailable"])
        model.configuration = configuration
        expect(yield* intents("a", "b")).toEqual(["generated", "RateLimited"])
      }),
    { genCapPerMin: 1 }
  )
})

describe("C12.6 an answer that is read while it is made", () => {
  test("comes as it is made, without META, and says in the end what it is", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "x")
      model.byHand()
      const asked = yield* asker("home/x", { accept: streamed })
      const call = yield* model.next
      yield* settle
      expect(asked.poll()).toBe(null)
      yield* call.say("<p>")
      const answer = yield* asked.answer
      const { outcome, text } = flowingOf(answer)
      expect([answer.streams, answer.rate?.remaining]).toEqual([true, 59])
      const pieces = yield* Queue.unbounded<string>()
      const reading = yield* Effect.fork(Stream.runForEach(text, (piece) => Queue.offer(pieces, piece)))
      expect(yield* Queue.take(pieces)).toBe("<p>")
      yield* call.say("one")
      expect(yield* Queue.take(pieces)).toBe("one")
      yield* call.say("\n===ME", "TA===\n", '{"content_type": "text/html"}')
      yield* call.end
      yield* Fiber.join(reading)
      expect([yield* Queue.size(pieces), said(yield* outcome)]).toEqual([0, ["generated", "text/html", "<p>one"]])
    }))

  test("is whole at once when it is kept", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "x")
      yield* shaped("home/x")
      const answer = yield* Effect.scoped(ask("home/x", { accept: streamed }))
      expect([answer.streams, ...said(shapedOf(answer))]).toEqual([true, "hit", "text/html", "<p>made"])
      expect(model.prompts).toHaveLength(1)
    }))

  test("fails before its first text like any other, or falls back", (model) =>
    Effect.gen(function* () {
      yield* Effect.flatMap(Worlds, (worlds) => worlds.overwrite(operator, put("home/x", "# hi", { ext: "md" })))
      model.byHand()
      const accept = "text/css, text/event-stream"
      const [one, other] = [yield* asker("home/x", { accept }), yield* asker("home/x", { accept: streamed })]
      for (const call of [yield* model.next, yield* model.next]) {
        yield* call.say("``")
        yield* call.fail
      }
      expect(yield* Effect.flip(one.answer)).toMatchObject({ _tag: "ShapingUnavailable" })
      const answer = yield* other.answer
      expect([answer.streams, shapedOf(answer).cache]).toEqual([true, "fallback-converted"])
    }))

  test("that is nothing, or not acceptable before its first text, is an ordinary answer", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "x")
      model.says(reply(""))
      const empty = yield* Effect.scoped(ask("home/x", { accept: streamed }))
      expect(said(shapedOf(empty))).toEqual(["generated", "text/html", ""])
      model.says(reply("", "text/css"))
      expect(yield* failure("home/x", { accept: streamed, intent: "b" })).toMatchObject({ _tag: "ShapeMismatch" })
    }))

  test("fails after its first text where its end would be, and is not kept", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "x")
      model.byHand()
      const asked = yield* asker("home/x", { accept: streamed })
      const call = yield* model.next
      yield* call.say("<p>half")
      const { outcome, text } = flowingOf(yield* asked.answer)
      yield* call.fail
      expect(Chunk.join(yield* Stream.runCollect(text), "")).toBe("<p>half")
      expect(yield* Effect.flip(outcome)).toMatchObject({ _tag: "UpstreamFailed", message: "it broke down" })
      expect(yield* kept).toEqual([])
    }))

  test("that is not acceptable in the end says so, and is not kept", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "x")
      for (const [accept, end] of [
        ["text/html", meta("text/plain")],
        ["application/json", meta("application/json")],
        ["text/html", ""]
      ] as const) {
        model.says("[", "1,", end)
        const { outcome, text } = flowingOf(yield* ask("home/x", { accept: `${accept}, text/event-stream` }))
        expect(Chunk.join(yield* Stream.runCollect(text), "")).toBe("[1,")
        expect(yield* Effect.flip(outcome)).toMatchObject({ _tag: "ShapeMismatch" })
      }
      expect(yield* kept).toEqual([])
    }))

  test("with words around it is a failure for whoever has read them, and kept without them", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "x")
      model.says(`Sure!\n\`\`\`\n[1]\n\`\`\`${meta("application/json")}`)
      const accept = "application/json, text/event-stream"
      const { outcome } = flowingOf(yield* ask("home/x", { accept }))
      expect(yield* Effect.flip(outcome)).toMatchObject({ _tag: "ShapeMismatch" })
      expect(said(yield* shaped("home/x", { accept: "application/json" }))).toEqual(["hit", "application/json", "[1]"])
    }))

  test("is left when its reader leaves", (model) =>
    Effect.gen(function* () {
      yield* write("home/x", "x")
      model.byHand()
      const asked = yield* asker("home/x", { accept: streamed })
      const call = yield* model.next
      yield* call.say("<p>")
      yield* asked.answer
      yield* asked.leave
      yield* call.cancelled
      expect(yield* kept).toEqual([])
    }))
})

describe("C12.1 mounted files", () => {
  const directory = Effect.tap(temporary, (root) => {
    mkdirSync(join(root, "dir"))
    writeFileSync(join(root, "notes.md"), "# hi\n")
    writeFileSync(join(root, "big.txt"), "\u00e4".repeat(100))
    writeFileSync(join(root, "dir", "a.bin"), Uint8Array.of(0, 1, 2))
    return write("etc/fstab", `${root} /mnt/work ro`)
  })

  test("are sources like worlds, with the version of the file", (model) =>
    Effect.gen(function* () {
      const root = yield* directory
      expect([yield* origin("mnt/work/notes.md"), yield* origin("mnt/work/notes.md")]).toEqual(["generated", "hit"])
      expect(blockOf(model.prompts[0] ?? "", "METADATA")).toBe("path: /mnt/work/notes.md\nmedia type: text/markdown")
      expect(blockOf(model.prompts[0] ?? "", "SOURCE")).toBe("# hi\n")
      writeFileSync(join(root, "notes.md"), "# changed\n")
      expect(yield* origin("mnt/work/notes.md")).toBe("generated")
    }))

  test(
    "are converted as a whole when there is no model, although it would be shown the beginning alone",
    (model) =>
      Effect.gen(function* () {
        yield* directory
        model.configuration = undefined
        const accept = "text/plain"
        expect(said(yield* shaped("mnt/work/big.txt", { accept }))).toEqual([
          ...["fallback-raw", "text/plain", "\u00e4".repeat(100)]
        ])
      }),
    { maxSource: 7 }
  )

  test(
    "that are long are shown in part, in whole characters",
    (model) =>
      Effect.gen(function* () {
        yield* directory
        yield* shaped("mnt/work/big.txt")
        expect(blockOf(model.prompts[0] ?? "", "SOURCE")).toMatch(
          /^\u00e4{7}\nTRUNCATED \w{16}: only the first 7 characters are shown$/
        )
      }),
    { maxSource: 7 }
  )

  test("may be a directory, which is JSON; what is no text is none here either", (model) =>
    Effect.gen(function* () {
      yield* directory
      yield* shaped("mnt/work/dir")
      expect(JSON.parse(blockOf(model.prompts[0] ?? "", "SOURCE") ?? "")).toMatchObject({
        entries: [{ name: "a.bin" }]
      })
      expect(yield* failure("mnt/work/dir/a.bin")).toMatchObject({ _tag: "Unprocessable" })
      expect(yield* failure("mnt/work/none")).toMatchObject({ _tag: "ResourceNotFound" })
    }))
})
