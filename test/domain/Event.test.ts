import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  type Aftermath,
  type EventRow,
  EventType,
  encodePayload,
  type Link,
  verifyBody,
  verifyChain
} from "../../src/domain/Event.ts"
import { firstBad, hmac, sha256, signed } from "../helpers/Chains.ts"

const key = "a key"
const link: Link = (prevHmac, payload) => hmac(key, prevHmac, payload)
const ts = (n: number) => new Date(n * 1000).toISOString()
const after: Aftermath = { op: "put", len: 3, ext: "txt", version: 1, meta: [["x-meta-a", "é"]], sha256: sha256("abc") }

const anyEvent = fc.record({
  op: fc.constantFrom(...(["put", "append", "delete", "state", "copy", "move"] as const)),
  ext: fc.constantFrom("txt", "html", "bin"),
  version: fc.integer({ min: 1, max: 9 }),
  type: fc.constantFrom(...EventType.literals),
  note: fc.string({ unit: "binary" })
})
const anyChain = fc.array(anyEvent, { minLength: 1, maxLength: 5 }).map((events) =>
  signed(
    key,
    events.map(({ ext, note, op, type, version }, i) => ({
      timestamp: ts(i),
      event_type: type,
      payload: encodePayload({ ...after, op, ext, version }, type, ts(i), { note, n: i })
    }))
  )
)

describe("C5.2 the payload", () => {
  it("holds what the contract names, with the details and then type and ts last", () => {
    const payload = encodePayload({ ...after, op: "append" }, "stage_appended", ts(0), {
      append_len: 1,
      append_sha256: sha256("c")
    })
    expect(JSON.parse(payload)).toEqual({
      op: "append",
      len: 3,
      ext: "txt",
      version_after: 1,
      meta_headers: [["x-meta-a", "é"]],
      body_sha256_after: sha256("abc"),
      append_len: 1,
      append_sha256: sha256("c"),
      type: "stage_appended",
      ts: "1970-01-01T00:00:00.000Z"
    })
  })

  it("knows the types of the contract", () => {
    expect([...EventType.literals].sort()).toEqual(
      [
        ...["stage_written", "stage_appended", "stage_deleted", "state_transition", "plugin_activated_on_boot"],
        ...["plugin_load_failed", "plugin_reloaded", "stage_copied", "stage_moved", "gpu_call", "gpu_stream_call"],
        ...["semantic_cache_write", "router_cache_write"]
      ].sort()
    )
  })

  it("details cannot pass for type and ts", () => {
    const payload = encodePayload(after, "stage_written", ts(1), { type: "gpu_call", ts: "x" })
    expect(JSON.parse(payload)).toMatchObject({ type: "stage_written", ts: ts(1) })
  })
})

describe("C5.3 the chain", () => {
  it("an honest chain is intact, to this program as to an independent one", () => {
    fc.assert(
      fc.property(anyChain, (rows) => {
        expect(verifyChain(rows, link)).toEqual({ ok: true })
        expect(firstBad(rows, key)).toBeUndefined()
      })
    )
  })

  it("no events are no broken chain", () => {
    expect(verifyChain([], link)).toEqual({ ok: true })
  })

  it("another key signs otherwise", () => {
    fc.assert(
      fc.property(anyChain, (rows) => {
        expect(verifyChain(rows, (p, t) => hmac("other", p, t))).toMatchObject({ ok: false, at: 1 })
      })
    )
  })
})

describe("C5.4 tampering names the first bad event", () => {
  const column = fc.constantFrom(...(["timestamp", "event_type", "payload", "hmac", "prev_hmac"] as const))
  const at = (rows: ReadonlyArray<EventRow>) => verifyChain(rows, link)

  it("any single byte of any covered column", () => {
    fc.assert(
      fc.property(
        anyChain,
        fc.nat(),
        column,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (rows, n, column, i, flip) => {
          const victim = rows[n % rows.length] as EventRow
          // Latin-1 keeps one character a byte, so that the change is one byte wherever it falls.
          const bytes = Buffer.from(victim[column], "utf8")
          if (bytes.length === 0) return
          bytes[i % bytes.length] = (bytes[i % bytes.length] ?? 0) ^ flip
          const text = bytes.toString("utf8")
          if (text === victim[column]) return
          const tampered = rows.map((row) => (row === victim ? { ...row, [column]: text } : row))
          expect(at(tampered)).toMatchObject({ ok: false, at: victim.id })
        }
      ),
      { numRuns: 2000 }
    )
  })

  it("any text put in the place of a column", () => {
    fc.assert(
      fc.property(anyChain, fc.nat(), column, fc.string(), (rows, n, column, text) => {
        const victim = rows[n % rows.length] as EventRow
        fc.pre(text !== victim[column])
        const tampered = rows.map((row) => (row === victim ? { ...row, [column]: text } : row))
        expect(at(tampered)).toMatchObject({ ok: false, at: victim.id })
      })
    )
  })

  it("a deleted row, unless it is the last: the body check finds that", () => {
    fc.assert(
      fc.property(anyChain, fc.nat(), (rows, n) => {
        fc.pre(rows.length > 1)
        const gone = n % (rows.length - 1)
        expect(at(rows.filter((_, i) => i !== gone))).toMatchObject({ ok: false, at: rows[gone + 1]?.id })
      })
    )
  })

  it("rows that changed places", () => {
    fc.assert(
      fc.property(anyChain, fc.nat(), fc.nat(), (rows, a, b) => {
        const [i, j] = [Math.min(a % rows.length, b % rows.length), Math.max(a % rows.length, b % rows.length)]
        fc.pre(i !== j)
        const swapped = [...rows]
        swapped[i] = { ...(rows[j] as EventRow), id: i + 1 }
        swapped[j] = { ...(rows[i] as EventRow), id: j + 1 }
        expect(at(swapped)).toMatchObject({ ok: false, at: i + 1 })
      })
    )
  })

  it("a row repeated, or taken from elsewhere", () => {
    fc.assert(
      fc.property(anyChain, anyChain, fc.nat(), fc.nat(), (rows, others, n, m) => {
        const place = n % (rows.length + 1)
        const stranger = { ...(others[m % others.length] as EventRow), id: 1000 }
        fc.pre(!(stranger.prev_hmac === (rows[place - 1]?.hmac ?? "")))
        const inserted = [...rows.slice(0, place), stranger, ...rows.slice(place)]
        expect(at(inserted)).toMatchObject({ ok: false, at: 1000 })
      })
    )
  })

  it("a well-signed text that is no event", () => {
    const rows = signed(key, [{ event_type: "stage_written", timestamp: ts(0), payload: "[]" }])
    expect(at(rows)).toMatchObject({ ok: false, at: 1 })
  })
})

describe("C5.4 the body", () => {
  const rows = signed(key, [
    { event_type: "stage_written", timestamp: ts(0), payload: encodePayload(after, "stage_written", ts(0), {}) }
  ])
  const newest = rows[0]
  const current = { version: 1, ext: "txt", sha256: sha256("abc") }

  it("is what the newest event speaks of", () => {
    expect(verifyBody(current, newest)).toEqual({ ok: true })
  })

  it.each([
    ["other bytes", { ...current, sha256: sha256("abd") }, "body"],
    ["another version", { ...current, version: 2 }, "version"],
    ["another ext", { ...current, ext: "html" }, "ext"]
  ])("%s", (_, changed, word) => {
    const verdict = verifyBody(changed, newest)
    expect(verdict.ok ? "" : verdict.why).toContain(word)
  })

  it("no event, no row, and an unreadable event are no proof", () => {
    expect(verifyBody(current, undefined).ok).toBe(false)
    expect(verifyBody(undefined, newest).ok).toBe(false)
    expect(verifyBody(current, newest && { ...newest, payload: "{" }).ok).toBe(false)
  })

  it("finds a truncated tail of writes, which the chain alone cannot", () => {
    const two = signed(key, [
      { event_type: "stage_written", timestamp: ts(0), payload: encodePayload(after, "stage_written", ts(0), {}) },
      {
        event_type: "stage_written",
        timestamp: ts(1),
        payload: encodePayload({ ...after, version: 2 }, "stage_written", ts(1), {})
      }
    ])
    expect(verifyChain(two.slice(0, 1), link).ok).toBe(true)
    expect(verifyBody({ ...current, version: 2 }, two[0]).ok).toBe(false)
  })
})
