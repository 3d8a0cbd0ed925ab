/*
 * Collections of what comes and goes with requests. A Set or Map that lives long does not do for that: V8 makes it a new
 * table every few deletions, in the old generation once the collection is old, and the table before it, which nobody
 * needs any more, keeps all that was in it alive until the next collection of that generation. A request passes through
 * half a dozen of them. With Sets, a tenth of what requests allocate was kept so, and the young generation's collections,
 * which everybody waits for, took four times as long.
 */

/** A few things, in the order in which they were added. Taking one out costs a look at those before it. */
export class TransientSet<A> implements Iterable<A> {
  readonly #members: Array<A> = []

  get size(): number {
    return this.#members.length
  }

  /** Adds a thing that is not there yet. */
  add(member: A): void {
    this.#members.push(member)
  }

  /** Whether it was there. */
  delete(member: A): boolean {
    const at = this.#members.indexOf(member)
    if (at >= 0) this.#members.splice(at, 1)
    return at >= 0
  }

  /** Those that are there now: whoever goes through them may add and take out others meanwhile. */
  [Symbol.iterator](): IterableIterator<A> {
    return [...this.#members].values()
  }
}

/** Keys without a value that may lie about before all of them are forgotten. */
const mostFree = 1024

/** Values by their keys, which are remembered for a while when their value is gone: strings, not what is to be collected. */
export class TransientMap<K extends string, V> {
  #entries = new Map<K, V | undefined>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Keys that are remembered without a value. */
  get free(): number {
    return this.#entries.size - this.#size
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)
  }

  set(key: K, value: V & {}): void {
    if (this.#entries.get(key) === undefined) this.#size++
    this.#entries.set(key, value)
  }

  delete(key: K): void {
    if (this.#entries.get(key) === undefined) return
    this.#entries.set(key, undefined)
    this.#size--
    if (this.free <= mostFree) return
    this.#entries = new Map([...this.#entries].filter(([, value]) => value !== undefined))
  }
}

/** Things that are found again by a number that they are given; numbers are given again when they are free. */
export class Slots<A extends {}> {
  readonly #taken: Array<A | undefined> = []
  readonly #free: Array<number> = []

  /** Keeps a thing, and answers its number. */
  put(thing: A): number {
    const at = this.#free.pop() ?? this.#taken.length
    this.#taken[at] = thing
    return at
  }

  /** The thing of a number. */
  get(at: number): A | undefined {
    return this.#taken[at]
  }

  /** Gives the thing of a number back, and frees the number. */
  take(at: number): A | undefined {
    const thing = this.#taken[at]
    if (thing === undefined) return undefined
    this.#taken[at] = undefined
    this.#free.push(at)
    return thing
  }

  /** Gives all of them back. */
  takeAll(): ReadonlyArray<A> {
    return this.#taken.flatMap((_, at) => this.take(at) ?? [])
  }
}
