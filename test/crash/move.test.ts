import { randomInt } from "node:crypto"
import { readdirSync, readFileSync, watch } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { type Person, people } from "../helpers/People.ts"
import { dataIn, elastik, type Running, serve } from "../helpers/Program.ts"
import { tempDirectory } from "../helpers/Temp.ts"

const env = { ELASTIK_TOKEN: "t2", ELASTIK_APPROVE_TOKEN: "t3", ELASTIK_KEY: "k" }
const rounds = 4
const names = Array.from({ length: 24 }, (_, i) => (i % 3 === 0 ? `sub/${i}` : `${i}`))
const bodyOf = (round: number, name: string) => `round ${round}, world ${name}`

/** The worlds of a tree that have a directory. */
const placed = (data: string, root: string): ReadonlyArray<string> =>
  readdirSync(data).filter((entry) => entry.startsWith(`home%2F${root}%2F`))

/** Asks for a move, and kills the server once so many worlds of the tree are at the target, or gone from the source. */
const moveUntilKilled = async (running: Running, operator: Person, data: string, round: number, steps: number) => {
  const [from, to] = [`from${round}`, `to${round}`]
  const reached = new Promise<void>((resolve) => {
    const watcher = watch(data, () => {
      const done = placed(data, to).length + names.length - placed(data, from).length
      if (done < steps) return
      watcher.close()
      resolve()
    })
  })
  const moved = operator.ask("MOVE", `/dav/home/${from}`, { destination: `/dav/home/${to}` }).then(
    ({ status }) => status,
    () => undefined
  )
  await Promise.race([reached, moved])
  running.signal("SIGKILL")
  await running.ended
  return await moved
}

test("C15 a move that is killed at any instant loses nothing: each world is at the target, or still at the source", async () => {
  const cwd = tempDirectory()
  const data = dataIn(cwd)
  let running = await serve({ cwd, env })
  let operator = people(running).holder("t3")
  await operator.put("/lib/dav", readFileSync(join(import.meta.dirname, "../../plugins/dav.ts")))
  expect((await operator.put("/lib/dav/state", "active")).status).toBe(200)

  for (let round = 0; round < rounds; round++) {
    for (const name of names) await operator.put(`/home/from${round}/${name}`, bodyOf(round, name))
    const steps = 1 + randomInt(2 * names.length)
    console.log(`round ${round}: killed after ${steps} steps`)
    const status = await moveUntilKilled(running, operator, data, round, steps)
    expect([201, undefined]).toContain(status)

    running = await serve({ cwd, env })
    operator = people(running).holder("t3")
    const sources = placed(data, `from${round}`)
    for (const name of names) {
      const bodies = await Promise.all(["to", "from"].map((root) => operator.get(`/home/${root}${round}/${name}?raw`)))
      const there = bodies.filter((answer) => answer.status === 200).map(({ text }) => text)
      expect([name, new Set(there)]).toEqual([name, new Set([bodyOf(round, name)])])
    }
    // Whatever is gone from the source, everything is at the target by then.
    if (sources.length < names.length) expect(placed(data, `to${round}`)).toHaveLength(names.length)
    if (status === 201) expect(sources).toEqual([])
  }
  running.signal("SIGTERM")
  await running.ended
  const verified = await elastik(["verify"], { cwd, env })
  expect([verified.code, verified.stdout]).toEqual([0, expect.stringContaining(" 0 bad")])
}, 120_000)
