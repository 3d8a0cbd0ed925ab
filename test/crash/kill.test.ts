import { randomInt } from "node:crypto"
import { expect, test } from "vitest"
import { namesOf, people, receiptOf } from "../helpers/People.ts"
import { dataIn, elastik, type Running, serve } from "../helpers/Program.ts"
import { databaseOf, worldDirectories, worldsIn } from "../helpers/Sqlite.ts"
import { tempDirectory } from "../helpers/Temp.ts"

const env = { ELASTIK_TOKEN: "t2", ELASTIK_APPROVE_TOKEN: "t3", ELASTIK_KEY: "k" }
const rounds = 4
const writers = 8

/** A small generator with a seed, so that a round that failed can be thought through again (mulberry32). */
const randomFrom = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

/** What the server has said yes to. */
interface Acknowledged {
  readonly world: string
  readonly version: number
  readonly sha256: string
}

/**
 * Writes from many sides until the server is gone. It is killed after `answers` acknowledgements, while others are on
 * their way: between two answers the machine may be anywhere in a commit.
 */
const writeUntilKilled = async (running: Running, round: number, random: (below: number) => number) => {
  const { holder } = people(running)
  const user = holder("t2")
  const operator = holder("t3")
  const acknowledged: Array<Acknowledged> = []
  const deleted = new Set<string>()
  const tried = new Set<string>()
  const answers = 40 + random(120)
  let over = false

  const write = async (writer: number) => {
    for (let i = 0; !over; i++) {
      // Ten worlds that everybody writes, and one in five is new.
      const isNew = random(5) === 0
      const world = isNew ? `home/crash/r${round}/w${writer}/n${i}` : `home/crash/shared/${random(10)}`
      const body = `${round}.${writer}.${i};`.padEnd(random(4) === 0 ? 20_000 : 30, "x")
      tried.add(world)
      const put = random(3) !== 0
      try {
        const answer = await (put ? user.put : user.post)(`/${world}`, body, { "x-meta-author": `${writer}` })
        expect([200, 201]).toContain(answer.status)
        acknowledged.push({ world, ...receiptOf(answer) })
        if (isNew && random(4) === 0) {
          // From here on it may be there or not, until there is an answer.
          deleted.add(world)
          await operator.del(`/${world}`)
        }
      } catch (error) {
        if (!over) throw error
      }
      if (acknowledged.length >= answers && !over) {
        over = true
        running.signal("SIGKILL")
      }
    }
  }
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
  await running.ended
  return { acknowledged, deleted, tried }
}

test("C5.1 after a kill -9 at any instant every acknowledged write is there with its receipt, and nothing half done", async () => {
  const seed = Number(process.env.CRASH_SEED ?? randomInt(2 ** 31))
  console.log(`CRASH_SEED=${seed}`)
  const random = randomFrom(seed)
  const cwd = tempDirectory()
  const data = dataIn(cwd)
  const expected: Array<Acknowledged> = []
  const gone = new Set<string>()
  const tried = new Set(["boot/env", "boot/grub"])
  let running = await serve({ cwd, env })

  for (let round = 0; round < rounds; round++) {
    const written = await writeUntilKilled(running, round, random)
    expected.push(...written.acknowledged)
    for (const world of written.deleted) gone.add(world)
    for (const world of written.tried) tried.add(world)

    running = await serve({ cwd, env })
    const operator = people(running).holder("t3")
    const names = namesOf(await operator.get("/proc/worlds"))

    // No ghosts: what is listed was asked for, has a directory, a row and a receipt for it.
    expect(names.filter((name) => !tried.has(name))).toEqual([])
    expect(worldDirectories(data)).toEqual(names.map((name) => name.replaceAll("/", "%2F")).sort())
    const found = worldsIn(names.map((name) => databaseOf(data, name)))
    const worlds = new Map(names.map((name, i) => [name, found[i]]))
    for (const [name, world] of worlds) {
      const newest = world?.events.at(-1)?.said
      expect([name, world?.row]).toMatchObject([name, { version: newest?.version_after, len: newest?.len }])
    }

    // Everything that was acknowledged, in this life and before.
    for (const { sha256, version, world } of expected) {
      const events = worlds.get(world)?.events
      if (events === undefined) {
        expect([world, gone.has(world)]).toEqual([world, true])
        continue
      }
      const receipt = events.find(({ said }) => said.version_after === version)
      expect([world, version, receipt?.said.body_sha256_after]).toEqual([world, version, sha256])
    }
  }
  running.signal("SIGTERM")
  expect((await running.ended).code).toBe(0)
  const verified = await elastik(["verify"], { cwd, env })
  expect([
    verified.code,
    verified.stdout.split("\n").filter((line) => /bad/i.test(line) && !/ 0 bad/.test(line))
  ]).toEqual([0, []])
}, 60_000)
