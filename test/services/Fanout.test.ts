import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, LogLevel } from "effect"
import { anonymous, type Caller } from "../../src/domain/Caller.ts"
import { BodyTooLarge, StorageFailure } from "../../src/domain/Errors.ts"
import { Catalog } from "../../src/services/Catalog.ts"
import { type FanoutRequest, fanOut } from "../../src/services/Fanout.ts"
import { Storage } from "../../src/services/Storage.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { lock } from "../helpers/Locking.ts"
import { cap, machine, machineTest, memoryWith, operator, user, write } from "../helpers/Machine.ts"
import { world } from "../helpers/Paths.ts"
import { bytes, eventsOf, payloadsOf, put, textOf } from "../helpers/Storages.ts"

const request = (given: Partial<Omit<FanoutRequest, "query">> & { readonly query?: string } = {}): FanoutRequest => ({
  method: "POST",
  caller: user(2),
  headers: {},
  bytes: Effect.succeed(bytes("line\n")),
  ...given,
  query: new URLSearchParams(given.query)
})

const configure = (...lines: ReadonlyArray<string>) => write("etc/fanout.conf", lines.join("\n"))

const textAt = (name: string) =>
  Effect.flatMap(Worlds, (worlds) => Effect.map(worlds.read(operator, world(name)), ({ body }) => textOf(body)))

const extAt = (name: string) => Effect.map(Catalog, (catalog) => catalog.get(name)?.ext)

describe("C11.4 fanout", () => {
  machineTest(
    "C15 the lock tokens in If are the write's, and a lock binds without them",
    Effect.gen(function* () {
      yield* configure("home/a", "home/b")
      const [a, b] = [yield* lock(user(2), "home/a"), yield* lock(user(2), "home/b")]
      const given = (...tokens: ReadonlyArray<string>) =>
        request({ headers: { if: tokens.map((token) => `</home/x> (<${token}>)`).join(" ") } })
      expect(yield* fanOut(request())).toMatchObject({ written: [], verdict: "locked" })
      expect(yield* fanOut(given(a.token))).toMatchObject({ written: ["home/a"], failed: [{ target: "home/b" }] })
      expect(yield* fanOut(given(a.token, b.token))).toMatchObject({ written: ["home/a", "home/b"], failed: [] })
      const somebodyElse = { ...given(a.token, b.token), caller: { ...user(2), id: "somebody else" } }
      expect(yield* fanOut(somebodyElse)).toMatchObject({ written: [], verdict: "locked" })
    })
  )

  machineTest(
    "POST appends to every target, as the caller, with an event each",
    Effect.gen(function* () {
      yield* configure("home/b", "/home/a", "# home/c")
      yield* write("home/a", "before\n")
      for (const _ of [1, 2]) {
        expect(yield* fanOut(request())).toEqual({ written: ["home/b", "home/a"], failed: [], verdict: "written" })
      }
      expect([yield* textAt("home/a"), yield* textAt("home/b")]).toEqual(["before\nline\nline\n", "line\nline\n"])
      const events = payloadsOf(yield* eventsOf(yield* Storage, "home/b"))
      expect(events).toMatchObject([
        { op: "append", type: "stage_appended" },
        { op: "append", append_len: 5 }
      ])
    })
  )

  machineTest(
    "PUT overwrites them, with metadata, and types as a PUT of each would find them",
    Effect.gen(function* () {
      yield* configure("home/a", "home/b.md", "lib/c")
      yield* write("home/a", "before")
      const put = request({ method: "PUT", headers: { "x-meta-author": "ann", "x-other": "y" } })
      expect((yield* fanOut(put)).written).toEqual(["home/a", "home/b.md", "lib/c"])
      expect(yield* textAt("home/a")).toBe("line\n")
      expect([yield* extAt("home/a"), yield* extAt("home/b.md"), yield* extAt("lib/c")]).toEqual(["txt", "md", "ts"])
      expect((yield* (yield* Worlds).head(operator, world("home/a"))).meta).toEqual([["x-meta-author", "ann"]])
      yield* fanOut(request({ method: "PUT", headers: { "content-type": "text/css" } }))
      expect([yield* extAt("home/a"), yield* extAt("home/b.md")]).toEqual(["css", "css"])
      yield* fanOut(request({ method: "PUT", headers: { "content-type": "text/css" }, query: "ext=json" }))
      expect(yield* extAt("home/a")).toBe("json")
    })
  )

  machineTest(
    "C10.1 source that arrives this way has to be approved again",
    Effect.gen(function* () {
      yield* configure("lib/p")
      yield* write("lib/p", "source")
      const worlds = yield* Worlds
      yield* worlds.setState(operator, { _tag: "SetState", name: world("lib/p"), to: "active", conditions: {} })
      yield* fanOut(request({ method: "PUT" }))
      expect((yield* Catalog).get("lib/p")?.state).toBe("pending")
    })
  )

  machineTest(
    "what fails is listed beside what was written, in the order of the lines",
    Effect.gen(function* () {
      yield* configure("etc/motd", "home/a", "home/../etc/x", "home/b", "proc/x", "home/a")
      expect(yield* fanOut(request())).toEqual({
        written: ["home/a", "home/b"],
        failed: [
          { target: "etc/motd", error: "writing this needs T3" },
          { target: "home/../etc/x", error: "the path holds a . or .. segment" },
          { target: "proc/x", error: "/proc/x cannot be the name of a world" }
        ],
        verdict: "written"
      })
      expect(yield* textAt("home/a")).toBe("line\n")
      expect((yield* fanOut(request({ caller: operator }))).written).toEqual(["etc/motd", "home/a", "home/b"])
    })
  )

  machineTest(
    "the policy can refuse all of it, and then nothing is there",
    Effect.gen(function* () {
      yield* configure("etc/a", "usr/b", "var/c", "boot/d")
      const { failed, verdict, written } = yield* fanOut(request())
      expect([written, failed.length, verdict]).toEqual([[], 4, "refused"])
      expect((yield* fanOut(request({ caller: anonymous }))).verdict).toBe("refused")
      expect((yield* Catalog).size()).toBe(1)
      expect((yield* fanOut(request({ caller: operator }))).written).toHaveLength(4)
    })
  )

  machineTest(
    "lines that all name nothing are a failure of the machine's",
    Effect.gen(function* () {
      yield* configure("nowhere/a", "etc/x")
      expect(yield* Effect.map(fanOut(request()), ({ verdict }) => verdict)).toBe("failed")
      yield* configure("nowhere/a")
      expect(yield* Effect.map(fanOut(request()), ({ verdict }) => verdict)).toBe("failed")
    }).pipe(Logger.withMinimumLogLevel(LogLevel.None))
  )

  machineTest(
    "without targets it is not configured, and the body is not read",
    Effect.gen(function* () {
      const bytes = Effect.dieMessage("read")
      expect(yield* Effect.flip(fanOut(request({ bytes })))).toMatchObject({ _tag: "NotConfigured" })
      yield* write("etc/fanout.conf/below", "x")
      expect(yield* Effect.flip(fanOut(request({ bytes })))).toMatchObject({ _tag: "NotConfigured" })
      yield* configure("# nobody", "", "  ")
      expect(yield* Effect.flip(fanOut(request({ bytes })))).toMatchObject({ _tag: "NotConfigured" })
    })
  )

  machineTest(
    "targets that are no UTF-8 are none: what is left of a name is another's",
    Effect.gen(function* () {
      const body = Buffer.from("home/caf\u00e9\nhome/a", "latin1")
      yield* Effect.flatMap(Worlds, (worlds) => worlds.overwrite(operator, put("etc/fanout.conf", body)))
      const error = yield* Effect.flip(fanOut(request()))
      expect(error).toMatchObject({ _tag: "NotConfigured", message: "/etc/fanout.conf is no UTF-8 text" })
      expect((yield* Catalog).size()).toBe(1)
    })
  )

  machineTest(
    "a capability is refused, whatever its scope",
    Effect.gen(function* () {
      yield* configure("home/a")
      for (const caller of [cap("", "rw"), cap("home", "rw"), cap("dev/fanout", "rw"), cap("home/a", "r")]) {
        expect(yield* Effect.flip(fanOut(request({ caller })))).toMatchObject({ _tag: "Forbidden" })
      }
      expect((yield* Catalog).get("home/a")).toBeUndefined()
    })
  )

  machineTest(
    "what a PUT or POST of a world would not take is not taken",
    Effect.gen(function* () {
      yield* configure("home/a")
      const outcome = (given: Parameters<typeof request>[0]) =>
        Effect.match(fanOut(request(given)), {
          onFailure: ({ _tag }): string => _tag,
          onSuccess: ({ verdict }) => verdict
        })
      expect(yield* outcome({ query: "ext=../x" })).toBe("BadRequest")
      expect(yield* outcome({ method: "PUT", headers: { "content-range": "bytes 0-3/9" } })).toBe("BadRequest")
      expect(yield* outcome({ headers: { "idempotency-key": "" } })).toBe("BadRequest")
      expect(yield* outcome({ bytes: new BodyTooLarge({ message: "too large", limit: 1 }) })).toBe("BodyTooLarge")
      expect((yield* Catalog).get("home/a")).toBeUndefined()
      expect(yield* outcome({ query: "ext=" })).toBe("written")
    })
  )

  machineTest(
    "C4.4 a retry with the same key writes only what is missing",
    Effect.gen(function* () {
      yield* configure("home/a")
      const headers = { "idempotency-key": "one" }
      yield* fanOut(request({ headers }))
      yield* configure("home/a", "home/b")
      expect((yield* fanOut(request({ headers }))).written).toEqual(["home/a", "home/b"])
      expect([yield* textAt("home/a"), yield* textAt("home/b")]).toEqual(["line\n", "line\n"])
      const other = yield* fanOut(request({ headers, bytes: Effect.succeed(bytes("other")) }))
      expect([other.verdict, other.failed.length]).toEqual(["conflict", 2])
    })
  )
})

describe("C11.4 a fanout that goes wrong", () => {
  const broken = (names: ReadonlyArray<string>) =>
    Layer.fresh(
      machine(
        {},
        memoryWith((storage) => ({
          execute: (command) =>
            names.includes(command.name)
              ? new StorageFailure({ message: "the disk is full", cause: "/host/path" })
              : storage.execute(command)
        }))
      )
    )

  it.effect("in one place goes on in the others", () =>
    Effect.gen(function* () {
      yield* configure("home/a", "home/b", "home/c")
      expect(yield* fanOut(request())).toEqual({
        written: ["home/a", "home/c"],
        failed: [{ target: "home/b", error: "the disk is full" }],
        verdict: "written"
      })
    }).pipe(Logger.withMinimumLogLevel(LogLevel.None), Effect.provide(broken(["home/b"])))
  )

  it.effect("everywhere is a failure, and the log has the causes", () => {
    const logged: Array<unknown> = []
    const log = Logger.replace(
      Logger.defaultLogger,
      Logger.make(({ message }) => {
        logged.push(JSON.stringify(message))
      })
    )
    return Effect.gen(function* () {
      yield* configure("home/a", "home/b")
      expect(yield* fanOut(request())).toMatchObject({ written: [], verdict: "failed" })
      expect(logged.filter((line) => String(line).includes("/host/path"))).toHaveLength(2)
    }).pipe(Effect.provide([broken(["home/a", "home/b"]), log]))
  })

  const places = (count: number) => Array.from({ length: count }, (_, n) => `home/${n}`)

  it.effect("because its caller left has been done all the same", () => {
    let written = 0
    const slow = memoryWith((storage) => ({
      execute: (command) =>
        Effect.zipRight(Effect.repeatN(Effect.yieldNow(), 5), storage.execute(command)).pipe(
          Effect.tap(() => Effect.sync(() => written++))
        )
    }))
    return Effect.gen(function* () {
      yield* configure(...places(50))
      written = 0
      const fiber = yield* Effect.fork(fanOut(request()))
      while (written === 0) yield* Effect.yieldNow()
      yield* Fiber.interrupt(fiber)
      expect(written).toBe(50)
    }).pipe(Effect.provide(Layer.fresh(machine({}, slow))))
  })

  it.effect("has at most four writes under way", () => {
    let [now, most] = [0, 0]
    const watched = memoryWith((storage) => ({
      execute: (command) =>
        Effect.acquireUseRelease(
          Effect.sync(() => {
            most = Math.max(most, ++now)
          }),
          () => Effect.zipRight(Effect.yieldNow(), storage.execute(command)),
          () => Effect.sync(() => now--)
        )
    }))
    return Effect.gen(function* () {
      yield* configure(...places(50))
      const { written } = yield* fanOut(request())
      expect([written, most]).toEqual([places(50), 4])
    }).pipe(Effect.provide(Layer.fresh(machine({}, watched))))
  })

  it.effect("every caller that a policy knows gets an answer", () =>
    Effect.gen(function* () {
      yield* configure("home/a", "etc/a")
      for (const caller of [anonymous, user(1), user(2), user(3)] satisfies ReadonlyArray<Caller>) {
        const { failed, written } = yield* fanOut(request({ caller }))
        expect(written.length + failed.length).toBe(2)
      }
    }).pipe(Effect.provide(Layer.fresh(machine())))
  )
})
