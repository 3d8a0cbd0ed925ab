import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Layer, Option, TestClock } from "effect"
import type { Conditions } from "../../src/domain/Conditions.ts"
import { formatHttpDate } from "../../src/domain/HttpDate.ts"
import { tagOf } from "../../src/domain/World.ts"
import { Storage } from "../../src/services/Storage.ts"
import { sha256 } from "../helpers/Chains.ts"
import { world } from "../helpers/Paths.ts"
import {
  bytes,
  chain,
  eventsOf,
  files,
  memory,
  payloadsOf,
  post,
  put,
  readText,
  remark,
  remove,
  setState,
  temporary,
  textOf,
  verdict
} from "../helpers/Storages.ts"

const inDirectory = Layer.unwrapScoped(Effect.map(temporary, files))
const quoted = (tag: string) => `"${tag}"`

describe.each([
  ["in memory", memory],
  ["in files", inDirectory]
] as const)("storage %s", (_, layer) => {
  const fresh = Layer.provide(layer, chain)
  const test = (name: string, run: Effect.Effect<void, unknown, Storage>) =>
    it.scoped(name, () => Effect.provide(run, Layer.fresh(fresh)))

  test(
    "C4.1 bytes go in as they are and come back, with head and digests",
    Effect.gen(function* () {
      const storage = yield* Storage
      const body = Uint8Array.from({ length: 256 }, (_, i) => i)
      const receipt = yield* storage.execute(put("home/x", body, { ext: "bin", meta: [["x-meta-a", "1"]] }))
      expect(receipt).toMatchObject({ version: 1, created: true, replayed: false, len: 256, sha256: sha256(body) })
      const read = Option.getOrThrow(yield* storage.read(world("home/x")))
      expect(Buffer.from(read.body).equals(Buffer.from(body))).toBe(true)
      expect(read).toMatchObject({ ext: "bin", state: "active", meta: [["x-meta-a", "1"]], tag: receipt.tag })
      const head = Option.getOrThrow(yield* storage.head(world("home/x")))
      expect(head).toMatchObject({ len: 256, sha256: sha256(body), jsonLength: undefined, tag: receipt.tag })
      expect("body" in head).toBe(false)
    })
  )

  test(
    "C2.2 the head knows how long the text is in JSON",
    Effect.gen(function* () {
      const storage = yield* Storage
      yield* storage.execute(put("home/x", 'a"é\n'))
      expect(Option.getOrThrow(yield* storage.head(world("home/x"))).jsonLength).toBe(Buffer.byteLength('"a\\"é\\n"'))
    })
  )

  test(
    "an empty body is a body",
    Effect.gen(function* () {
      const storage = yield* Storage
      expect(yield* storage.execute(put("home/x", ""))).toMatchObject({ len: 0, sha256: sha256("") })
      expect(yield* readText(storage, "home/x")).toEqual(Option.some(""))
      expect(yield* verdict(storage, "home/x")).toMatchObject({ chain: { ok: true }, body: { ok: true } })
    })
  )

  test(
    "what is absent is none, and has no events",
    Effect.gen(function* () {
      const storage = yield* Storage
      yield* storage.execute(put("home/x/y", "below"))
      expect(yield* storage.read(world("home/x"))).toEqual(Option.none())
      expect(yield* storage.head(world("home/x"))).toEqual(Option.none())
      expect(yield* eventsOf(storage, "home/x")).toEqual([])
    })
  )

  test(
    "C4.2 an append keeps ext and metadata, and creates with its own ext",
    Effect.gen(function* () {
      const storage = yield* Storage
      yield* storage.execute(put("home/x", "a", { ext: "md", meta: [["x-meta-a", "1"]] }))
      const receipt = yield* storage.execute(post("home/x", "bc", { ext: "html" }))
      expect(receipt).toMatchObject({ version: 2, ext: "md", len: 3, created: false })
      expect(Option.getOrThrow(yield* storage.read(world("home/x")))).toMatchObject({ meta: [["x-meta-a", "1"]] })
      expect(yield* readText(storage, "home/x")).toEqual(Option.some("abc"))
      expect(yield* storage.execute(post("home/y", "n", { ext: "html" }))).toMatchObject({ ext: "html", created: true })
    })
  )

  test(
    "C5.2 the payloads say what happened",
    Effect.gen(function* () {
      const storage = yield* Storage
      yield* TestClock.setTime(1_768_478_400_007)
      yield* storage.execute(put("home/x", "ab", { ext: "md", meta: [["x-meta-a", "1"]] }))
      yield* storage.execute(post("home/x", "é"))
      yield* storage.execute(remark("home/x", { type: "gpu_call", details: { prompt_len: 7, caller: "c" } }))
      const payloads = payloadsOf(yield* eventsOf(storage, "home/x"))
      const ts = "2026-01-15T12:00:00.007Z"
      expect(payloads).toEqual([
        {
          op: "put",
          len: 2,
          ext: "md",
          version_after: 1,
          meta_headers: [["x-meta-a", "1"]],
          body_sha256_after: sha256("ab"),
          type: "stage_written",
          ts
        },
        {
          op: "append",
          len: 4,
          ext: "md",
          version_after: 2,
          meta_headers: [],
          body_sha256_after: sha256("abé"),
          append_len: 2,
          append_sha256: sha256("é"),
          type: "stage_appended",
          ts
        },
        expect.objectContaining({
          version_after: 2,
          body_sha256_after: sha256("abé"),
          prompt_len: 7,
          caller: "c",
          type: "gpu_call",
          ts
        })
      ])
    })
  )

  test(
    "C2.3 tags are unique across deletion and re-creation at the same instant with the same bytes",
    Effect.gen(function* () {
      const storage = yield* Storage
      const tags = new Set<string>()
      for (let i = 0; i < 5; i++) {
        tags.add((yield* storage.execute(put("home/x", "same"))).tag)
        yield* storage.execute(remove("home/x", { deletion: `d${i}` }))
      }
      expect(tags.size).toBe(5)
    })
  )

  test(
    "C2.3 a tag changes with the newest event, also one that is no write",
    Effect.gen(function* () {
      const storage = yield* Storage
      const first = yield* storage.execute(put("home/x", "a"))
      const second = yield* storage.execute(remark("home/x"))
      expect(second.tag).not.toBe(first.tag)
      expect(Option.getOrThrow(yield* storage.head(world("home/x")))).toMatchObject({ tag: second.tag, eventId: 2 })
    })
  )

  test(
    "C4.3 If-Match takes the tag of any current representation, and no stale one",
    Effect.gen(function* () {
      const storage = yield* Storage
      let current = yield* storage.execute(put("home/x", "0"))
      for (const representation of ["raw", "json", "text"] as const) {
        const stale = quoted(tagOf(current, representation))
        current = yield* storage.execute(put("home/x", "1", { conditions: { ifMatch: stale } }))
        const error = yield* Effect.flip(storage.execute(put("home/x", "2", { conditions: { ifMatch: stale } })))
        expect(error._tag).toBe("PreconditionFailed")
      }
      expect(yield* readText(storage, "home/x")).toEqual(Option.some("1"))
    })
  )

  test(
    "C4.3 a refused write leaves version, body, events and tag as they were",
    Effect.gen(function* () {
      const storage = yield* Storage
      yield* storage.execute(put("home/x", "a"))
      const before = yield* storage.read(world("home/x"))
      const past: Conditions = { ifUnmodifiedSince: formatHttpDate(-1000) }
      for (const conditions of [{ ifMatch: '"no"' }, { ifNoneMatch: "*" }, past, { ifMatch: "garbage" }]) {
        for (const command of [put("home/x", "b", { conditions }), post("home/x", "b", { conditions })]) {
          expect((yield* Effect.flip(storage.execute(command)))._tag).toBe("PreconditionFailed")
        }
        expect((yield* Effect.flip(storage.execute(remove("home/x", { conditions }))))._tag).toBe("PreconditionFailed")
      }
      expect(yield* storage.read(world("home/x"))).toEqual(before)
      expect(yield* eventsOf(storage, "home/x")).toHaveLength(1)
    })
  )

  test(
    "C4.3 a refused creation leaves nothing, and the next one starts at version 1",
    Effect.gen(function* () {
      const storage = yield* Storage
      for (const command of [put("home/x", "a", { conditions: { ifMatch: "*" } }), post("home/x", "a", { conditions: { ifMatch: '"t"' } })]) {
        expect((yield* Effect.flip(storage.execute(command)))._tag).toBe("PreconditionFailed")
      }
      for (const command of [setState("lib/x", "active"), remove("home/x")]) {
        expect((yield* Effect.flip(storage.execute(command)))._tag).toBe("WorldNotFound")
      }
      expect(yield* storage.scan).toEqual([])
      const created = yield* storage.execute(put("home/x", "b", { conditions: { ifNoneMatch: "*" } }))
      expect(created).toMatchObject({ version: 1, eventId: 1, created: true })
    })
  )

  test(
    "C4.4 a retry with the same key and bytes gets the first answer and appends nothing",
    Effect.gen(function* () {
      const storage = yield* Storage
      const first = yield* storage.execute(post("home/x", "a", { idempotencyKey: "k" }))
      yield* storage.execute(post("home/x", "b"))
      const again = yield* storage.execute(
        post("home/x", "a", { idempotencyKey: "k", conditions: { ifNoneMatch: "*" } })
      )
      expect(again).toEqual({ ...first, replayed: true })
      expect(yield* readText(storage, "home/x")).toEqual(Option.some("ab"))
    })
  )

  test(
    "C4.4 the same key with other bytes is a conflict, and another key is another append",
    Effect.gen(function* () {
      const storage = yield* Storage
      yield* storage.execute(post("home/x", "a", { idempotencyKey: "k" }))
      expect((yield* Effect.flip(storage.execute(post("home/x", "b", { idempotencyKey: "k" }))))._tag).toBe(
        "IdempotencyConflict"
      )
      yield* storage.execute(post("home/x", "a", { idempotencyKey: "l" }))
      yield* storage.execute(post("home/y", "c", { idempotencyKey: "k" }))
      expect(yield* readText(storage, "home/x")).toEqual(Option.some("aa"))
    })
  )

  test(
    "C4.4 a refused append does not use up its key",
    Effect.gen(function* () {
      const storage = yield* Storage
      yield* storage.execute(put("home/x", "a"))
      yield* Effect.exit(
        storage.execute(post("home/x", "b", { idempotencyKey: "k", conditions: { ifMatch: '"no"' } }))
      )
      yield* storage.execute(post("home/x", "c", { idempotencyKey: "k" }))
      expect(yield* readText(storage, "home/x")).toEqual(Option.some("ac"))
    })
  )

  test(
    "C10.1 source that is replaced falls back to pending, which is an event; a first PUT logs none",
    Effect.gen(function* () {
      const storage = yield* Storage
      expect(yield* storage.execute(put("lib/p", "1"))).toMatchObject({ state: "pending", eventId: 1 })
      yield* storage.execute(setState("lib/p", "active"))
      expect(yield* storage.execute(put("lib/p", "1"))).toMatchObject({ state: "pending", version: 2 })
      yield* storage.execute(post("lib/p", "2"))
      const events = payloadsOf(yield* eventsOf(storage, "lib/p"))
      expect(events.map(({ type }) => type)).toEqual([
        ...["stage_written", "state_transition", "stage_written", "state_transition"],
        ...["stage_appended", "state_transition"]
      ])
      expect(events[1]).toMatchObject({ from: "pending", to: "active", version: 1, op: "state" })
      expect(events[1]).not.toHaveProperty("reason")
      expect(events[3]).toMatchObject({ from: "active", to: "pending", version: 2, reason: "source replaced" })
      expect(events[5]).toMatchObject({ to: "pending", version: 3, reason: "source replaced" })
    })
  )

  test(
    "C5.2 an event that is no write leaves body, version and time alone, and begins an empty log",
    Effect.gen(function* () {
      const storage = yield* Storage
      expect(yield* storage.execute(remark("var/log/gpu"))).toMatchObject({ created: true, len: 0, version: 1 })
      yield* TestClock.adjust(5000)
      expect(yield* storage.execute(remark("var/log/gpu"))).toMatchObject({ version: 1, updatedAt: 0, eventId: 2 })
      yield* storage.execute(put("var/log/gpu", "text"))
      expect(yield* storage.execute(remark("var/log/gpu"))).toMatchObject({ version: 2, updatedAt: 5000, len: 4 })
      expect(yield* verdict(storage, "var/log/gpu")).toMatchObject({ events: 4, chain: { ok: true }, body: { ok: true } })
    })
  )

  test(
    "C4.5 a deleted world is gone, and what comes under its name is new",
    Effect.gen(function* () {
      const storage = yield* Storage
      yield* storage.execute(post("home/x", "old", { idempotencyKey: "k" }))
      yield* storage.execute(put("home/x/y", "child"))
      expect(yield* storage.execute(remove("home/x"))).toMatchObject({ eventId: 2, version: 1 })
      expect(yield* storage.read(world("home/x"))).toEqual(Option.none())
      expect(yield* readText(storage, "home/x/y")).toEqual(Option.some("child"))
      const anew = yield* storage.execute(post("home/x", "old", { idempotencyKey: "k" }))
      expect(anew).toMatchObject({ version: 1, eventId: 1, created: true, replayed: false })
    })
  )

  test(
    "events are paged by id, oldest first",
    Effect.gen(function* () {
      const storage = yield* Storage
      for (let i = 0; i < 7; i++) yield* storage.execute(post("home/x", String(i)))
      const page = (after: number, limit: number) =>
        Effect.map(storage.events(world("home/x"), after, limit), (rows) => rows.map(({ id }) => id))
      expect(yield* page(0, 3)).toEqual([1, 2, 3])
      expect(yield* page(3, 3)).toEqual([4, 5, 6])
      expect(yield* page(6, 3)).toEqual([7])
      expect(yield* page(7, 3)).toEqual([])
    })
  )

  test(
    "a scan finds every world as its head is",
    Effect.gen(function* () {
      const storage = yield* Storage
      const receipts = yield* Effect.forEach(["home/b", "home/a", "lib/p"], (name) => storage.execute(put(name, name)))
      const found = yield* storage.scan
      expect(found).toHaveLength(3)
      for (const { created: _, replayed: __, sha256: ___, ...entry } of receipts) {
        expect(found).toContainEqual(expect.objectContaining(entry))
      }
    })
  )

  test(
    "C4.3 of many writers with the same If-Match exactly one wins",
    Effect.gen(function* () {
      const storage = yield* Storage
      const { tag } = yield* storage.execute(put("home/x", "start"))
      const writers = Array.from({ length: 20 }, (_, i) =>
        Effect.exit(storage.execute(put("home/x", `w${i}`, { conditions: { ifMatch: quoted(tag) } })))
      )
      const exits = yield* Effect.all(writers, { concurrency: "unbounded" })
      expect(exits.filter(Exit.isSuccess)).toHaveLength(1)
      const winner = exits.findIndex(Exit.isSuccess)
      expect(yield* readText(storage, "home/x")).toEqual(Option.some(`w${winner}`))
      expect(yield* eventsOf(storage, "home/x")).toHaveLength(2)
    })
  )

  test(
    "C1.2 names that differ in a byte are different worlds",
    Effect.gen(function* () {
      const storage = yield* Storage
      const names = ["home/a", "home/A", "home/a%2Fb", "home/a/b", "home/a;b", "home/a ", "home/é", "home/😀", "home/a%25"]
      for (const name of names) yield* storage.execute(put(name, name))
      for (const name of names) expect(yield* readText(storage, name)).toEqual(Option.some(name))
      expect((yield* storage.scan).map(({ name }) => String(name)).sort()).toEqual([...names].sort())
    })
  )

  test(
    "a body of a megabyte survives",
    Effect.gen(function* () {
      const storage = yield* Storage
      const body = bytes("0123456789abcdef".repeat(65_536))
      yield* storage.execute(put("home/big", body))
      yield* storage.execute(post("home/big", "!"))
      const read = Option.getOrThrow(yield* storage.read(world("home/big")))
      expect(read.len).toBe(1_048_577)
      expect(sha256(read.body)).toBe(sha256(`${textOf(body)}!`))
      expect(read.sha256).toBe(sha256(read.body))
    })
  )
})
