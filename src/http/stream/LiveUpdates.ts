import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type { Caller } from "../../domain/Caller.ts"
import { envelope } from "../../domain/Envelope.ts"
import { comment, frame } from "../../domain/EventStream.ts"
import type { World } from "../../domain/World.ts"
import type { CanonicalPath, WorldName } from "../../domain/WorldPath.ts"
import { Access } from "../../services/Access.ts"
import { Changes, type Numbered } from "../../services/Changes.ts"
import { type ReadError, Worlds } from "../../services/Worlds.ts"
import * as Chunk from "./Chunk.ts"
import type { Line } from "./Line.ts"
import * as Topic from "./Topic.ts"

/** How often it is found out who has heard nothing for too long; a heartbeat comes after three times that (Topic.ts). */
const beat = "5 seconds"

/** How often it is found out whose credentials have expired. */
const review = "15 seconds"

/**
 * Turns commits into text/event-stream (C9). A subscriber holds a place, not a queue: when something has happened it is
 * told what is true now, so a slow reader skips ahead and buffers nothing. What is said to many is made once.
 */
export class LiveUpdates extends Effect.Service<LiveUpdates>()("elastik/http/LiveUpdates", {
  scoped: Effect.gen(function* () {
    const worlds = yield* Worlds
    const changes = yield* Changes
    const access = yield* Access
    const runFork = Runtime.runFork(yield* Effect.runtime())
    const scope = yield* Effect.scope
    const run = (work: Effect.Effect<void>) => {
      runFork(work, { scope })
    }

    // Event ids begin anew with a world that is made anew, so a cursor of its earlier life says nothing of this one.
    const reborn = new Set<string>()
    yield* changes.listen(({ name, op }) => {
      if (op === "delete") reborn.add(name)
    })

    const followed = new Map<string, Followed>()
    const every = (time: Duration.DurationInput, visit: (topic: Followed) => Effect.Effect<void>) => {
      const round = Effect.suspend(() => Effect.forEach([...followed.values()], visit, { discard: true }))
      return Effect.forkScoped(Effect.forever(Effect.zipRight(Effect.sleep(time), round)))
    }
    yield* every(beat, (topic) => topic.beat)
    yield* every(review, (topic) => Effect.sync(topic.wake))

    /** The topics of one kind, each of which lasts as long as somebody follows it. */
    const topics = <Place>(look: (topic: string) => Topic.Look<Place>) => {
      const open = new Map<string, Topic.Topic<Place>>()
      return (name: string): Topic.Topic<Place> => {
        const found = open.get(name)
        if (found !== undefined) return found
        const unsubscribe = changes.subscribe(name, () => (changes.ended() ? topic.end() : topic.wake()))
        const topic = Topic.make(whileValid(look(name)), run, () => {
          unsubscribe()
          open.delete(name)
          followed.delete(name)
        })
        open.set(name, topic)
        followed.set(name, topic)
        return topic
      }
    }

    /** Credentials that have expired see nothing more. */
    const whileValid =
      <Place>(look: Topic.Look<Place>): Topic.Look<Place> =>
      (caller) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          caller.expires !== undefined && now / 1000 >= caller.expires ? over : look(caller)
        )

    const worldTopic = topics<string>((topic) => {
      // The topic of a world is its name.
      const name = topic as WorldName
      const gone: Topic.Word<string> = {
        said: Chunk.make(frame({ event: "deleted", data: JSON.stringify({ path: `/${name}` }) })),
        place: "",
        last: true
      }
      let newest: Topic.Word<string> | undefined
      return (caller) =>
        worlds.read(caller, name).pipe(
          Effect.map((world): Topic.Found<string> => {
            const word = newest?.place === world.tag ? newest : { said: shown(world), place: world.tag }
            newest = word
            return (place: string) => (place === word.place ? undefined : word)
          }),
          Effect.catchTags({
            WorldNotFound: () => Effect.succeed<Topic.Found<string>>(() => gone),
            CollectionOnly: () => Effect.succeed<Topic.Found<string>>(() => gone),
            Forbidden: () => over
          }),
          Effect.catchAllCause(cut)
        )
    })

    /** The current state of a world, then each commit. */
    const world = (
      caller: Caller,
      name: WorldName,
      lastEventId: string | undefined
    ): Effect.Effect<Line<string>, ReadError> =>
      Effect.map(worlds.read(caller, name), (first) => {
        const repeat = lastEventId === String(first.eventId) && !reborn.has(name)
        return worldTopic(name).join(caller, first.tag, repeat ? current : shown(first))
      })

    const cursor = (seq: number) => `${changes.epoch}-${seq}`
    const stale = (seq: number) => Chunk.make(frame({ event: "stale", id: cursor(seq), data: "{}" }))
    const told = ({ name, op, seq, version }: Numbered) =>
      frame({ event: "change", id: cursor(seq), data: JSON.stringify({ path: `/${name}`, version, op }) })

    const collectionTopic = topics<number>(
      (prefix) => (caller) =>
        access.readable(caller).pipe(
          Effect.map((readable) => {
            const newest = changes.newest()
            const words = new Map<number, Topic.Word<number> | undefined>()
            const wordFrom = (seen: number): Topic.Word<number> | undefined => {
              const missed = changes.since(seen)
              if (missed === undefined) return { said: stale(newest), place: newest }
              const frames = missed.filter(({ name }) => name.startsWith(prefix) && readable(name)).map(told)
              return { said: frames.length === 0 ? undefined : Chunk.make(frames.join("")), place: newest }
            }
            return (seen: number) => {
              if (!words.has(seen)) words.set(seen, wordFrom(seen))
              return words.get(seen)
            }
          }),
          Effect.catchAllCause(cut)
        )
    )

    /** Every change below a collection ("" is the root) that the caller may read; `stale` when some were missed. */
    const collection = (caller: Caller, path: CanonicalPath, lastEventId: string | undefined) =>
      Effect.map(worlds.list(caller, path), () => {
        const [epoch, number = ""] = (lastEventId ?? "").split("-")
        const resumed = epoch === changes.epoch && /^\d{1,15}$/.test(number) ? Number(number) : undefined
        const unknown = lastEventId !== undefined && lastEventId !== "" && resumed === undefined
        const newest = changes.newest()
        const opening = unknown ? stale(newest) : watching
        return collectionTopic(path === "" ? "" : `${path}/`).join(caller, resumed ?? newest, opening)
      })

    return { world, collection } as const
  })
}) {}

type Followed = Pick<Topic.Topic<never>, "beat" | "wake">

const over = Effect.succeed<"over">("over")

const cut = (cause: Cause.Cause<unknown>) => Effect.zipRight(Effect.logError("a stream was cut", cause), over)

const current = Chunk.make(comment("current"))
const watching = Chunk.make(comment("watching"))

const shown = (world: World): Chunk.Chunk =>
  Chunk.make(frame({ event: "update", id: String(world.eventId), data: envelope(world) }))
