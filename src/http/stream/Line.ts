import { ServerResponse } from "node:http"
import { Readable } from "node:stream"
import type { Caller } from "../../domain/Caller.ts"
import * as Chunk from "./Chunk.ts"

/**
 * Somebody who follows a topic, and the bytes on their way to them. There is no queue: whoever has not taken what was
 * said last is told nothing more until they have, and then whatever is true by then. The first word takes node's way
 * through an answer, together with its head; what is said when that has gone goes straight to the connection.
 */
export class Line<Place> extends Readable {
  /** whether what was said last has been taken */
  ready = false
  /** beats since something was said */
  quiet = 0
  /** the number of happenings that it has been looked after for; -1 when that was never done */
  upTo = -1

  readonly caller: Caller
  /** how far it has been told */
  place: Place
  private readonly onReady: (line: Line<Place>) => void
  /** what it is the body of */
  private answer: ServerResponse | undefined = undefined
  private over = false

  constructor(caller: Caller, place: Place, first: Chunk.Chunk, onReady: (line: Line<Place>) => void) {
    // One piece at a time: the next is made when this one has gone.
    super({ highWaterMark: 1 })
    this.caller = caller
    this.place = place
    this.onReady = onReady
    this.push(first.bytes)
  }

  say(chunk: Chunk.Chunk): void {
    this.quiet = 0
    if (this.over || this.destroyed) return
    // What is still here has to be written to the answer first.
    if (this.answer !== undefined && this.readableLength === 0) {
      this.ready = Chunk.send(this.answer, chunk, () => this._read())
    } else {
      this.ready = false
      this.push(chunk.bytes)
    }
  }

  /** Nothing more is said. */
  end(): void {
    if (!this.over && !this.destroyed) this.push(null)
    this.over = true
    this.ready = false
  }

  override pipe<T extends NodeJS.WritableStream>(destination: T, options?: { end?: boolean }): T {
    if (destination instanceof ServerResponse) this.answer = destination
    return super.pipe(destination, options)
  }

  override _read(): void {
    if (this.over || this.destroyed) return
    this.ready = true
    this.onReady(this)
  }
}
