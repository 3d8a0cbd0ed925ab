import { describe, expect, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import type { EventRow } from "../../src/domain/Event.ts"
import type { World } from "../../src/domain/World.ts"
import { EventChain } from "../../src/services/EventChain.ts"
import { verifyWorld } from "../../src/services/Verification.ts"
import { sha256, signed } from "../helpers/Chains.ts"
import { world } from "../helpers/Paths.ts"
import { bytes, chain, key } from "../helpers/Storages.ts"

const ts = "2026-01-15T12:00:00.000Z"
const body = bytes("the body")

/** `count` honest events of a world whose version is the number of its events. */
const history = (count: number): ReadonlyArray<EventRow> =>
  signed(
    key,
    Array.from({ length: count }, (_, i) => ({
      timestamp: ts,
      event_type: "stage_written",
      payload: JSON.stringify({
        version_after: i + 1,
        body_sha256_after: sha256(body),
        ext: "txt",
        type: "stage_written",
        ts
      })
    }))
  )

const verify = (rows: ReadonlyArray<EventRow>, given: Partial<World> = {}) => {
  const current: World = {
    ...{ name: world("home/x"), version: rows.length, ext: "txt", state: "active", len: body.length, updatedAt: 0 },
    ...{
      eventId: rows.at(-1)?.id ?? 0,
      createdAt: 0,
      tag: "t",
      sha256: sha256(body),
      meta: [],
      jsonLength: undefined,
      body
    },
    ...given
  }
  const storage = {
    read: () => Effect.succeedSome(current),
    events: (_: string, after: number, limit: number) =>
      Effect.succeed(rows.filter(({ id }) => id > after).slice(0, limit))
  }
  return Effect.provide(
    Effect.flatMap(EventChain, (chain) => verifyWorld(storage, chain, world("home/x"))),
    chain
  )
}

describe("C5.4 verifyWorld", () => {
  it.effect.each([1, 2, 999, 1000, 1001, 2000, 2500])("walks all of %d events, whatever the pages", (count) =>
    Effect.gen(function* () {
      expect(yield* verify(history(count))).toEqual({
        path: "/home/x",
        events: count,
        chain: { ok: true },
        body: { ok: true }
      })
    })
  )

  it.effect.each([1, 2, 1000, 1001, 2001, 2500])("names the first bad event when %d is tampered with", (bad) =>
    Effect.gen(function* () {
      const rows = history(2500).map((row) =>
        row.id === bad || row.id === 2500 ? { ...row, timestamp: "2026-01-15T12:00:00.001Z" } : row
      )
      expect(yield* verify(rows)).toMatchObject({ events: 2500, chain: { ok: false, at: bad }, body: { ok: true } })
    })
  )

  it.effect("ids may have gaps, and begin anywhere", () =>
    Effect.gen(function* () {
      const rows = history(1500).map((row) => ({ ...row, id: row.id * 7 - 2000 }))
      expect(yield* verify(rows)).toMatchObject({ events: 1500, chain: { ok: true }, body: { ok: true } })
    })
  )

  it.effect("the two answers are independent", () =>
    Effect.gen(function* () {
      const rows = history(3)
      const broken = rows.map((row) => (row.id === 2 ? { ...row, payload: `${row.payload} ` } : row))
      expect(yield* verify(broken)).toMatchObject({ chain: { ok: false, at: 2 }, body: { ok: true } })
      expect(yield* verify(rows, { body: bytes("else") })).toMatchObject({ chain: { ok: true }, body: { ok: false } })
      expect(yield* verify(broken, { version: 9 })).toMatchObject({ chain: { ok: false }, body: { ok: false } })
    })
  )

  it.effect("the body is hashed now: what is noted beside it proves nothing", () =>
    Effect.gen(function* () {
      const forged = { body: bytes("else"), sha256: sha256(body) }
      expect(yield* verify(history(1), forged)).toMatchObject({ body: { ok: false } })
    })
  )

  it.effect("a world that is not there is not found", () =>
    Effect.gen(function* () {
      const none = { read: () => Effect.succeed(Option.none()), events: () => Effect.succeed([]) }
      const error = yield* Effect.flip(verifyWorld(none, yield* EventChain, world("home/x")))
      expect(error._tag).toBe("WorldNotFound")
    }).pipe(Effect.provide(chain))
  )
})
