import { Readable } from "node:stream"
import type { Caller } from "../../domain/Caller.ts"

/** The number of happenings of a line that has not been looked after. */
export const never = -1

/**
 * Somebody who follows a topic, and the bytes on their way to them. There is no queue: whoever has not taken what was
 * said last is told nothing more until they have, and then whatever is true by then.
 */
export class Line<Place> extends Readable {
  /** whether what was said last has been taken */
  ready = false
  /** beats since something was said */
  quiet = 0
  /** the number of happenings that it has been looked after for */
  upTo = never

  readonly caller: Caller
  /** how far it has been told */
  place: Place
  private readonly onReady: (line: Line<Place>) => void

  constructor(caller: Caller, place: Place, onReady: (line: Line<Place>) => void) {
    // One piece at a time: the next is made when this one has gone.
    super({ highWaterMark: 1 })
    this.caller = caller
    this.place = place
    this.onReady = onReady
  }

  say(bytes: Uint8Array): void {
    this.ready = false
    this.quiet = 0
    this.push(bytes)
  }

  /** Nothing more is said. */
  end(): void {
    if (!this.readableEnded && !this.destroyed) this.push(null)
    this.ready = false
  }

  override _read(): void {
    this.ready = true
    this.onReady(this)
  }
}
