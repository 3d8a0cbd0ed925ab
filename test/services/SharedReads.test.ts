import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { anonymous } from "../../src/domain/Caller.ts"
import type { Entry, World } from "../../src/domain/World.ts"
import * as SharedReads from "../../src/services/SharedReads.ts"
import { Worlds } from "../../src/services/Worlds.ts"
import { erase, machineTest, outcome, write } from "../helpers/Machine.ts"
import { world } from "../helpers/Paths.ts"
import { bytes, textOf } from "../helpers/Storages.ts"

setFlagsFromString("--expose-gc")
const collectGarbage: () => void = runInNewContext("gc")
/** Lets a job end, so that what only it held can be collected. */
const nextJob = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

/** Texts that are long enough to be worth sharing. */
const long = (text: string) => text.padEnd(200_000, ".")

const made = (text: string, tag: string): World => ({
  name: world("home/x"),
  version: 1,
  ext: "txt",
  state: "active",
  len: text.length,
  createdAt: 0,
  updatedAt: 0,
  eventId: 1,
  tag,
  sha256: "",
  meta: [],
  jsonLength: undefined,
  body: bytes(text)
})

describe("SharedReads", () => {
  it("gives what is in somebody's hands, byte for byte, from the same memory", () => {
    const current = made(long("abc"), "t1")
    const shared = SharedReads.make(() => current)
    const whole = { ...current, body: bytes(`xx${long("abc")}yy`).subarray(2, -2) }
    shared.keep(whole)
    const got = shared.get("home/x")
    expect(got).toMatchObject({ tag: "t1", version: 1, name: "home/x" })
    expect(got?.body.buffer).toBe(whole.body.buffer)
    expect(textOf(got?.body ?? bytes(""))).toBe(long("abc"))
  })

  it("gives nothing that is not the newest state", () => {
    let current: Entry | undefined = made(long("abc"), "t1")
    const shared = SharedReads.make(() => current)
    const held = made(long("abc"), "t1")
    shared.keep(held)
    current = made(long("abd"), "t2")
    expect(shared.get("home/x")).toBeUndefined()
    current = undefined
    expect(shared.get("home/x")).toBeUndefined()
    expect(textOf(held.body)).toBe(long("abc"))
  })

  it.effect("holds nothing back: the bytes go when the last reader is done", () =>
    Effect.gen(function* () {
      const shared = SharedReads.make(() => made("", "t1"))
      yield* Effect.sync(() => shared.keep({ ...made("", "t1"), body: new Uint8Array(1 << 20) }))
      yield* nextJob
      collectGarbage()
      yield* nextJob
      expect(shared.get("home/x")).toBeUndefined()
    })
  )
})

describe("reading through Worlds (C2.3)", () => {
  machineTest(
    "readers who hold the bytes of earlier commits do not keep others from the newest",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      const held: Array<World> = []
      for (const text of ["one", "two", "three"]) {
        yield* write("home/x", long(text))
        for (let i = 0; i < 2; i++) held.push(yield* worlds.read(anonymous, world("home/x")))
      }
      expect(held.map(({ body }) => textOf(body))).toEqual(["one", "one", "two", "two", "three", "three"].map(long))
      expect(held.map(({ version }) => version)).toEqual([1, 1, 2, 2, 3, 3])
    })
  )

  machineTest(
    "a world that was deleted, or made anew with other bytes at the same instant, is not taken for the one before",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/x", long("one"))
      const held = yield* worlds.read(anonymous, world("home/x"))
      yield* erase("home/x")
      expect(yield* outcome(worlds.read(anonymous, world("home/x")))).toBe("WorldNotFound")
      yield* write("home/x", long("two"))
      expect(textOf((yield* worlds.read(anonymous, world("home/x"))).body)).toBe(long("two"))
      expect(textOf(held.body)).toBe(long("one"))
    })
  )

  machineTest(
    "C7.5 what one caller holds is not handed to another who may not read it",
    Effect.gen(function* () {
      const worlds = yield* Worlds
      yield* write("home/x", long("one"))
      const held = yield* worlds.read(anonymous, world("home/x"))
      yield* write("etc/private", "/home/x")
      expect(yield* outcome(worlds.read(anonymous, world("home/x")))).toBe("Forbidden")
      expect(textOf(held.body)).toBe(long("one"))
    })
  )
})
