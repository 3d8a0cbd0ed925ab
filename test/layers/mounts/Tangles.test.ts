import { mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import { ManagedRuntime } from "effect"
import * as fc from "fast-check"
import { describe, expect, it, onTestFinished } from "vitest"
import type { Anchors } from "../../../src/layers/mounts/Anchors.ts"
import { get, mounted, namesIn, outcomeOf, post, ways } from "../../helpers/Mounts.ts"
import { plant, tree } from "../../helpers/Trees.ts"

/** Trees of files and links that are made anew for each run, and what a mount makes of them. */
const playground = (anchors: Anchors) => {
  const places = tree()
  const { outside, root } = { outside: realpathSync(places.outside), root: realpathSync(places.root) }
  const runtime = ManagedRuntime.make(mounted(`${root} /mnt/work rw`, anchors))
  onTestFinished(() => runtime.dispose())
  const anew = (links: Readonly<Record<string, string>>) => {
    for (const directory of [root, outside]) {
      rmSync(directory, { recursive: true })
      mkdirSync(directory)
    }
    plant(root, { "d/a": "inside d/a", "c/d/b": "inside c/d/b" })
    plant(outside, { a: "outside a", "d/b": "outside d/b" })
    for (const [at, to] of Object.entries(links)) {
      try {
        plant(root, { [at]: { to: to.replace("/ROOT", root).replace("/OUTSIDE", outside) } })
      } catch {
        // It would lie below a file, or where something is already.
      }
    }
  }
  return { anew, outside, root, run: runtime.runPromise.bind(runtime) }
}

const names = fc.constantFrom("a", "b", "c", "d")
const step = fc.oneof({ weight: 3, arbitrary: names }, fc.constantFrom("..", "..", ".", "a/b", "root", "outside"))
const steps = fc.array(step, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"))
const target = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom("", "", "/ROOT/", "/OUTSIDE/"), steps).map((p) => p.join("")) },
  fc.constantFrom("/OUTSIDE/a", "/OUTSIDE", "../outside/a", "../../outside/d", "..")
)
const path = fc.array(names, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"))
const links = fc.dictionary(path, target, { minKeys: 1, maxKeys: 8 })

/** Where the system says that a path leads. */
const realOf = (path: string): string | undefined => {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

/** The files below a directory, links aside, and what is in them. */
const filesIn = (directory: string): ReadonlyArray<readonly [path: string, text: string]> =>
  readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const at = join(directory, entry.name)
    if (entry.isDirectory()) return filesIn(at)
    return entry.isFile() ? [[at, readFileSync(at, "utf8")] as const] : []
  })

describe.each(ways)("C11.2 any tangle of links, held %s", (_, anchors) => {
  it("serves what the system finds within the root, and nothing else", async () => {
    const { anew, root, run } = playground(anchors)
    const seen = { served: 0, out: 0, through: 0 }
    await fc.assert(
      fc.asyncProperty(links, fc.array(path, { maxLength: 4 }), async (links, others) => {
        anew(links)
        for (const path of [...Object.keys(links), ...others]) {
          const outcome = await run(outcomeOf(`work/${path}`))
          const real = realOf(join(root, path))
          const within = real !== undefined && `${real}/`.startsWith(`${root}/`)
          if (outcome === 200) {
            expect(within).toBe(true)
            seen.served++
            if (statSync(real ?? "").isFile()) {
              expect((await run(get(`work/${path}`))).text).toBe(readFileSync(real ?? "", "utf8"))
            } else expect(Array.isArray(await run(namesIn(`work/${path}`)))).toBe(true)
          } else if (within) {
            // Through the neighbour and back: that way leads out, wherever it ends.
            expect(outcome).toBe("Forbidden")
            expect(Object.values(links).some((to) => /outside/i.test(to))).toBe(true)
            seen.through++
          } else if (real !== undefined) {
            expect(outcome).toBe("Forbidden")
            seen.out++
          } else expect(outcome).toMatch(/^(?:Forbidden|ResourceNotFound)$/)
        }
      }),
      { numRuns: 100 }
    )
    expect(Math.min(seen.served, seen.out)).toBeGreaterThan(0)
  })

  it("writes nothing outside the root, and exactly what was sent where the system would find it", async () => {
    const { anew, outside, root, run } = playground(anchors)
    let written = 0
    await fc.assert(
      fc.asyncProperty(links, path, async (links, path) => {
        anew(links)
        const before = filesIn(outside)
        const done = await run(post(`work/${path}`, "new")).then(
          () => true,
          () => false
        )
        expect(filesIn(outside)).toEqual(before)
        if (done) {
          expect(readFileSync(join(root, path), "utf8")).toBe("new")
          written++
        } else expect(filesIn(root).filter(([, text]) => text === "new")).toEqual([])
        expect(filesIn(root).filter(([at]) => at.includes(".elastik"))).toEqual([])
      }),
      { numRuns: 100 }
    )
    expect(written).toBeGreaterThan(0)
  })
})
