import * as Effect from "effect/Effect"
import type { Caller } from "../../domain/Caller.ts"
import { comment } from "../../domain/EventStream.ts"
import { Line, never } from "./Line.ts"

/** What a follower hears next, if anything, and how far that takes them; nothing comes after the last word. */
export interface Word<Place> {
  readonly bytes: Uint8Array | undefined
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
  readonly join: (caller: Caller, place: Place, first: Uint8Array) => Line<Place>
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
  /** those who could hear something and have not been looked after since something happened */
  let due = new Set<Line<Place>>()
  let happened = 0
  let busy = false

  /** Looks after everybody who is due, until nobody is: whatever happens meanwhile, it is one look for all of it. */
  const work: Effect.Effect<void> = Effect.gen(function* () {
    while (due.size > 0) {
      const now = due
      const upTo = happened
      due = new Set()
      for (const [caller, own] of byCaller(now)) {
        const found = yield* look(caller)
        let told = 0
        for (const line of own) {
          line.upTo = upTo
          if (found === "over") line.end()
          else tell(line, found(line.place))
          if (++told % atOnce === 0) yield* turn
        }
      }
    }
    busy = false
  })

  const start = () => {
    if (busy || due.size === 0) return
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
      const line = new Line(caller, place, onReady)
      lines.add(line)
      line.once("close", () => {
        lines.delete(line)
        due.delete(line)
        if (lines.size === 0) onEmpty()
      })
      line.say(first)
      return line
    },
    wake: () => {
      happened++
      for (const line of lines) if (line.ready) due.add(line)
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

const heartbeat = Buffer.from(comment("heartbeat"))

const byCaller = <Place>(lines: Iterable<Line<Place>>): ReadonlyMap<Caller, ReadonlyArray<Line<Place>>> => {
  const groups = new Map<Caller, Array<Line<Place>>>()
  for (const line of lines) {
    const group = groups.get(line.caller)
    if (group === undefined) groups.set(line.caller, [line])
    else group.push(line)
  }
  return groups
}

const tell = <Place>(line: Line<Place>, word: Word<Place> | undefined): void => {
  if (word === undefined) return
  if (!line.ready) {
    // It was told something else meanwhile, and is looked after again when it has heard that.
    line.upTo = never
    return
  }
  line.place = word.place
  if (word.bytes !== undefined) line.say(word.bytes)
  if (word.last === true) line.end()
}

/** Lets the loop deal with whatever else has come. */
const turn = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})
