import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import type { Command } from "../../src/domain/Command.ts"
import type { Question } from "../../src/layers/threads/Protocol.ts"
import * as Turns from "../../src/layers/threads/Turns.ts"
import { world } from "../helpers/Paths.ts"
import { annotate, put } from "../helpers/Storages.ts"

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setImmediate", "setTimeout", "performance"] })
})
afterEach(() => {
  vi.useRealTimers()
})

const remark = annotate("var/log/gpu")
const cached: Command = { ...put("var/cache/semantic/a"), type: "semantic_cache_write" }
const evicted = { _tag: "Evict", name: world("var/cache/semantic/a") } satisfies Question

const make = () => {
  const done: Array<string> = []
  let pauses = 0
  const turns = Turns.make(
    ({ question }) => done.push(question._tag === "Execute" ? question.command._tag : question._tag),
    () => pauses++
  )
  let id = 0
  const ask = (...writes: ReadonlyArray<Command | typeof evicted>) => {
    for (const write of writes) {
      turns.take({ id: id++, question: write._tag === "Evict" ? write : { _tag: "Execute", command: write } })
    }
  }
  return { done, turns, ask, pauses: () => pauses }
}

describe("turns of a storage thread", () => {
  it("what somebody waits for is done at once, in the order it came", () => {
    const { ask, done } = make()
    ask(put("home/x"), { ...put("home/x"), _tag: "Append", idempotencyKey: undefined }, put("home/y"))
    vi.advanceTimersByTime(3)
    expect(done).toEqual(["Overwrite", "Append", "Overwrite"])
  })

  it.each([remark, cached, evicted])("what the machine writes for itself waits until nobody asks: $_tag", (command) => {
    const { ask, done, turns } = make()
    ask(command)
    vi.advanceTimersByTime(3)
    turns.heard()
    vi.advanceTimersByTime(3)
    expect(done).toEqual([])
    vi.advanceTimersByTime(5)
    expect(done).toEqual([command._tag])
  })

  it("and no longer than 20 ms, however much is asked", () => {
    const { ask, done, turns } = make()
    ask(remark, remark)
    for (let ms = 0; ms < 24; ms++) {
      turns.heard()
      vi.advanceTimersByTime(3)
    }
    expect(done).toEqual(["Annotate", "Annotate"])
  })

  it("nor for others of its kind, each of which waits for a moment after it has come", () => {
    const { ask, done } = make()
    vi.advanceTimersByTime(30)
    ask(remark)
    vi.advanceTimersByTime(3)
    expect(done).toEqual([])
    ask(cached)
    vi.advanceTimersByTime(3)
    expect(done).toEqual(["Annotate"])
    vi.advanceTimersByTime(4)
    expect(done).toEqual(["Annotate", "Overwrite"])
  })

  it("nor behind others that never end", () => {
    const { ask, done } = make()
    ask(remark)
    for (let ms = 0; ms < 30; ms++) {
      ask(put("home/x"), put("home/y"))
      vi.advanceTimersByTime(1)
    }
    expect(done).toContain("Annotate")
  })

  it("the start of a plugin waits for its event", () => {
    const { ask, done, turns } = make()
    ask(annotate("lib/p", { type: "plugin_reloaded", details: {} }))
    turns.heard()
    vi.advanceTimersByTime(1)
    expect(done).toEqual(["Annotate"])
  })

  it("what comes later and is waited for goes first", () => {
    const { ask, done } = make()
    ask(cached)
    vi.advanceTimersByTime(3)
    ask({ ...put("home/x"), _tag: "Append", idempotencyKey: undefined })
    vi.advanceTimersByTime(30)
    expect(done).toEqual(["Append", "Overwrite"])
  })

  it("says when nothing follows at once, once for each time", () => {
    const { ask, pauses, turns } = make()
    ask(put("home/x"), put("home/y"), put("home/z"))
    expect(turns.isBusy()).toBe(true)
    vi.advanceTimersByTime(3)
    expect(turns.isBusy()).toBe(false)
    expect(pauses()).toBe(1)
  })
})
