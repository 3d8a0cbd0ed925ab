import { expect } from "@effect/vitest"
import { Effect, Option, TestClock } from "effect"
import { sha256 } from "../helpers/Chains.ts"
import { world } from "../helpers/Paths.ts"
import { everyStorage, everyTimedStorage } from "../helpers/StorageKinds.ts"
import { annotate, eventsOf, payloadsOf, post, put, remove, setState, verdict } from "../helpers/Storages.ts"

everyTimedStorage((test) => {
  test("C5.2 the payloads say what happened", (storage) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_768_478_400_007)
      yield* storage.execute(put("home/x", "ab", { ext: "md", meta: [["x-meta-a", "1"]] }))
      yield* storage.execute(post("home/x", "é"))
      yield* storage.execute(annotate("home/x", { type: "gpu_call", details: { prompt_len: 7, caller: "c" } }))
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
    }))

  test("C5.2 an event that is no write leaves body, version and time alone, and begins an empty log", (storage) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(0)
      expect(yield* storage.execute(annotate("var/log/gpu"))).toMatchObject({ created: true, len: 0, version: 1 })
      yield* TestClock.adjust(5000)
      expect(yield* storage.execute(annotate("var/log/gpu"))).toMatchObject({ version: 1, updatedAt: 0, eventId: 2 })
      yield* storage.execute(put("var/log/gpu", "text"))
      expect(yield* storage.execute(annotate("var/log/gpu"))).toMatchObject({ version: 2, updatedAt: 5000, len: 4 })
      expect(yield* verdict(storage, "var/log/gpu")).toMatchObject({
        events: 4,
        chain: { ok: true },
        body: { ok: true }
      })
    }))
})

everyStorage((test) => {
  test("C2.3 tags are unique across deletion and re-creation at the same instant with the same bytes", (storage) =>
    Effect.gen(function* () {
      const tags = new Set<string>()
      for (let i = 0; i < 5; i++) {
        tags.add((yield* storage.execute(put("home/x", "same"))).tag)
        yield* storage.execute(remove("home/x", { deletion: `d${i}` }))
      }
      expect(tags.size).toBe(5)
    }))

  test("C2.3 a tag changes with the newest event, also one that is no write", (storage) =>
    Effect.gen(function* () {
      const first = yield* storage.execute(put("home/x", "a"))
      const second = yield* storage.execute(annotate("home/x"))
      expect(second.tag).not.toBe(first.tag)
      expect(Option.getOrThrow(yield* storage.head(world("home/x")))).toMatchObject({ tag: second.tag, eventId: 2 })
    }))

  test("C10.1 source that is replaced falls back to pending, which is an event; a first PUT logs none", (storage) =>
    Effect.gen(function* () {
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
    }))

  test("events are paged by id, oldest first", (storage) =>
    Effect.gen(function* () {
      for (let i = 0; i < 7; i++) yield* storage.execute(post("home/x", String(i)))
      const page = (after: number, limit: number) =>
        Effect.map(storage.events(world("home/x"), after, limit), (rows) => rows.map(({ id }) => id))
      expect(yield* page(0, 3)).toEqual([1, 2, 3])
      expect(yield* page(3, 3)).toEqual([4, 5, 6])
      expect(yield* page(6, 3)).toEqual([7])
      expect(yield* page(7, 3)).toEqual([])
    }))
})
