import { readdirSync, readFileSync, realpathSync } from "node:fs"
import { join } from "node:path"
import { Effect, Stream } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Mount, parseFstab } from "../../../src/domain/Fstab.ts"
import type { Target } from "../../../src/layers/mounts/Adapter.ts"
import * as FileMount from "../../../src/layers/mounts/FileMount.ts"
import { ways } from "../../helpers/Mounts.ts"
import { tree } from "../../helpers/Trees.ts"

const piece = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom("/", "/", "..", ".", "root", "outside", "secret", "a", "x", "ROOT", "OUTSIDE")
  },
  fc.constantFrom("%2e%2e", "%2f", "\\", "\0", "...", "~", "//", "\u2024\u2024", "\uff0e\uff0e", "\u2215", ""),
  fc.string({ maxLength: 2 })
)
const path = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""))

/**
 * What reaches a mount is canonical already (C1.2), and nothing here relies on it: whatever the path, and with the
 * option that shows the most, a file mount stays in its root.
 */
describe.each(ways)("C11.2 any path at all, held %s", (_, anchors) => {
  const setting = () => {
    const { outside, root } = tree({ "a/x": "inside", secret: "inside" }, { secret: "secret", "a/x": "secret" })
    const { mounts } = parseFstab(`${realpathSync(root)} /mnt/work rw,dotfiles`)
    const adapter = FileMount.make(anchors)
    const target = (path: string): Target => ({
      // Declared just above.
      mount: mounts.get("work") as Mount,
      path: path.replace("ROOT", realpathSync(root)).replace("OUTSIDE", realpathSync(outside)),
      slash: false
    })
    return { adapter, outside, target }
  }

  it("reads nothing outside", async () => {
    const { adapter, target } = setting()
    let served = 0
    await fc.assert(
      fc.asyncProperty(path, async (path) => {
        const reading = { ...target(path), method: "GET" as const, search: "", headers: {} }
        const read = Effect.flatMap(adapter.read(reading), (found) => {
          if (found._tag === "File") return Stream.mkString(Stream.decodeText(found.bytes(0, found.length)))
          return Effect.succeed(found._tag === "Directory" ? found.entries.map(({ name }) => name).join() : "")
        })
        const got = await Effect.runPromise(Effect.either(Effect.scoped(read)))
        if (got._tag === "Left") return
        expect(["inside", "a,secret", "x"]).toContain(got.right)
        served++
      }),
      { numRuns: 600 }
    )
    expect(served).toBeGreaterThan(0)
  })

  it("writes nothing outside", async () => {
    const { adapter, outside, target } = setting()
    await fc.assert(
      fc.asyncProperty(path, async (path) => {
        const written = adapter.write?.(target(path), Stream.make(Buffer.from("new")), {})
        await Effect.runPromise(Effect.ignore(written ?? Effect.void))
      }),
      { numRuns: 200 }
    )
    expect(readdirSync(outside, { recursive: true, encoding: "utf8" }).sort()).toEqual(["a", "a/x", "secret"])
    for (const name of ["a/x", "secret"]) expect(readFileSync(join(outside, name), "utf8")).toBe("secret")
  })
})
