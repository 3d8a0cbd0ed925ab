import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Caller } from "../../domain/Caller.ts"
import { envelope } from "../../domain/Envelope.ts"
import { comment, frame } from "../../domain/EventStream.ts"
import type { CanonicalPath, WorldName } from "../../domain/WorldPath.ts"
import { Access } from "../../services/Access.ts"
import { Catalog } from "../../services/Catalog.ts"
import { Changes, type Watcher } from "../../services/Changes.ts"
import { Worlds } from "../../services/Worlds.ts"

/** What there is to tell, and whether nothing comes after it. */
interface News {
  readonly text: string
  readonly last: boolean
}

const news = (text: string): News => ({ text, last: false })
const nothing = news("")

/**
 * Turns commits into text/event-stream (C9). A subscriber holds a place, not a queue: when it is woken it looks at what
 * is true now, so a slow reader skips ahead and buffers nothing.
 */
export class LiveUpdates extends Effect.Service<LiveUpdates>()("elastik/http/LiveUpdates", {
  scoped: Effect.gen(function* () {
    const worlds = yield* Worlds
    const catalog = yield* Catalog
    const changes = yield* Changes
    const access = yield* Access

    // Event ids begin anew with a world that is made anew, so a cursor of its earlier life says nothing of this one.
    const reborn = new Set<string>()
    yield* changes.listen(({ name, op }) => {
      if (op === "delete") reborn.add(name)
    })

    const expired = (caller: Caller) =>
      caller.expires === undefined
        ? Effect.succeed(false)
        : Effect.map(Clock.currentTimeMillis, (now) => now / 1000 >= (caller.expires ?? 0))

    /**
     * Text each time the watcher wakes and there is some: `look` says what is new since it last looked, and whether that
     * was the last word. A heartbeat with nothing new is a comment.
     */
    const follow = <E>(watcher: Watcher, caller: Caller, look: Effect.Effect<News, E>): Stream.Stream<string, E> => {
      const step = (beat: number | undefined) =>
        Effect.gen(function* () {
          if (beat === undefined) return Option.none()
          yield* watcher.next
          if (changes.ended() || (yield* expired(caller))) return Option.none()
          const { last, text } = yield* look
          const beats = changes.beats()
          const said = text === "" && beats !== beat ? comment("heartbeat") : text
          return Option.some([said, last ? undefined : beats] as const)
        })
      return Stream.filter(
        Stream.unfoldEffect<number | undefined, string, E, never>(changes.beats(), step),
        (text) => text !== ""
      )
    }

    /** The current state of a world, then each commit. */
    const world = (caller: Caller, name: WorldName, lastEventId: string | undefined) =>
      Effect.map(worlds.read(caller, name), (first) => {
        const shown = (current: typeof first) =>
          frame({ event: "update", id: String(current.eventId), data: envelope(current) })
        const live = Effect.map(changes.watch(name), (watcher) => {
          let sent = first.tag
          const deleted = frame({ event: "deleted", data: JSON.stringify({ path: `/${name}` }) })
          const gone = () => Effect.succeed<News>({ text: deleted, last: true })
          const look = Effect.suspend(() =>
            catalog.get(name)?.tag === sent
              ? Effect.succeed(nothing)
              : worlds.read(caller, name).pipe(
                  Effect.map((current): News => {
                    sent = current.tag
                    return news(shown(current))
                  }),
                  Effect.catchTags({ WorldNotFound: gone, CollectionOnly: gone })
                )
          )
          return follow(watcher, caller, look)
        })
        const repeat = lastEventId === String(first.eventId) && !reborn.has(name)
        return Stream.concat(Stream.make(repeat ? comment("current") : shown(first)), Stream.unwrapScoped(live))
      })

    /** Every change below a collection that the caller may read; `stale` when some were missed. */
    const collection = (caller: Caller, path: CanonicalPath, lastEventId: string | undefined) =>
      Effect.map(worlds.list(caller, path), () => {
        const prefix = `${path}/`
        const [epoch, number = ""] = (lastEventId ?? "").split("-")
        const resumed = epoch === changes.epoch && /^\d{1,15}$/.test(number) ? Number(number) : undefined
        let seen = resumed ?? changes.newest()
        const stale = () => {
          seen = changes.newest()
          return frame({ event: "stale", id: cursor(seen), data: "{}" })
        }
        const cursor = (seq: number) => `${changes.epoch}-${seq}`

        const look = Effect.gen(function* () {
          const missed = changes.since(seen)
          if (missed === undefined) return news(stale())
          const readable = yield* access.readable(caller)
          const frames = missed
            .filter(({ name }) => name.startsWith(prefix) && readable(name))
            .map(({ name, op, seq, version }) =>
              frame({ event: "change", id: cursor(seq), data: JSON.stringify({ path: `/${name}`, version, op }) })
            )
          seen = missed.at(-1)?.seq ?? seen
          return news(frames.join(""))
        })
        const unknown = lastEventId !== undefined && lastEventId !== "" && resumed === undefined
        const opening = unknown ? stale() : comment("watching")
        const live = Effect.map(changes.watch(prefix), (watcher) =>
          Stream.concat(Stream.make(opening), follow(watcher, caller, look))
        )
        return Stream.unwrapScoped(live)
      })

    return { world, collection } as const
  })
}) {}
