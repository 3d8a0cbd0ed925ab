import { expect } from "@effect/vitest"
import { Effect, Option } from "effect"
import { sha256 } from "../helpers/Chains.ts"
import { world } from "../helpers/Paths.ts"
import { everyStorage } from "../helpers/StorageKinds.ts"
import { bytes, eventsOf, post, put, readText, remove, scanned, textOf, verdict } from "../helpers/Storages.ts"

everyStorage((test) => {
  test("C4.1 bytes go in as they are and come back, with head and digests", (storage) =>
    Effect.gen(function* () {
      const body = Uint8Array.from({ length: 256 }, (_, i) => i)
      const receipt = yield* storage.execute(put("home/x", body, { ext: "bin", meta: [["x-meta-a", "1"]] }))
      expect(receipt).toMatchObject({ version: 1, created: true, replayed: false, len: 256, sha256: sha256(body) })
      const read = Option.getOrThrow(yield* storage.read(world("home/x")))
      expect(Buffer.from(read.body).equals(Buffer.from(body))).toBe(true)
      expect(read).toMatchObject({ ext: "bin", state: "active", meta: [["x-meta-a", "1"]], tag: receipt.tag })
      const head = Option.getOrThrow(yield* storage.head(world("home/x")))
      expect(head).toMatchObject({ len: 256, sha256: sha256(body), jsonLength: undefined, tag: receipt.tag })
      expect("body" in head).toBe(false)
    }))

  test("C2.2 the head knows how long the text is in JSON", (storage) =>
    Effect.gen(function* () {
      yield* storage.execute(put("home/x", 'a"é\n'))
      expect(Option.getOrThrow(yield* storage.head(world("home/x"))).jsonLength).toBe(Buffer.byteLength('"a\\"é\\n"'))
    }))

  test("an empty body is a body", (storage) =>
    Effect.gen(function* () {
      expect(yield* storage.execute(put("home/x", ""))).toMatchObject({ len: 0, sha256: sha256("") })
      expect(yield* readText(storage, "home/x")).toEqual(Option.some(""))
      expect(yield* verdict(storage, "home/x")).toMatchObject({ chain: { ok: true }, body: { ok: true } })
    }))

  test("C12.5 what is evicted is gone for good, and made again it is new; what is not there is not missed", (storage) =>
    Effect.gen(function* () {
      const first = yield* storage.execute(put("var/cache/a", "a"))
      yield* storage.execute(put("var/cache/a", "b"))
      yield* storage.execute(put("var/cache/a/below", "c"))
      yield* storage.evict(world("var/cache/a"))
      expect(yield* storage.read(world("var/cache/a"))).toEqual(Option.none())
      expect(yield* eventsOf(storage, "var/cache/a")).toEqual([])
      yield* storage.evict(world("var/cache/a"))
      const again = yield* storage.execute(put("var/cache/a", "a"))
      expect(again).toMatchObject({ version: 1, created: true })
      expect(again.tag).not.toBe(first.tag)
      expect(yield* readText(storage, "var/cache/a/below")).toEqual(Option.some("c"))
    }))

  test("what is absent is none, and has no events", (storage) =>
    Effect.gen(function* () {
      yield* storage.execute(put("home/x/y", "below"))
      expect(yield* storage.read(world("home/x"))).toEqual(Option.none())
      expect(yield* storage.head(world("home/x"))).toEqual(Option.none())
      expect(yield* eventsOf(storage, "home/x")).toEqual([])
    }))

  test("C4.2 an append keeps ext and metadata, and creates with its own ext", (storage) =>
    Effect.gen(function* () {
      yield* storage.execute(put("home/x", "a", { ext: "md", meta: [["x-meta-a", "1"]] }))
      const receipt = yield* storage.execute(post("home/x", "bc", { ext: "html" }))
      expect(receipt).toMatchObject({ version: 2, ext: "md", len: 3, created: false })
      expect(Option.getOrThrow(yield* storage.read(world("home/x")))).toMatchObject({ meta: [["x-meta-a", "1"]] })
      expect(yield* readText(storage, "home/x")).toEqual(Option.some("abc"))
      expect(yield* storage.execute(post("home/y", "n", { ext: "html" }))).toMatchObject({ ext: "html", created: true })
    }))

  test("C4.5 a deleted world is gone, and what comes under its name is new", (storage) =>
    Effect.gen(function* () {
      yield* storage.execute(post("home/x", "old", { idempotencyKey: "k" }))
      yield* storage.execute(put("home/x/y", "child"))
      expect(yield* storage.execute(remove("home/x"))).toMatchObject({ eventId: 2, version: 1 })
      expect(yield* storage.read(world("home/x"))).toEqual(Option.none())
      expect(yield* readText(storage, "home/x/y")).toEqual(Option.some("child"))
      const anew = yield* storage.execute(post("home/x", "old", { idempotencyKey: "k" }))
      expect(anew).toMatchObject({ version: 1, eventId: 1, created: true, replayed: false })
    }))

  test("a scan finds every world as its head is", (storage) =>
    Effect.gen(function* () {
      const receipts = yield* Effect.forEach(["home/b", "home/a", "lib/p"], (name) => storage.execute(put(name, name)))
      const found = yield* scanned(storage)
      expect(found).toHaveLength(3)
      for (const { created: _, replayed: __, sha256: ___, ...entry } of receipts) {
        expect(found).toContainEqual(expect.objectContaining(entry))
      }
    }))

  test("C1.2 names that differ in a byte are different worlds", (storage) =>
    Effect.gen(function* () {
      const names = [
        "home/a",
        "home/A",
        "home/a%2Fb",
        "home/a/b",
        "home/a;b",
        "home/a ",
        "home/é",
        "home/😀",
        "home/a%25"
      ]
      for (const name of names) yield* storage.execute(put(name, name))
      for (const name of names) expect(yield* readText(storage, name)).toEqual(Option.some(name))
      expect((yield* scanned(storage)).map(({ name }) => String(name)).sort()).toEqual([...names].sort())
    }))

  test("a body of a megabyte survives", (storage) =>
    Effect.gen(function* () {
      const body = bytes("0123456789abcdef".repeat(65_536))
      yield* storage.execute(put("home/big", body))
      yield* storage.execute(post("home/big", "!"))
      const read = Option.getOrThrow(yield* storage.read(world("home/big")))
      expect(read.len).toBe(1_048_577)
      expect(sha256(read.body)).toBe(sha256(`${textOf(body)}!`))
      expect(read.sha256).toBe(sha256(read.body))
    }))
})
