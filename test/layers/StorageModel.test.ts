import { Effect, Either, Exit, Layer, Option, Scope, TestClock, TestContext } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Command } from "../../src/domain/Command.ts"
import { Storage, type StorageShape } from "../../src/services/Storage.ts"
import { firstBad } from "../helpers/Chains.ts"
import { world } from "../helpers/Paths.ts"
import { apply, guarded, type ModelWorld, type Step, steps } from "../helpers/StorageModel.ts"
import * as S from "../helpers/Storages.ts"
import { scanned } from "../helpers/Storages.ts"

type Doing = Exclude<Step, { do: "tick" | "restart" }>

const commandOf = (step: Doing, before: ModelWorld | undefined, n: number): Command => {
  const conditions = "guard" in step ? guarded(step.guard, before)[0] : {}
  switch (step.do) {
    case "put":
      return S.put(step.name, step.body, { ext: step.ext, conditions, meta: step.meta ? [["x-meta-author", "a"]] : [] })
    case "post":
      return S.post(step.name, step.body, { conditions, idempotencyKey: step.key })
    case "state":
      return S.setState(step.name, step.to)
    case "remark":
      return S.annotate(step.name, ...step.types.map((type) => ({ type, details: { note: "n" } })))
    case "delete":
      return S.remove(step.name, { conditions, deletion: `d${n}` })
  }
}

/** Whether the storage shows a world exactly as the model has it. */
const compare = (storage: StorageShape, name: string, model: ModelWorld | undefined) =>
  Effect.gen(function* () {
    const read = Option.getOrUndefined(yield* storage.read(world(name)))
    const head = Option.getOrUndefined(yield* storage.head(world(name)))
    const rows = yield* S.eventsOf(storage, name)
    if (model === undefined) {
      expect([read, head, rows]).toEqual([undefined, undefined, []])
      return
    }
    const { ext, meta, state, tag, updatedAt, version } = model
    const facts = { name, ext, meta, state, tag, updatedAt, version, eventId: model.events.length }
    expect(head).toMatchObject({ ...facts, len: S.bytes(model.body).length })
    expect(read).toMatchObject({ ...head, body: expect.anything() })
    expect(read && S.textOf(read.body)).toBe(model.body)
    expect(firstBad(rows, S.key)).toBeUndefined()
    expect(
      rows.map(({ id, payload }) => ({ id, ...JSON.parse(payload) })),
      name
    ).toEqual(
      model.events.map((event, i) => ({
        id: i + 1,
        op: event.op ?? expect.stringMatching(/^(put|append|delete|state|copy|move)$/),
        len: event.len,
        ext: event.ext,
        version_after: event.version,
        meta_headers: event.meta,
        body_sha256_after: event.sha256,
        ...event.details,
        type: event.type,
        ts: new Date(event.ts).toISOString()
      }))
    )
  })

interface Lives {
  readonly storage: Layer.Layer<Storage, unknown, never>
  /** the directories of worlds, where there are any */
  readonly directories: () => ReadonlyArray<string> | undefined
  /** whether worlds outlive the storage */
  readonly durable: boolean
}

const run = (script: ReadonlyArray<Step>, lives: Lives) =>
  Effect.gen(function* () {
    const model = new Map<string, ModelWorld>()
    const tags = new Set<string>()
    let now = 0
    let life = yield* Scope.make()
    const open = Effect.flatMap(Storage, Effect.succeed)
    const start = () =>
      Effect.flatMap(Layer.buildWithScope(Layer.fresh(lives.storage), life), (c) => Effect.provide(open, c))
    let storage = yield* start()

    for (const [n, step] of script.entries()) {
      if (step.do === "tick") {
        now += step.millis
        yield* TestClock.adjust(step.millis)
        continue
      }
      if (step.do === "restart") {
        if (!lives.durable) continue
        yield* Scope.close(life, Exit.void)
        life = yield* Scope.make()
        storage = yield* start()
        const found = (yield* scanned(storage)).map(({ eventId, name, tag }) => ({ name: String(name), tag, eventId }))
        const expected = [...model].map(([name, { events, tag }]) => ({ name, tag, eventId: events.length }))
        expect(found.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual(
          expected.sort((a, b) => (a.name < b.name ? -1 : 1))
        )
        continue
      }
      const before = model.get(step.name)
      const expected = apply(step, before, now)
      const actual = yield* Effect.either(storage.execute(commandOf(step, before, n)))
      if (!expected.ok) {
        expect(Either.isLeft(actual) ? actual.left._tag : "accepted").toBe(expected.why)
      } else {
        const receipt = Either.getOrThrowWith(actual, (error) => new Error(`${step.do} refused: ${error.message}`))
        if (expected.replayed !== undefined) {
          expect(receipt).toMatchObject({ replayed: true, version: expected.replayed })
          expect(tags).toContain(receipt.tag)
        } else {
          expect(tags, "a tag is never seen twice").not.toContain(receipt.tag)
          tags.add(receipt.tag)
          const { events, ext, state, updatedAt, version } = expected.world
          expect(receipt).toMatchObject({ ext, state, updatedAt, version, eventId: events.length, replayed: false })
          expect(receipt.created).toBe(expected.created)
          if (step.do === "delete") model.delete(step.name)
          else model.set(step.name, { ...expected.world, tag: receipt.tag })
        }
      }
      yield* compare(storage, step.name, model.get(step.name))
      const directories = lives.directories()
      if (directories !== undefined) {
        expect(directories).toEqual([...model.keys()].map((name) => S.directoryOf("", name)).sort())
      }
    }
    for (const name of model.keys()) {
      expect(yield* S.verdict(storage, name)).toMatchObject({ chain: { ok: true }, body: { ok: true } })
    }
    yield* Scope.close(life, Exit.void)
  })

const check = (numRuns: number, lives: Effect.Effect<Lives, never, Scope.Scope>) =>
  fc.assert(
    fc.asyncProperty(steps, (script) =>
      Effect.runPromise(
        Effect.scoped(Effect.flatMap(lives, (lives) => run(script, lives))).pipe(
          Effect.provide(TestContext.TestContext)
        )
      )
    ),
    { numRuns }
  )

describe("C4, C5 any sequence of commands leaves what a plain Map would", () => {
  it("in memory", () =>
    check(
      100,
      Effect.succeed({ storage: Layer.provide(S.memory, S.chain), directories: () => undefined, durable: false })
    ))

  it("in files, with restarts", () =>
    check(
      25,
      Effect.map(S.temporary, (data) => ({
        storage: Layer.provide(S.files(data), S.chain),
        directories: () => S.directories(data),
        durable: true
      }))
    ))
})
