import { readdirSync, readFileSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { byDescriptor } from "../../../src/layers/mounts/DescriptorAnchors.ts"
import { get, mounted, outcomeOf, post, ways } from "../../helpers/Mounts.ts"
import { swapping } from "../../helpers/Swapper.ts"
import { plant, tree } from "../../helpers/Trees.ts"

const rounds = 400

describe.each(ways)("C11.2 a link that is swapped in while a request runs, held %s", (_, anchors) => {
  const over = (root: string) => Effect.provide(mounted(`${root} /mnt/work rw`, anchors))

  it.live("in the place of a directory leads no read outside", () => {
    const { outside, root } = tree({ "d/x": "inside" }, { x: "secret", only: "secret" })
    symlinkSync(outside, join(root, "link"))
    return Effect.gen(function* () {
      yield* swapping(join(root, "d"), join(root, "link"))
      for (let i = 0; i < rounds; i++) {
        const answer = yield* Effect.either(get("work/d/x"))
        if (answer._tag === "Right") expect(answer.right.text).toBe("inside")
        const listed = yield* Effect.either(get("work/d"))
        if (listed._tag === "Right") expect(listed.right.text).not.toContain("only")
        expect(yield* outcomeOf("work/d/only")).not.toBe(200)
      }
    }).pipe(Effect.scoped, Effect.zipRight(Effect.suspend(() => get("work/d/x"))), over(root))
  })

  it.live("in the place of a file leads no read outside", () => {
    const { outside, root } = tree({ x: "inside" }, { x: "secret" })
    symlinkSync(join(outside, "x"), join(root, "link"))
    return Effect.gen(function* () {
      yield* swapping(join(root, "x"), join(root, "link"))
      for (let i = 0; i < rounds; i++) {
        const answer = yield* Effect.either(get("work/x"))
        if (answer._tag === "Right") expect(answer.right.text).toBe("inside")
      }
    }).pipe(Effect.scoped, Effect.zipRight(Effect.suspend(() => get("work/x"))), over(root))
  })

  it.live("neither does one within a chain of links", () => {
    const { outside, root } = tree({ "d/x": "inside" }, { x: "secret" })
    plant(root, { good: { to: "d" }, bad: { to: outside }, chain: { to: "good/x" } })
    return Effect.gen(function* () {
      yield* swapping(join(root, "good"), join(root, "bad"))
      for (let i = 0; i < rounds; i++) {
        const answer = yield* Effect.either(get("work/chain"))
        if (answer._tag === "Right") expect(answer.right.text).toBe("inside")
      }
    }).pipe(Effect.scoped, Effect.zipRight(Effect.suspend(() => get("work/chain"))), over(root))
  })
})

describe("C11.2 a link that is swapped in while a request writes", () => {
  const over = (root: string) => Effect.provide(mounted(`${root} /mnt/work rw`, byDescriptor))

  it.live("leads nothing outside, not even a temporary file, and what was acknowledged is there", () => {
    const { outside, root } = tree({ "d/x": "old" }, { x: "untouched" })
    symlinkSync(outside, join(root, "link"))
    const done: Array<string> = []
    return Effect.gen(function* () {
      yield* swapping(join(root, "d"), join(root, "link"))
      for (let i = 0; i < rounds; i++) {
        const answer = yield* Effect.either(post(`work/d/n${i}`, `text ${i}`))
        if (answer._tag === "Right") done.push(`n${i}`)
        expect(readdirSync(outside)).toEqual(["x"])
      }
    }).pipe(
      Effect.scoped,
      Effect.zipRight(
        Effect.sync(() => {
          expect(readdirSync(join(root, "d")).sort()).toEqual([...done, "x"].sort())
          expect(readFileSync(join(outside, "x"), "utf8")).toBe("untouched")
        })
      ),
      over(root)
    )
  })
})
