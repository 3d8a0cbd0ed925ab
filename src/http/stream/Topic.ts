import * as Effect from "effect/Effect"
import type { Caller } from "../../domain/Caller.ts"
import { comment } from "../../domain/EventStream.ts"
import * as Chunk from "./Chunk.ts"
import { Line } from "./Line.ts"

/** What a follower hears next, if anything, and how far that takes them; nothing comes after the last word. */
export interface Word<Place> {
  readonly said: Chunk.Chunk | undefined
  readonly place: Place
  readonly last?: boolean
}

/** What there is to say, depending on how far a line has been told; "over" ends it without a word. */
export type Found<Place> = ((place: Place) => Word<Place> | undefined) | "over"

/** Finds out what there is to say to a caller now, once for all of their lines. */
export type Look<Place> = (caller: Caller) => Effect.Effect<Found<Place>>

/** Everybody who follows the same. */
export interface Topic<Place> {
  /** a line that has been told as far as `place`, beginning with `first` */
  readonly join: (caller: Caller, place: Place, first: Chunk.Chunk) => Line<Place>
  /** something has happened */
  readonly wake: () => void
  /** lets those hear a heartbeat who have heard nothing since the last one */
  readonly beat: Effect.Effect<void>
  readonly end: () => void
}

/** Lines that are told something before others, of other kinds, get their turn. */
const atOnce = 256

/** Beats without a word after which there is a heartbeat: 15 seconds and no more (C9). */
const silence = 3

/** `run` runs what the topic does by itself; `onEmpty` is called when nobody is left. */
export const make = <Place>(
  look: Look<Place>,
  run: (work: Effect.Effect<void>) => void,
  onEmpty: () => void
): Topic<Place> => {
  const lines = new Set<Line<Place>>()
  /** those who got ready and have not been looked after since something happened */
  const due = new Set<Line<Place>>()
  /** whether something has happened that nobody has been looked after for */
  let everybody = false
  let happened = 0
  let busy = false

  /** Looks after everybody who is due, until nobody is: whatever happens meanwhile, it is one look for all of it. */
  const work: Effect.Effect<void> = Effect.gen(function* () {
    while (everybody || due.size > 0) {
      // Whoever joins from here on may know more than what is found now.
      const now = [...(everybody ? lines : due)]
      const upTo = happened
      everybody = false
      due.clear()
      const looks = new Map<Caller, Found<Place>>()
      let told = 0
      for (const line of now) {
        if (line.ready && line.upTo !== upTo) {
          const found = looks.get(line.caller) ?? (yield* look(line.caller))
          looks.set(line.caller, found)
          // A heartbeat may have come between: then it is due again when it has heard that.
          if (line.ready) tell(line, found, upTo)
        }
        if (++told % atOnce === 0) yield* turn
      }
    }
    busy = false
  })

  const start = () => {
    if (busy || lines.size === 0) return
    busy = true
    run(work)
  }

  const onReady = (line: Line<Place>) => {
    if (line.upTo === happened) return
    due.add(line)
    start()
  }

  return {
    join: (caller, place, first) => {
      // What happened since `place` was found out is looked at as soon as the line is ready.
      const line = new Line(caller, place, first, onReady)
      lines.add(line)
      line.once("close", () => {
        lines.delete(line)
        due.delete(line)
        if (lines.size === 0) onEmpty()
      })
      return line
    },
    wake: () => {
      happened++
      everybody = true
      start()
    },
    beat: Effect.gen(function* () {
      let told = 0
      for (const line of lines) {
        if (++line.quiet >= silence && line.ready) line.say(heartbeat)
        if (++told % atOnce === 0) yield* turn
      }
    }),
    end: () => {
      for (const line of lines) line.end()
    }
  }
}

const heartbeat = Chunk.make(comment("heartbeat"))

const tell = <Place>(line: Line<Place>, found: Found<Place>, upTo: number): void => {
  line.upTo = upTo
  const word = found === "over" ? undefined : found(line.place)
  if (word !== undefined) line.place = word.place
  if (word?.said !== undefined) line.say(word.said)
  if (found === "over" || word?.last === true) line.end()
}

/** Lets the loop deal with whatever else has come. */
const turn = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})
